"""Degrees of clauses on the story, whose windows are known by eye.

0: bedroom, hall, kitchen in 40 s. 1: kitchen (fridge), hall, kitchen in 50 s. 2: bathroom, 6 s, at night.
3: nobody, 21 s.
"""

from dataclasses import replace

import numpy as np
import pytest

from discover.core.window_set import WindowSet
from discover.query import Lexicon
from discover.query.length_predicates import (
    AwayAfter,
    AwayBefore,
    FewSigns,
    Lasts,
    LastsBriefly,
    LastsLong,
    Pause,
    seconds_text,
)
from discover.query.predicates import BackAndForth, NotAt, NumberOfRooms, OneRoom, PresentAt, Route, Uses
from discover.retrieval import Activations, build_activations
from discover.serving.home_lexicon import home_words


@pytest.fixture(scope="module")
def signs(story: WindowSet) -> Activations:
    return build_activations(story)


@pytest.fixture(scope="module")
def known(story: WindowSet) -> Lexicon:
    return home_words(story.home)


def degrees(clause: object, signs: Activations) -> list[float]:
    return [round(float(d), 3) for d in clause.degree(signs)]  # type: ignore[attr-defined]


def test_places(signs: Activations, known: Lexicon) -> None:
    third = 1 / 3 / 0.9
    assert degrees(PresentAt(known["kitchen"]), signs) == [
        round((0.5 + third) / 2, 3), round((1 + 2 * third) / 2, 3), 0, 0,
    ]  # fmt: skip
    assert degrees(PresentAt(known["hall"], passing=True), signs) == [0.75, 0.75, 0, 0]
    assert degrees(PresentAt(known["bathroom"], passing=True), signs) == [0, 0, 0.5, 0]
    assert degrees(OneRoom(known["bathroom"]), signs) == [0, 0, 1, 0]
    assert degrees(OneRoom(), signs) == [0, 0, 1, 0]
    assert degrees(NotAt(known["hall"], known["hall"].sensors), signs) == [0, 0, 1, 1]
    # Ends say that somebody was there as well: the last window has the end of M007.
    assert degrees(NotAt(known["sofa"], known["sofa"].sensors), signs) == [1, 1, 1, 0]


def test_uses(signs: Activations, known: Lexicon) -> None:
    fridge = known["fridge"]
    assert degrees(Uses(fridge, fridge.doors), signs) == [0, 1, 0, 0]
    assert degrees(Uses(fridge, fridge.doors, at_least=2), signs) == [0, 0.5, 0, 0]
    assert degrees(Uses(fridge, fridge.doors, end=True), signs) == [0, 1, 0, 0]
    ended = replace(signs, begins=np.zeros_like(signs.begins), ends=signs.ends + signs.begins)
    assert degrees(Uses(fridge, fridge.doors), ended) == [0, 0.333, 0, 0]


def test_ways(signs: Activations, known: Lexicon) -> None:
    kitchen, hall, bedroom = known["kitchen"], known["hall"], known["bedroom"]
    assert degrees(Route((bedroom, kitchen)), signs) == [1, 0, 0, 0]
    assert degrees(Route((kitchen, bedroom)), signs) == [0, 0, 0, 0]
    assert degrees(Route((hall, kitchen)), signs) == [0.7, 0.6, 0, 0]  # the second also goes back to the hall
    assert degrees(Route((bedroom, hall, kitchen)), signs) == [1, 0, 0, 0]
    assert degrees(Route((None, kitchen)), signs) == [1, 0.7, 0, 0]
    assert degrees(Route((bedroom, None)), signs) == [1, 0, 0, 0]
    assert degrees(Route((kitchen, None, kitchen)), signs) == [0, 1, 0, 0]
    assert degrees(Route((known["bathroom"], None, known["bathroom"])), signs) == [
        0,
        0,
        0,
        0,
    ]  # never left it
    assert degrees(Route((None, hall, None)), signs) == [1, 1, 0, 0]
    assert degrees(NumberOfRooms(3), signs) == [1, 0.5, 0, 0]
    assert degrees(NumberOfRooms(2, 2), signs) == [0.5, 1, 0.5, 0]
    assert degrees(BackAndForth(2), signs) == [1, 1, 0, 0]
    assert degrees(BackAndForth(2, (kitchen, bedroom)), signs) == [1, 0, 0, 0]


def test_lengths(signs: Activations) -> None:
    assert degrees(Lasts(at_least_s=40), signs) == [1, 1, 0, 0]
    assert degrees(Lasts(at_most_s=20), signs) == [0, 0, 1, 0.833]
    # Longer than any window: the stay counts. That of the second window begins in the first.
    stays = replace(signs, stay_s=np.array([20, 300, 6, 0], dtype=np.float32))
    assert degrees(Lasts(at_least_s=120), stays) == [0, 1, 0, 0]
    assert degrees(LastsLong(), signs)[1] == 1
    assert degrees(LastsLong(), signs)[2:] == [0, 0]
    assert degrees(LastsBriefly(), signs)[:3] == [0, 0, 1]
    few = replace(signs, n_signs=np.array([2, 4, 6, 2], dtype=np.int32))
    assert degrees(FewSigns(), few) == [1, 0.5, 0, 1]


def test_silences(signs: Activations) -> None:
    assert degrees(Pause(), signs) == [1, 0.556, 0, 0]
    assert degrees(Pause(3600), signs) == [1, 1, 1, 1]  # longer than any window: before or after it
    assert degrees(AwayBefore(), signs) == [1, 0, 1, 1]
    assert degrees(AwayAfter(), signs) == [0, 1, 1, 1]
    assert [seconds_text(s) for s in (5, 90, 1800, 7200)] == ["5 s", "1.5 min", "30 min", "2 h"]
