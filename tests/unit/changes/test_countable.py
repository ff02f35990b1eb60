"""Homes whose description lacks what is to be counted."""

import pytest

from discover.changes import check_countable, countable_by
from discover.core.errors import ConfigError
from discover.core.home import Activity, Home, Sensor

BARE = Home(name="bare", sensors=(Sensor(id="A", type="motion"),))
ROOMS = Home(name="rooms", sensors=(Sensor(id="A", type="motion", room="kitchen"),))
ONE_SEAT = Home(name="seat", sensors=(Sensor(id="A", type="motion", object="couch"),))


def test_each_way_of_counting_needs_its_own() -> None:
    assert countable_by(BARE) == ["cluster"]
    assert countable_by(ROOMS) == ["room", "cluster"]
    assert countable_by(ONE_SEAT) == ["object", "cluster"]
    seats = (*ONE_SEAT.sensors, Sensor(id="B", type="pressure", object="bed"))
    assert "company" in countable_by(ONE_SEAT.model_copy(update={"sensors": seats}))
    door = Sensor(id="D", type="door", object="front door")
    assert "company" in countable_by(Home(name="door", sensors=(door,)))
    # A fridge door is no way in.
    fridge = Sensor(id="D", type="door", object="fridge")
    assert "company" not in countable_by(Home(name="fridge", sensors=(fridge,)))


@pytest.mark.parametrize(
    ("home", "by", "words"),
    [
        (
            BARE,
            "room",
            r"'bare' names no rooms.*`room:` in the home's YAML.*or count --by cluster \(",
        ),
        (
            ROOMS,
            "object",
            r"names no objects.*`object:`.*or count --by room or --by cluster",
        ),
        (ROOMS, "activity", r"names no activities.*List them under `activities:`.*--by room or --by cluster"),
        (ROOMS, "company", r"names no outer door .* and no two seats.*--by room"),
    ],
)
def test_what_is_missing_is_said_with_the_ways_that_are_left(home: Home, by: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_countable(home, by)  # type: ignore[arg-type]


def test_activities_count_where_the_home_lists_them() -> None:
    listed = ROOMS.model_copy(update={"activities": (Activity(label="cooking"),)})
    assert countable_by(listed) == ["room", "activity", "cluster"]
    check_countable(listed, "activity")


def test_what_needs_no_description_is_always_allowed() -> None:
    check_countable(BARE, "cluster")
    check_countable(ROOMS, "room")
