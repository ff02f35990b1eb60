"""Stages as values, and the runner that skips what is current."""

from discover.stages.stage import Stage, StageOutcome, StagePlan, StageResult, plan_stages, run_stages

__all__ = ["Stage", "StageOutcome", "StagePlan", "StageResult", "plan_stages", "run_stages"]
