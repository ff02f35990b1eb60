"""One number per day with known values: hours, episodes, tenths of the day's time, weekends, moments."""

import datetime as dt

import numpy as np
import pytest

from discover.changes import ChangeConfig, Period, TimeGrid
from discover.changes.day_measures import BINS_PER_DAY, DayMeasures, clock_quantile, clock_words, measure_days

FIRST = dt.date(2024, 1, 1)
DAYS = 16
EARLY = Period(FIRST, FIRST + dt.timedelta(days=7))
LATE = Period(FIRST + dt.timedelta(days=8), FIRST + dt.timedelta(days=DAYS - 1))


def a_grid(bins: range, hours: float = 0.2, seen_h: float = 0.25, moments: bool = False) -> TimeGrid:
    """Every day the same: `hours` of tea in each of some quarter hours, begun once."""
    time = np.zeros((1, DAYS, BINS_PER_DAY))
    time[:, :, bins] = hours
    starts = np.zeros_like(time)
    starts[:, :, bins[0]] = 1
    return TimeGrid(
        FIRST,
        ("tea",),
        np.full(DAYS * BINS_PER_DAY, seen_h),
        time.reshape(1, -1),
        starts.reshape(1, -1),
        moments,
    )


def by_key(measures: DayMeasures) -> dict[tuple[str, str], np.ndarray]:
    return {m.key: m.values for m in measures.measures}


def test_hours_episodes_and_the_first_and_last_tenth_of_the_time() -> None:
    # Ten quarter hours from 10:00 on with 0.2 h each: a tenth is over at 10:15, nine tenths at 12:15.
    found = by_key(measure_days(a_grid(range(40, 50)), EARLY, LATE, ChangeConfig()))
    assert found["tea", "time"][1] == pytest.approx(2.0)
    assert found["tea", "episodes"][1] == pytest.approx(1.0)
    assert found["tea", "begins"][1] == pytest.approx(10.25)
    assert found["tea", "ends"][1] == pytest.approx(12.25)
    assert found["any activity", "time"][1] == pytest.approx(2.0)
    assert ("any activity", "episodes") not in found


def test_hours_are_per_24_observed_hours() -> None:
    # Twenty of the 24 hours of each day were observed.
    found = measure_days(a_grid(range(40, 50), seen_h=20 / 96), EARLY, LATE, ChangeConfig())
    assert by_key(found)["tea", "time"][1] == pytest.approx(2.0 * 24 / 20)
    assert by_key(found)["tea", "episodes"][1] == pytest.approx(24 / 20)
    assert found.usable[1]
    strict = measure_days(
        a_grid(range(40, 50), seen_h=20 / 96), EARLY, LATE, ChangeConfig(min_observed_h=20.1)
    )
    assert not strict.usable.any()


def test_things_without_a_time_of_day_or_on_too_few_days_have_no_clock() -> None:
    spread = by_key(measure_days(a_grid(range(96), hours=0.1), EARLY, LATE, ChangeConfig()))
    assert {m for _, m in spread} == {"time", "episodes"}
    grid = a_grid(range(40, 50))
    grid.time_TB[:, 6 * BINS_PER_DAY :] = 0
    assert not [k for k in by_key(measure_days(grid, EARLY, LATE, ChangeConfig())) if k[0] == "tea"]
    six = by_key(measure_days(grid, EARLY, LATE, ChangeConfig(min_days=6)))
    assert ("tea", "time") in six


def test_moments_are_counted_by_part_of_the_day() -> None:
    # 10:00 is late morning, from 10 on as core.day_parts has it or before.
    found = by_key(measure_days(a_grid(range(42, 43), moments=True), EARLY, LATE, ChangeConfig()))
    assert found["tea", "times"] == pytest.approx(np.ones(DAYS))
    assert found["tea", "times, late morning"] == pytest.approx(np.ones(DAYS))
    assert set(found) == {("tea", "times"), ("tea", "times, late morning")}
    known = by_key(
        measure_days(a_grid(range(42, 43), seen_h=20 / 96, moments=True), EARLY, LATE, ChangeConfig())
    )
    assert known["tea", "times, late morning"] == pytest.approx(np.full(DAYS, 24 / 20))
    # A part of which less than three quarters were observed says nothing.
    grid = a_grid(range(42, 43), moments=True)
    grid.observed_B.reshape(DAYS, BINS_PER_DAY)[:, 42:] = np.where(np.arange(42, 96) < 60, 0, 0.25)
    assert ("tea", "times, late morning") not in by_key(measure_days(grid, EARLY, LATE, ChangeConfig()))


def test_periods_and_weekends_of_the_days() -> None:
    found = measure_days(a_grid(range(40, 50)), EARLY, LATE, ChangeConfig())
    assert found.early.tolist() == [True] * 8 + [False] * 8
    assert found.late.tolist() == [False] * 8 + [True] * 8
    assert np.flatnonzero(found.weekend).tolist() == [5, 6, 12, 13]


@pytest.mark.parametrize(("share", "hours"), [(0.1, 8.05), (0.5, 8.25), (0.9, 20.2), (1.0, 20.25)])
def test_a_share_of_the_time_is_over_inside_its_quarter_hour(share: float, hours: float) -> None:
    time = np.zeros((1, BINS_PER_DAY))
    time[0, [32, 80]] = 0.25
    assert clock_quantile(time, share)[0] == pytest.approx(hours)


@pytest.mark.parametrize(
    ("hours", "words"), [(23.5, "23:30"), (24.25, "00:15"), (36.0, "12:00"), (9.999, "10:00")]
)
def test_hours_in_words(hours: float, words: str) -> None:
    assert clock_words(hours) == words
