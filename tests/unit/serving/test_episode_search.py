"""Moments of any length in a search: which questions name them, their windows, and why they were found."""

import datetime as dt
import doctest
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from benchmarks.queries.everyday_home import everyday_lexicon

from discover.core.embeddings import EmbeddingTable
from discover.core.home import Home
from discover.core.tables import ANNOTATIONS, empty_table
from discover.core.window_set import EventLog, WindowSet
from discover.query import Thing, activities, parse_question
from discover.query.parsed_query import Bounds
from discover.retrieval import Index
from discover.retrieval.episodes import EventStream, Spans
from discover.retrieval.hits import Episode, Hit
from discover.retrieval.ranking import DAY_STEP, spread_days
from discover.sampling import sample_windows
from discover.sampling.config import SamplingConfig, SplitConfig
from discover.serving import reasons
from discover.serving.episode_search import HomeMoments, episodes_first, find_episodes, names_episode
from discover.serving.home_lexicon import home_lexicon
from discover.serving.likeness import HomeWindows
from discover.serving.occurrences import Occurrences
from discover.serving.reasons import matched_words, reason_of

NOW = dt.datetime(2024, 5, 15, 20)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("sat on the sofa for half an hour", True),
        ("nobody went out all day", True),
        ("popped out for a couple of minutes", True),
        ("up three times in the night", True),
        ("two people in the kitchen", True),
        ("came home late", True),
        ("never in the kitchen", True),
        ("someone opens the fridge at night", True),
        ("in the kitchen but not at the stove", True),
        ("had a shower", True),
        ("hardly any movement in the living room", False),
        ("something odd happened", False),
        ("from the bedroom to the bathroom", True),
    ],
)
def test_a_stay_a_length_a_night_a_count_or_an_absence_names_an_episode(text: str, named: bool) -> None:
    assert names_episode(parse_question(text, everyday_lexicon(), NOW)) == named


def test_the_windows_of_a_span_or_the_nearest_one() -> None:
    begin = np.array([0.0, 60.0, 120.0, 1000.0])
    windows = HomeWindows(np.array([7, 8, 9, 4]), begin, begin + 50, np.zeros(0))
    spans = Spans.of(np.array([30.0, 180.0, 900.0, 2000.0]), np.array([130.0, 181.0, 950.0, 2100.0]))
    first, last = windows.inside(spans)
    assert list(zip(first.tolist(), last.tolist(), strict=True)) == [(1, 3), (2, 3), (3, 4), (3, 4)]


def hit(kind: type[Hit], minute: int, length: int, **more: object) -> Hit:
    start = NOW + dt.timedelta(minutes=minute)
    return kind(
        window_id=f"w{minute}", score=0.5, home="h", split="test", start=start,
        end=start + dt.timedelta(minutes=length), first_event=0, n_events=1, rooms=(), objects=(), **more,
    )  # type: ignore[arg-type]  # fmt: skip


def test_episodes_come_first_and_windows_inside_them_are_not_told_again() -> None:
    stay = hit(Episode, 0, 60, how=("stays at or in the couch",))
    inside, outside = hit(Hit, 20, 1), hit(Hit, 90, 1)
    assert episodes_first([stay], [inside, outside], 5) == [stay, outside]  # type: ignore[list-item]
    assert episodes_first([], [inside, outside], 1) == [inside]
    assert [h.unit for h in (stay, outside)] == ["episode", "window"]


def test_answers_of_other_days_come_before_nearly_equal_ones_of_the_same_day() -> None:
    near = DAY_STEP / 2
    assert spread_days([1.0, 1.0 - near, 1.0 - near, 0.2], ["a", "a", "b", "c"]) == [0, 2, 1, 3]
    assert spread_days([5.0, 3.0, 2.0], ["a", "a", "b"]) == [0, 1, 2]  # a condition weighs more than a day


def test_the_reason_names_what_showed_it_and_the_words_of_captions() -> None:
    assert doctest.testmod(reasons).failed == 0
    captions = ["someone sits on the couch for a minute in the evening"]
    assert matched_words("she sat on the couch for a minute", captions) == ("sat", "couch")
    stay = hit(Episode, 0, 60, how=("stays at or in the couch",))
    assert reason_of(stay, "on the couch", captions) == "stays at or in the couch; captions say couch"
    assert reason_of(hit(Hit, 0, 1), "at the stove", captions) == ""


DAYS = 6
HOME = Home.model_validate(
    {
        "name": "known",
        "sensors": [
            {"id": "K", "type": "motion", "room": "kitchen"},
            {"id": "L", "type": "motion", "room": "living_room"},
        ],
    }
)


class Axes:
    """A space with an axis per activity: a sentence of the inventory is its axis, any other sentence none."""

    names = tuple(activities())
    dim = len(names) + 1

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        owners = [next((n for n in self.names if t in activities()[n].sentences), "") for t in texts]
        return np.array([self.axis(n) for n in owners], dtype=np.float32)

    def axis(self, name: str) -> np.ndarray:
        return np.eye(self.dim)[self.names.index(name) if name else -1]


