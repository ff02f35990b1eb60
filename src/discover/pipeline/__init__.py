"""The chain: every stage in order, skipping what is up to date."""

from discover.pipeline.stage import Stage, StageOutcome, StagePlan, StageResult, plan_stages, run_stages

__all__ = ["Stage", "StageOutcome", "StagePlan", "StageResult", "plan_stages", "run_stages"]
