"""How refused lines are told."""

from pathlib import Path

import pytest

from discover.core.errors import DataError
from discover.homes import import_log
from discover.pipeline.refused_lines import RefusedLines


def refused(lines: int, *counts: int) -> RefusedLines:
    reasons = {f"reason {i}": n for i, n in enumerate(counts)}
    return RefusedLines("log.txt", lines, sum(counts), reasons)


def test_the_most_frequent_reasons_are_named() -> None:
    told = refused(13_930, 11_000, 100, 30, 10, 2).describe()
    assert told == (
        "11,142 of 13,930 lines refused (80 %): reason 0 (11,000); reason 1 (100); reason 2 (30); "
        "2 more reasons"
    )
    assert refused(1000).describe() == ""
    assert refused(3000, 1).describe() == "1 of 3,000 lines refused (0.033 %): reason 0 (1)"


@pytest.mark.parametrize(("count", "loud"), [(10, False), (11, True), (200, True)])
def test_loud_above_one_percent(count: int, loud: bool) -> None:
    found = refused(1000, count)
    assert found.loud is loud
    found.refuse_many(accepted=False)


def test_more_than_a_fifth_stops_unless_accepted() -> None:
    with pytest.raises(DataError, match=r"log\.txt: 201 of 1,000 lines refused"):
        refused(1000, 201).refuse_many(accepted=False)
    refused(1000, 201).refuse_many(accepted=True)


def test_a_heading_of_a_tiny_file_does_not_stop() -> None:
    refused(3, 1).refuse_many(accepted=False)


def test_lines_of_the_most_frequent_reason_are_shown_without_power() -> None:
    examples = (
        (3, "2020-01-01 10:00:00\tM001\tfizz\x1b[31m"),
        (12, "2020-01-01 10:00:07 " + "x" * 80),
        (13, "z"),
    )
    told = RefusedLines("log", 100, 9, {"value not understood": 8, "no such date": 1}, examples).describe()
    assert told == (
        "9 of 100 lines refused (9 %): value not understood (8: "
        "line 3 '2020-01-01 10:00:00 M001 fizz\\x1b[31m', "
        f"line 12 '2020-01-01 10:00:07 {'x' * 39}…'); no such date (1)"
    )


def test_the_account_of_an_import_gives_the_examples(tmp_path: Path) -> None:
    lines = [f"2020-01-01 10:00:{k:02d}\tM001\t{'ON' if k % 2 else 'OFF'}" for k in range(20)]
    lines[4:6] = ["2020-01-01 10:00:04\tM001\tfizz", "2020-01-01 10:00:05\tM001\tbuzz"]
    lines[9] = "nonsense"
    (tmp_path / "log.txt").write_text("\n".join(lines))
    found = RefusedLines.of_import(import_log(tmp_path / "log.txt"))
    assert (
        "(2: line 5 '2020-01-01 10:00:04 M001 fizz', line 6 '2020-01-01 10:00:05 M001 buzz')"
        in found.describe()
    )
