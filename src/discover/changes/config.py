"""Settings of the change statistics."""

from typing import Literal

from pydantic import Field

from discover.core.config import StrictModel

__all__ = ["ChangeConfig", "ChangeSource", "RollingConfig"]

ChangeSource = Literal["cluster", "room", "object", "company", "activity"]


class ChangeConfig(StrictModel):
    """How two periods are compared."""

    hold_s: float = Field(default=300.0, gt=0, le=900)
    """A window's behaviour lasts until the next window begins, at most this many seconds."""
    gap_h: float = Field(default=12.0, gt=0, le=87_840)
    """A silence of all sensors longer than this many hours is a hole in the recording, not a quiet home."""
    min_observed_h: float = Field(default=18.0, gt=0, le=24)
    """Days with fewer observed hours are left out of both periods."""
    min_days: int = Field(default=7, ge=4, le=36_600)
    """Smallest number of usable days on each side."""
    fdr: float = Field(default=0.05, gt=0, lt=1)
    """Share of false alarms accepted among the reported changes (Benjamini-Hochberg)."""
    min_effect: float = Field(default=0.15, ge=0, lt=1)
    """Smallest |Cliff's delta| that is reported; about 0.15 is called negligible, 0.33 small, 0.47 medium
    (Romano et al. 2006)."""
    level: float = Field(default=0.95, gt=0, lt=1)
    """Coverage of the intervals of differences."""


class RollingConfig(StrictModel):
    """How a recording is compared with its own recent past, window by window."""

    baseline_days: int = Field(default=28, ge=4, le=36_600)
    """Calendar days right before a window that it is compared with; must hold `ChangeConfig.min_days`."""
    window_days: int = Field(default=7, ge=4, le=36_600)
    """Calendar days of a window, and the step from one to the next; must hold `ChangeConfig.min_days`."""
