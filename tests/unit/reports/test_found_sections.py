"""What was found: time of activities on a grid, a typical day, and the order of a report's sections."""

import dataclasses
import datetime as dt
import re
from pathlib import Path

import polars as pl
import pytest

from discover.reports import Found, ReportInputs, found_in, write_report
from discover.reports.found_sections import UNSURE, unusual_section

MONDAY = dt.datetime(2024, 1, 1)


def day(at: int) -> list[tuple[dt.datetime, str, float]]:
    """Windows of one day, one a minute: an hour of cooking at 7, two of reading at 20, half unsure at 12."""
    begin = MONDAY + dt.timedelta(days=at)
    hours = {7: "cook", 20: "read", 21: "read"}
    rows = [
        (begin + dt.timedelta(hours=h, minutes=m), what, 0.75) for h, what in hours.items() for m in range(60)
    ]
    return rows + [(begin + dt.timedelta(hours=12, minutes=m), "unknown", 0.2) for m in range(30)]


def timeline(days: int) -> pl.DataFrame:
    rows = sorted(row for at in range(days) for row in day(at))
    return pl.DataFrame(rows, schema=["start", "activity", "confidence"], orient="row")


def observed(days: int) -> pl.Series:
    """A message every hour, so that every day is observed whole."""
    return pl.datetime_range(MONDAY, MONDAY + dt.timedelta(days=days), "1h", closed="left", eager=True)


@pytest.fixture(scope="module")
def found() -> Found:
    result = found_in(timeline(9), observed(9), "Nobody was asked.")
    assert result is not None
    return result


def test_hours_of_each_activity(found: Found) -> None:
    assert found.activities == ("read", "cook", UNSURE)
    rows = {row[0]: row[1:] for row in found.table_rows()}
    # The last window of a stretch holds for five minutes more.
    assert rows["read"] == ("2.1", "1.0", "20–22 h", "0.75")
    assert rows["cook"] == ("1.1", "1.0", "07–08 h", "0.75")
    assert rows[UNSURE][-1] == ""
    assert len(set(found.colours)) == 3


def test_a_typical_day_names_hours_and_never_what_is_unsure(found: Found) -> None:
    words = [str(stretch) for stretch in found.typical(weekend=False)]
    assert words == ["07–09 h cook", "20–23 h read"]
    assert [str(s) for s in found.typical(weekend=True)] == words
    first_day, hours = found.by_hour()[0]
    assert first_day == dt.date(2024, 1, 1)
    assert [hours[h] for h in (6, 7, 12, 20)] == [None, 1, 2, 0]


def test_few_days_have_no_unusual_one() -> None:
    short = found_in(timeline(2), observed(2), "")
    assert short is not None
    assert short.unusual == ()
    assert "activities are guesses" in short.note
    assert "2 days are too few" in unusual_section(short.unusual, 2).text
    assert found_in(timeline(2)[:0], observed(2), "") is None


def test_a_day_that_is_spent_otherwise_is_unusual() -> None:
    odd = timeline(12).with_columns(
        pl.when(pl.col("start").dt.date() == dt.date(2024, 1, 9))
        .then(pl.lit("cook"))
        .otherwise(pl.col("activity"))
        .alias("activity")
    )
    result = found_in(odd, observed(12), "")
    assert result is not None
    assert result.unusual[0].day == dt.date(2024, 1, 9)
    assert "more “cook” in the evening" in result.unusual[0].words


@pytest.mark.usefixtures("blank")
def test_what_was_found_comes_first_and_training_last(
    tmp_path: Path, inputs: ReportInputs, found: Found
) -> None:
    page = write_report(tmp_path, dataclasses.replace(inputs, found=found)).read_text(encoding="utf-8")
    titles = re.findall(r"<h2>(.*?)</h2>", page)
    assert titles[:4] == ["What was found", "A typical day", "Answered questions", "Unusual days"]
    assert titles[-1] == "Training"
    assert titles.index("Data health") < titles.index("Settings: what was done")
    assert "Nobody was asked." in page
