"""What changed between two periods, or from week to week, as it is shown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from discover.api.shown import Part, Shown, Table
from discover.changes import (
    Change,
    ChangeSource,
    Comparison,
    Period,
    RollingComparison,
    RollingConfig,
    parse_period,
)
from discover.changes.day_measures import clock_words
from discover.core.config import config_from_mapping
from discover.core.errors import ConfigError
from discover.serving.changes import (
    comparison_record,
    rolling_record,
    write_changes,
    write_rolling_changes,
)

__all__ = ["ChangesResult", "check_periods"]

_MEASURE_WORDS = (
    "`begins` and `ends` are when a tenth and nine tenths of a day's time in it are over; Cliff's delta says "
    "how far the days lie apart (1: all of them), q how sure it is (at most the rate: reported)."
)
_TELLING_DAYS = 14
_COLUMNS = ("what", "measure", "change", "baseline", "period", "difference (95 % interval)", "Cliff", "q")
_ROLLING = ("window from", "what", "measure", "change", "before", "in it", *_COLUMNS[5:])


@dataclass(frozen=True)
class ChangesResult(Shown):
    """A comparison of two periods, or of every window of days with those before it.

    Attributes:
        comparison: All measures, with their intervals.
        home: Name of the home.
        by: What was counted.
        show_all: Also show what did not change.
    """

    comparison: Comparison | RollingComparison
    home: str
    by: ChangeSource
    show_all: bool = False

    @property
    def table(self) -> pl.DataFrame:
        """One row per measure (and window of days), changed or not."""
        if isinstance(self.comparison, Comparison):
            return pl.DataFrame([c.to_dict() for c in self.comparison.changes])
        return pl.DataFrame(
            [{"window": w.period.first, **c.to_dict()} for w in self.comparison.compared for c in w.changes]
        )

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        c = self.comparison
        return comparison_record(c) if isinstance(c, Comparison) else rolling_record(c)

    def write(self, folder: Path | str) -> list[Path]:
        """Write CSV, JSON and a picture (PNG and SVG); their paths."""
        c, title = self.comparison, f"{self.home}, by {self.by}"
        if isinstance(c, Comparison):
            return write_changes(Path(folder), c, title=title)
        return write_rolling_changes(Path(folder), c, title=title)

    def parts(self) -> Iterator[Part]:
        """What was compared, what changed, and how sure that is."""
        c = self.comparison
        return self._two(c) if isinstance(c, Comparison) else self._rolling(c)

    def _two(self, c: Comparison) -> Iterator[Part]:
        yield (
            f"{c.period} ({c.period_days} days) against {c.baseline} ({c.baseline_days} days), by {self.by}; "
            f"{c.left_out_days} days with too little recording left out."
        )
        if not c.found:
            yield f"No change passes a false discovery rate of {c.fdr:g}."
        if max(c.baseline_days, c.period_days) < _TELLING_DAYS:
            yield (
                f"Fewer than {_TELLING_DAYS} days a side can hardly tell how alike days are, so only very "
                "large changes pass: that nothing is found is no sign that nothing changed. Longer periods "
                "tell more."
            )
        yield from _table(_COLUMNS, [change_row(x) for x in (c.changes if self.show_all else c.found)])
        yield (
            f"{len(c.found)} of {len(c.changes)} measures changed at a false discovery rate of {c.fdr:g}. A "
            f"day is one observation; {_MEASURE_WORDS}"
        )

    def _rolling(self, c: RollingComparison) -> Iterator[Part]:
        yield (
            f"Windows of {c.rolling.window_days} days against the {c.rolling.baseline_days} days before "
            f"each, by {self.by}: {len(c.compared)} compared, {len(c.skipped)} skipped."
        )
        for hole in c.holes:
            days = (hole.last - hole.first).days + 1
            yield f"  nothing recorded {hole}: {days:,} days without a window"
        for w in c.skipped:
            yield f"  skipped {w.period}: {w.skipped}"
        if len(c.skipped) > len(c.compared):
            yield (
                "Most windows lack days: longer windows (--window 14) or a lower --min-days leave room for "
                "gaps."
            )
        if not c.found:
            yield f"No change passes a false discovery rate of {c.fdr:g}."
        shown = [(w, x) for w in c.compared for x in w.changes] if self.show_all else list(c.found)
        yield from _table(_ROLLING, [(str(w.period.first), *change_row(x)) for w, x in shown])
        yield (
            f"{len(c.found)} of {c.n_measures} measures changed at a false discovery rate of {c.fdr:g}, "
            "corrected over all windows and measures together (Benjamini-Hochberg). A lasting change shows "
            f"in the first windows after it and then becomes the baseline. {_MEASURE_WORDS}"
        )


def change_row(x: Change) -> tuple[str, ...]:
    """One measure in words: what, measure, change, both values, difference with its interval, Cliff, q."""
    if x.measure in ("begins", "ends"):
        values, unit = (clock_words(x.baseline), clock_words(x.period)), ""
    elif x.measure == "time":
        values, unit = (f"{x.baseline:.2f} h/day", f"{x.period:.2f} h/day"), " a day"
    else:
        values, unit = (f"{x.baseline:.2f}/day", f"{x.period:.2f}/day"), " a day"
    in_hours = x.measure in ("begins", "ends", "time")
    span = [_signed(v, in_hours) for v in (x.difference, x.low, x.high)]
    # Without certainty no direction is claimed.
    word = f"{x.direction} by {span[0].lstrip('+-')}{unit}" if x.found else "-"
    return (
        x.thing.replace("_", " "),
        x.measure,
        word,
        *values,
        f"{span[0]} ({span[1]} to {span[2]})",
        f"{x.cliffs_delta:+.2f}",
        f"{x.q_value:.4f}",
    )


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Table]:
    if rows:
        yield Table(columns, rows)


def _signed(value: float, in_hours: bool) -> str:
    """A difference as "+40 min" or "-1 h 05 min", a number of times as "+0.70"."""
    if not in_hours:
        return f"{value:+.2f}"
    minutes = round(abs(value) * 60)
    words = f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
    return ("-" if value < 0 else "+") + words


def check_periods(
    baseline: str | None, period: str | None, rolling: int | None, window: int | None
) -> RollingConfig | tuple[Period, Period]:
    """What is to be compared: every window of days with those before it, or two periods.

    Raises:
        ConfigError: Neither or both are asked for, or a window without the comparison it belongs to.
    """
    if rolling is None:
        if window is not None:
            raise ConfigError(
                "--window is the length of the windows of --rolling. Add --rolling 28, or drop it."
            )
        if baseline is None or period is None:
            raise ConfigError(
                "Give both --baseline and --period, such as --baseline 2009-07 --period 2009-10; or "
                "--rolling 28 to compare every week with the four before it."
            )
        return parse_period(baseline), parse_period(period)
    if baseline is not None or period is not None:
        raise ConfigError(
            "--rolling compares every window with the days before it, so it takes no --baseline and no "
            "--period. Drop --rolling to compare two periods, or drop the periods."
        )
    given = {"baseline_days": rolling} | ({} if window is None else {"window_days": window})
    return config_from_mapping(given, RollingConfig, source="options --rolling and --window")
