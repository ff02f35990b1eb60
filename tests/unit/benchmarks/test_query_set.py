"""The shipped query files, and how grades are made."""

import re
from collections import Counter
from pathlib import Path

import pytest
from benchmarks.queries import (
    QUERY_FILES,
    QUERY_TYPES,
    Query,
    RuleError,
    WindowView,
    grade_queries,
    load_queries,
)
from query_events import CONCEPTS, made_up, meant

from discover.core.errors import ConfigError
from discover.core.tables import ANNOTATIONS, empty_table
from discover.core.window_set import EventLog, WindowSet
from discover.homes import import_log, load_home
from discover.sampling.config import SamplingConfig
from discover.sampling.sample import sample_windows
from discover.simulator import SimulatorConfig
from discover.simulator.log import simulate_log


def query(text: str, **parts: object) -> Query:
    values = {"type": "place", "portable": True, "part": None, "not_in": {}, **parts}
    return Query(text=text, **values)  # type: ignore[arg-type]


def test_the_file_has_what_the_protocol_asks_for() -> None:
    queries = load_queries().queries
    assert len(queries) >= 60
    assert sum(q.portable for q in queries) >= 25
    kinds = Counter(q.type for q in queries)
    assert set(kinds) == set(QUERY_TYPES)
    assert min(kinds.values()) >= 8
    assert all(q.part is not None and q.part != q.full for q in queries)


def test_the_held_out_file_has_every_kind_and_fits_any_home() -> None:
    queries = load_queries("held_out").queries
    assert len(queries) == 36
    assert all(q.portable and not q.not_in for q in queries)
    kinds = Counter(q.type for q in queries)
    assert set(kinds) == set(QUERY_TYPES)
    assert min(kinds.values()) >= 5
    assert all(q.part is not None and q.part != q.full for q in queries)


def words_of(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))


def test_held_out_sentences_are_worded_otherwise_and_their_concepts_mean_the_same() -> None:
    main, held_out = load_queries("main"), load_queries("held_out")
    for q in held_out.queries:
        words = words_of(q.text)
        alike = {m.text: len(words & words_of(m.text)) / len(words | words_of(m.text)) for m in main.queries}
        assert max(alike.values()) <= 0.5, (q.text, alike)
    assert held_out.concepts.rooms.items() <= main.concepts.rooms.items()
    assert held_out.concepts.objects.items() <= main.concepts.objects.items()


def test_an_unknown_name_of_a_file_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"named 'holdout'\. Known: main, held_out"):
        load_queries("holdout")


@pytest.mark.parametrize("name", QUERY_FILES)
def test_no_sentence_names_a_sensor_or_a_number_of_one(name: str) -> None:
    for q in load_queries(name).queries:
        text = re.sub(r"\b\d+ [ap]m\b", "", q.text)
        assert not any(character.isdigit() for character in text)
        assert not any(word.isupper() for word in text.split())


def test_grades_are_two_one_and_none() -> None:
    view, windows, _ = made_up(3)
    asked = query(
        "in the bathroom",
        full={"count": {"room": "bathroom", "at_least": 2}},
        part={"count": {"room": "bathroom"}},
    )
    graded = grade_queries([asked], view)
    n = [sum(meant(e, "bathroom") for e in w) for w in windows]
    assert {0, 1, 2} <= set(n)
    assert graded.grades.tolist() == [[2 if k >= 2 else k for k in n]]
    assert graded.skipped == {}


def test_queries_that_say_nothing_are_skipped_with_the_reason() -> None:
    view, windows, _ = made_up(3)
    asked = [
        query("at the desk", full={"count": {"object": "desk"}}),
        query("always", full={"n_events": {"at_least": 1}}),
        query("never", full={"n_events": {"at_least": 1000}}),
        query("only nearly", full={"n_events": {"at_least": 1000}}, part={"n_events": {"at_least": 18}}),
        query("not here", full={"count": {"room": "kitchen"}}, not_in={"made_up": "no reason"}),
        query("kept", full={"n_events": {"at_least": 18}}),
    ]
    graded = grade_queries(asked, view)
    assert [q.text for q in graded.queries] == ["kept"]
    assert graded.grades.shape == (1, len(windows))
    assert graded.skipped["at the desk"] == "the home names no desk"
    assert graded.skipped["always"] == "100% of the windows are relevant, more than 60%"
    assert graded.skipped["never"].startswith("0 relevant windows")
    assert ", 0 of them fully" in graded.skipped["only nearly"]
    assert graded.skipped["not here"] == "no reason"


def test_a_wrong_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "queries.yaml"
    head = "concepts: {rooms: {kitchen: [kitchen]}, objects: {}}\nqueries:\n"
    good = "  - {text: a, type: place, full: {count: {room: kitchen}}}\n"
    path.write_text(head + good)
    assert load_queries(path).queries[0].text == "a"
    for bad, words in (
        (good, "a sentence twice"),
        (good.replace("text: a", "text: b").replace("place", "spot"), "type is one of"),
        (good.replace("text: a", "text: b, full2: 3"), "A query has text"),
        (good.replace("text: a", "text: b").replace("count", "kount"), "No operator"),
    ):
        path.write_text(head + good + bad)
        with pytest.raises(RuleError, match=words):
            load_queries(path)


def test_grades_do_not_depend_on_the_other_windows() -> None:
    view, _, _ = made_up(1)
    asked = query("rooms", full={"rooms_visited": {"at_least": 3}}, part={"gap_after_s": {"at_least": 1000}})
    grades = grade_queries([asked], view).grades[0]
    half = WindowSet.of(view.home, view.events, view.windows[20:40])
    assert grade_queries([asked], WindowView(half, CONCEPTS)).grades[0].tolist() == grades[20:40].tolist()
    assert len(set(grades.tolist())) == 3


def windows_to_ask(log: EventLog) -> WindowSet:
    windows = sample_windows(log, SamplingConfig()).windows.filter(split="test")
    return WindowSet.of(log.home, log.events, windows)


def share_of_test_windows(windows: WindowSet, name: str, most_skipped: int) -> None:
    """The queries were checked against these windows without asking a model; this keeps it so."""
    query_set = load_queries(name)
    view = WindowView(windows, query_set.concepts)
    graded = grade_queries(query_set.queries, view)
    assert len(graded.skipped) <= most_skipped, graded.skipped
    few = {text: reason for text, reason in graded.skipped.items() if "names no" not in reason}
    assert not few, "a query that the home could answer has too few or too many windows"
    relevant = (graded.grades > 0).sum(axis=1)
    assert (relevant >= 3).all()
    assert (relevant <= 0.6 * view.n).all()


def test_the_queries_fit_the_simulated_home() -> None:
    home = load_home("demo")
    simulated = simulate_log(home, SimulatorConfig(days=28, seed=7))
    windows = windows_to_ask(EventLog(home, simulated.events, empty_table(ANNOTATIONS)))
    share_of_test_windows(windows, "main", 3)
    share_of_test_windows(windows, "held_out", 0)


@pytest.mark.real_data
def test_the_queries_fit_b2(real_data: Path) -> None:
    windows = windows_to_ask(import_log(real_data / "casas/bosch_b2/data.gz", home=load_home("bosch_b2")).log)
    share_of_test_windows(windows, "main", 7)
    share_of_test_windows(windows, "held_out", 0)
