"""Level, false discoveries, coverage and power of the change tests, on made-up numbers per day.

    python -m benchmarks.quality.changes_days

No home is simulated: every measure is a series of one number per day, independent of the other measures.
"AR 0.5" keeps half of how far the day before was from the mean; "AR 0.3, 0.3" also looks at the day before
that. A spread of 3 means that days of the later period deviate three times as far from their mean. `weekly
rhythm` adds a weekday profile of one standard deviation, `slow wave` a sine of 180 days that reaches half of
one. The last numbers of the first table come from skewed days and counts.
"""

import datetime as dt
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.stats import norm, poisson

from benchmarks.harness import BenchmarkParser, markdown_table, write_result
from benchmarks.quality.changes import clopper_pearson
from discover.changes import ChangeConfig, MeasuredWindow, Period, RollingConfig, compare_windows
from discover.changes.comparing import Comparison, compare_measures
from discover.changes.day_measures import DayMeasure, DayMeasures

_FIRST = dt.date(2024, 1, 1)
_SIZES = ((28, 28), (28, 7), (7, 7))
_SPREADS = (1 / 3, 1.0, 3.0)
_MEASURES, _CHANGED, _ROLLING_MEASURES, _ROLLING_DAYS = 10, 3, 5, 84
_STEP = 1.5
_FLOOR, _CEILING = 0.03, 0.06
_CONFIG = ChangeConfig()
# A test of every measure alone: effects of any size count.
_SINGLE = ChangeConfig(min_effect=0)


