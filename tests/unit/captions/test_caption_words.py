"""Words for rooms and objects."""

import pytest

from discover.captions.objects import name_object, spot_of
from discover.captions.words import name_rooms, split_words


@pytest.mark.parametrize(
    ("room", "name", "inside"),
    [
        ("master_bedroom", "master bedroom", "in the master bedroom"),
        ("LivingRoom", "living room", "in the living room"),
        ("living", "living room", "in the living room"),
        ("aisle_near_kitchen", "hallway by the kitchen", "in the hallway by the kitchen"),
        ("house_entrance", "entrance", "at the entrance"),
        ("OutsideDoor", "front door", "at the front door"),
        ("stairs", "stairs", "on the stairs"),
        ("KitchenA", "kitchen", "in the kitchen"),
    ],
)
def test_rooms_get_the_words_people_type(room: str, name: str, inside: str) -> None:
    place = name_rooms([room])[room]
    assert place is not None
    assert (place.name, place.the, place.inside) == (name, f"the {name}", inside)


@pytest.mark.parametrize("room", ["unknown_room", "UNK", "other", "unknown"])
def test_an_unknown_room_has_no_words(room: str) -> None:
    assert name_rooms([room]) == {room: None}


def test_lettered_rooms_are_numbered_only_beside_each_other() -> None:
    names = {r: p.name for r, p in name_rooms(["BedroomA", "bedroom_b", "HallwayA"]).items() if p is not None}
    assert names == {"BedroomA": "first bedroom", "bedroom_b": "second bedroom", "HallwayA": "hallway"}


@pytest.mark.parametrize(
    ("text", "thing"),
    [
        ("bed in master bedroom", "bed"),
        ("refrigerator", "fridge"),
        ("silverware or pots/pans drawer", "silverware drawer"),  # the longest phrase wins, not "drawer"
        ("medicine/bathroom cabinet door", "bathroom cabinet"),
        ("couch left side seat", "couch"),
        ("microwave (b2.translate says Stove)", "microwave"),
        ("oatmeal box", "oatmeal box"),
        ("dining chairs", "dining table"),
        ("area sensor", None),
        ("kitchen centre", None),
        ("hall by kitchen", None),
        ("between the bed and the toilet", None),
        ("", None),
    ],
)
def test_objects_are_found_by_the_longest_phrase(text: str, thing: str | None) -> None:
    assert name_object(text) == thing


def test_a_word_inside_another_is_not_an_object() -> None:
    assert name_object("spanish bedlinen collection of grandma") is None


def test_speaking_ids_name_an_object_and_short_ones_do_not() -> None:
    assert name_object(None, "KitchenAStove") == "stove"
    assert name_object(None, "M012") is None


def test_split_words() -> None:
    assert split_words("LivingRoomAArea") == "living room a area"
    assert split_words("pots/pans_drawer") == "pots pans drawer"


def test_spots() -> None:
    assert spot_of("couch") == "on the couch"
    assert spot_of("stove") == "at the stove"
    assert spot_of("office chair") == "in the office chair"
