"""Two periods of one recording: what became more, less, earlier, later."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from discover.changes.config import ChangeConfig
from discover.changes.day_measures import DayMeasure, DayMeasures, measure_days
from discover.changes.grid import TimeGrid
from discover.changes.likeness import MODELS, evidence_of_side, kind_effect, with_others
from discover.changes.periods import Period
from discover.changes.shared import Key, Shared
from discover.changes.statistics import adjusted_p_values, cliffs_delta, compare_days, hedges_g
from discover.core.errors import ConfigError, DataError

__all__ = [
    "Change",
    "Comparison",
    "Direction",
    "TooFewDaysError",
    "compare_measures",
    "compare_periods",
    "is_found",
    "measure_periods",
    "surest_first",
]

Direction = Literal["more", "less", "earlier", "later"]
_STRETCH = 28
"""Days outside both periods contribute to the autocorrelation in stretches of at most this length, each with
its own mean."""
_SHORTEST_PIECE = 4
_FEWEST_OF_KIND = 4


class TooFewDaysError(DataError):
    """A side of a comparison has too few usable days.

    Attributes:
        side: "baseline" or "period".
        days: Its usable days.
    """

    def __init__(self, message: str, side: str, days: int) -> None:
        """Store the measures with their names."""
        super().__init__(message)
        self.side = side
        self.days = days


@dataclass(frozen=True)
class Change:
    """One measure of one thing in two periods.

    Attributes:
        thing: Cluster, room or activity; "any activity" for the home as a whole.
        measure: time (hours per 24 observed hours), episodes (per 24 observed hours), begins or ends (clock
            time at which a tenth, nine tenths of the day's time in it are over, in hours; above 24 means
            after midnight); of moments times (per day) and times in a part of the day.
        baseline, period: Means per day.
        difference: period - baseline, both at the same share of weekends.
        low, high: Interval of the difference (`statistics.compare_days`).
        cliffs_delta, hedges_g: Effect sizes, positive for more or later.
        p_value, q_value: Welch's test that allows for days that resemble each other; adjusted for the number
            of measures.
        direction: What became of it, whether or not it is certain.
        found: q_value <= the level, and the effect is not smaller than `ChangeConfig.min_effect`.
        baseline_days, period_days: Days with a value.
    """

    thing: str
    measure: str
    baseline: float
    period: float
    difference: float
    low: float
    high: float
    cliffs_delta: float
    hedges_g: float
    p_value: float
    q_value: float
    direction: Direction
    found: bool
    baseline_days: int
    period_days: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data, numbers to five digits."""
        return {k: round(v, 5) if isinstance(v, float) else v for k, v in asdict(self).items()}


@dataclass(frozen=True)
class Comparison:
    """All measures of two periods, the surest first.

    Attributes:
        baseline, period: What was compared.
        baseline_days, period_days: Usable days.
        left_out_days: Days of either period with too little recording.
        changes: One per thing and measure.
        fdr: Level of the false discovery rate.
    """

    baseline: Period
    period: Period
    baseline_days: int
    period_days: int
    left_out_days: int
    changes: tuple[Change, ...]
    fdr: float

    @property
    def found(self) -> tuple[Change, ...]:
        """The changes that pass the level."""
        return tuple(c for c in self.changes if c.found)


def compare_periods(grid: TimeGrid, baseline: Period, period: Period, config: ChangeConfig) -> Comparison:
    """Compare `period` with `baseline`, which may lie before or after it.

    Without any change the chance of a report is at most about `config.fdr` where days are alike as
    autoregressions of first or second order are; `benchmarks/results/changes_days.md` has what was measured.
    Days of the recording outside both periods, and the other measures, help to tell how alike days are.

    Raises:
        ConfigError: The periods share days.
        TooFewDaysError: A side has fewer than `config.min_days` usable days (a `DataError`).
        DataError: Nothing was seen on enough days.
    """
    measures = measure_periods(grid, baseline, period, config)
    compared = compare_measures(measures, baseline, period, config)
    if not compared.changes:
        raise DataError(
            f"Nothing can be compared: no {'moment' if grid.moments else 'thing'} was seen on "
            f"{config.min_days} days of {baseline} and {period} together. Choose longer periods, lower "
            "min_days, or count something else (--by)."
        )
    return compared


def measure_periods(grid: TimeGrid, baseline: Period, period: Period, config: ChangeConfig) -> DayMeasures:
    """All measures of the days of two periods; raises as `compare_periods` does."""
    if baseline.overlaps(period):
        raise ConfigError(f"Baseline {baseline} and period {period} share days. Choose periods apart.")
    measures = measure_days(grid, baseline, period, config)
    for name, span, count in zip(("baseline", "period"), (baseline, period), measures.counts, strict=True):
        if count < config.min_days:
            days = grid.days
            raise TooFewDaysError(
                f"The {name} {span} has {count} days with at least {config.min_observed_h:g} observed hours; "
                f"a comparison needs {config.min_days} on each side. The recording runs from {days[0]} to "
                f"{days[-1]}. Choose a longer {name}, or lower min_days.",
                name,
                count,
            )
    return measures


