"""A rolling baseline: every window of days against the days right before it."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from discover.changes.comparing import (
    Change,
    TooFewDaysError,
    compare_measures,
    is_found,
    measure_periods,
    surest_first,
)
from discover.changes.config import ChangeConfig, RollingConfig
from discover.changes.day_measures import DayMeasures
from discover.changes.grid import TimeGrid
from discover.changes.periods import Period
from discover.changes.shared import Key, Piece, Shared, pieces_of, shared_knowledge
from discover.changes.statistics import adjusted_p_values
from discover.core.errors import ConfigError, DataError

__all__ = [
    "MeasuredWindow",
    "RollingComparison",
    "RollingWindow",
    "compare_rolling",
    "compare_windows",
]


_OUTSIDE_DAYS = 91
"""Days before the baseline and after the window that are measured as well."""


@dataclass(frozen=True)
class RollingWindow:
    """One window of days and what was found in it.

    Attributes:
        period: The window; the last one ends with the recording and may be shorter.
        baseline: The calendar days before it.
        period_days, baseline_days: Usable days; 0 where the window was skipped (`skipped` has the count).
        changes: One per thing and measure, the surest first; empty where the window was skipped.
        skipped: Why it was not compared; None where it was.
    """

    period: Period
    baseline: Period
    period_days: int
    baseline_days: int
    changes: tuple[Change, ...]
    skipped: str | None = None

    @property
    def found(self) -> tuple[Change, ...]:
        """The changes that pass the level."""
        return tuple(c for c in self.changes if c.found)


@dataclass(frozen=True)
class MeasuredWindow:
    """One window of days, its baseline, and the measures of their days.

    Attributes:
        period, baseline: The window and the days before it.
        measures: None where the window is skipped.
        skipped: Why it is skipped; None where it is not.
    """

    period: Period
    baseline: Period
    measures: DayMeasures | None
    skipped: str | None = None


@dataclass(frozen=True)
class RollingComparison:
    """All windows of a recording, in order of time.

    Attributes:
        windows: Compared and skipped ones.
        rolling: Lengths of baseline and window.
        fdr: Level of the false discovery rate, over all windows and measures together.
        holes: Stretches of days without any recording, as long as a window or longer; no window lies in them.
    """

    windows: tuple[RollingWindow, ...]
    rolling: RollingConfig
    fdr: float
    holes: tuple[Period, ...] = ()

    @property
    def compared(self) -> tuple[RollingWindow, ...]:
        """Windows with enough usable days on both sides."""
        return tuple(w for w in self.windows if w.skipped is None)

    @property
    def skipped(self) -> tuple[RollingWindow, ...]:
        """The others."""
        return tuple(w for w in self.windows if w.skipped is not None)

    @property
    def n_measures(self) -> int:
        """Tests that were corrected together: windows times their measures."""
        return sum(len(w.changes) for w in self.windows)

    @property
    def found(self) -> tuple[tuple[RollingWindow, Change], ...]:
        """Changes that pass the level, by window, the surest of a window first."""
        return tuple((w, c) for w in self.windows for c in w.found)


def compare_rolling(grid: TimeGrid, rolling: RollingConfig, config: ChangeConfig) -> RollingComparison:
    """Compare every window of `rolling.window_days` with the `rolling.baseline_days` before it.

    Windows follow each other without overlap from the first day of the recording, and again from the first
    day after a hole that is as long as a window or longer; see `compare_windows`.

    Raises:
        ConfigError: Window or baseline is shorter than `config.min_days`.
        DataError: No window has enough usable days on both sides.
    """
    _check_lengths(rolling, config)
    stretches, holes = _stretches(grid, rolling.window_days)
    windows = [
        _measure_window(grid, span, rolling, config)
        for stretch in stretches
        for span in _spans(stretch, rolling.window_days)
    ]
    return replace(compare_windows(windows, rolling, config), holes=tuple(holes))


def compare_windows(
    windows: Sequence[MeasuredWindow], rolling: RollingConfig, config: ChangeConfig
) -> RollingComparison:
    """Compare windows whose days are measured, each with its baseline, all corrected together.

    How far days usually spread and what weekends have more of is taken from all windows together (`shared`);
    how alike neighbouring days are, from all measured days around a window. The p-values of all windows and
    measures together give the q-values (Benjamini and Hochberg).

    Raises:
        DataError: No window has enough usable days on both sides.
    """
    shared = _shared_knowledge(windows, rolling)
    compared = [_compare_window(window, config, shared) for window in windows]
    if not any(w.changes for w in compared):
        raise DataError(
            f"None of {len(windows)} windows of {rolling.window_days} days can be compared: "
            f"{config.min_days} usable days are needed in it and in the {rolling.baseline_days} days before. "
            f"The last has {windows[-1].skipped or 'no measure'}. Choose longer windows, or lower min_days."
        )
    q_values = iter(adjusted_p_values([c.p_value for w in compared for c in w.changes]).tolist())
    adjusted = [replace(w, changes=_with_q(w.changes, q_values, config)) for w in compared]
    return RollingComparison(tuple(adjusted), rolling, config.fdr)


def _check_lengths(rolling: RollingConfig, config: ChangeConfig) -> None:
    for name, days in (("window", rolling.window_days), ("rolling baseline", rolling.baseline_days)):
        if days < config.min_days:
            raise ConfigError(
                f"A {name} of {days} days can never hold the {config.min_days} usable days that a comparison "
                f"needs. Choose at least {config.min_days} days, or lower min_days (4 at the least)."
            )


def _stretches(grid: TimeGrid, least_days: int) -> tuple[list[Period], list[Period]]:
    """Stretches of days with recording, and the holes of at least `least_days` days between them."""
    seen = np.flatnonzero(grid.by_day(grid.observed_B).sum(axis=1) > 0)
    first, day = grid.first_day, dt.timedelta(days=1)
    if not len(seen):
        return [Period(first, first + (grid.n_days - 1) * day)], []
    cuts = np.flatnonzero(np.diff(seen) > least_days)
    begins, ends = [seen[0], *seen[cuts + 1]], [*seen[cuts], seen[-1]]
    stretches = [
        Period(first + int(a) * day, first + int(b) * day) for a, b in zip(begins, ends, strict=True)
    ]
    holes = [Period(a.last + day, b.first - day) for a, b in pairwise(stretches)]
    return stretches, holes


def _spans(stretch: Period, length: int) -> list[Period]:
    day, days = dt.timedelta(days=1), (stretch.last - stretch.first).days + 1
    begins = [stretch.first + i * day for i in range(0, days, length)]
    return [Period(begin, min(begin + (length - 1) * day, stretch.last)) for begin in begins]


def _measure_window(
    grid: TimeGrid, period: Period, rolling: RollingConfig, config: ChangeConfig
) -> MeasuredWindow:
    one = dt.timedelta(days=1)
    baseline = Period(period.first - rolling.baseline_days * one, period.first - one)
    try:
        measures = measure_periods(_around(grid, baseline, period), baseline, period, config)
    except TooFewDaysError as error:
        side = "window" if error.side == "period" else "baseline"
        reason = f"{error.days} usable days in the {side}, {config.min_days} needed"
        return MeasuredWindow(period, baseline, None, reason)
    return MeasuredWindow(period, baseline, measures)


def _around(grid: TimeGrid, baseline: Period, period: Period) -> TimeGrid:
    # Days outside help to estimate the autocorrelation; bounded, so that the work does not grow with the
    # square of time.
    outside = dt.timedelta(days=_OUTSIDE_DAYS)
    return grid.between(baseline.first - outside, period.last + outside)


def _shared_knowledge(windows: Sequence[MeasuredWindow], rolling: RollingConfig) -> dict[Key, Shared]:
    """The shared evidence of all windows; a day in several windows counts once."""
    length = rolling.window_days
    pieces: dict[Key, dict[dt.date, Piece]] = {}
    for window in windows:
        if window.measures is None:
            continue
        for key, own in pieces_of(window.measures, length).items():
            for number, piece in own.items():
                begin = window.period.first + dt.timedelta(days=number * length)
                if window.baseline.first <= begin:
                    pieces.setdefault(key, {}).setdefault(begin, piece)
    return shared_knowledge({key: list(own.values()) for key, own in pieces.items()})


def _compare_window(
    window: MeasuredWindow, config: ChangeConfig, shared: Mapping[Key, Shared]
) -> RollingWindow:
    if window.measures is None:
        return RollingWindow(window.period, window.baseline, 0, 0, (), window.skipped)
    compared = compare_measures(window.measures, window.baseline, window.period, config, shared=shared)
    return RollingWindow(
        window.period, window.baseline, compared.period_days, compared.baseline_days, compared.changes
    )


def _with_q(
    changes: tuple[Change, ...], q_values: Iterator[float], config: ChangeConfig
) -> tuple[Change, ...]:
    # zip advances the changes first, so it takes exactly one q-value per change.
    return surest_first(
        [
            replace(c, q_value=q, found=is_found(q, c.cliffs_delta, config))
            for c, q in zip(changes, q_values, strict=False)
        ]
    )
