"""The day-by-day picture: days, gaps, midnight, colours, pages."""

from datetime import date, datetime, timedelta

import polars as pl

from discover.recognition import SEGMENTS
from discover.reports.style import MANY_COLOURS
from discover.reports.timeline_figures import _by_day, _colours, _rows, draw_timeline, short_days


def segments(*rows: tuple[datetime, float, str]) -> pl.DataFrame:
    """Rows of (start, hours, activity)."""
    return pl.DataFrame(
        [{"home": "h", "start": s, "end": s + timedelta(hours=h), "activity": a, "confidence": 0.5,
          "n_windows": 1} for s, h, a in rows],
        schema=SEGMENTS,
    )  # fmt: skip


def test_a_segment_over_midnight_is_two_bars() -> None:
    bars = _by_day(segments((datetime(2021, 3, 1, 23), 2.5, "sleeping")))
    assert bars.rows() == [
        (date(2021, 3, 1), "sleeping", 23.0, 1.0),
        (date(2021, 3, 2), "sleeping", 0.0, 1.5),
    ]


def test_days_left_out_share_one_row() -> None:
    row_of, labels = _rows([date(2021, 3, 1), date(2021, 3, 2), date(2021, 3, 5)])
    assert list(row_of.values()) == [0, 1, 3]
    assert labels == ["Mon 01 Mar 2021", "Tue 02 Mar", "(2 days without)", "Fri 05 Mar"]
    assert short_days([date(2020, 12, 31), date(2021, 1, 1)]) == ["Thu 31 Dec 2020", "Fri 01 Jan 2021"]


def test_rare_activities_share_a_colour_and_unknown_is_last() -> None:
    many = segments(
        *((datetime(2021, 3, 1, 0, i), 1 + i, f"a_{i:02d}") for i in range(15)),
        (datetime(2021, 3, 1, 1), 90.0, "unknown"),
    )
    colours, legend = _colours(many)
    assert colours["a_14"] == MANY_COLOURS[0]
    assert legend[0][0] == "a 14"
    assert colours["a_00"] == colours["a_01"] == colours["a_02"] != colours["a_03"]
    assert legend[-2][0] == "3 more: a 02, a 01, a 00"
    assert legend[-1][0] == "unknown"


def test_long_recordings_take_several_pages_with_the_same_bytes_each_time() -> None:
    table = segments(*((datetime(2021, 3, 1, 8) + timedelta(days=d), 1.0, "eating") for d in range(50)))
    drawn = draw_timeline(table, title="t")
    assert [d.name for d in drawn] == ["timeline_1", "timeline_2"]
    assert drawn == draw_timeline(table, title="t")
    assert draw_timeline(table.head(0), title="t") == []
