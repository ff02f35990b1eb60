"""Every window against the days before it: a planted week is found where it is, what stays is not."""

import datetime as dt
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from discover.changes import (
    ChangeConfig,
    RollingComparison,
    RollingConfig,
    TimeGrid,
    build_grid,
    compare_rolling,
)
from discover.changes.comparing import compare_measures, measure_periods
from discover.changes.shared import Piece, pieces_of, shared_knowledge
from discover.changes.statistics import adjusted_p_values
from discover.core.errors import ConfigError, DataError

FIRST = dt.date(2024, 1, 1)
CONFIG = ChangeConfig(hold_s=600)
ROLLING = RollingConfig(baseline_days=28, window_days=7)
N_WEEKS = 8
ODD_WEEK = 5


def a_grid(
    extra: int = 0, shift_h: float = 0.0, silent: tuple[int, ...] = (), weeks: int = N_WEEKS
) -> TimeGrid:
    """Weeks of tea in the afternoon and bed at 22 h; one week with more or less tea, or with bed later."""
    rng = np.random.default_rng(1)
    rows, events = [], []
    # One more day on each side: the outermost days of a recording are never whole.
    for day in range(7 * weeks + 1):
        midnight = dt.datetime.combine(FIRST, dt.time()) + dt.timedelta(days=day)
        odd = day // 7 == ODD_WEEK
        n_tea = 4 + int(rng.integers(0, 2)) + (extra if odd else 0)
        tea = 13 + 0.5 * np.arange(n_tea) + rng.normal(size=n_tea) * 0.1
        bed = 22 + 0.4 * np.arange(4) + rng.normal(size=4) * 0.2 + (shift_h if odd else 0)
        if day in silent:
            continue
        rows += [(midnight + dt.timedelta(hours=h), "tea") for h in tea]
        rows += [(midnight + dt.timedelta(hours=h), "bed") for h in bed]
        events += [midnight + dt.timedelta(hours=h) for h in range(24)]
    marks = pl.DataFrame(rows, schema={"time": pl.Datetime("us"), "thing": pl.String}, orient="row")
    marks = marks.with_columns(weight=pl.lit(1.0)).sort("time")
    return build_grid(marks, pl.Series(events, dtype=pl.Datetime("us")), CONFIG)


