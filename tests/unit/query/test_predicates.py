"""Scores of predicates on the story, whose windows are known by eye.

0: bedroom, hall, kitchen in 40 s. 1: kitchen (fridge), hall, kitchen in 50 s. 2: bathroom, 6 s, at night.
3: nobody, 21 s.
"""

from dataclasses import replace

import numpy as np
import pytest

from discover.core.window_set import WindowSet
from discover.query import Lexicon
from discover.query.duration_predicates import (
    Away,
    FewActivations,
    Lasts,
    LastsBriefly,
    LastsLong,
    Pause,
    seconds_text,
)
from discover.query.place_predicates import (
    BackAndForth,
    NotAt,
    NumberOfRooms,
    OneRoom,
    PresentAt,
    Route,
    Uses,
)
from discover.retrieval import Activations, build_activations
from discover.serving.home_lexicon import home_lexicon


@pytest.fixture(scope="module")
def activations(story: WindowSet) -> Activations:
    return build_activations(story)[story.home.name]


@pytest.fixture(scope="module")
def lexicon(story: WindowSet) -> Lexicon:
    return home_lexicon(story.home)


def scores(predicate: object, activations: Activations) -> list[float]:
    return [round(float(d), 3) for d in predicate.score(activations)]  # type: ignore[attr-defined]


def test_places(activations: Activations, lexicon: Lexicon) -> None:
    third = 1 / 3 / 0.9
    assert scores(PresentAt(lexicon["kitchen"]), activations) == [
        round((0.5 + third) / 2, 3), round((1 + 2 * third) / 2, 3), 0, 0,
    ]  # fmt: skip
    assert scores(PresentAt(lexicon["hall"], passing=True), activations) == [0.75, 0.75, 0, 0]
    assert scores(PresentAt(lexicon["bathroom"], passing=True), activations) == [0, 0, 0.5, 0]
    assert scores(OneRoom(lexicon["bathroom"]), activations) == [0, 0, 1, 0]
    assert scores(OneRoom(), activations) == [0, 0, 1, 0]
    assert scores(NotAt(lexicon["hall"], lexicon["hall"].sensors), activations) == [0, 0, 1, 1]
    # Ends say that somebody was there as well: the last window has the end of M007.
    assert scores(NotAt(lexicon["sofa"], lexicon["sofa"].sensors), activations) == [1, 1, 1, 0]


def test_uses(activations: Activations, lexicon: Lexicon) -> None:
    fridge = lexicon["fridge"]
    assert scores(Uses(fridge, fridge.doors), activations) == [0, 1, 0, 0]
    assert scores(Uses(fridge, fridge.doors, at_least=2), activations) == [0, 0.5, 0, 0]
    assert scores(Uses(fridge, fridge.doors, end=True), activations) == [0, 1, 0, 0]
    ended = replace(
        activations, begins=np.zeros_like(activations.begins), ends=activations.ends + activations.begins
    )
    assert scores(Uses(fridge, fridge.doors), ended) == [0, 0.333, 0, 0]


def test_routes(activations: Activations, lexicon: Lexicon) -> None:
    kitchen, hall, bedroom = lexicon["kitchen"], lexicon["hall"], lexicon["bedroom"]
    assert scores(Route((bedroom, kitchen)), activations) == [1, 0, 0, 0]
    assert scores(Route((kitchen, bedroom)), activations) == [0, 0, 0, 0]
    assert scores(Route((hall, kitchen)), activations) == [
        0.7,
        0.6,
        0,
        0,
    ]  # the second also goes back to the hall
    assert scores(Route((bedroom, hall, kitchen)), activations) == [1, 0, 0, 0]
    assert scores(Route((None, kitchen)), activations) == [1, 0.7, 0, 0]
    assert scores(Route((bedroom, None)), activations) == [1, 0, 0, 0]
    assert scores(Route((kitchen, None, kitchen)), activations) == [0, 1, 0, 0]
    assert scores(Route((lexicon["bathroom"], None, lexicon["bathroom"])), activations) == [
        0,
        0,
        0,
        0,
    ]  # never left it
    assert scores(Route((None, hall, None)), activations) == [1, 1, 0, 0]
    assert scores(NumberOfRooms(3), activations) == [1, 0.5, 0, 0]
    assert scores(NumberOfRooms(2, 2), activations) == [0.5, 1, 0.5, 0]
    assert scores(BackAndForth(2), activations) == [1, 1, 0, 0]
    assert scores(BackAndForth(2, (kitchen, bedroom)), activations) == [1, 0, 0, 0]


def test_lengths(activations: Activations) -> None:
    assert scores(Lasts(at_least_s=40), activations) == [1, 1, 0, 0]
    assert scores(Lasts(at_most_s=20), activations) == [0, 0, 1, 0.833]
    # Longer than any window: the stay counts. That of the second window begins in the first.
    stays = replace(activations, stay_s=np.array([20, 300, 6, 0], dtype=np.float32))
    assert scores(Lasts(at_least_s=120), stays) == [0, 1, 0, 0]
    assert scores(LastsLong(), activations)[1] == 1
    assert scores(LastsLong(), activations)[2:] == [0, 0]
    assert scores(LastsBriefly(), activations)[:3] == [0, 0, 1]
    few = replace(activations, n_activations=np.array([2, 4, 6, 2], dtype=np.int32))
    assert scores(FewActivations(), few) == [1, 0.5, 0, 1]


def test_silences(activations: Activations) -> None:
    assert scores(Pause(), activations) == [1, 0.556, 0, 0]
    assert scores(Pause(3600), activations) == [1, 1, 1, 1]  # longer than any window: before or after it
    assert scores(Away("before"), activations) == [1, 0, 1, 1]
    assert scores(Away("afterwards"), activations) == [0, 1, 1, 1]
    assert [seconds_text(s) for s in (5, 90, 1800, 7200)] == ["5 s", "1.5 min", "30 min", "2 h"]
