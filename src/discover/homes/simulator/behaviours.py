"""What people do at home: for each behaviour, where, how lively, with which things, under which label.

Places are written as wishes, `kind:words`, joined by `>` in order of preference: "kitchen:stove|oven>kitchen"
means at a stove in a kitchen, else anywhere in a kitchen. `any` is every room. So the same table serves
any home. Numbers are guesses from daily life, not fitted to a home's log.
"""

from dataclasses import dataclass, field

__all__ = ["BEHAVIOURS", "BEHAVIOUR_INDEX", "FRONT_DOOR", "Behaviour", "Use"]


@dataclass(frozen=True, slots=True)
class Use:
    """A thing that is opened, lifted or switched on during a behaviour.

    Attributes:
        thing: Words that its sensor's object, room or id must match, as `kind:words`.
        count: Mean number of uses per episode.
        seconds: Shortest and longest time that it stays open or on.
        phase: Where in the episode (0 begin, 1 end) uses gather; below 0 always first, above 1 always last.
        spread: Standard deviation around `phase`, in episode lengths.
        span: The thing is on for this share of the episode, with probability `count`, not for `seconds`.
    """

    thing: str
    count: float
    seconds: tuple[float, float] = (2.0, 9.0)
    phase: float = 0.5
    spread: float = 0.35
    span: float = 0.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One thing people do.

    Attributes:
        name: How routines call it.
        coarse: Coarse label shared between homes.
        label: Label where the home lists no activities; "" is never annotated.
        places: (wish, weight) pairs.
        moves: Changes of place per minute.
        stirs: Movements per minute that a motion sensor can see.
        uses: Things that are used.
        patterns: Regular expressions over a home's own label words, the best first.
    """

    name: str
    coarse: str
    label: str
    places: tuple[tuple[str, float], ...]
    moves: float
    stirs: float
    uses: tuple[Use, ...] = field(default=())
    patterns: tuple[str, ...] = field(default=())


_FRIDGE = "any:fridge|refrigerator|freezer"
_FOOD = "kitchen:food|grocer|pantry|silver|pots|drawer>kitchen:^(?!.*medic).*(cupboard|cabinet)"
_DISHES = "kitchen:dish|plate|cup\\b|crockery|silver>kitchen:^(?!.*medic).*(cupboard|cabinet)"
_STOVE = "any:stove|burner|oven|cooker|hob"
_MEDICINE = "any:medic|pill|drug"
_TV = "any:\\btv\\b|television"
FRONT_DOOR = (
    "entrance:^door.*(front|main|outside)>entrance:^door>any:^door.*(front|garage|back)"
    ">garage:^door>any:^door"
)
"""Where one leaves the home, as a wish over door sensors."""

_AT_STOVE = "any:stove|burner|oven|cooker>kitchen"
_AT_SINK = "kitchen:sink>kitchen"
_AT_FRIDGE = "any:fridge|refrigerator>kitchen"
_AT_TABLE = "any:dining|table>dining>kitchen"
_AT_MEDICINE = "any:medic|pill>kitchen"
_AT_DOOR = "entrance:door|entrance|entry|front>entrance>hallway>living"
_ON_COUCH = "any:couch|sofa|tv>living:armchair|chair>living"
_IN_CHAIR = "any:lounge chair|armchair|reading>living:chair|couch>living"
_AT_DESK = "any:desk|computer>office>living"
_IN_BED = "bedroom:\\bbed\\b>bedroom"
_AT_TOILET = "bathroom:toilet>bathroom"
_AT_BASIN = "bathroom:sink|basin|mirror>bathroom"
_IN_SHOWER = "bathroom:shower|tub>bathroom"

_DOOR_USE = (Use(FRONT_DOOR, 1.0, (2.5, 12.0), 2.0, 0.0),)
_DOOR_PLACES = ((_AT_DOOR, 1.0), ("hallway>entrance", 0.5))
_COOK_PLACES = (
    (_AT_STOVE, 3.0),
    (_AT_SINK, 2.2),
    (_AT_FRIDGE, 1.8),
    ("kitchen", 2.5),
    (_AT_MEDICINE, 0.5),
    ("dining>kitchen", 0.5),
    ("living", 0.15),
)
_EAT_PLACES = ((_AT_TABLE, 6.0), ("kitchen", 1.0), ("dining>kitchen", 1.5), (_ON_COUCH, 0.7))
_EAT_USES = (Use(_FRIDGE, 0.35), Use(_DISHES, 0.3), Use(_TV, 0.2, span=0.9))
_MED_PLACES = ((_AT_MEDICINE, 3.0), (_AT_SINK, 1.5), ("kitchen", 1.0), ("bathroom", 0.4))
_MED_USES = (
    Use(_MEDICINE, 1.15, (3.0, 20.0), 0.25, 0.2),
    Use("bathroom:cabinet|medic", 0.2),
    Use(_DISHES, 0.5, phase=0.5),
    Use(_FRIDGE, 0.25),
)


def _cooking(meal: str, stove: float, fridge: float, food: float) -> Behaviour:
    uses = (
        Use(_STOVE, stove, span=0.55),
        Use(_FRIDGE, fridge, (2.0, 14.0), 0.35),
        Use(_FOOD, food, (2.0, 20.0), 0.3),
        Use(_DISHES, 0.9, phase=0.8, spread=0.25),
        Use("any:kettle|coffee|toaster", 0.75, (20.0, 150.0), 0.3),
        Use("any:microwave", 0.4, (3.0, 8.0), 0.6),
        Use("kitchen:^item(?!.*(medic|phone|kettle))", 1.6, (5.0, 90.0), 0.4),
        Use("kitchen:light", 0.4, span=0.9),
        Use(_MEDICINE, 0.1),
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


def _hygiene(name: str, room: str, which: str) -> Behaviour:
    places = (
        (f"{room}:sink|basin|mirror>{room}", 4.0),
        (f"{room}:toilet>{room}", 3.0),
        (f"{room}:shower|tub>{room}", 0.6),
        ("bedroom", 0.5),
    )
    uses = (
        Use("bathroom:cabinet|mirror|medic", 0.7, (3, 40)),
        Use("bathroom:flush|toilet", 0.6, (10, 40), 0.6),
        Use("any:^door.*bath ?room", 0.4, (60, 200), 0.1),
        Use("bathroom:light", 0.6, span=0.9),
    )
    own = (r"hygiene|groom|tooth", rf"{which} bath ?room", r"bath ?room|wash hands")
    return Behaviour(name, "personal_hygiene", "Personal_Hygiene", places, 0.8, 3.6, uses, own)


BEHAVIOURS: tuple[Behaviour, ...] = (
    Behaviour(
        "sleep",
        "sleep",
        "Sleep",
        ((_IN_BED, 1.0),),
        0.0,
        0.11,
        (Use("bedroom:\\bbed\\b", 0.8, span=0.97),),
        (r"\bsleep(ing)?\b(?!.*not in)",),
    ),
    Behaviour(
        "nap",
        "sleep",
        "Sleep",
        ((_ON_COUCH, 1.2), (_IN_BED, 1.0), (_IN_CHAIR, 0.8)),
        0.006,
        0.12,
        (),
        (r"sleep.*not in", r"\bnap\b", r"\bsleep(ing)?\b"),
    ),
    Behaviour(
        "bed_to_toilet",
        "bed_to_toilet",
        "Bed_to_Toilet",
        ((_AT_TOILET, 3.0), (_AT_BASIN, 1.0)),
        0.5,
        4.0,
        (
            Use("bathroom:flush|toilet", 0.8, (10, 40), 0.7),
            Use("any:^door.*bath ?room", 0.6, (60, 200), 0.1),
            Use("bathroom:light", 0.8, span=0.9),
        ),
        (r"bed.*toilet",),
    ),
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
        ((_AT_SINK, 6.0), ("kitchen", 2.0), (_AT_STOVE, 1.0), (_AT_TABLE, 1.0), (_AT_FRIDGE, 0.4)),
        2.0,
        5.0,
        (
            Use(_DISHES, 1.6, (2, 15), 0.7),
            Use(_FRIDGE, 0.5),
            Use(_FOOD, 0.4),
            Use("kitchen:water|sink|tap", 1.0, (20, 90)),
        ),
        (r"\bdish",),
    ),
    _medicine("morning"),
    _medicine("eve"),
    Behaviour(
        "tv",
        "relax",
        "Watch_TV",
        ((_ON_COUCH, 6.0), (_IN_CHAIR, 1.4), ("living", 0.8), (_AT_FRIDGE, 0.15)),
        0.09,
        0.75,
        (Use(_TV, 0.88, span=0.95), Use(_FRIDGE, 0.25), Use("any:kettle|coffee", 0.12, (20, 120))),
        (r"\b(tv|television)\b", r"\brelax"),
    ),
    Behaviour(
        "read",
        "relax",
        "Read",
        ((_IN_CHAIR, 5.0), (_ON_COUCH, 1.8), ("living", 0.6), (_IN_BED, 0.5), (_AT_FRIDGE, 0.1)),
        0.06,
        0.6,
        (
            Use(_TV, 0.22, span=0.9),
            Use("any:kettle|coffee", 0.2, (20, 120)),
            Use("living:light|lamp", 0.5, span=0.95),
        ),
        (r"\bread", r"\bstudy\b", r"\brelax"),
    ),
    Behaviour(
        "meditate",
        "relax",
        "",
        ((_IN_CHAIR, 1.0), ("bedroom", 2.0), ("office", 0.6)),
        0.03,
        0.3,
        (),
        (r"meditat",),
    ),
    Behaviour(
        "work",
        "work",
        "Desk_Work",
        ((_AT_DESK, 8.0), ("office>living", 1.0), ("kitchen", 0.1), (_AT_TABLE, 0.25)),
        0.09,
        0.9,
        (Use("office:computer|desk|power|light|lamp", 0.7, span=0.95), Use("any:phone", 0.2, (60, 500))),
        (r"\bdesk\b", r"\bwork\b", r"\bstudy\b"),
    ),
    _hygiene("hygiene", "main_bathroom", "master"),
    _hygiene("hygiene_guest", "guest_bathroom", "guest"),
    Behaviour(
        "bathing",
        "bathing",
        "Bathing",
        ((_IN_SHOWER, 5.0), (_AT_BASIN, 2.0), ("bathroom", 0.8), ("bedroom", 0.2)),
        0.35,
        3.0,
        (
            Use("bathroom:cabinet|mirror", 0.8, (3, 40), 0.8),
            Use("bathroom:shower|water", 0.9, span=0.5),
            Use("any:^door.*bath ?room", 0.6, (300, 900), 0.05),
        ),
        (r"\b(bathing|shower)", r"master bath ?room"),
    ),
    Behaviour(
        "dress",
        "other",
        "",
        (("bedroom:closet|wardrobe>bedroom", 3.0), ("bedroom", 2.0), (_IN_BED, 0.8), ("bathroom", 0.3)),
        1.3,
        3.5,
        (
            Use("bedroom:closet|wardrobe|drawer", 1.3, (8, 90)),
            Use("bedroom:^door.*bed ?room", 0.5, (60, 400)),
            Use("bedroom:light", 0.6, span=0.95),
        ),
        (r"bed ?room act", r"\bdress", r"\bwake\b"),
    ),
    Behaviour(
        "phone",
        "other",
        "",
        (("any:phone>living", 3.0), (_ON_COUCH, 1.0), ("hallway", 0.6), ("kitchen", 0.6)),
        0.5,
        2.5,
        (
            Use("any:phone(?! book)", 1.0, (60, 900), 0.1, 0.1),
            Use("any:phone book", 0.5, (20, 90), 0.05, 0.05),
        ),
        (r"phone",),
    ),
    Behaviour(
        "leave",
        "leave_home",
        "Leave_Home",
        ((_AT_DOOR, 3.0), ("hallway>entrance", 1.0), ("bedroom", 0.3), ("living", 0.3)),
        1.6,
        5.0,
        (Use("bedroom:closet|wardrobe>hallway:closet", 0.2, (8, 40), 0.1), *_DOOR_USE),
        (r"leav(e|ing).*home|\bleave\b",),
    ),
    Behaviour(
        "enter",
        "enter_home",
        "Enter_Home",
        ((_AT_DOOR, 3.0), ("hallway>entrance", 1.0), ("kitchen", 0.4)),
        1.6,
        5.0,
        (Use(FRONT_DOOR, 1.0, (2.5, 14.0), -1.0, 0.0), Use(_FRIDGE, 0.12, phase=0.9)),
        (r"(enter|return|arriv).*home|\benter\b",),
    ),
    Behaviour(
        "housekeeping",
        "housekeeping",
        "Housekeeping",
        (
            ("living", 2.0),
            ("bedroom", 1.6),
            ("bathroom", 1.2),
            ("kitchen", 2.0),
            ("dining", 0.8),
            ("office", 0.8),
            ("hallway", 1.0),
            ("laundry", 1.5),
            ("entrance", 0.6),
        ),
        1.5,
        5.0,
        (
            Use("bedroom:closet|wardrobe", 0.9, (8, 90)),
            Use(_DISHES, 0.4),
            Use(FRONT_DOOR, 0.25, (4, 40)),
            Use("any:^door.*(back|garage|closet|pantry|basement)", 0.7, (4, 60)),
            Use("any:wash(er|ing machine)|laundry", 0.25, (5, 30)),
        ),
        (r"housekeep|\bclean", r"\bchores?\b", r"\bwork\b"),
    ),
    Behaviour(
        "laundry",
        "housekeeping",
        "Housekeeping",
        (("laundry>bathroom", 6.0), ("hallway", 1.0), ("bedroom", 2.5), ("bathroom", 0.6)),
        1.3,
        4.5,
        (
            Use("any:wash(er|ing machine)", 0.9, (2400, 4200), 0.3, 0.15),
            Use("bedroom:closet|wardrobe", 1.2, (8, 90), 0.8),
        ),
        (r"\blaundry\b", r"housekeep|\bclean", r"\bchores?\b"),
    ),
    Behaviour(
        "snack",
        "eat",
        "",
        ((_AT_FRIDGE, 2.0), ("kitchen", 2.0), (_AT_SINK, 1.0), (_AT_TABLE, 0.6), (_ON_COUCH, 0.2)),
        1.2,
        4.0,
        (
            Use(_FRIDGE, 0.9),
            Use(_DISHES, 0.6),
            Use(_FOOD, 0.4),
            Use("any:kettle|coffee", 0.45, (20, 150)),
            Use("any:microwave", 0.2, (3, 8)),
            Use(_STOVE, 0.08, span=0.7),
        ),
        (r"snack",),
    ),
    Behaviour(
        "potter",
        "other",
        "",
        (
            ("living", 2.0),
            ("kitchen", 1.6),
            ("hallway", 1.0),
            ("bedroom", 1.0),
            ("office", 0.7),
            ("dining", 0.8),
            ("entrance", 0.4),
            ("bathroom", 0.4),
        ),
        0.8,
        2.2,
        (
            Use(_FRIDGE, 0.06),
            Use(_DISHES, 0.06),
            Use("bedroom:closet|wardrobe", 0.1, (8, 60)),
            Use(_TV, 0.03, span=0.9),
            Use("any:phone", 0.05, (60, 400)),
            Use(_MEDICINE, 0.03),
        ),
    ),
    Behaviour(
        "wander_at_night",
        "other",
        "",
        (("hallway", 1.0), ("kitchen", 2.0), (_IN_CHAIR, 0.7), ("living", 1.0)),
        0.5,
        1.8,
        (Use(_FRIDGE, 0.5), Use(_TV, 0.15, span=0.8)),
        (r"night wander",),
    ),
    Behaviour(
        "receive", "other", "", _DOOR_PLACES, 1.0, 5.0, (Use(FRONT_DOOR, 1.0, (6.0, 40.0), -1.0, 0.0),)
    ),
    Behaviour("see_off", "other", "", _DOOR_PLACES, 1.0, 5.0, (Use(FRONT_DOOR, 1.0, (6.0, 40.0), 2.0, 0.0),)),
    Behaviour(
        "host",
        "other",
        "",
        ((_ON_COUCH, 2.5), (_IN_CHAIR, 2.0), ("living", 2.0), (_AT_TABLE, 1.5), ("kitchen", 0.6)),
        0.18,
        1.6,
        (
            Use(_FRIDGE, 0.7),
            Use(_DISHES, 0.9),
            Use("any:kettle|coffee", 0.6, (20, 150)),
            Use(_TV, 0.15, span=0.8),
        ),
        (r"meeting|visit|guest(?! bath)|social",),
    ),
    Behaviour(
        "visit",
        "other",
        "",
        (
            (_ON_COUCH, 2.5),
            (_IN_CHAIR, 1.5),
            ("living", 2.0),
            (_AT_TABLE, 1.5),
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
        ((_AT_DOOR, 1.0),),
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
"""All behaviours; the index is the code used by routines and movement."""

BEHAVIOUR_INDEX: dict[str, int] = {b.name: i for i, b in enumerate(BEHAVIOURS)}
