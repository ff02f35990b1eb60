"""How refused lines are told."""

import pytest

from discover.core.errors import DataError
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