def compare_measures(
    measures: DayMeasures,
    baseline: Period,
    period: Period,
    config: ChangeConfig,
    *,
    shared: Mapping[Key, Shared] | None = None,
) -> Comparison:
    """Compare two periods whose days are measured.

    Args:
        measures: One number per day and measure.
        baseline, period: What they are of.
        config: Settings.
        shared: Usual spread and effect of weekends of each measure; None: from these days alone.
    """
    raw = list(_compare(measures, config, shared or {}))
    q_values = adjusted_p_values([values["p_value"] for values in raw])
    changes = [
        Change(**values, q_value=float(q), found=is_found(float(q), values["cliffs_delta"], config))
        for values, q in zip(raw, q_values, strict=True)
    ]
    left_out = int(((measures.early | measures.late) & ~measures.usable).sum())
    return Comparison(baseline, period, *measures.counts, left_out, surest_first(changes), config.fdr)


def is_found(q_value: float, delta: float, config: ChangeConfig) -> bool:
    """Whether a change is sure and large enough to be reported."""
    return q_value <= config.fdr and abs(delta) >= config.min_effect


def surest_first(changes: Collection[Change]) -> tuple[Change, ...]:
    """Changes by q-value, then by size."""
    return tuple(
        sorted(changes, key=lambda c: (c.q_value, c.p_value, -abs(c.cliffs_delta), c.thing, c.measure))
    )


def _evidence(
    measure: DayMeasure, rows: NDArray[np.bool_], measures: DayMeasures, known: Shared | None
) -> NDArray[np.float64]:
    """Log-likelihood of every model of likeness, (G,), from both periods and all other measured days.

    Each period and each stretch of other days counts around its own mean.
    """
    days = np.arange(len(rows))
    kinds = _kinds(measures, rows) if known is None else None
    values = measure.values if known is None else measure.values - known.weekend * measures.weekend
    total = np.zeros(len(MODELS))
    for side in (measures.early & rows, measures.late & rows):
        own = None if kinds is None else measures.weekend[side]
        total += evidence_of_side(values[side], days[side], own).log_likelihood
    others = np.isfinite(values) & measures.usable & ~measures.early & ~measures.late
    for stretch in np.split(days, np.flatnonzero(np.diff(others.astype(np.int8))) + 1):
        for begin in range(0, len(stretch) if others[stretch[0]] else 0, _STRETCH):
            piece = stretch[begin : begin + _STRETCH]
            if len(piece) >= _SHORTEST_PIECE:
                effect = kind_effect(values[piece], np.zeros(len(piece)), measures.weekend[piece])
                own_values = values[piece] - effect * measures.weekend[piece]
                total += evidence_of_side(own_values, piece).log_likelihood
    return total


def _comparable(
    measures: DayMeasures, config: ChangeConfig
) -> Iterator[tuple[DayMeasure, NDArray[np.bool_]]]:
    """Measures with enough days on both sides, and which days those are."""
    for measure in measures.measures:
        valid = np.isfinite(measure.values)
        if min(int((side & valid).sum()) for side in (measures.early, measures.late)) >= config.min_days:
            yield measure, (measures.early | measures.late) & valid


def _compare(
    measures: DayMeasures, config: ChangeConfig, shared: Mapping[Key, Shared]
) -> Iterator[dict[str, Any]]:
    wanted = list(_comparable(measures, config))
    if not wanted:
        return
    own = [_evidence(measure, rows, measures, shared.get(measure.key)) for measure, rows in wanted]
    for (measure, rows), evidence in zip(wanted, with_others(np.array(own)), strict=True):
        late = measures.late[rows]
        values = measure.values[rows]
        before, after = values[~late], values[late]
        known = shared.get(measure.key)
        kinds = _kinds(measures, rows) if known is None else measures.weekend[rows]
        test = compare_days(
            values, np.flatnonzero(rows), late, kinds, level=config.level, evidence=evidence, shared=known
        )
        more, less = ("later", "earlier") if measure.is_clock else ("more", "less")
        yield {
            "thing": measure.thing,
            "measure": measure.measure,
            "baseline": float(before.mean()),
            "period": float(after.mean()),
            "difference": test.difference,
            "low": test.low,
            "high": test.high,
            "cliffs_delta": cliffs_delta(before, after),
            "hedges_g": hedges_g(before, after),
            "p_value": test.p_value,
            "direction": more if test.difference >= 0 else less,
            "baseline_days": len(before),
            "period_days": len(after),
        }


def _kinds(measures: DayMeasures, rows: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    """The kind of each day, weekend or not; None where a period has fewer than four days of a kind.

    With fewer days, estimating the effect of weekends costs more than it explains; whole weeks have the same
    share of them anyway.
    """
    weekend, late = measures.weekend[rows], measures.late[rows]
    for kind in (False, True):
        for side in (False, True):
            if int(((weekend == kind) & (late == side)).sum()) < _FEWEST_OF_KIND:
                return None
    kinds: NDArray[np.int64] = weekend.astype(np.int64)
    return kinds