def found(comparison: RollingComparison) -> set[tuple[int, str, str, str]]:
    """(week, thing, measure, direction)."""
    return {
        ((w.period.first - FIRST).days // 7, c.thing, c.measure, c.direction) for w, c in comparison.found
    }


@pytest.mark.parametrize(("extra", "word"), [(3, "more"), (-3, "less")])
def test_the_planted_week_is_found_in_its_window_and_not_before(extra: int, word: str) -> None:
    comparison = compare_rolling(a_grid(extra=extra), ROLLING, CONFIG)
    assert (ODD_WEEK, "tea", "time", word) in found(comparison)
    assert not [f for f in found(comparison) if f[0] < ODD_WEEK]
    # With five true changes, a false one elsewhere is within the stated rate; none is in the planted week.
    assert not [f for f in found(comparison) if f[0] == ODD_WEEK and f[1] == "bed"]


def test_a_week_of_late_nights_is_later() -> None:
    comparison = compare_rolling(a_grid(shift_h=1.5), ROLLING, CONFIG)
    assert {(ODD_WEEK, "bed", "begins", "later"), (ODD_WEEK, "bed", "ends", "later")} <= found(comparison)
    assert not [f for f in found(comparison) if f[0] < ODD_WEEK or f[1] == "tea"]


def test_nothing_is_found_where_nothing_changed() -> None:
    assert found(compare_rolling(a_grid(), ROLLING, CONFIG)) == set()


def test_windows_follow_each_other_and_are_compared_with_the_days_right_before() -> None:
    comparison = compare_rolling(a_grid(), ROLLING, CONFIG)
    spans = [w.period for w in comparison.windows]
    assert spans[0].first == FIRST
    assert {(b.first - a.first).days for a, b in pairwise(spans)} == {7}
    for window in comparison.windows:
        assert window.baseline.last == window.period.first - dt.timedelta(days=1)
        assert (window.baseline.last - window.baseline.first).days == 27
    assert spans[-1].last == FIRST + dt.timedelta(days=7 * N_WEEKS)


def test_windows_share_their_usual_spread_and_each_day_counts_once() -> None:
    grid = a_grid(extra=3)
    comparison = compare_rolling(grid, ROLLING, CONFIG)
    whole = [measure_periods(grid, w.baseline, w.period, CONFIG) for w in comparison.compared]
    weeks: dict[tuple[str, str], list[Piece]] = {}
    for number, m in enumerate(whole):
        # The first window brings its baseline along, the others only what is new.
        for key, own in pieces_of(m, 7).items():
            weeks.setdefault(key, []).extend(own[at] for at in sorted(own) if at == 0 or number == 0)
    assert {len(own) for own in weeks.values()} == {N_WEEKS}
    shared = shared_knowledge(weeks)
    for window, m in zip(comparison.compared, whole, strict=True):
        plain = compare_measures(m, window.baseline, window.period, CONFIG, shared=shared)
        p_values = {(c.thing, c.measure): c.p_value for c in plain.changes}
        assert {(c.thing, c.measure): c.p_value for c in window.changes} == pytest.approx(p_values)
    first = comparison.compared[0]
    alone = compare_measures(whole[0], first.baseline, first.period, CONFIG)
    assert [c.p_value for c in alone.changes] != [c.p_value for c in first.changes]


def test_all_windows_and_measures_are_corrected_together() -> None:
    comparison = compare_rolling(a_grid(extra=3), ROLLING, CONFIG)
    changes = [c for w in comparison.windows for c in w.changes]
    assert comparison.n_measures == len(changes) > 20
    q_values = adjusted_p_values([c.p_value for c in changes])
    assert [c.q_value for c in changes] == pytest.approx(q_values.tolist())
    assert all(
        c.found == (c.q_value <= CONFIG.fdr and abs(c.cliffs_delta) >= CONFIG.min_effect) for c in changes
    )


def test_windows_with_too_few_days_are_skipped_with_the_reason() -> None:
    comparison = compare_rolling(a_grid(silent=(38, 39)), ROLLING, CONFIG)
    reasons = {(w.period.first - FIRST).days // 7: w.skipped for w in comparison.skipped}
    # The first has nothing before it, the last is a single day.
    assert reasons.keys() == {0, ODD_WEEK, N_WEEKS}
    assert reasons[0] == "0 usable days in the baseline, 7 needed"
    assert reasons[ODD_WEEK] == "5 usable days in the window, 7 needed"
    assert len(comparison.compared) + len(comparison.skipped) == len(comparison.windows) == N_WEEKS + 1
    after = next(w for w in comparison.compared if (w.period.first - FIRST).days == 42)
    assert after.baseline_days == 26
    assert found(comparison) == set()


def with_a_hole(hole_days: int) -> TimeGrid:
    """Six weeks, a hole, and the same six weeks again."""
    weeks = a_grid(weeks=6)
    days = 43 + hole_days
    first = weeks.first_day - dt.timedelta(days=days)
    hole = np.zeros(96 * hole_days)
    parts = [
        [v, np.zeros((*v.shape[:-1], len(hole))), v]
        for v in (weeks.observed_B, weeks.time_TB, weeks.starts_TB)
    ]
    return TimeGrid(first, weeks.things, *[np.concatenate(p, axis=-1) for p in parts])


def test_no_window_lies_in_a_long_hole_and_windows_begin_again_after_it() -> None:
    grid = with_a_hole(20_000)
    comparison = compare_rolling(grid, ROLLING, CONFIG)
    assert len(comparison.windows) == 2 * 7
    assert [(h.last - h.first).days + 1 for h in comparison.holes] == [20_000]
    assert comparison.holes[0].first == grid.first_day + dt.timedelta(days=43)
    after = comparison.windows[7]
    assert after.period.first == FIRST
    assert after.skipped == "0 usable days in the baseline, 7 needed"
    # Behind the hole the same weeks are compared as before it.
    assert [len(w.changes) > 0 for w in comparison.windows] == 2 * [False, *5 * [True], False]


def test_a_hole_shorter_than_a_window_is_told_by_the_windows_it_is_in() -> None:
    comparison = compare_rolling(with_a_hole(6), ROLLING, CONFIG)
    assert comparison.holes == ()
    assert len(comparison.windows) == 14
    assert len(compare_rolling(with_a_hole(7), ROLLING, CONFIG).holes) == 1


def test_fewer_days_are_enough_where_it_is_said() -> None:
    lower = CONFIG.model_copy(update={"min_days": 4})
    comparison = compare_rolling(a_grid(silent=(38, 39)), ROLLING, lower)
    assert ODD_WEEK in {(w.period.first - FIRST).days // 7 for w in comparison.compared}


def test_the_same_days_give_the_same_numbers() -> None:
    grid = a_grid(extra=3)
    assert compare_rolling(grid, ROLLING, CONFIG) == compare_rolling(grid, ROLLING, CONFIG)


@pytest.mark.parametrize(
    ("rolling", "words"),
    [
        (RollingConfig(window_days=6), r"window of 6 days can never hold the 7 .* min_days"),
        (RollingConfig(baseline_days=5), r"baseline of 5 days can never hold the 7"),
    ],
)
def test_lengths_that_can_never_hold_enough_days_are_refused(rolling: RollingConfig, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        compare_rolling(a_grid(weeks=2), rolling, CONFIG)


def test_a_recording_without_any_comparable_window_is_refused() -> None:
    with pytest.raises(DataError, match=r"None of 2 windows .* Choose longer windows"):
        compare_rolling(a_grid(weeks=1), ROLLING, CONFIG)


def test_the_days_of_a_grid() -> None:
    grid = a_grid(weeks=2)
    part = grid.between(FIRST + dt.timedelta(days=3), FIRST + dt.timedelta(days=99))
    assert part.days == grid.days[3:]
    assert part.time_TB.sum() == pytest.approx(grid.time_TB[:, 3 * 96 :].sum())
    assert (part.observed_B == grid.observed_B[3 * 96 :]).all()
    with pytest.raises(DataError, match="no day"):
        grid.between(FIRST - dt.timedelta(days=9), FIRST - dt.timedelta(days=1))
