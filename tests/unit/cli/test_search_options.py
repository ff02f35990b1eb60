"""Filters as they are typed, and which caption files belong to an encoder."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from discover.cli.search import check_one_question
from discover.core.config import config_from_mapping
from discover.core.errors import ArtifactError, ConfigError
from discover.retrieval import SearchFilters
from discover.serving.caption_files import find_caption_style


def filters(**values: Any) -> SearchFilters:
    return config_from_mapping(values, SearchFilters, source="options")


@pytest.mark.parametrize(
    ("text", "hours"),
    [("22-5", (22, 5)), ("6:30-8", (6.5, 8)), ("6 – 8:45", (6, 8.75)), ("22-0", (22, 24)), ("24-5", (0, 5))],
)
def test_hours(text: str, hours: tuple[float, float]) -> None:
    assert filters(hours=text).hours == hours
    assert filters(hours=hours).hours == hours


@pytest.mark.parametrize("text", ["22", "22-", "x-5", "22-5-7", "6:70-8"])
def test_hours_that_are_none(text: str) -> None:
    with pytest.raises(ConfigError, match="written as 22-5 or 6:30-8"):
        filters(hours=text)


def test_hours_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match="hours"):
        filters(hours="25-5")
    with pytest.raises(ConfigError, match="two different hours"):
        filters(hours="5-5")


def test_weekdays() -> None:
    assert filters(weekdays=["weekend"]).weekdays == ("saturday", "sunday")
    assert filters(weekdays="weekend").weekdays == ("saturday", "sunday")
    assert filters(weekdays=["Friday, monday", "sunday"]).weekdays == ("monday", "friday", "sunday")
    assert filters(weekdays=["weekdays"]).weekdays[::4] == ("monday", "friday")
    with pytest.raises(ConfigError, match="Did you mean 'monday'"):
        filters(weekdays=["mondey"])


def test_times() -> None:
    assert filters(after="2009-07").after == datetime(2009, 7, 1)
    assert filters(after="2009-07-14").after == datetime(2009, 7, 14)
    assert filters(before="2009-07-14 18:30").before == datetime(2009, 7, 14, 18, 30)
    assert filters(before=datetime(2009, 7, 14)).before == datetime(2009, 7, 14)
    with pytest.raises(ConfigError, match="'after': a date is written as 2009-07-14"):
        filters(after="July")
    with pytest.raises(ConfigError, match="earlier"):
        filters(after="2009-08", before="2009-07")


def test_rooms_are_written_with_spaces_or_without() -> None:
    found = filters(rooms=["Living room"], splits=["test"], clusters=[3], min_duration_s=5)
    assert (found.rooms, found.splits, found.clusters) == (("living_room",), ("test",), (3,))
    assert filters(rooms="Kitchen").rooms == ("kitchen",)
    with pytest.raises(ConfigError, match="splits"):
        filters(splits=["tset"])


def test_one_question_at_a_time() -> None:
    check_one_question("text", None, None, None, None, False)
    check_one_question(None, None, True)
    with pytest.raises(ConfigError, match="found 0"):
        check_one_question(None, None, False)
    with pytest.raises(ConfigError, match="found 2"):
        check_one_question("text", "w1", False)


def test_caption_files(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no captions with vectors"):
        find_caption_style([tmp_path], "minilm")
    for name in ("captions_short.parquet", "embeddings_short_minilm.npz", "embeddings_short_clip.npz"):
        (tmp_path / name).touch()
    (tmp_path / "embeddings_gone_minilm.npz").touch()  # vectors whose captions are not there
    assert find_caption_style([tmp_path], "minilm") == "short"
    for name in ("captions_mixed.parquet", "embeddings_mixed_minilm.npz"):
        (tmp_path / name).touch()
    with pytest.raises(ConfigError, match=r"several styles \(mixed, short\)"):
        find_caption_style([tmp_path], "minilm")
    assert find_caption_style([tmp_path], "minilm", "short") == "short"
    with pytest.raises(ConfigError, match="Did you mean 'short'"):
        find_caption_style([tmp_path], "minilm", "shorts")
