"""A rolling comparison as files and on the command line: what is written, what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from discover.api.changes_result import ChangesResult, change_row, check_periods
from discover.changes import (
    Change,
    Comparison,
    Period,
    RollingComparison,
    RollingConfig,
    RollingWindow,
    parse_period,
)
from discover.core.errors import ConfigError
from discover.reports.change_strip import draw_rolling_changes
from discover.serving.changes import write_rolling_changes

BEFORE = parse_period("2024-01-01..2024-01-28")
PNG = b"\x89PNG"


def a_change(thing: str, measure: str, word: str, *, found: bool) -> Change:
    sign = 1 if word in ("more", "later") else -1
    return Change(
        thing=thing, measure=measure, baseline=2.0, period=2.0 + sign, difference=float(sign), low=0.0,
        high=1.0, cliffs_delta=0.9 * sign, hedges_g=1.0 * sign, p_value=0.001, q_value=0.01 if found else 0.5,
        direction=word, found=found, baseline_days=27, period_days=7,
    )  # type: ignore[arg-type]  # fmt: skip


def a_comparison(things: int = 1) -> RollingComparison:
    seen = tuple(a_change(f"{i}: Tea", "time", "more", found=True) for i in range(things))
    late = (
        a_change("bed", "begins", "later", found=True),
        a_change("any activity", "time", "less", found=False),
    )
    windows = (
        RollingWindow(Period(*_days("05")), BEFORE, 0, 0, (), "5 usable days in the window, 7 needed"),
        RollingWindow(Period(*_days("12")), BEFORE, 7, 27, seen),
        RollingWindow(Period(*_days("19")), BEFORE, 7, 28, (*seen, *late)),
    )
    return RollingComparison(windows, RollingConfig(), 0.05)


def _days(first: str):  # type: ignore[no-untyped-def]
    span = parse_period(f"2024-02-{first}..2024-02-{int(first) + 6}")
    return span.first, span.last


def test_files_hold_every_measure_and_every_skipped_window(tmp_path: Path) -> None:
    paths = write_rolling_changes(tmp_path, a_comparison(), title="made up")
    assert [p.name for p in paths] == [f"rolling_changes.{end}" for end in ("csv", "json", "png", "svg")]
    table = pl.read_csv(paths[0])
    assert table["window"].to_list() == ["2024-02-12", "2024-02-19", "2024-02-19", "2024-02-19"]
    assert table["direction"].to_list() == ["more", "more", "later", "less"]
    record = json.loads(paths[1].read_text())
    assert (record["windows_compared"], record["windows_skipped"], record["measures"]) == (2, 1, 4)
    assert [f["window"] for f in record["found"]] == ["2024-02-12", "2024-02-19", "2024-02-19"]
    assert record["skipped"][0]["reason"] == "5 usable days in the window, 7 needed"
    assert "over all windows and measures" in record["corrected"]
    assert paths[2].read_bytes().startswith(PNG)


def test_the_picture_says_what_it_shows_and_leaves_nothing_out_silently() -> None:
    drawing = draw_rolling_changes(a_comparison(), "made up")
    assert "3 measures in 2 windows; 3 pass the level, 1 windows" in drawing.alt
    assert drawing.png == draw_rolling_changes(a_comparison(), "made up").png
    many = draw_rolling_changes(a_comparison(things=40), "made up")
    assert "30 measures" in many.alt
    assert "12 more rows are in the table" in many.svg.decode().replace("<!-- ", "")


@pytest.mark.parametrize(("days", "told"), [((7, 13), True), ((7, 14), False), ((14, 7), False)])
def test_short_periods_come_with_a_word_of_caution(days: tuple[int, int], told: bool) -> None:
    shown = str(ChangesResult(Comparison(BEFORE, BEFORE, *days, 0, (), 0.05), "a_home", "room"))
    assert ("no sign that nothing changed" in shown) == told


def test_a_hole_is_one_line_everywhere(tmp_path: Path) -> None:
    hole = parse_period("1970-01-02..2024-02-11")
    comparison = replace(a_comparison(), holes=(hole,))
    record = json.loads(write_rolling_changes(tmp_path, comparison, title="made up")[1].read_text())
    assert record["holes"] == ["1970-01-02..2024-02-11"]
    drawing = draw_rolling_changes(comparison, "made up")
    assert "nothing recorded" in drawing.svg.decode().replace("<!-- ", "")
    assert "nothing recorded" not in draw_rolling_changes(a_comparison(), "made up").svg.decode()
    told = str(ChangesResult(comparison, "a_home", "room"))
    assert "  nothing recorded 1970-01-02..2024-02-11: 19,764 days without a window" in told
    assert told.count("skipped 2024") == 1


@pytest.mark.parametrize(
    ("measure", "values", "words"),
    [
        ("ends", (21.0, 22.1, 1.1, 0.5, 1.5),
         ("later by 1 h 06 min", "21:00", "22:06", "+1 h 06 min (+30 min to +1 h 30 min)")),
        ("time", (1.0, 0.5, -0.5, -0.75, -0.25),
         ("less by 30 min a day", "1.00 h/day", "0.50 h/day",
          "-30 min (-45 min to -15 min)")),
        ("times", (1.0, 1.5, 0.5, 0.1, 0.9),
         ("more by 0.50 a day", "1.00/day", "1.50/day", "+0.50 (+0.10 to +0.90)")),
    ],
)  # fmt: skip
def test_a_change_is_told_in_minutes_or_times_a_day(
    measure: str, values: tuple[float, ...], words: tuple[str, ...]
) -> None:
    baseline, period, difference, low, high = values
    change = replace(
        a_change("tea", measure, words[0].split()[0], found=True), baseline=baseline, period=period,
        difference=difference, low=low, high=high,
    )  # fmt: skip
    assert change_row(change)[2:6] == words
    assert change_row(replace(change, found=False))[2] == "-"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rolling": 28, "baseline": "2024-01", "period": "2024-02"}, "takes no --baseline and no --period"),
        ({"rolling": 28, "period": "2024-02"}, "takes no --baseline and no --period"),
        ({"window": 7, "baseline": "2024-01", "period": "2024-02"}, "--window is the length"),
        ({"rolling": 3}, "baseline_days"),
        ({"rolling": 28, "window": 3}, "window_days"),
        ({"baseline": "2024-01"}, "Give both --baseline and --period.* or --rolling 28"),
        ({}, "Give both --baseline and --period.* or --rolling 28"),
    ],
)
def test_options_that_do_not_go_together_are_refused_before_anything_is_read(
    given: dict[str, object], words: str
) -> None:
    options = {"baseline": None, "period": None, "rolling": None, "window": None, **given}
    with pytest.raises(ConfigError, match=words):
        check_periods(**options)  # type: ignore[arg-type]
