"""Every operator of the rule language against loops over made-up events."""

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from benchmarks.queries import RuleError, check_rule, concepts_of, evaluate_rule
from query_events import CONCEPTS, HOME, Event, begins, made_up, meant


def seconds(a: datetime, b: datetime) -> float:
    return (b - a).total_seconds()


def rooms_of(w: list[Event]) -> list[str]:
    return [HOME.sensor(e["sensor"]).room for e in w if begins(e) and e["sensor"] != "M4"]


def longest_gap(w: list[Event]) -> float:
    return max((seconds(a["time"], b["time"]) for a, b in pairwise(w)), default=0.0)


def follows(w: list[Event], first: Callable[[Event], bool], then: Callable[[Event], bool]) -> bool:
    return any(first(a) and any(then(b) for b in w[i + 1 :]) for i, a in enumerate(w))


Brute = Callable[[list[Event]], bool]
CASES: list[tuple[dict[str, Any], Brute]] = [
    ({"count": {"room": "kitchen"}}, lambda w: any(meant(e, "kitchen") for e in w)),
    ({"count": {"object": "fridge", "at_least": 2}}, lambda w: sum(meant(e, "", "fridge") for e in w) >= 2),
    (
        {"count": {"room": "bedroom", "at_least": 1, "at_most": 1}},
        lambda w: sum(meant(e, "bedroom") for e in w) == 1,
    ),
    ({"count": {"type": "motion", "at_most": 1}}, lambda w: sum(meant(e, kind="motion") for e in w) <= 1),
    (
        {"count": {"object": "fridge", "type": "door", "state": "end"}},
        lambda w: any(meant(e, "", "fridge", "door", "end") for e in w),
    ),
    (
        {"count": {"room": "kitchen", "state": "any", "at_least": 4}},
        lambda w: sum(meant(e, "kitchen", state="any") for e in w) >= 4,
    ),
    (
        {"count": {"object": "kettle"}},
        lambda w: any(e["sensor"] == "I1" and e["state"] == "ABSENT" for e in w),
    ),
    (
        {"share": {"room": "kitchen", "at_least": 0.5}},
        lambda w: (
            any(begins(e) for e in w)
            and sum(meant(e, "kitchen") for e in w) / sum(begins(e) for e in w) >= 0.5
        ),
    ),
    (
        {"first": {"room": "kitchen"}},
        lambda w: next((meant(e, "kitchen") for e in w if begins(e)), False),
    ),
    (
        {"last": {"object": "bed"}},
        lambda w: next((meant(e, "", "bed") for e in reversed(w) if begins(e)), False),
    ),
    (
        {"order": [{"room": "kitchen"}, {"room": "bathroom"}]},
        lambda w: follows(w, lambda e: meant(e, "kitchen"), lambda e: meant(e, "bathroom")),
    ),
    (
        {"order": [{"room": "kitchen"}, {"room": "kitchen"}]},
        lambda w: sum(meant(e, "kitchen") for e in w) >= 2,
    ),
    (
        {"order": [{"object": "fridge"}, {"object": "stove"}, {"object": "bed"}]},
        lambda w: any(
            meant(a, "", "fridge")
            and follows(w[i + 1 :], lambda e: meant(e, "", "stove"), lambda e: meant(e, "", "bed"))
            for i, a in enumerate(w)
        ),
    ),
    ({"absent": {"room": "kitchen"}}, lambda w: not any(meant(e, "kitchen", state="any") for e in w)),
    ({"hours": [22, 5]}, lambda w: w[0]["time"].hour >= 22 or w[0]["time"].hour < 5),
    ({"hours": [5, 12]}, lambda w: 5 <= w[0]["time"].hour < 12),
    ({"hours": [21, 24]}, lambda w: w[0]["time"].hour >= 21),
    ({"weekdays": ["saturday", "sunday"]}, lambda w: w[0]["time"].weekday() >= 5),
    (
        {"duration_s": {"at_least": 5, "at_most": 60}},
        lambda w: 5 <= seconds(w[0]["time"], w[-1]["time"]) <= 60,
    ),
    ({"n_events": {"at_least": 6}}, lambda w: len(w) >= 6),
    ({"rooms_visited": {"at_least": 2, "at_most": 2}}, lambda w: len(set(rooms_of(w))) == 2),
    (
        {"transitions": {"at_least": 3}},
        lambda w: sum(a != b for a, b in pairwise(rooms_of(w))) >= 3,
    ),
    ({"longest_gap_s": {"at_least": 20}}, lambda w: longest_gap(w) >= 20),
    (
        {"all": [{"count": {"room": "kitchen"}}, {"hours": [0, 12]}]},
        lambda w: any(meant(e, "kitchen") for e in w) and w[0]["time"].hour < 12,
    ),
    (
        {"any": [{"count": {"room": "bathroom"}}, {"hours": [0, 6]}]},
        lambda w: any(meant(e, "bathroom") for e in w) or w[0]["time"].hour < 6,
    ),
    (
        {"not": {"count": {"room": "bathroom"}}, "hours": [6, 24]},
        lambda w: not any(meant(e, "bathroom") for e in w) and w[0]["time"].hour >= 6,
    ),
]