def known_home(done: dict[tuple[int, int], str]) -> tuple[HomeMoments, Index]:
    """Six days with a window each half hour, kitchen and living room in turn; `done` names (day, slot)."""
    first = dt.datetime(2024, 5, 6)
    slots = [(day, slot) for day in range(DAYS) for slot in range(48)]
    rows = [
        (first + dt.timedelta(days=day, minutes=30 * slot + k), "KL"[slot % 2], "ON")
        for day, slot in slots
        for k in range(3)
    ]
    schema = {"time": pl.Datetime("us"), "sensor": pl.Enum(["K", "L"]), "state": pl.Enum(["ON"])}
    events = pl.DataFrame(rows, schema=schema, orient="row").with_columns(value=pl.lit(None, pl.Float32))
    log = EventLog(HOME, events, empty_table(ANNOTATIONS))
    sampled = sample_windows(
        log, SamplingConfig(overlap_train=0, split=SplitConfig(ratios=(1, 0, 0)), duration_s=180.0)
    )
    windows = WindowSet.of(HOME, events, sampled.windows)
    assert len(windows.windows) == len(slots)
    space = Axes()
    vectors = np.array([space.axis(done.get(at, "")) for at in slots])
    vectors += 0.01 * np.random.default_rng(0).standard_normal(vectors.shape)
    ids = windows.windows["window_id"].to_numpy().astype(np.str_)
    table = EmbeddingTable(vectors.astype(np.float32), ids, np.zeros(len(ids), dtype=np.int16))
    index = Index.build(table, windows, model_sha256="known", dtype="float32")
    seen = Occurrences(EventStream.read(events, HOME), home_lexicon(HOME))
    return HomeMoments.of(index, seen, events, space, events["time"].max()), index  # type: ignore[arg-type]


def found(text: str, done: dict[tuple[int, int], str], top_k: int = 6, **more: object) -> list[Episode]:
    home, index = known_home(done)
    query = parse_question(text, home.happened.lexicon, home.now).model_copy(update=more)
    return find_episodes(query, home, index, np.eye(Axes.dim)[-1], top_k)


def test_an_activity_without_a_sensor_is_found_by_its_windows_and_tells_its_rooms() -> None:
    """The medicine is taken on three days; the question's own vector says nothing of it."""
    taken = {(day, 16): "taking medicine" for day in (1, 3, 4)}
    hits = found("took the tablets", taken, top_k=3)
    assert sorted(h.start.day - 6 for h in hits) == [1, 3, 4]
    assert {h.start.hour for h in hits} == {8}
    assert {h.rooms for h in hits} == {("kitchen",)}
    assert all("recognised" in h.how[0] for h in hits)


def test_days_without_something_come_before_days_with_it_and_last_all_day() -> None:
    taken = {(day, 16): "taking medicine" for day in (0, 2, 3, 5)}
    hits = found("no tablets taken all day", taken)
    assert {h.start.day - 6 for h in hits[:2]} == {1, 4}
    assert len(hits) == DAYS
    assert (hits[0].start.hour, hits[0].end.hour) == (0, 23)


def test_moments_near_a_better_one_come_last() -> None:
    """Three windows of one morning and one of another day: the other day is not pushed out."""
    shaved = {(1, 14): "getting washed", (1, 15): "getting washed", (4, 14): "getting washed"}
    days = [h.start.day - 6 for h in found("had a wash", shaved, top_k=2)]
    assert sorted(days) == [1, 4]


def test_a_stay_of_the_length_asked_for_comes_before_a_longer_one() -> None:
    lengths = [h.duration_s for h in found("in the kitchen for a quarter of an hour", {}, top_k=4)]
    assert lengths == sorted(lengths, key=lambda s: abs(np.log(max(s, 1) / 900)))


def test_what_misses_the_number_or_a_thing_asked_for_says_so() -> None:
    """The kitchen is entered 24 times a day: a little less than asked is shown and said, much less is not."""
    some = found("in the kitchen", {}, top_k=2, times=Bounds(low=30, high=30))
    assert [h.missed for h in some] == ["not quite so long or so often"] * 2
    assert found("in the kitchen", {}, times=Bounds(low=90, high=90)) == []
    rooms = [Thing(kind="room", name=name) for name in ("kitchen", "cellar")]
    part = found("in the kitchen, then the cellar", {}, top_k=2, wanted=tuple(rooms), ordered=True)
    assert {h.missed for h in part} == {"sensors show a part of it only"}
    assert {h.rooms for h in part} == {("kitchen",)}


def test_a_day_with_signs_of_what_is_absent_says_how_many() -> None:
    assert [h.missed for h in found("nobody in the kitchen all day", {}, top_k=1)] == ["signs of it: 24"]
    assert [h.missed for h in found("no tablets taken all day", {}, top_k=1)] == [""]
