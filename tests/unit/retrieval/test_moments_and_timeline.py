"""Hits merged into moments, and told as a timeline."""

import json
import random
from datetime import datetime, timedelta

import numpy as np
import pytest

from discover.core.embeddings import EmbeddingTable
from discover.core.errors import ConfigError, DataError
from discover.core.home import Home
from discover.core.window_set import WindowSet
from discover.retrieval import (
    Hit,
    Index,
    build_window_facts,
    describe_hit,
    format_hit,
    merge_moments,
)
from discover.retrieval.timeline import timeline

START = datetime(2021, 3, 1, 7)


def hit(
    begin_s: float, end_s: float, score: float, *, home: str = "h", rooms: tuple[str, ...] = ("a",)
) -> Hit:
    start, end = START + timedelta(seconds=begin_s), START + timedelta(seconds=end_s)
    first = int(begin_s)
    return Hit(f"{home}_{begin_s}", score, home, "test", start, end, first, int(end_s) - first, rooms, rooms)


def test_neighbours_become_one_moment_and_others_stay() -> None:
    hits = [
        hit(0, 50, 0.3, rooms=("a", "b")),
        hit(40, 100, 0.9, rooms=("b", "c")),
        hit(160, 170, 0.2, rooms=("c",)),
        hit(231, 240, 0.5),
        hit(100, 150, 0.4, home="other"),
    ]
    for seed in range(5):
        shuffled = hits[:]
        random.Random(seed).shuffle(shuffled)
        first, second, third = merge_moments(shuffled, max_gap_s=60)
        assert [h.score for h in first.hits] == [0.3, 0.9, 0.2]
        assert (first.score, first.window_id, first.home) == (0.9, "h_40", "h")
        assert (first.start, first.duration_s) == (START, 170)
        assert (first.first_event, first.n_events) == (0, 170)
        assert first.rooms == ("a", "b", "c")
        assert (second.score, third.home) == (0.5, "other")


def test_a_hit_inside_a_longer_one_keeps_its_end() -> None:
    moments = merge_moments([hit(0, 100, 0.1), hit(10, 20, 0.2), hit(90, 130, 0.3)], max_gap_s=0)
    assert [m.duration_s for m in moments] == [130]


def test_rooms_seen_by_two_overlapping_hits_are_told_once() -> None:
    (moment,) = merge_moments([hit(0, 50, 1, rooms=("a", "b", "a")), hit(30, 80, 1, rooms=("b", "a", "c"))])
    assert moment.rooms == ("a", "b", "a", "c")
    (apart,) = merge_moments([hit(0, 50, 1, rooms=("a", "b", "a")), hit(60, 80, 1, rooms=("b", "a", "c"))])
    assert apart.rooms == ("a", "b", "a", "b", "a", "c")


def test_no_hits_and_a_negative_gap() -> None:
    assert merge_moments([]) == []
    with pytest.raises(ConfigError, match="max_gap_s"):
        merge_moments([], max_gap_s=-1)


def test_rooms_and_objects_of_every_window(story: WindowSet) -> None:
    facts = build_window_facts(story)
    assert facts["rooms"].to_list() == [
        ["bedroom", "hall", "kitchen"],
        ["kitchen", "hall", "kitchen"],
        ["bathroom"],
        [],
    ]
    assert facts["objects"].to_list() == [["bed", "stove"], ["fridge", "stove"], ["toilet", "shower"], []]


def test_pieces_do_not_change_facts(small_home_log: WindowSet, monkeypatch: pytest.MonkeyPatch) -> None:
    from discover.retrieval import window_facts

    n = len(small_home_log.events)
    windows = _cut(small_home_log, n // 20)
    window_set = WindowSet.of(small_home_log.home, small_home_log.events, windows)
    whole = build_window_facts(window_set)
    monkeypatch.setattr(window_facts, "_EVENTS_PER_PIECE", 33)
    assert build_window_facts(window_set).equals(whole)
    assert whole["rooms"].list.len().max() > 2


def _cut(log: WindowSet, count: int):  # type: ignore[no-untyped-def]
    import polars as pl

    times = log.events["time"]
    first = np.arange(count) * 20
    return pl.DataFrame(
        {
            "window_id": [f"w{i}" for i in range(count)],
            "home": ["small_home"] * count,
            "split": pl.Series(["test"] * count, dtype=pl.Enum(["train", "val", "test"])),
            "first_event": first,
            "n_events": pl.Series([20] * count, dtype=pl.Int32),
            "start": times[first],
            "end": times[first + 19],
        }
    )


@pytest.fixture
def hits(story: WindowSet, one_hot: EmbeddingTable) -> list[Hit]:
    index = Index.build(one_hot, story, model_sha256="m")
    return [index.search(vector, 1)[0] for vector in np.eye(6)[:4]]


def test_timelines_word_for_word(story: WindowSet, hits: list[Hit]) -> None:
    assert timeline(hits[0], story) == [
        "07:00:00 bedroom: motion near bed",
        "07:00:10 hall: motion",
        "07:00:40 kitchen: motion near stove",
    ]
    assert timeline(hits[1], story) == [
        "07:01:00 kitchen: fridge opened",
        "07:01:04 kitchen: fridge closed",
        "07:01:30 hall: motion",
        "07:01:50 kitchen: motion near stove",
    ]
    assert timeline(hits[2], story) == ["23:30:00–23:30:06 bathroom: motion near toilet, shower (3×)"]
    assert timeline(hits[3], story) == [
        "12:00:00 kitchen: temperature T001 21.5",
        "12:00:10 living room: motion ended (3×)",
    ]


def test_a_long_timeline_loses_its_middle(story: WindowSet, hits: list[Hit]) -> None:
    full = timeline(hits[1], story)
    assert timeline(hits[1], story, max_lines=3) == [full[0], "… 2 more", full[-1]]
    assert timeline(hits[1], story, max_lines=2) == [full[0], "… 3 more"]
    assert timeline(hits[1], story, max_lines=4) == full


def test_a_moment_is_told_across_its_windows(story: WindowSet, hits: list[Hit]) -> None:
    (moment,) = merge_moments(hits[:2])
    assert timeline(moment, story) == timeline(hits[0], story) + timeline(hits[1], story)
    described = describe_hit(moment, story)
    assert json.loads(json.dumps(described)) == described
    assert described["windows"] == [h.window_id for h in hits[:2]]
    assert described["rooms"] == ["bedroom", "hall", "kitchen", "hall", "kitchen"]


def test_a_hit_as_text(story: WindowSet, hits: list[Hit]) -> None:
    head, *lines = format_hit(hits[0], story).splitlines()
    assert head.startswith("Mon 2021-03-01 07:00:00  40 s  bedroom → hall → kitchen  score 1.000")
    assert [line.strip() for line in lines] == timeline(hits[0], story)


def test_a_hit_of_another_home_is_refused(story: WindowSet, hits: list[Hit]) -> None:
    with pytest.raises(DataError, match="is of home small_home"):
        timeline(hits[0], WindowSet.of(Home(name="other"), story.events, story.windows.head(0)))
