"""Filters as they are typed, and which caption files belong to an encoder."""

from datetime import datetime
from pathlib import Path

import pytest

from discover.cli.search import check_one_question
from discover.cli.search_filters import build_filters, parse_hours, parse_time, parse_weekdays
from discover.core.errors import ArtifactError, ConfigError
from discover.serving.caption_files import find_caption_style


@pytest.mark.parametrize(
    ("text", "hours"),
    [("22-5", (22, 5)), ("6:30-8", (6.5, 8)), ("6 – 8:45", (6, 8.75)), ("22-0", (22, 24)), ("24-5", (0, 5))],
)
def test_hours(text: str, hours: tuple[float, float]) -> None:
    assert parse_hours(text) == hours
    assert build_filters(hours=text).hours == hours


@pytest.mark.parametrize("text", ["22", "22-", "x-5", "22-5-7", "6:70-8"])
def test_hours_that_are_none(text: str) -> None:
    with pytest.raises(ConfigError, match="22-5"):
        parse_hours(text)


def test_hours_out_of_range_are_refused_by_the_filter() -> None:
    with pytest.raises(ConfigError, match="hours"):
        build_filters(hours="25-5")
    with pytest.raises(ConfigError, match="two different hours"):
        build_filters(hours="5-5")


def test_weekdays() -> None:
    assert parse_weekdays(["weekend"]) == ("saturday", "sunday")
    assert parse_weekdays(["Friday, monday", "sunday"]) == ("monday", "friday", "sunday")
    assert parse_weekdays(["weekdays"])[::4] == ("monday", "friday")
    with pytest.raises(ConfigError, match="Did you mean 'monday'"):
        parse_weekdays(["mondey"])


def test_times() -> None:
    assert parse_time("2009-07") == datetime(2009, 7, 1)
    assert parse_time("2009-07-14") == datetime(2009, 7, 14)
    assert parse_time("2009-07-14 18:30") == datetime(2009, 7, 14, 18, 30)
    with pytest.raises(ConfigError, match="--since takes a date"):
        build_filters(since="July")
    with pytest.raises(ConfigError, match="earlier"):
        build_filters(since="2009-08", until="2009-07")


def test_rooms_are_written_with_spaces_or_without() -> None:
    filters = build_filters(rooms=["Living room"], splits=["test"], clusters=[3], min_duration_s=5)
    assert (filters.rooms, filters.splits, filters.clusters) == (("living_room",), ("test",), (3,))
    with pytest.raises(ConfigError, match="splits"):
        build_filters(splits=["tset"])


def test_one_question_at_a_time() -> None:
    check_one_question("text", None, None, None, None, False)
    check_one_question(None, None, True)
    with pytest.raises(ConfigError, match="found 0"):
        check_one_question(None, None, False)
    with pytest.raises(ConfigError, match="found 2"):
        check_one_question("text", "w1", False)


def test_caption_files(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no captions with vectors"):
        find_caption_style(tmp_path, "minilm")
    for name in ("captions_short.parquet", "embeddings_short_minilm.npz", "embeddings_short_clip.npz"):
        (tmp_path / name).touch()
    (tmp_path / "embeddings_gone_minilm.npz").touch()  # vectors whose captions are not there
    assert find_caption_style(tmp_path, "minilm") == "short"
    for name in ("captions_mixed.parquet", "embeddings_mixed_minilm.npz"):
        (tmp_path / name).touch()
    with pytest.raises(ConfigError, match=r"several styles \(mixed, short\)"):
        find_caption_style(tmp_path, "minilm")
    assert find_caption_style(tmp_path, "minilm", "short") == "short"
    with pytest.raises(ConfigError, match="Did you mean 'short'"):
        find_caption_style(tmp_path, "minilm", "shorts")
