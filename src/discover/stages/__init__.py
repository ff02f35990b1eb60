"""Stages as values, the runner that skips what is current, and the executors that run them elsewhere."""

from discover.stages.executor import Executor, Failure, Finished, SerialExecutor
from discover.stages.executors import ExecutorName, build_executor
from discover.stages.stage import Stage, StageOutcome, StagePlan, StageResult, plan_stages, run_stages

__all__ = [
    "Executor",
    "ExecutorName",
    "Failure",
    "Finished",
    "SerialExecutor",
    "Stage",
    "StageOutcome",
    "StagePlan",
    "StageResult",
    "build_executor",
    "plan_stages",
    "run_stages",
]