@pytest.mark.parametrize(("rule", "brute"), CASES, ids=[str(rule) for rule, _ in CASES])
def test_operator_equals_a_loop_over_events(rule: dict[str, Any], brute: Brute) -> None:
    check_rule(rule, CONCEPTS)
    found, wanted = [], []
    for seed in range(5):
        view, windows, _ = made_up(seed)
        found += evaluate_rule(rule, view).tolist()
        wanted += [bool(brute(w)) for w in windows]
    assert found == wanted
    assert 0 < sum(wanted) < len(wanted), "the case says nothing: always or never true"


@pytest.mark.parametrize("bound", [60.0, 1000.0])
def test_gaps_before_and_after_equal_a_loop_over_the_log(bound: float) -> None:
    seen = set()
    for seed in range(5):
        view, windows, events = made_up(seed)
        before = evaluate_rule({"gap_before_s": {"at_least": bound}}, view)
        after = evaluate_rule({"gap_after_s": {"at_least": bound}}, view)
        for k, w in enumerate(windows):
            earlier = [e["time"] for e in events[: w[0]["at"]] if begins(e)]
            later = [e["time"] for e in events[w[-1]["at"] + 1 :] if begins(e)]
            assert before[k] == (not earlier or seconds(earlier[-1], w[0]["time"]) >= bound)
            assert after[k] == (not later or seconds(w[-1]["time"], later[0]) >= bound)
            seen |= {bool(before[k]), bool(after[k])}
    assert seen == {True, False}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"counts": {"room": "kitchen"}}, "No operator 'counts'"),
        ({"count": {"room": "garage"}}, "'garage' is not listed"),
        ({"count": {"place": "kitchen"}}, "needs one or more of"),
        ({"count": {"room": "kitchen", "at_least": "two"}}, "with a number"),
        ({"share": {"room": "kitchen"}}, "at_least or at_most"),
        ({"share": {"at_least": 0.5}}, "needs one or more of"),
        ({"duration_s": 5}, "at_least or at_most"),
        ({"hours": [5]}, "two different hours"),
        ({"hours": [5, 5]}, "two different hours"),
        ({"weekdays": ["Sunday"]}, "lower case"),
        ({"order": {"room": "kitchen"}}, "needs a list"),
        ({"any": []}, "needs a list"),
        ({"absent": {"object": "fridge", "state": "open"}}, "begin, end or any"),
        ({}, "mapping from operators"),
        ({"not": {"all": [{"hours": [5]}]}}, "two different hours"),
    ],
)
def test_a_wrong_rule_is_refused_with_what_was_found(rule: dict[str, Any], words: str) -> None:
    with pytest.raises(RuleError, match=words):
        check_rule(rule, CONCEPTS)


def test_what_a_home_lacks_is_named() -> None:
    view, _, _ = made_up(0)
    assert concepts_of({"count": {"object": "fridge"}, "hours": [1, 2]}, view) == []
    assert concepts_of({"count": {"object": "desk", "at_least": 2}}, view) == ["desk"]
    assert concepts_of({"order": [{"room": "office"}, {"room": "kitchen"}]}, view) == ["office"]
    assert concepts_of({"not": {"absent": {"room": "office"}}}, view) == ["office"]
    # there is a fridge door, but no fridge with a motion sensor
    assert concepts_of({"count": {"object": "fridge", "type": "motion"}}, view) == ["fridge motion"]
    either = {"any": [{"count": {"object": "desk"}}, {"count": {"object": "bed"}}]}
    assert concepts_of(either, view) == []
    assert concepts_of({"all": [either, {"count": {"object": "desk"}}]}, view) == ["desk"]
