"""False alarms and power where neighbouring days resemble each other, on made-up numbers per day.

    python -m benchmarks.quality.changes_days

No home is simulated: every measure is a series of one number per day, independent of the other measures. In
an autoregression each day keeps a share phi of how far the day before was from the mean. `weekly rhythm`
adds a weekday profile of one standard deviation, `slow wave` a sine of 180 days that reaches half of one.
"""

import datetime as dt
import sys
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from benchmarks.harness import BenchmarkParser, markdown_table, write_result
from benchmarks.quality.changes import clopper_pearson
from discover.changes import (
    ChangeConfig,
    MeasuredWindow,
    Period,
    RollingConfig,
    compare_windows,
)
from discover.changes.comparing import compare_measures
from discover.changes.day_measures import DayMeasure, DayMeasures

_FIRST = dt.date(2024, 1, 1)
_MEASURES, _ROLLING_MEASURES, _ROLLING_DAYS = 10, 5, 84
_STEP = 1.5
_WORLDS = (
    ("independent days", 0.0, ""), ("phi 0.3", 0.3, ""), ("phi 0.5", 0.5, ""), ("phi 0.7", 0.7, ""),
    ("phi 0.3, weekly rhythm", 0.3, "week"), ("phi 0.3, slow wave", 0.3, "wave"),
)  # fmt: skip


def series(phi: float, extra: str, shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    """(measures, days) with standard deviation 1 around what `extra` adds."""
    shocks = rng.normal(size=(shape[0], shape[1] + 60)) * np.sqrt(1 - phi**2)
    x: NDArray[np.float64] = lfilter([1.0], [1.0, -phi], shocks, axis=1)[:, 60:]
    days = np.arange(shape[1])
    if extra == "week":
        profile = rng.normal(size=(shape[0], 7))
        profile = (profile - profile.mean(axis=1, keepdims=True)) / profile.std(axis=1, keepdims=True)
        x = x + profile[:, days % 7]
    elif extra == "wave":
        x = x + 0.5 * np.sin(2 * np.pi * (days[None] / 180 + rng.random((shape[0], 1))))
    return x


def measured(x: NDArray[np.float64], n_late: int, first_day: int) -> tuple[DayMeasures, Period, Period]:
    """Days as measures; the last `n_late` are the later period."""
    n = x.shape[1]
    late = np.arange(n) >= n - n_late
    dates = [_FIRST + dt.timedelta(days=first_day + i) for i in range(n)]
    weekend = np.array([d.weekday() >= 5 for d in dates])
    measures = [DayMeasure(f"thing {i}", "time", row) for i, row in enumerate(x)]
    days = DayMeasures(measures, ~late, late, np.ones(n, dtype=bool), weekend)
    return days, Period(dates[0], dates[n - n_late - 1]), Period(dates[n - n_late], dates[-1])


def two_periods(runs: int) -> str:
    """Runs with an alarm, with and without allowing for likeness; a step found; four weeks a side."""
    rows = []
    for at, (name, phi, extra) in enumerate(_WORLDS):
        rng = np.random.default_rng([9200, at])
        alarms, naive, finds = 0, 0, 0
        for run in range(runs):
            config = ChangeConfig(permutations=999, seed=run)
            x = series(phi, extra, (_MEASURES, 56), rng)
            days = measured(x, 28, 0)
            alarms += bool(compare_measures(*days, config).found)
            alone = {m.key: 0.0 for m in days[0].measures}
            naive += bool(compare_measures(*days, config, likeness=alone).found)
            if run % 4 == 0:
                x[0, 28:] += _STEP
                finds += any(
                    c.thing == "thing 0" for c in compare_measures(*measured(x, 28, 0), config).found
                )
        rows.append([name, _rate(alarms, runs), f"{naive / runs:.3f}", _rate(finds, len(range(0, runs, 4)))])
    columns = ["days", "runs with an alarm", "were days taken as independent", f"step of {_STEP:g} sd found"]
    return markdown_table(columns, rows)


def rolling(runs: int) -> str:
    """Runs with an alarm in any week, and one odd week and a lasting step found."""
    spans = RollingConfig()
    rows = []
    for at, (name, phi, extra) in enumerate(_WORLDS):
        rng = np.random.default_rng([9300, at])
        alarms, odd, step = 0, 0, 0
        for run in range(runs):
            config = ChangeConfig(permutations=499, seed=run)
            x = series(phi, extra, (_ROLLING_MEASURES, _ROLLING_DAYS), rng)
            alarms += bool(compare_windows(weeks(x, spans), spans, config).found)
            if run % 4 == 0:
                week, later = x.copy(), x.copy()
                week[0, 49:56] += 2 * _STEP
                later[0, 49:] += 2 * _STEP
                odd += _found_at(week, spans, config)
                step += _found_at(later, spans, config)
        n = len(range(0, runs, 4))
        rows.append([name, _rate(alarms, runs), _rate(odd, n), _rate(step, n)])
    columns = [
        "days",
        "runs with an alarm",
        f"odd week of {2 * _STEP:g} sd found",
        f"lasting step of {2 * _STEP:g} sd found",
    ]
    return markdown_table(columns, rows)


def weeks(x: NDArray[np.float64], spans: RollingConfig) -> list[MeasuredWindow]:
    """Every week with the days before it, as `compare_rolling` cuts them."""
    windows = []
    for begin in range(spans.baseline_days, x.shape[1] - spans.window_days + 1, spans.window_days):
        first = begin - spans.baseline_days
        days, before, period = measured(x[:, first : begin + spans.window_days], spans.window_days, first)
        windows.append(MeasuredWindow(period, before, days))
    return windows


def _found_at(x: NDArray[np.float64], spans: RollingConfig, config: ChangeConfig) -> bool:
    changed = _FIRST + dt.timedelta(days=49)
    found = compare_windows(weeks(x, spans), spans, config).found
    return any(w.period.first == changed and c.thing == "thing 0" and c.direction == "more" for w, c in found)


def _rate(k: int, n: int) -> str:
    low, high = clopper_pearson(k, n)
    return f"{k / n:.3f} [{low:.3f}, {high:.3f}]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both parts and write benchmarks/results/changes_days.md."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--two", type=int, default=200, help="Runs of two periods per kind of days.")
    parser.add_argument("--rolling", type=int, default=80, help="Runs of a rolling comparison.")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    two, roll = two_periods(options.two), rolling(options.rolling)
    body = (
        f"Level: false discovery rate {ChangeConfig().fdr:g}, without any change the chance of an alarm in a "
        f"run. In brackets 95 % intervals (Clopper and Pearson). Steps are tried on every fourth run. "
        f"{time.perf_counter() - started:.0f} s in all.\n\n"
        f"## Two periods of 28 days, {_MEASURES} measures, {options.two} runs\n\n{two}\n\n"
        f"## Rolling: weeks against 28 days before, {_ROLLING_DAYS} days, {_ROLLING_MEASURES} measures, "
        f"{options.rolling} runs\n\n{roll}\n\n"
        "An odd week or a step counts as found when its first week is reported as more. A slow wave "
        "is a true difference between two periods; a report of it is no false alarm of the statistics, but "
        "hardly what a reader calls a change. The method was chosen on other random numbers."
    )
    path = write_result("changes_days", "python -m benchmarks.quality.changes_days", body)
    sys.stdout.write(f"{body}\n\nwrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
