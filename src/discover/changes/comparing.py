"""Two periods of one recording: what became more, less, earlier, later."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from discover.changes.config import ChangeConfig
from discover.changes.day_measures import DayMeasure, DayMeasures, measure_days
from discover.changes.grid import TimeGrid
from discover.changes.periods import Period
from discover.changes.statistics import (
    DayExchange,
    adjusted_p_values,
    block_bootstrap_difference,
    cliffs_delta,
    day_likeness,
    hedges_g,
    permutation_p_value,
)
from discover.core.errors import ConfigError, DataError
from discover.core.seeds import derive_seed

__all__ = [
    "Change",
    "Comparison",
    "Direction",
    "TooFewDaysError",
    "compare_measures",
    "compare_periods",
    "is_found",
    "likeness_of_days",
    "measure_periods",
    "surest_first",
]

Direction = Literal["more", "less", "earlier", "later"]
_RESAMPLES = 1000


class TooFewDaysError(DataError):
    """A side of a comparison has too few usable days.

    Attributes:
        side: "baseline" or "period".
        days: Its usable days.
    """

    def __init__(self, message: str, side: str, days: int) -> None:
        """Keep what was counted beside the words."""
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
        difference: period - baseline.
        low, high: Bootstrap interval of the difference.
        cliffs_delta, hedges_g: Effect sizes, positive for more or later.
        p_value, q_value: By permutation; adjusted for the number of measures.
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

    Under no change, the chance of any report at all is about `config.fdr`: without a true difference the
    false discovery rate of Benjamini and Hochberg is the chance of at least one.

    Raises:
        ConfigError: The periods share days.
        TooFewDaysError: A side has fewer than `config.min_days` usable days (a `DataError`).
    """
    measures = measure_periods(grid, baseline, period, config)
    return compare_measures(measures, baseline, period, config)


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
    only: Collection[tuple[str, str]] | None = None,
    likeness: Mapping[tuple[str, str], float] | None = None,
) -> Comparison:
    """Compare two periods whose days are measured.

    Args:
        measures: One number per day and measure.
        baseline, period: What they are of.
        config: Settings.
        only: Pairs of thing and measure to compare; None: all. The q-values then allow for these alone.
        likeness: Correlation of neighbouring days by thing and measure, where more days tell it than these.
    """
    wanted = [m for m in measures.measures if only is None or m.key in only]
    raw = list(_compare(wanted, measures, config, likeness or {}))
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


def likeness_of_days(measures: DayMeasures, config: ChangeConfig) -> dict[tuple[str, str], float]:
    """Correlation of neighbouring days within the two periods, by thing and measure."""
    return {
        m.key: day_likeness(m.values[rows], measures.late[rows], _kinds(measures, rows))
        for m, rows in _comparable(measures.measures, measures, config)
    }


def _comparable(
    wanted: list[DayMeasure], measures: DayMeasures, config: ChangeConfig
) -> Iterator[tuple[DayMeasure, NDArray[np.bool_]]]:
    """Measures with enough days on both sides, and which days those are."""
    for measure in wanted:
        valid = np.isfinite(measure.values)
        if min(int((side & valid).sum()) for side in (measures.early, measures.late)) >= config.min_days:
            yield measure, (measures.early | measures.late) & valid


def _compare(
    wanted: list[DayMeasure],
    measures: DayMeasures,
    config: ChangeConfig,
    likeness: Mapping[tuple[str, str], float],
) -> Iterator[dict[str, Any]]:
    exchanges: dict[bytes, DayExchange] = {}
    for measure, rows in _comparable(wanted, measures, config):
        late = measures.late[rows]
        values = measure.values[rows]
        before, after = values[~late], values[late]
        key = rows.tobytes()
        if key not in exchanges:
            kinds = _kinds(measures, rows)
            exchanges[key] = DayExchange.make(late, kinds, config.permutations, config.seed)
        difference = float(after.mean() - before.mean())
        low, high = block_bootstrap_difference(
            before, after, block_days=config.block_days, level=config.level, resamples=_RESAMPLES,
            seed=derive_seed(config.seed, "changes", measure.thing, measure.measure),
        )  # fmt: skip
        more, less = ("later", "earlier") if measure.is_clock else ("more", "less")
        yield {
            "thing": measure.thing,
            "measure": measure.measure,
            "baseline": float(before.mean()),
            "period": float(after.mean()),
            "difference": difference,
            "low": low,
            "high": high,
            "cliffs_delta": cliffs_delta(before, after),
            "hedges_g": hedges_g(before, after),
            "p_value": permutation_p_value(values, exchanges[key], likeness=likeness.get(measure.key)),
            "direction": more if difference >= 0 else less,
            "baseline_days": len(before),
            "period_days": len(after),
        }


def _kinds(measures: DayMeasures, rows: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Weekends apart where both periods have at least two of each kind; else all days alike."""
    weekend, late = measures.weekend[rows], measures.late[rows]
    for kind in (False, True):
        for side in (False, True):
            if int(((weekend == kind) & (late == side)).sum()) < 2:
                return np.zeros(len(weekend), dtype=np.int64)
    return weekend.astype(np.int64)