@dataclass(frozen=True)
class Days:
    """A kind of days.

    Attributes:
        name: In the tables.
        phi: Autoregression of first and second order.
        extra: "week", "wave", "spread" (three times as far from day 56 on), "uneven" (every week of its own
            spread), or a shape: "exponential", "log-normal", "counts".
    """

    name: str
    phi: tuple[float, float] = (0.0, 0.0)
    extra: str = ""

    def draw(self, shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
        """(measures, days) with standard deviation 1 around what `extra` adds."""
        one, two = self.phi
        variance = (1 - two) / ((1 + two) * ((1 - two) ** 2 - one**2))
        shocks = rng.normal(size=(shape[0], shape[1] + 80)) / np.sqrt(variance)
        x: NDArray[np.float64] = lfilter([1.0], [1.0, -one, -two], shocks, axis=1)[:, 80:]
        days = np.arange(shape[1])
        if self.extra == "week":
            profile = rng.normal(size=(shape[0], 7))
            profile = (profile - profile.mean(axis=1, keepdims=True)) / profile.std(axis=1, keepdims=True)
            x = x + profile[:, days % 7]
        elif self.extra == "wave":
            x = x + 0.5 * np.sin(2 * np.pi * (days[None] / 180 + rng.random((shape[0], 1))))
        elif self.extra == "spread":
            x[:, 56:] *= 3
        elif self.extra == "uneven":
            x = x * np.exp(0.5 * rng.normal(size=(shape[0], shape[1] // 7 + 1)))[:, days // 7]
        elif self.extra == "exponential":
            x = -np.log(norm.sf(x)) - 1
        elif self.extra == "log-normal":
            x = (np.exp(x) - np.exp(0.5)) / np.sqrt(np.exp(2) - np.exp(1))
        elif self.extra == "counts":
            x = poisson.ppf(norm.cdf(x), 2.0)
        return x


_LEVELS = (
    Days("independent"), Days("AR 0.3", (0.3, 0)), Days("AR 0.5", (0.5, 0)), Days("AR 0.7", (0.7, 0)),
    Days("AR 0.3, 0.3", (0.3, 0.3)), Days("AR 0.5, 0.2", (0.5, 0.2)), Days("AR 0.6, -0.3", (0.6, -0.3)),
)  # fmt: skip
_SHAPES = (
    Days("exponential", extra="exponential"), Days("exponential, AR 0.5", (0.5, 0), "exponential"),
    Days("log-normal", extra="log-normal"), Days("counts, 2 a day", extra="counts"),
)  # fmt: skip
_WORLDS = (
    *_LEVELS, Days("AR 0.3, weekly rhythm", (0.3, 0), "week"), Days("AR 0.3, slow wave", (0.3, 0), "wave"),
)  # fmt: skip
_UNEVEN = (
    Days("spread trebles on day 56", extra="spread"),
    Days("AR 0.5, weeks of uneven spread", (0.5, 0), "uneven"),
)  # fmt: skip


def measured(
    x: NDArray[np.float64], n_late: int, end: int | None = None, n_early: int | None = None
) -> tuple[DayMeasures, Period, Period]:
    """Days as measures: `n_late` days before day `end` are the later period, those before them the baseline.

    Days outside both stay in: like those of a recording, they tell how alike days are.
    """
    days, end = np.arange(x.shape[1]), x.shape[1] if end is None else end
    begin = 0 if n_early is None else end - n_late - n_early
    dates = [_FIRST + dt.timedelta(days=int(i)) for i in days]
    weekend = np.array([d.weekday() >= 5 for d in dates])
    measures = [DayMeasure(f"thing {i}", "time", row) for i, row in enumerate(x)]
    early, late = (days >= begin) & (days < end - n_late), (days >= end - n_late) & (days < end)
    spans = [Period(dates[np.flatnonzero(s)[0]], dates[np.flatnonzero(s)[-1]]) for s in (early, late)]
    return DayMeasures(measures, early, late, np.ones(len(days), dtype=bool), weekend), spans[0], spans[1]


def levels(runs: int) -> tuple[str, bool]:
    """How often one test of unchanged days is at most 5 % and 1 %, and how often the interval holds 0."""
    rows, cells = [], []
    for size, (early, late) in enumerate(_SIZES):
        for at, days in enumerate((*_LEVELS, *_SHAPES)):
            rng = np.random.default_rng([9100, size, at])
            drawn = days.draw((runs, early + late), rng)
            for spread in _SPREADS if days in _LEVELS else (1.0,):
                x = drawn.copy()
                x[:, early:] *= spread
                changes = [compare_measures(*measured(row[None], late), _SINGLE).changes[0] for row in x]
                p = np.array([c.p_value for c in changes])
                held = np.mean([c.low <= 0 <= c.high for c in changes])
                rate = float((p <= 0.05).mean())
                low, high = clopper_pearson(int((p <= 0.05).sum()), runs)
                fine = high >= _FLOOR and low <= _CEILING
                cells.append((early + late > 14 and days in _LEVELS, fine, rate))
                rows.append([
                    f"{early} against {late}", days.name, f"{spread:.2g}",
                    f"{rate:.3f} [{low:.3f}, {high:.3f}]", f"{(p <= 0.01).mean():.4f}", f"{held:.3f}",
                    "yes" if _FLOOR <= rate <= _CEILING else "too seldom" if rate < _FLOOR else "too often",
                ])  # fmt: skip
    columns = [
        "days", "likeness or shape", "spread", "p at most 0.05", "p at most 0.01", "95 % interval holds 0",
        "within 0.03 to 0.06",
    ]  # fmt: skip
    promised = [cell for cell in cells if cell[0]]
    return markdown_table(columns, rows), all(fine for _, fine, _ in promised)


def two_periods(runs: int) -> str:
    """Runs with an alarm; shares of false and of missed changes where three of ten measures step."""
    rows = []
    for size, (early, late) in enumerate(_SIZES):
        for at, days in enumerate(_WORLDS):
            rng = np.random.default_rng([9200, size, at])
            alarms, false, found = 0, [], []
            for _ in range(runs):
                x = days.draw((_MEASURES, early + late), rng)
                alarms += bool(compare_measures(*measured(x, late), _CONFIG).found)
                x[:_CHANGED, early:] += _STEP
                share, hits = _false_and_found(compare_measures(*measured(x, late), _CONFIG))
                false.append(share)
                found.append(hits)
            rows.append([
                f"{early} against {late}", days.name, _rate(alarms, runs), f"{np.mean(false):.3f}",
                f"{np.mean(found):.3f}",
            ])  # fmt: skip
    columns = [
        "days", "likeness", "runs with an alarm, nothing changed", f"false share, {_CHANGED} changed",
        f"steps of {_STEP:g} sd found",
    ]  # fmt: skip
    return markdown_table(columns, rows)


def odd_ones(runs: int) -> str:
    """How often a measure whose days are alike in another way than those of nine others is at most 5 %."""
    rows = []
    for at, (odd, rest) in enumerate(
        (("AR 0.7", "independent"), ("AR 0.7", "AR 0.3"), ("AR 0.3, 0.3", "AR 0.3"))
    ):
        kinds = {days.name: days for days in _WORLDS}
        for size, (early, late) in enumerate(_SIZES):
            rng = np.random.default_rng([9400, size, at])
            p, alarms = [], 0
            for _ in range(runs):
                shapes = ((1, early + late), (_MEASURES - 1, early + late))
                x = np.concatenate([kinds[k].draw(s, rng) for k, s in zip((odd, rest), shapes, strict=True)])
                compared = compare_measures(*measured(x, late), _SINGLE)
                p.append(next(c.p_value for c in compared.changes if c.thing == "thing 0"))
                alarms += bool(compared.found)
            rows.append([
                f"{early} against {late}", odd, rest, _rate(int((np.array(p) <= 0.05).sum()), runs),
                _rate(alarms, runs),
            ])  # fmt: skip
    columns = ["days", "the odd one", "the others", "odd one's p at most 0.05", "runs with an alarm"]
    return markdown_table(columns, rows)


def _false_and_found(compared: Comparison) -> tuple[float, float]:
    changed = {f"thing {i}" for i in range(_CHANGED)}
    false = sum(c.thing not in changed for c in compared.found)
    hits = sum(c.thing in changed and c.direction == "more" for c in compared.found)
    return false / max(len(compared.found), 1), hits / _CHANGED


def rolling(runs: int) -> str:
    """Runs with an alarm in any week, and one odd week and a lasting step found."""
    spans = RollingConfig()
    rows = []
    for at, days in enumerate((*_WORLDS, *_UNEVEN)):
        rng = np.random.default_rng([9300, at])
        alarms, odd, step = 0, 0, 0
        for run in range(runs):
            x = days.draw((_ROLLING_MEASURES, _ROLLING_DAYS), rng)
            alarms += bool(compare_windows(list(weeks(x, spans)), spans, _CONFIG).found)
            if run % 4 == 0:
                week, later = x.copy(), x.copy()
                week[0, 49:56] += 2 * _STEP
                later[0, 49:] += 2 * _STEP
                odd += _found_at(week, spans)
                step += _found_at(later, spans)
        n = len(range(0, runs, 4))
        rows.append([days.name, _rate(alarms, runs), _rate(odd, n), _rate(step, n)])
    columns = [
        "likeness", "runs with an alarm, nothing changed", f"odd week of {2 * _STEP:g} sd found",
        f"lasting step of {2 * _STEP:g} sd found",
    ]  # fmt: skip
    return markdown_table(columns, rows)


def weeks(x: NDArray[np.float64], spans: RollingConfig) -> Iterator[MeasuredWindow]:
    """Every week with the days before it, as `compare_rolling` cuts them."""
    for end in range(spans.baseline_days + spans.window_days, x.shape[1] + 1, spans.window_days):
        days, before, period = measured(x, spans.window_days, end, spans.baseline_days)
        yield MeasuredWindow(period, before, days)


def _found_at(x: NDArray[np.float64], spans: RollingConfig) -> bool:
    changed = _FIRST + dt.timedelta(days=49)
    found = compare_windows(list(weeks(x, spans)), spans, _CONFIG).found
    return any(w.period.first == changed and c.thing == "thing 0" and c.direction == "more" for w, c in found)


def _rate(k: int, n: int) -> str:
    low, high = clopper_pearson(k, n)
    return f"{k / n:.3f} [{low:.3f}, {high:.3f}]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all parts and write benchmarks/results/changes_days.md; 1 where a promised level does not hold."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--tests", type=int, default=2000, help="Single tests per kind of days.")
    parser.add_argument("--two", type=int, default=200, help="Runs of two periods per kind of days.")
    parser.add_argument("--rolling", type=int, default=200, help="Runs of a rolling comparison.")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    (single, kept), two, roll = levels(options.tests), two_periods(options.two), rolling(options.rolling)
    odd = odd_ones(2 * options.two)
    body = (
        "In brackets 95 % intervals (Clopper and Pearson). "
        f"{time.perf_counter() - started:.0f} s in all. The method was chosen on other random numbers.\n\n"
        f"## One test of unchanged days, {options.tests} per row\n\n{single}\n\n"
        "Promised is a level of 0.03 to 0.06 for 28 against 28 and 28 against 7 days with autoregressions of "
        "first and second order and spreads up to three times different; no interval there lies outside: "
        f"**{'yes' if kept else 'no'}**. Fourteen days alone cannot tell how alike they are: 7 against 7 "
        "days keep the upper end, and seldom raise an alarm where days are little alike.\n\n"
        f"## Two periods, {_MEASURES} measures, {options.two} runs\n\n{two}\n\n"
        f"Level: false discovery rate {_CONFIG.fdr:g}; without any change, the chance of an alarm.\n\n"
        f"## One measure unlike the others, nothing changed, {2 * options.two} runs\n\n{odd}\n\n"
        "Measures of a home tell each other how alike days are; one that differs from all others pays.\n\n"
        f"## Rolling: weeks against 28 days before, {_ROLLING_DAYS} days, {_ROLLING_MEASURES} measures, "
        f"{options.rolling} runs\n\n{roll}\n\n"
        "Changes are planted in every fourth run; an odd week or a step counts as found when its first week "
        "is reported as more. A slow wave is a true difference between two periods; a report of it is no "
        "false alarm of the statistics, but hardly what a reader calls a change."
    )
    path = write_result("changes_days", "python -m benchmarks.quality.changes_days", body)
    sys.stdout.write(f"{body}\n\nwrote {path}\n")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
