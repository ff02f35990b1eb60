"""One index over homes whose sensors have the same ids: words, facts and timelines are each home's own."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from morning import story
from polars.testing import assert_frame_equal

from discover.captions import caption_windows
from discover.captions.config import CaptionConfig
from discover.core.embeddings import EmbeddingTable
from discover.core.errors import DataError
from discover.core.window_set import WindowSet, join_window_sets
from discover.query import WindowTimes, match_query, parse_question
from discover.retrieval import (
    Asked,
    Index,
    SearchFilters,
    build_activations,
    build_window_facts,
    describe_hit,
    format_hit,
    rank_answers,
)
from discover.retrieval.timeline import timeline
from discover.serving.home_lexicon import home_lexicon
from two_homes import renamed

__all__ = ["story"]

MODEL = "a" * 64


@pytest.fixture(scope="module")
def other(story: WindowSet) -> WindowSet:
    return renamed(story, "other")


@pytest.fixture(scope="module")
def joined(story: WindowSet, other: WindowSet) -> WindowSet:
    return join_window_sets([story, other])


def vectors_of(window_set: WindowSet) -> EmbeddingTable:
    """One-hot vectors; a window and its twin in the other home have the same."""
    n = len(window_set.windows)
    ids = window_set.windows["window_id"].to_numpy().astype(np.str_)
    vectors = np.eye(6, dtype=np.float32)[np.arange(n) % 4]
    return EmbeddingTable(vectors, ids, np.zeros(n, dtype=np.int16))


@pytest.fixture(scope="module")
def index(joined: WindowSet) -> Index:
    return Index.build(vectors_of(joined), joined, model_sha256=MODEL)


def test_facts_and_activations_are_those_of_each_home(
    story: WindowSet, other: WindowSet, joined: WindowSet, index: Index
) -> None:
    apart = pl.concat([build_window_facts(story), build_window_facts(other)])
    assert_frame_equal(build_window_facts(joined), apart)
    # The windows of the homes mixed, and back.
    order = np.array([4, 0, 5, 1, 6, 2, 7, 3])
    mixed = WindowSet(joined.logs, joined.windows[order])
    assert_frame_equal(build_window_facts(mixed), apart[order])
    assert index.homes == (story.home.name, "other")
    assert index.rows_in("other").tolist() == [4, 5, 6, 7]
    # The same events: a kitchen of the one is a garage of the other.
    rooms = [index.windows["rooms"][row].to_list() for row in (1, 5)]
    assert rooms == [["kitchen", "hall", "kitchen"], ["garage", "bathroom", "garage"]]
    made = build_activations(joined)
    for part in (story, other):
        own = build_activations(part)[part.home.name]
        for name in ("sensors", "offset", "window", "begins", "first_sensor", "stay_s", "before_s"):
            np.testing.assert_array_equal(
                getattr(made[part.home.name], name), getattr(own, name), err_msg=name
            )


def test_captions_are_those_of_each_home(story: WindowSet, other: WindowSet, joined: WindowSet) -> None:
    config = CaptionConfig(style="mixed", n_captions=2)
    both = caption_windows(joined, config)
    assert_frame_equal(both, pl.concat([caption_windows(part, config) for part in (story, other)]))
    said = both.group_by("window_id").agg(pl.col("caption").str.join(" "))
    text = dict(said.iter_rows())
    name = story.windows["window_id"][1]
    assert "kitchen" in text[name].lower()
    assert "garage" in text[name.replace(story.home.name, "other")].lower()
    assert "kitchen" not in text[name.replace(story.home.name, "other")].lower()


def test_an_index_of_two_homes_is_saved_and_read_back(index: Index, tmp_path: Path) -> None:
    index.save(tmp_path)
    again = Index.load(tmp_path, model_sha256=MODEL)
    assert_frame_equal(again.windows, index.windows)
    np.testing.assert_array_equal(again.vectors, index.vectors)
    assert again.activations is not None
    assert index.activations is not None
    assert list(again.activations) == list(index.homes)
    for home, table in index.activations.items():
        for name in ("sensors", "offset", "window", "begins", "ends", "n_rooms", "stay_s"):
            np.testing.assert_array_equal(getattr(again.activations[home], name), getattr(table, name))
    first = (tmp_path / "activations.npz").read_bytes()
    again.save(tmp_path)
    assert (tmp_path / "activations.npz").read_bytes() == first


def test_one_home_of_an_index_is_the_index_of_that_home(
    story: WindowSet, other: WindowSet, index: Index, tmp_path: Path
) -> None:
    for part in (story, other):
        alone = Index.build(vectors_of(part), part, model_sha256=MODEL)
        own = index.of_home(part.home.name)
        assert alone.of_home(part.home.name) is alone
        own.save(tmp_path / "own")
        alone.save(tmp_path / "alone")
        for name in ("vectors.npz", "windows.parquet", "activations.npz"):
            assert (tmp_path / "own" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()


def test_words_mean_what_they_mean_in_each_home(joined: WindowSet, index: Index) -> None:
    """The kitchen of the one home and of the other are different sensors with the same ids."""
    assert index.activations is not None
    met: Mapping[str, list[bool]] = {}
    for name, home in joined.homes.items():
        lexicon = home_lexicon(home)
        query = parse_question("not in the kitchen", lexicon, dt.datetime(2024, 5, 15))
        times = WindowTimes(index.week_minutes[index.rows_in(name)])
        match = match_query(query, "filter", lexicon, index.activations[name], times)
        assert match.mask is not None
        met[name] = match.mask.tolist()  # type: ignore[index]
    kitchen_of_other = [s.room for s in joined.homes["other"].sensors].count("kitchen")
    assert kitchen_of_other
    assert met[joined.windows["home"][0]] != met["other"]


def test_hits_tell_their_own_home(joined: WindowSet, index: Index, story: WindowSet) -> None:
    query = np.eye(6)[1]
    hits = index.search(query, 2)
    assert [hit.home for hit in hits] == [story.home.name, "other"]
    assert [hit.first_event for hit in hits] == [story.windows["first_event"][1]] * 2
    lines = [timeline(hit, joined) for hit in hits]
    assert "kitchen" in " ".join(lines[0])
    assert "garage" in " ".join(lines[1])
    assert "kitchen" not in " ".join(lines[1])
    assert [describe_hit(hit, joined)["home"] for hit in hits] == [story.home.name, "other"]
    assert "other: garage" in format_hit(hits[1], joined, with_home=True)
    assert "other:" not in format_hit(hits[1], joined)
    only = index.search(query, 4, filters=SearchFilters(homes=("other",)))
    assert {hit.home for hit in only} == {"other"}
    with pytest.raises(DataError, match="is of home other"):
        timeline(hits[1], story)


def test_every_home_answers_where_there_is_room(index: Index) -> None:
    one, two = (np.isin(np.arange(8), rows) for rows in ([0, 1, 2, 3], [4, 5, 6, 7]))
    query = np.array([0.9, 0.3, 0.2, 0.1, 0, 0])
    far = np.where(one, 2, 0).astype(np.float32)  # every window of the first home before those of the other
    asked = [Asked(query, one, far), Asked(query, two)]
    found = rank_answers(index, asked, 3, merge=False)
    assert [hit.window_id[-1] for hit in found] == ["0", "1", "0"]
    assert [hit.home == "other" for hit in found] == [False, False, True]
    assert [hit.home == "other" for hit in rank_answers(index, asked, 1, merge=False)] == [False]
    assert len(rank_answers(index, asked, 8, merge=False)) == 8
    nothing = [Asked(query, one), Asked(query, np.zeros(8, dtype=bool))]
    assert {hit.home == "other" for hit in rank_answers(index, nothing, 4)} == {False}
    moments = rank_answers(index, asked, 6)
    assert all(len({hit.home for hit in getattr(m, "hits", ())}) == 1 for m in moments)
