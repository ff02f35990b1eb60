"""Step 1: event log -> windows. `sample_windows` is the step; `SamplingConfig` says how."""

from discover.sampling.config import SamplingConfig, SplitConfig
from discover.sampling.sample import WINDOW_FILES, SampledWindows, active_days, sample_windows, write_windows
from discover.sampling.splits import assign_days, check_no_leakage, extend_days

__all__ = [
    "WINDOW_FILES",
    "SampledWindows",
    "SamplingConfig",
    "SplitConfig",
    "active_days",
    "assign_days",
    "check_no_leakage",
    "extend_days",
    "sample_windows",
    "write_windows",
]
