"""Meals, dishes and medicine. See `wishes` for how places and things are written."""

from discover.simulator.wishes import (
    AT_FRIDGE,
    AT_MEDICINE,
    AT_SINK,
    AT_STOVE,
    AT_TABLE,
    DISHES,
    FOOD,
    FRIDGE,
    MEDICINE,
    ON_COUCH,
    STOVE,
    TV,
    Behaviour,
    Use,
)

__all__ = ["KITCHEN_BEHAVIOURS"]

_COOK_PLACES = (
    (AT_STOVE, 3.0),
    (AT_SINK, 2.2),
    (AT_FRIDGE, 1.8),
    ("kitchen", 2.5),
    (AT_MEDICINE, 0.5),
    ("dining>kitchen", 0.5),
    ("living", 0.15),
)
_EAT_PLACES = ((AT_TABLE, 6.0), ("kitchen", 1.0), ("dining>kitchen", 1.5), (ON_COUCH, 0.7))
_EAT_USES = (Use(FRIDGE, 0.35), Use(DISHES, 0.3), Use(TV, 0.2, span=0.9))
_MED_PLACES = ((AT_MEDICINE, 3.0), (AT_SINK, 1.5), ("kitchen", 1.0), ("bathroom", 0.4))
_MED_USES = (
    Use(MEDICINE, 1.15, (3.0, 20.0), 0.25, 0.2),
    Use("bathroom:cabinet|medic", 0.2),
    Use(DISHES, 0.5, phase=0.5),
    Use(FRIDGE, 0.25),
)


def _cooking(meal: str, stove: float, fridge: float, food: float) -> Behaviour:
    uses = (
        Use(STOVE, stove, span=0.55),
        Use(FRIDGE, fridge, (2.0, 14.0), 0.35),
        Use(FOOD, food, (2.0, 20.0), 0.3),
        Use(DISHES, 0.9, phase=0.8, spread=0.25),
        Use("any:kettle|coffee|toaster", 0.75, (20.0, 150.0), 0.3),
        Use("any:microwave", 0.4, (3.0, 8.0), 0.6),
        Use("kitchen:^item(?!.*(medic|phone|kettle))", 1.6, (5.0, 90.0), 0.4),
        Use("kitchen:light", 0.4, span=0.9),
        Use(MEDICINE, 0.1),
    )
    own = (rf"(cook|prepar|make).*{meal}", r"\b(cook|meal prep|prepar|kitchen act)")
    return Behaviour(f"cook_{meal}", "cook", "Meal_Preparation", _COOK_PLACES, 2.6, 4.5, uses, own)


def _eating(meal: str) -> Behaviour:
    own = (
        rf"eat.*{meal}",
        rf"^(r\d )?{meal}$",
        r"\b(eat|eating|dining act|dining rm)\b(?!.*(snack|fast|lunch|dinner))",
    )
    return Behaviour(f"eat_{meal}", "eat", "Eating", _EAT_PLACES, 0.35, 1.5, _EAT_USES, own)


def _medicine(when: str) -> Behaviour:
    own = (rf"{when}.*med", r"^(?!.*(morning|eve)).*\b(med|meds|medicine|medication)\b")
    return Behaviour(
        f"medicine_{when}", "take_medicine", "Take_Medicine", _MED_PLACES, 2.0, 5.0, _MED_USES, own
    )


KITCHEN_BEHAVIOURS: tuple[Behaviour, ...] = (
    _cooking("breakfast", 0.35, 1.3, 0.9),
    _cooking("lunch", 0.55, 1.6, 1.0),
    _cooking("dinner", 0.85, 2.3, 1.6),
    _eating("breakfast"),
    _eating("lunch"),
    _eating("dinner"),
    Behaviour(
        "wash_dishes",
        "wash_dishes",
        "Wash_Dishes",
        ((AT_SINK, 6.0), ("kitchen", 2.0), (AT_STOVE, 1.0), (AT_TABLE, 1.0), (AT_FRIDGE, 0.4)),
        2.0,
        5.0,
        (
            Use(DISHES, 1.6, (2, 15), 0.7),
            Use(FRIDGE, 0.5),
            Use(FOOD, 0.4),
            Use("kitchen:water|sink|tap", 1.0, (20, 90)),
        ),
        (r"\bdish",),
    ),
    _medicine("morning"),
    _medicine("eve"),
    Behaviour(
        "snack",
        "eat",
        "",
        ((AT_FRIDGE, 2.0), ("kitchen", 2.0), (AT_SINK, 1.0), (AT_TABLE, 0.6), (ON_COUCH, 0.2)),
        1.2,
        4.0,
        (
            Use(FRIDGE, 0.9),
            Use(DISHES, 0.6),
            Use(FOOD, 0.4),
            Use("any:kettle|coffee", 0.45, (20, 150)),
            Use("any:microwave", 0.2, (3, 8)),
            Use(STOVE, 0.08, span=0.7),
        ),
        (r"snack",),
    ),
)
