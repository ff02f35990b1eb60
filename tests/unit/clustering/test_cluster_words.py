"""Profiles with numbers known by eye, and the words made from them."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from benchmarks.quality.reference_names import centroid_names, hungarian_names, majority_names

from discover.clustering import (
    CaptionPool,
    ClusterProfile,
    ClusterWords,
    Thing,
    cut_tree,
    example_windows,
    hour_words,
    merge_tree,
    nearest_prompts,
    profile_clusters,
    prompt_names,
    sure_activities,
    transition_counts,
    word_clusters,
)
from discover.clustering.wording import hour_ranges
from discover.core.errors import ShapeError


def _facts() -> tuple[pl.DataFrame, np.ndarray]:
    """Four mornings at the stove in three windows each, and four nights in bed in one long window."""
    rows, labels = [], []
    for day in range(4):
        for i in range(3):
            start = datetime(2024, 1, 1 + day, 8) + timedelta(minutes=i)
            rows.append((start, start + timedelta(seconds=50), ["kitchen"], ["stove", "fridge"][: 1 + i % 2]))
            labels.append(0)
        start = datetime(2024, 1, 1 + day, 23)
        rows.append((start, start + timedelta(seconds=55), ["master_bedroom", "kitchen"], ["bed"]))
        labels.append(1)
    facts = pl.DataFrame(rows, schema=["start", "end", "rooms", "objects"], orient="row")
    return facts, np.array(labels)


def test_profiles_hold_shares_lifts_hours_and_episodes() -> None:
    facts, labels = _facts()
    stove, bed = profile_clusters(facts, labels, np.full(16, 0.5), 3, words={"master_bedroom": "bedroom"})
    assert (stove.windows, stove.share, stove.days) == (12, 0.75, 1.0)
    assert stove.hours[8] == 1.0
    assert stove.hour_lift[8] == pytest.approx(16 / 12)
    assert stove.episode_s == pytest.approx(170.0)
    by_name = {t.name: t for t in stove.objects}
    assert by_name["fridge"].share == pytest.approx(1 / 3, abs=1e-4)
    assert by_name["fridge"].lift == pytest.approx((1 / 3) / (4 / 16), abs=1e-4)
    assert [t.words for t in bed.rooms] == ["bedroom", "kitchen"]
    assert bed.rooms[1].lift == pytest.approx(1.0)


def test_titles_and_sentences_say_what_where_and_when() -> None:
    facts, labels = _facts()
    profiles = profile_clusters(
        facts, labels, np.ones(16), 2, words={"master_bedroom": "bedroom"}, rooms_of={"bed": "bedroom"}
    )
    words = word_clusters(profiles)
    assert words[0].title == "Stove in the late morning", "the fridge is in a third of the windows only"
    assert words[1].title == "Between bed and kitchen late in the evening"
    assert words[1].sentence == (
        "Bed in 100 % of its windows, bedroom in 100 %, kitchen in 100 %; mostly 23–24 h; half of its "
        "episodes last longer than 55 s; on 4 of 4 recorded days; 25.0 % of all windows."
    )
    assert "75.0 % of all windows" in words[0].sentence
    assert word_clusters(profiles) == words


def _profile(
    rooms: dict[str, float], objects: dict[tuple[str, str], float], episode_s: float = 60, number: int = 0
) -> ClusterProfile:
    hours = tuple(1 / 24 for _ in range(24))
    return ClusterProfile(
        number, 10, 0.1, 1.0, hours, (1.0,) * 24, episode_s,
        tuple(Thing(name, name, share, 2.0) for name, share in rooms.items()),
        tuple(Thing(name, name, share, 2.0, room) for (name, room), share in objects.items()),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rooms", "objects", "title"),
    [
        ({"living room": 1.0, "hallway": 0.6}, {("armchair", "living room"): 1.0}, "Armchair"),
        (
            {"kitchen": 1.0, "hallway": 0.99, "bedroom": 0.91},
            {("kitchen sink", "kitchen"): 0.48, ("bed", "bedroom"): 0.25},
            "Between kitchen and bedroom",
        ),
        (
            {"bathroom": 0.98, "hallway": 0.98, "bedroom": 0.97},
            {("bathroom sink", "bathroom"): 0.96, ("bed", "bedroom"): 0.34},
            "Between bathroom sink and bedroom",
        ),
        (
            {"kitchen": 1.0},
            {("fridge", "kitchen"): 0.42, ("stove", "kitchen"): 0.54, ("kitchen sink", "kitchen"): 0.74},
            "Kitchen sink and stove",
        ),
        ({"bedroom": 1.0, "hallway": 0.45}, {("bed", "bedroom"): 0.2}, "Bedroom"),
        ({"hallway": 1.0, "bedroom": 0.87}, {}, "Between bedroom and hallway"),
        ({"kitchen": 0.4, "hallway": 0.4}, {("stove", "kitchen"): 0.4}, "Movement through the home"),
        ({}, {}, "Sensor events without a place"),
    ],
)
def test_titles_name_only_what_is_in_half_of_the_windows(
    rooms: dict[str, float], objects: dict[tuple[str, str], float], title: str
) -> None:
    (words,) = word_clusters([_profile(rooms, objects)])
    assert words.title == title


def test_long_stays_in_several_rooms_are_no_walk() -> None:
    rooms = {"kitchen": 1.0, "living room": 0.9}
    assert word_clusters([_profile(rooms, {}, 3600)])[0].title == "Kitchen and living room"


def test_equal_titles_are_told_apart() -> None:
    sofa = {("sofa", "living room"): 0.9}
    plain = [_profile({"living room": 0.9, "hallway": 0.5}, sofa)]
    plain += [_profile({"living room": 0.9}, {**sofa, ("lamp", "living room"): 0.3})]
    plain += [_profile({"living room": 0.9, "hallway": 0.2}, sofa)] * 2
    titles = [w.title for w in word_clusters(plain)]
    assert titles[:2] == ["Sofa, with hallway", "Sofa, sometimes lamp"]
    assert len(set(titles)) == 4


def test_what_is_done_names_a_cluster_where_it_is_sure() -> None:
    evening = tuple(0.5 if hour in (17, 18) else 0.0 for hour in range(24))
    profiles = [replace(_profile({"kitchen": 0.9}, {}, number=n), hours=evening) for n in range(2)]
    labels = np.array([0] * 10 + [1] * 10 + [-1])
    done = np.array(["meal_preparation"] * 9 + ["unknown"] + ["eating"] * 4 + ["unknown"] * 6 + ["eating"])
    named = sure_activities(profiles, labels, done, "unknown")
    assert [p.activity for p in named] == ["meal preparation", ""], "without an answer counts against it"
    titles = [w.title for w in word_clusters(named)]
    assert titles == ["Meal preparation, kitchen, 17–19 h", "Kitchen"]
    same = [w.title for w in word_clusters([replace(p, activity="eating") for p in named])]
    assert same == ["Eating, kitchen, 17–19 h, 60 s (1)", "Eating, kitchen, 17–19 h, 60 s (2)"]


def test_another_wording_can_be_passed() -> None:
    class Loud:
        def word(self, profile: ClusterProfile) -> ClusterWords:
            return ClusterWords(f"CLUSTER {profile.id}", "!")

    facts, labels = _facts()
    words = word_clusters(profile_clusters(facts, labels, np.ones(16), 2), Loud())
    assert [w.title for w in words] == ["CLUSTER 0", "CLUSTER 1"]


def test_hour_ranges_join_neighbours_and_run_over_midnight() -> None:
    hours = [0.0] * 24
    for hour, share in ((7, 0.3), (8, 0.3), (17, 0.2), (18, 0.2)):
        hours[hour] = share
    assert hour_ranges(hours, covered=0.95) == [(7, 9), (17, 19)]
    night = [0.0] * 24
    night[23] = night[0] = night[1] = 1 / 3
    assert hour_ranges(night) in ([(0, 2)], [(23, 2)])
    assert hour_ranges(night, covered=1.0) == [(23, 2)]
    assert hour_ranges([1 / 24] * 24) == []


def test_typical_captions_are_near_inside_and_far_outside() -> None:
    vectors = np.array([[1, 0, 0], [0, 1, 0], [0.6, 0.6, 0.53]], dtype=np.float32)
    pool = CaptionPool(
        ["stove", "bed", "home"], vectors, np.array([0, 1, 2, 0, 2]), np.array([0, 0, 1, 2, 2]), 3
    )
    typical = pool.typical(np.array([0, 0, 1]), 2)
    best = typical[0][0]
    assert best.text == "stove"
    assert best.inside == pytest.approx((1 + 1 + 0.6) / 3, abs=1e-6)
    assert best.outside == pytest.approx((0 + 0.6) / 2, abs=1e-6)
    assert best.contrast == pytest.approx(best.inside - best.outside)
    assert typical[1][0].text == "bed"
    prompts = nearest_prompts(vectors[:2], np.array([0, 1]), 2, ["a", "b"], vectors[[1, 0]])
    assert [prompts[c][0].text for c in (0, 1)] == ["b", "a"]


def test_transitions_skip_overlapping_windows_and_long_pauses() -> None:
    spans = np.array([[0.0, 50], [30, 80], [60, 110], [1000, 1050], [1060, 1070]])
    counts = transition_counts(np.array([0, 1, 2, 0, 1]), spans, 3, max_gap_s=300)
    expected = np.zeros((3, 3), dtype=int)
    expected[0, 2] = 1
    expected[0, 1] = 1
    assert counts.tolist() == expected.tolist()


def test_transitions_by_hand_whatever_the_order_of_windows() -> None:
    #                 0          1          2            3            4            5
    spans = np.array([[0.0, 10], [10, 20], [310, 320], [621, 630], [640, 650], [660, 670]])
    labels = np.array([1, 0, 2, 2, -1, 0])
    # Window 1 begins as 0 ends, so it is skipped; 2 begins exactly 300 s after 0 and 290 s after 1; 3 begins
    # 301 s after 2; 3 -> 4 and 4 -> 5 touch a window in no cluster.
    expected = [[0, 0, 1], [0, 0, 1], [0, 0, 0]]
    order = np.array([3, 0, 5, 2, 4, 1])
    assert transition_counts(labels, spans, 3).tolist() == expected
    assert transition_counts(labels[order], spans[order], 3).tolist() == expected
    wider = transition_counts(labels[order], spans[order], 3, max_gap_s=301)
    assert wider.tolist() == [[0, 0, 1], [0, 0, 1], [0, 0, 1]]
    one_way = transition_counts(np.array([0, 1, 0, 1]), np.array([[i, i + 0.5] for i in range(4)]), 2)
    assert one_way.tolist() == [[0, 2], [1, 0]]
    with pytest.raises(ShapeError):
        transition_counts(labels[:-1], spans, 3)


def test_clusters_that_follow_one_another_are_merged_first() -> None:
    centres = np.eye(4) + 0.01
    moves = np.ones((4, 4), dtype=int)
    moves[0, 3] = moves[3, 0] = 9
    moves[1, 2] = moves[2, 1] = 0
    sizes = np.full(4, 10)
    together = cut_tree(merge_tree(centres, moves, sizes, transition_weight=1.0), 3)
    assert together[0] == together[3]
    assert len(set(together.tolist())) == 3
    centres[1] = centres[2] + 0.1
    alike = cut_tree(merge_tree(centres, moves, sizes, transition_weight=0.0), 3)
    assert alike[1] == alike[2]


def test_names_with_and_without_labels() -> None:
    truth = np.array(["eat", "eat", "sleep", "sleep", "sleep", "other"])
    labels = np.array([0, 0, 1, 1, 2, -1])
    classes = ["sleep", "eat"]
    assert majority_names(truth, labels, 4, classes).tolist() == [1, 0, 0, -1]
    assert hungarian_names(truth, labels, 4, classes).tolist()[:2] == [1, 0]
    vectors = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [0, 1], [1, 1]], dtype=np.float32)
    assert centroid_names(vectors, truth, labels, 4, classes).tolist() == [1, 0, 0, -1]
    scores = np.array([[0, 1], [0, 2], [3, 0], [1, 2], [1, 0], [0, 9]], dtype=np.float32)
    assert prompt_names(scores, labels, 4).tolist() == [1, 0, 0, -1]


def test_examples_are_the_surest_of_different_days_spread_over_the_recording() -> None:
    start = [datetime(2024, 1, 1 + i // 2, 8 + i % 2) for i in range(20)]
    facts = pl.DataFrame({"window_id": [f"w{i:02d}" for i in range(20)], "start": start})
    labels = np.array([0] * 18 + [1, -1])
    # Cluster 0 fills nine days; every second window is surer, and all of these alike to two digits.
    confidence = np.where(np.arange(20) % 2, 0.9001 + np.arange(20) / 1e5, 0.5)
    chosen = example_windows(facts, labels, confidence)
    assert chosen["cluster"].to_list() == [0, 0, 0, 1]
    assert chosen["window_id"].to_list() == ["w01", "w09", "w17", "w18"]
    confidence[[3, 8]] = 1.0, 0.95
    chosen = example_windows(facts, labels, confidence, per_cluster=2)
    assert chosen["window_id"].to_list() == ["w03", "w08", "w18"]
    assert not len(example_windows(facts, np.full(20, -1), confidence))
    # The surest windows lie at one o'clock, but most of the cluster at eight and nine.
    odd = facts.with_columns(
        start=pl.when(pl.col("window_id").is_in(["w03", "w08"])).then(
            pl.col("start").dt.truncate("1d") + pl.duration(hours=1)
        ).otherwise("start")
    )  # fmt: skip
    chosen = example_windows(odd, labels, confidence, per_cluster=2)
    assert chosen["window_id"].to_list() == ["w01", "w17", "w18"]
    with pytest.raises(ShapeError, match="20 windows, 3 labels"):
        example_windows(facts, labels[:3], confidence)


def test_hours_in_words() -> None:
    hours = [0.0] * 24
    hours[7], hours[18] = 0.5, 0.5
    assert hour_words(hours) == "7–8 h and 18–19 h"
    assert hour_words([1 / 24] * 24) == "at all hours"
