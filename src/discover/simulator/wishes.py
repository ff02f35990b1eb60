"""The words of the behaviour table: what a behaviour is, and wishes for places and things.

A wish is `kind:words`, joined by `>` in order of preference: "kitchen:stove|oven>kitchen" means at a stove in
a kitchen, else anywhere in a kitchen. `any` is every room; `main_` and `guest_` before a kind tell rooms of
one kind apart. Words are regular expressions over what a sensor watches. So the same table serves any home.
"""

from dataclasses import dataclass, field

__all__ = [
    "AT_BASIN",
    "AT_DESK",
    "AT_DOOR",
    "AT_FRIDGE",
    "AT_MEDICINE",
    "AT_SINK",
    "AT_STOVE",
    "AT_TABLE",
    "AT_TOILET",
    "DISHES",
    "FOOD",
    "FRIDGE",
    "FRONT_DOOR",
    "IN_BED",
    "IN_CHAIR",
    "IN_SHOWER",
    "MEDICINE",
    "ON_COUCH",
    "STOVE",
    "TV",
    "Behaviour",
    "Use",
]


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


# Things that can be opened, lifted or switched on.
FRIDGE = "any:fridge|refrigerator|freezer"
FOOD = "kitchen:food|grocer|pantry|silver|pots|drawer>kitchen:^(?!.*medic).*(cupboard|cabinet)"
DISHES = "kitchen:dish|plate|cup\\b|crockery|silver>kitchen:^(?!.*medic).*(cupboard|cabinet)"
STOVE = "any:stove|burner|oven|cooker|hob"
MEDICINE = "any:medic|pill|drug"
TV = "any:\\btv\\b|television"
FRONT_DOOR = (
    "entrance:^door.*(front|main|outside)>entrance:^door>any:^door.*(front|garage|back)"
    ">garage:^door>any:^door"
)
"""Where one leaves the home, as a wish over door sensors."""

# Places where someone can be.
AT_STOVE = "any:stove|burner|oven|cooker>kitchen"
AT_SINK = "kitchen:sink>kitchen"
AT_FRIDGE = "any:fridge|refrigerator>kitchen"
AT_TABLE = "any:dining|table>dining>kitchen"
AT_MEDICINE = "any:medic|pill>kitchen"
AT_DOOR = "entrance:door|entrance|entry|front>entrance>hallway>living"
ON_COUCH = "any:couch|sofa|tv>living:armchair|chair>living"
IN_CHAIR = "any:lounge chair|armchair|reading>living:chair|couch>living"
AT_DESK = "any:desk|computer>office>living"
IN_BED = "bedroom:\\bbed\\b>bedroom"
AT_TOILET = "bathroom:toilet>bathroom"
AT_BASIN = "bathroom:sink|basin|mirror>bathroom"
IN_SHOWER = "bathroom:shower|tub>bathroom"
