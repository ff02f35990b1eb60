"""Coming, going and guests; and the pet. See `wishes` for how places and things are written."""

from discover.simulator.wishes import (
    AT_DOOR,
    AT_TABLE,
    DISHES,
    FRIDGE,
    FRONT_DOOR,
    IN_CHAIR,
    ON_COUCH,
    TV,
    Behaviour,
    Use,
)

__all__ = ["DOOR_BEHAVIOURS"]

_DOOR_USE = (Use(FRONT_DOOR, 1.0, (2.5, 12.0), 2.0, 0.0),)
_DOOR_PLACES = ((AT_DOOR, 1.0), ("hallway>entrance", 0.5))


DOOR_BEHAVIOURS: tuple[Behaviour, ...] = (
    Behaviour(
        "leave",
        "leave_home",
        "Leave_Home",
        ((AT_DOOR, 3.0), ("hallway>entrance", 1.0), ("bedroom", 0.3), ("living", 0.3)),
        1.6,
        5.0,
        (Use("bedroom:closet|wardrobe>hallway:closet", 0.2, (8, 40), 0.1), *_DOOR_USE),
        (r"leav(e|ing).*home|\bleave\b",),
    ),
    Behaviour(
        "enter",
        "enter_home",
        "Enter_Home",
        ((AT_DOOR, 3.0), ("hallway>entrance", 1.0), ("kitchen", 0.4)),
        1.6,
        5.0,
        (Use(FRONT_DOOR, 1.0, (2.5, 14.0), -1.0, 0.0), Use(FRIDGE, 0.12, phase=0.9)),
        (r"(enter|return|arriv).*home|\benter\b",),
    ),
    Behaviour(
        "receive", "other", "", _DOOR_PLACES, 1.0, 5.0, (Use(FRONT_DOOR, 1.0, (6.0, 40.0), -1.0, 0.0),)
    ),
    Behaviour("see_off", "other", "", _DOOR_PLACES, 1.0, 5.0, (Use(FRONT_DOOR, 1.0, (6.0, 40.0), 2.0, 0.0),)),
    Behaviour(
        "host",
        "other",
        "",
        ((ON_COUCH, 2.5), (IN_CHAIR, 2.0), ("living", 2.0), (AT_TABLE, 1.5), ("kitchen", 0.6)),
        0.18,
        1.6,
        (
            Use(FRIDGE, 0.7),
            Use(DISHES, 0.9),
            Use("any:kettle|coffee", 0.6, (20, 150)),
            Use(TV, 0.15, span=0.8),
        ),
        (r"meeting|visit|guest(?! bath)|social",),
    ),
    Behaviour(
        "visit",
        "other",
        "",
        (
            (ON_COUCH, 2.5),
            (IN_CHAIR, 1.5),
            ("living", 2.0),
            (AT_TABLE, 1.5),
            ("bathroom", 0.12),
            ("kitchen", 0.3),
        ),
        0.12,
        1.4,
    ),
    Behaviour(
        "wait_at_door",
        "other",
        "",
        ((AT_DOOR, 1.0),),
        0.3,
        6.0,
    ),
    Behaviour(
        "pet",
        "other",
        "",
        (
            ("living", 3.0),
            ("kitchen", 1.5),
            ("hallway", 1.0),
            ("bedroom", 2.0),
            ("dining", 0.7),
            ("office", 0.7),
        ),
        0.12,
        0.15,
    ),
)
