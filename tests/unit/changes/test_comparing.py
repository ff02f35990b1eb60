"""Two periods compared: planted changes with their direction, errors, periods as typed."""

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from discover.changes import ChangeConfig, Comparison, Period, build_grid, compare_periods, parse_period
from discover.changes.unusual_days import _hours_by_part, _words, unusual_days
from discover.core.day_parts import DAY_PARTS
from discover.core.errors import ConfigError, DataError

FIRST = dt.date(2024, 1, 1)
CONFIG = ChangeConfig(hold_s=600)
EARLY, LATE = parse_period("2024-01-01..2024-01-20"), parse_period("2024-01-21..2024-02-09")


def a_grid(shift_h: float = 0.0, extra: int = 0, silent: tuple[int, ...] = (), odd: int = -1):  # type: ignore[no-untyped-def]
    """40 days of "tea" in the afternoon and "bed" at 23 h; from day 20 on shifted, or more of it."""
    rng = np.random.default_rng(0)
    rows = []
    events = []
    for day in range(40):
        if day in silent:
            continue
        midnight = dt.datetime.combine(FIRST, dt.time()) + dt.timedelta(days=day)
        late = day >= 20
        n_tea = 3 + int(rng.integers(0, 2)) + (extra if late else 0)
        tea = 14 + 0.5 * np.arange(n_tea) + rng.normal(size=n_tea) * 0.1
        rows += [(midnight + dt.timedelta(hours=h), "tea") for h in tea]
        bed = (3 if day == odd else 22) + 0.4 * np.arange(4) + rng.normal(size=4) * 0.2
        rows += [(midnight + dt.timedelta(hours=h + (shift_h if late else 0)), "bed") for h in bed]
        events += [midnight + dt.timedelta(hours=h) for h in range(24)]
    marks = pl.DataFrame(rows, schema={"time": pl.Datetime("us"), "thing": pl.String}, orient="row")
    marks = marks.with_columns(weight=pl.lit(1.0)).sort("time")
    return build_grid(marks, pl.Series(events, dtype=pl.Datetime("us")), CONFIG)


def found(comparison: Comparison) -> set[tuple[str, str, str]]:
    return {(c.thing, c.measure, c.direction) for c in comparison.found}


def test_nothing_is_found_where_nothing_changed() -> None:
    assert found(compare_periods(a_grid(), EARLY, LATE, CONFIG)) == set()


def test_later_is_later_even_past_midnight_and_the_other_way_round_earlier() -> None:
    grid = a_grid(shift_h=1.5)
    forward = compare_periods(grid, EARLY, LATE, CONFIG)
    assert {("bed", "begins", "later"), ("bed", "ends", "later")} <= found(forward)
    assert not any(thing == "tea" for thing, _, _ in found(forward))
    change = next(c for c in forward.changes if (c.thing, c.measure) == ("bed", "begins"))
    assert change.low < 1.5 < change.high
    assert ("bed", "begins", "earlier") in found(compare_periods(grid, LATE, EARLY, CONFIG))


def test_more_is_more() -> None:
    assert ("tea", "time", "more") in found(compare_periods(a_grid(extra=2), EARLY, LATE, CONFIG))


def test_days_without_recording_are_left_out_and_do_not_count_as_less() -> None:
    comparison = compare_periods(a_grid(silent=tuple(range(30, 38))), EARLY, LATE, CONFIG)
    assert comparison.left_out_days >= 8
    assert comparison.period_days <= 12
    assert found(comparison) == set()


def test_too_few_days_and_common_days_are_refused_with_advice() -> None:
    with pytest.raises(DataError, match=r"has 3 days .* needs 7"):
        compare_periods(a_grid(), EARLY, parse_period("2024-01-21..2024-01-23"), CONFIG)
    with pytest.raises(ConfigError, match="share days"):
        compare_periods(a_grid(), EARLY, parse_period("2024-01-20..2024-02-09"), CONFIG)


