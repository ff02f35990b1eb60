"""Year-month-day or year-day-month where few days allow only one of them. Lines are invented."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.core.errors import DataError
from discover.homes import ImportedLog
from discover.homes._date_order import year_day_month
from discover.homes._stamps import find_stamp

Import = Callable[..., ImportedLog]
ISO, SWAPPED = "%Y-%m-%d", "%Y-%d-%m"


def days(first: str, number: int, form: str, *, lines: int = 60, half: str = "") -> list[str]:
    """So many lines a day, a minute apart."""
    begin = date.fromisoformat(first)
    return [
        f"{begin + timedelta(days=d):{form}} 08:{m:02d}:00{half}\tM00{m % 3}\t{'ON' if m % 2 else 'OFF'}\n"
        for d in range(number)
        for m in range(lines)
    ]


@pytest.mark.parametrize("half", ["", " AM"])
@pytest.mark.parametrize("newest_first", [False, True])
def test_few_days_above_12_decide_with_the_course_of_time(
    half: str, newest_first: bool, import_text: Import
) -> None:
    lines = days("2023-03-31", 1, SWAPPED, lines=3, half=half) + days("2023-04-01", 12, SWAPPED, half=half)
    imported = import_text("".join(lines[::-1] if newest_first else lines))
    times = imported.log.events["time"]
    assert imported.report.rejected_lines == 0
    assert (times[0].date(), times[-1].date()) == (date(2023, 3, 31), date(2023, 4, 12))
    assert times.dt.date().n_unique() == 13


@pytest.mark.parametrize("half", ["", " AM"])
def test_one_damaged_date_swaps_nothing(half: str, import_text: Import) -> None:
    lines = days("2023-03-01", 12, ISO, half=half)
    lines.insert(300, f"2023-25-03 08:00:00{half}\tM001\tON\n")
    imported = import_text("".join(lines))
    assert imported.rejected["line"].to_list() == [301]
    times = imported.log.events["time"]
    assert (times[0].date(), times[-1].date()) == (date(2023, 3, 1), date(2023, 3, 12))


def test_a_file_with_a_heading_is_judged_alike(import_text: Import) -> None:
    cells = (line.strip().split("\t") for line in days("2023-03-01", 12, ISO))
    text = "state,sensor,time\n" + "".join(f"{state},{sensor},{time}\n" for time, sensor, state in cells)
    imported = import_text(text + "ON,M001,2023-25-03 08:00:00\n")
    assert imported.log.events["time"].dt.date().n_unique() == 12
    assert imported.report.rejected_lines == 1


def test_no_month_and_no_day_of_the_calendar_is_damage(import_text: Import) -> None:
    imported = import_text("".join(days("2023-03-01", 3, ISO)) + "2023-45-03 08:00:00\tM001\tON\n" * 20)
    assert imported.report.rejected_lines == 20
    assert imported.log.events["time"].dt.month().unique().to_list() == [3]


def test_where_both_readings_run_on_alike_both_are_named() -> None:
    written = ["2023-12-02 08:00:00", "2023-13-02 08:00:00"]
    stamps = [(k, stamp) for k, text in enumerate(written, start=1) if (stamp := find_stamp(text))]
    none = np.empty(0, dtype=np.int64)
    with pytest.raises(DataError, match=r"year-month-day and as year-day-month: line 2 \('2023-13-02"):
        year_day_month(stamps, none, none, False)


@given(
    first=st.dates(date(2001, 1, 1), date(2030, 1, 1)),
    number=st.integers(1, 60),
    swapped=st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_the_way_a_log_is_written_is_found_or_refused(first: date, number: int, swapped: bool) -> None:
    """Whole logs of consecutive days: never the other reading where a date allows only one."""
    form = SWAPPED if swapped else ISO
    written = [f"{first + timedelta(days=k):{form}} 08:00:00" for k in range(number)]
    stamps = [(k, stamp) for k, text in enumerate(written) if (stamp := find_stamp(text))]
    none = np.empty(0, dtype=np.int64)
    try:
        found = year_day_month(stamps, none, none, False)
    except DataError:
        return
    above_12 = any((first + timedelta(days=k)).day > 12 for k in range(number))
    assert found is (swapped and above_12)
