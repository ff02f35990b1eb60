"""Corrections in words: what each sentence is about, and what it makes of a sensor."""

import pytest

from discover.core.errors import ConfigError
from discover.core.home import Sensor
from discover.serving.said import Said, described, is_person, read_sentence


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("breakfast", Said("", "breakfast")),
        ("Breakfast was late", Said("", "Breakfast was late")),
        ("that was cooking, not eating", Said("", "cooking", "eating")),
        ("this is breakfast", Said("", "breakfast")),
        ("that was the shower", Said("", "shower")),
        ("this is the shower", Said("", "shower", "", of_sensor=True)),
        ("It is the bread bin.", Said("", "bread bin", "", of_sensor=True)),
        ("that sensor was the fridge", Said("", "fridge", "", of_sensor=True)),
        ("M012 is in the bathroom", Said("M012", "in the bathroom", "", of_sensor=True)),
        ("Kitchen A is the oven, not the fridge", Said("Kitchen A", "oven", "the fridge", of_sensor=True)),
        ("that was Dad, not Mum", Said("", "Dad", "Mum")),
        ("this is Dad", Said("", "Dad")),
    ],
)  # fmt: skip
def test_what_a_sentence_is_about(text: str, said: Said) -> None:
    assert read_sentence(text) == said


def test_who_is_a_person() -> None:
    assert is_person("Dad", "Mum")
    assert is_person("Anna", "Peter")
    assert is_person("anna", known=frozenset({"anna"}))
    assert not is_person("Anna"), "one unknown word may be an activity"
    assert not is_person("Cooking", "Eating")


@pytest.mark.parametrize(
    ("words", "thing", "room"),
    [
        ("dishwasher", "dishwasher", "master_bedroom"),
        ("in the bathroom", "bed", "bathroom"),
        ("kitchen", "bed", "kitchen"),
        ("refrigerator in the kitchen", "fridge", "kitchen"),
        ("by the window in the guest room", "window", "guest_room"),
        ("at the sink", "sink", "master_bedroom"),
        ("in the fridge", "fridge", "kitchen"),
        ("bread bin", "bread bin", "master_bedroom"),
    ],
)
def test_a_sensor_is_described_in_words(words: str, thing: str, room: str) -> None:
    new = described(Sensor(id="M1", type="motion", room="master_bedroom", object="bed"), words)
    assert (new.id, new.type, new.object, new.room) == ("M1", "motion", thing, room)


def test_a_thing_implies_a_room_where_none_is_known() -> None:
    assert described(Sensor(id="M1"), "dishwasher").room == "kitchen"
    with pytest.raises(ConfigError, match="names no thing and no room"):
        described(Sensor(id="M1"), "in the ?")
