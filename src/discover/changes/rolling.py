"""A rolling baseline: every window of days against the days right before it."""

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from discover.changes.comparing import (
    Change,
    TooFewDaysError,
    compare_measures,
    is_found,
    likeness_of_days,
    measure_periods,
    surest_first,
)
from discover.changes.config import ChangeConfig, RollingConfig
from discover.changes.day_measures import DayMeasures
from discover.changes.grid import TimeGrid
from discover.changes.periods import Period
from discover.changes.statistics import adjusted_p_values
from discover.core.errors import ConfigError, DataError

__all__ = [
    "MeasuredWindow",
    "RollingComparison",
    "RollingWindow",
    "compare_rolling",
    "compare_windows",
]

_MOST_PERMUTATIONS = 199_999
"""Bounds time and memory of the second look: about 0.3 GB for 35 days."""


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
        permutations: Exchanges of days behind the p-values that were looked at twice.
    """

    windows: tuple[RollingWindow, ...]
    rolling: RollingConfig
    fdr: float
    permutations: int

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

    Windows follow each other from the first day of the recording without overlap; see `compare_windows`.

    Raises:
        ConfigError: Window or baseline is shorter than `config.min_days`.
        DataError: No window has enough usable days on both sides.
    """
    _check_lengths(rolling, config)
    windows = [_measure_window(grid, span, rolling, config) for span in _spans(grid, rolling.window_days)]
    return compare_windows(windows, rolling, config)


def compare_windows(
    windows: Sequence[MeasuredWindow], rolling: RollingConfig, config: ChangeConfig
) -> RollingComparison:
    """Compare windows whose days are measured, each with its baseline, all corrected together.

    How alike neighbouring days are is taken from all windows: the median of what each of them shows, so that
    neither a week's few days nor one odd week decide it. The p-values of all windows and measures together
    give the q-values (Benjamini and Hochberg). So many tests need smaller p-values than
    `config.permutations` can give, so tests with p <= fdr are looked at again with enough exchanges for a
    single change to pass. That keeps every p-value valid: the others stay above the level, and a test looked
    at twice needs a small second value as well.

    Raises:
        DataError: No window has enough usable days on both sides.
    """
    likeness = _usual_likeness(windows, config)
    first = [_compare_window(window, config, likeness) for window in windows]
    n_tests = sum(len(w.changes) for w in first)
    if not n_tests:
        raise DataError(
            f"None of {len(windows)} windows of {rolling.window_days} days can be compared: "
            f"{config.min_days} usable days are needed in it and in the {rolling.baseline_days} days before. "
            f"The last has {windows[-1].skipped or 'no measure'}. Choose longer windows, or lower min_days."
        )
    enough = min(math.ceil(n_tests / config.fdr), _MOST_PERMUTATIONS)
    more = config.model_copy(update={"permutations": max(config.permutations, enough)})
    if more != config:
        pairs = zip(windows, first, strict=True)
        first = [_look_again(window, compared, more, likeness) for window, compared in pairs]
    q_values = iter(adjusted_p_values([c.p_value for w in first for c in w.changes]).tolist())
    adjusted = [replace(w, changes=_with_q(w.changes, q_values, config)) for w in first]
    return RollingComparison(tuple(adjusted), rolling, config.fdr, more.permutations)


def _check_lengths(rolling: RollingConfig, config: ChangeConfig) -> None:
    for name, days in (("window", rolling.window_days), ("rolling baseline", rolling.baseline_days)):
        if days < config.min_days:
            raise ConfigError(
                f"A {name} of {days} days can never hold the {config.min_days} usable days that a comparison "
                f"needs. Choose at least {config.min_days} days, or lower min_days (4 at the least)."
            )


def _spans(grid: TimeGrid, length: int) -> list[Period]:
    days = grid.days
    return [Period(days[i], days[min(i + length, len(days)) - 1]) for i in range(0, len(days), length)]


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
    # A day begins at the home's quietest time, so the window's last day ends on the calendar day after it.
    return grid.between(baseline.first, period.last + dt.timedelta(days=1))


def _usual_likeness(windows: Sequence[MeasuredWindow], config: ChangeConfig) -> dict[tuple[str, str], float]:
    seen: dict[tuple[str, str], list[float]] = {}
    for window in windows:
        if window.measures is not None:
            for key, likeness in likeness_of_days(window.measures, config).items():
                seen.setdefault(key, []).append(likeness)
    return {key: float(np.median(values)) for key, values in seen.items()}


def _compare_window(
    window: MeasuredWindow, config: ChangeConfig, likeness: Mapping[tuple[str, str], float]
) -> RollingWindow:
    if window.measures is None:
        return RollingWindow(window.period, window.baseline, 0, 0, (), window.skipped)
    compared = compare_measures(window.measures, window.baseline, window.period, config, likeness=likeness)
    return RollingWindow(
        window.period, window.baseline, compared.period_days, compared.baseline_days, compared.changes
    )


def _look_again(
    window: MeasuredWindow,
    compared: RollingWindow,
    config: ChangeConfig,
    likeness: Mapping[tuple[str, str], float],
) -> RollingWindow:
    """The p-values up to the level once more, with the exchanges that `config` asks for."""
    close = {(c.thing, c.measure) for c in compared.changes if c.p_value <= config.fdr}
    if window.measures is None or not close:
        return compared
    again = compare_measures(
        window.measures, window.baseline, window.period, config, only=close, likeness=likeness
    )
    surer = {(c.thing, c.measure): c for c in again.changes}
    return replace(compared, changes=tuple(surer.get((c.thing, c.measure), c) for c in compared.changes))


def _with_q(
    changes: tuple[Change, ...], q_values: Iterator[float], config: ChangeConfig
) -> tuple[Change, ...]:
    # zip asks the changes first, so it takes exactly one q-value per change.
    return surest_first(
        [
            replace(c, q_value=q, found=is_found(q, c.cliffs_delta, config))
            for c, q in zip(changes, q_values, strict=False)
        ]
    )
