"""Scores of clauses on the story, whose windows are known by eye.

0: bedroom, hall, kitchen in 40 s. 1: kitchen (fridge), hall, kitchen in 50 s. 2: bathroom, 6 s, at night.
3: nobody, 21 s.
"""

from dataclasses import replace

import numpy as np
import pytest

from discover.core.window_set import WindowSet
from discover.query import Clause, Lexicon
from discover.query.clauses import clause_scores
from discover.retrieval import Activations, build_activations
from discover.serving.home_lexicon import home_lexicon


@pytest.fixture(scope="module")
def activations(story: WindowSet) -> Activations:
    return build_activations(story)[story.home.name]


@pytest.fixture(scope="module")
def lexicon(story: WindowSet) -> Lexicon:
    return home_lexicon(story.home)


def one(kind: str, *places: str, **bounds: float) -> Clause:
    return Clause.model_validate({"kind": kind, "places": places, **bounds})


def scores(clause: Clause, activations: Activations, lexicon: Lexicon) -> list[float]:
    return [round(float(d), 3) for d in clause_scores(clause, lexicon, activations)]


def test_places(activations: Activations, lexicon: Lexicon) -> None:
    third = 1 / 3 / 0.9
    assert scores(one("at", "kitchen"), activations, lexicon) == [
        round((0.5 + third) / 2, 3), round((1 + 2 * third) / 2, 3), 0, 0,
    ]  # fmt: skip
    assert scores(one("through", "hall"), activations, lexicon) == [0.75, 0.75, 0, 0]
    assert scores(one("through", "bathroom"), activations, lexicon) == [0, 0, 0.5, 0]
    assert scores(one("only", "bathroom"), activations, lexicon) == [0, 0, 1, 0]
    assert scores(one("only"), activations, lexicon) == [0, 0, 1, 0]
    assert scores(one("not at", "hall"), activations, lexicon) == [0, 0, 1, 1]
    # Ends say that somebody was there as well: the last window has the end of M007.
    assert scores(one("not at", "sofa"), activations, lexicon) == [1, 1, 1, 0]


def test_uses(activations: Activations, lexicon: Lexicon) -> None:
    assert scores(one("used", "fridge"), activations, lexicon) == [0, 1, 0, 0]
    assert scores(one("used", "fridge", low=2), activations, lexicon) == [0, 0.5, 0, 0]
    assert scores(one("closed", "fridge"), activations, lexicon) == [0, 1, 0, 0]
    ended = replace(
        activations, begins=np.zeros_like(activations.begins), ends=activations.ends + activations.begins
    )
    assert scores(one("used", "fridge"), ended, lexicon) == [0, 0.333, 0, 0]


def test_routes(activations: Activations, lexicon: Lexicon) -> None:
    assert scores(one("route", "bedroom", "kitchen"), activations, lexicon) == [1, 0, 0, 0]
    assert scores(one("route", "kitchen", "bedroom"), activations, lexicon) == [0, 0, 0, 0]
    assert scores(one("route", "hall", "kitchen"), activations, lexicon) == [
        0.7,
        0.6,
        0,
        0,
    ]  # the second also goes back to the hall
    assert scores(one("route", "bedroom", "hall", "kitchen"), activations, lexicon) == [1, 0, 0, 0]
    assert scores(one("route", "", "kitchen"), activations, lexicon) == [1, 0.7, 0, 0]
    assert scores(one("route", "bedroom", ""), activations, lexicon) == [1, 0, 0, 0]
    assert scores(one("route", "kitchen", "", "kitchen"), activations, lexicon) == [0, 1, 0, 0]
    assert scores(one("route", "bathroom", "", "bathroom"), activations, lexicon) == [
        0,
        0,
        0,
        0,
    ]  # never left it
    assert scores(one("route", "", "hall", ""), activations, lexicon) == [1, 1, 0, 0]
    assert scores(one("rooms", low=3), activations, lexicon) == [1, 0.5, 0, 0]
    assert scores(one("rooms", low=2, high=2), activations, lexicon) == [0.5, 1, 0.5, 0]
    assert scores(one("moves", low=2), activations, lexicon) == [1, 1, 0, 0]
    assert scores(one("moves", "kitchen", "bedroom", low=2), activations, lexicon) == [1, 0, 0, 0]


def test_lengths(activations: Activations, lexicon: Lexicon) -> None:
    assert scores(one("lasts", low=40), activations, lexicon) == [1, 1, 0, 0]
    assert scores(one("lasts", high=20), activations, lexicon) == [0, 0, 1, 0.833]
    # Longer than any window: the stay counts. That of the second window begins in the first.
    stays = replace(activations, stay_s=np.array([20, 300, 6, 0], dtype=np.float32))
    assert scores(one("lasts", low=120), stays, lexicon) == [0, 1, 0, 0]
    assert scores(one("long"), activations, lexicon)[1] == 1
    assert scores(one("long"), activations, lexicon)[2:] == [0, 0]
    assert scores(one("brief"), activations, lexicon)[:3] == [0, 0, 1]
    few = replace(activations, n_activations=np.array([2, 4, 6, 2], dtype=np.int32))
    assert scores(one("little movement"), few, lexicon) == [1, 0.5, 0, 1]


def test_silences(activations: Activations, lexicon: Lexicon) -> None:
    assert scores(one("silence", low=30), activations, lexicon) == [1, 0.556, 0, 0]
    assert scores(one("silence", low=3600), activations, lexicon) == [
        1,
        1,
        1,
        1,
    ]  # longer than any window: before or after it
    assert scores(one("silence before", low=600), activations, lexicon) == [1, 0, 1, 1]
    assert scores(one("silence afterwards", low=600), activations, lexicon) == [0, 1, 1, 1]
    said = [one("silence", low=s).meaning for s in (5, 90, 1800, 7200)]
    assert said == [f"a silence of {t} or more" for t in ("5 s", "1.5 min", "30 min", "2 h")]