def test_days_outside_both_periods_help_to_tell_how_alike_days_are() -> None:
    grid = a_grid(extra=2)
    week, next_week = parse_period("2024-01-15..2024-01-21"), parse_period("2024-01-22..2024-01-28")
    alone = grid.between(week.first, next_week.last)
    keys = [{(c.thing, c.measure): c for c in compare_periods(g, week, next_week, CONFIG).changes}
            for g in (grid, alone)]  # fmt: skip
    tea = [k["tea", "episodes"] for k in keys]
    assert tea[0].difference == pytest.approx(tea[1].difference, rel=0.05)
    # Tea is drawn anew every day: the other weeks say so, and the week alone cannot.
    assert tea[0].p_value < 0.5 * tea[1].p_value
    assert tea[0].high - tea[0].low < tea[1].high - tea[1].low


def test_nothing_seen_on_enough_days_is_refused() -> None:
    grid = a_grid()
    empty = replace(grid, things=(), time_TB=grid.time_TB[:0], starts_TB=grid.starts_TB[:0], moments=True)
    with pytest.raises(DataError, match=r"no moment was seen on 7 days .* \(--by\)"):
        compare_periods(empty, EARLY, LATE, CONFIG)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024-02", dt.date(2024, 2, 1), dt.date(2024, 2, 29)),
        ("2024-02-03", dt.date(2024, 2, 3), dt.date(2024, 2, 3)),
        ("2024-02..2024-03-05", dt.date(2024, 2, 1), dt.date(2024, 3, 5)),
    ],
)
def test_periods(text: str, first: dt.date, last: dt.date) -> None:
    assert parse_period(text) == Period(first, last)


@pytest.mark.parametrize("text", ["July", "2024-13", "2024-03..2024-02", "2024-02-30", ""])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_period(text)


def test_the_odd_day_is_the_most_unusual_and_says_why() -> None:
    days = unusual_days(a_grid(odd=9), {"bed": "Bed late"})
    assert days[0].day == FIRST + dt.timedelta(days=9)
    assert "more “Bed late” in the middle of the night" in days[0].words
    assert "less “Bed late”" in days[0].words
    assert days[0].stays
    assert days[0].p_value < 1e-3
    assert [d.p_value for d in days] == sorted(d.p_value for d in days)


def test_quiet_is_what_is_observed_and_nothing_else() -> None:
    """Hours per part of the day by hand: three quarters of an hour of tea in six observed hours of a day."""
    grid = a_grid()
    observed = np.zeros(96)
    observed[: 6 * 4] = 0.25  # midnight to six
    tea = np.zeros((1, 96))
    tea[0, 2:5] = 0.25
    one = replace(grid, things=("tea",), observed_B=observed, time_TB=tea, starts_TB=tea * 0)
    hours = _hours_by_part(one).reshape(len(DAY_PARTS), 2)
    for part, (busy, quiet) in zip(DAY_PARTS, hours, strict=True):
        seen = max(0, min(6, part.end_hour) - part.begin_hour) if part.begin_hour < 6 else 0
        drunk = 0.75 if part.begin_hour == 0 else 0.0
        assert (busy, quiet) == pytest.approx((drunk, seen - drunk)), part.name


def test_words_count_in_minutes_below_an_hour_and_put_quiet_last() -> None:
    grid = replace(a_grid(), things=("tea",))
    difference = np.zeros(2 * len(DAY_PARTS))
    difference[:4] = [1.0, -2.0, -0.5, 0.05]
    first, second, third = _words(difference, grid, {"tea": "Tea"}).split("; ")
    # Two hours less quiet weigh .6 of an hour.
    assert first == f"1.0 h more “Tea” {DAY_PARTS[0].words}"
    assert second == f"2.0 h less “quiet” {DAY_PARTS[0].words}"
    assert third == f"30 min less “Tea” {DAY_PARTS[1].words}"
    difference[:4] = [1.5, 0, 0, 0]
    assert _words(difference, grid, {}) == f"1.5 h more “tea” {DAY_PARTS[0].words}"
    assert _words(difference * 0.05, grid, {}) == "many small differences"
