"""Movement in a sentence: routes, round trips, back and forth, numbers of rooms."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from discover.query.amounts import find_room_counts
from discover.query.lexicon import Place, Word
from discover.query.place_groups import PlaceGroup, is_sequel
from discover.query.place_predicates import BackAndForth, NumberOfRooms, OneRoom, PresentAt, Route, Uses
from discover.query.predicates import Predicate

__all__ = ["Movement", "read_movement"]

_RESTLESS = re.compile(
    r"\b(?:restless(?:ly)?|back\s+and\s+forth|to\s+and\s+fro|pac(?:es|ing)|up\s+and\s+down|wander(?:s|"
    r"ing)\s+aimlessly|"
    r"in\s+and\s+out|here\s+and\s+there)\b"
)
_ABOUT = re.compile(
    r"\b(?:(?:walk|mov|stroll|roam|wander|go|run)(?:s|es|e|ing)?\s+(?:around|about)|wander(?:s|ing)?|"
    r"roam(?:s|ing)?|stroll(?:s|ing)?|"
    r"moves?\s+between\s+rooms|changes?\s+rooms?)\b"
)
_EVERYWHERE = re.compile(
    r"\b(?:(?:all\s+over|throughout|all\s+through|through|across|around)\s+the\s+(?:whole\s+|"
    r"entire\s+)?(?:home|house|flat|apartment|place))\b"
)
_ROOM_TO_ROOM = re.compile(
    r"\b(?:from\s+(?:one\s+)?room\s+to\s+(?:another\s+)?(?:room|another|the\s+next)|room\s+to\s+room)\b"
)
_BACK = re.compile(r"\b(?:and\s+back(?:\s+again)?|there\s+and\s+back|round\s+trip|"
    r"(?:and|then)\s+(?:comes|goes|returns|walks)\s+(?:straight\s+|right\s+)?(?:back|out\s+again)|"
                   r"returns?\s+(?:again|afterwards)|and\s+returns?)\b")  # fmt: skip
_GETS_UP = re.compile(r"\b(?:gets?|getting|got)\s+up\b|\b(?:wakes?|waking)\s+up\b|\b(?:rises|rising)\b")
_STAYS = re.compile(r"\b(?:stay(?:s|ing)?|remain(?:s|ing)?|sits?|sitting|lies|lying|stands?|standing)\b")
_NOT_LEFT = re.compile(
    r"\b(?:without\s+(?:leaving|moving|going)|never\s+leav\w+|(?:does\s+not|doesn't)\s+leave)\b"
)


@dataclass(frozen=True)
class Movement:
    """The movement that a sentence affirms.

    Attributes:
        found: (phrase, predicate), in the order of the sentence.
        used: Indices of the place groups that these predicates cover.
    """

    found: tuple[tuple[str, Predicate], ...]
    used: frozenset[int]


def read_movement(
    text: str, words: Sequence[Word], groups: Sequence[PlaceGroup], skip: frozenset[int], bed: Place | None
) -> Movement:
    """Read the movement that a sentence affirms.

    Args:
        text: The sentence without its negations, in lower case.
        words: The sentence.
        groups: Its places.
        skip: Indices of the places that are negated or already read.
        bed: Where "gets up" starts, if the sentence names no place for it.
    """
    found: list[tuple[str, Predicate]] = []
    used: set[int] = set()
    restless = _RESTLESS.search(text)
    for k, group in enumerate(groups):
        if k in skip or group.role != "between" or k + 1 == len(groups):
            continue
        other = groups[k + 1]
        if [w.text for w in words[group.end : other.lead]][:1] == ["and"]:
            phrase = f"{group_words(words, group)} and {group_words(words, other)}"
            found.append((phrase, BackAndForth(6 if restless else 2, (group.place, other.place))))
            used |= {k, k + 1}
    stops = _stops(words, groups, skip | used)
    back = _BACK.search(text)
    if not stops and bed is not None and _GETS_UP.search(text):
        # "Getting up to use the bathroom" is a route from the bed to the bathroom.
        stops = [
            k for k, g in enumerate(groups) if k not in skip | used and not g.place.sensors & bed.sensors
        ][:1]
    if stops:
        route: list[Place | None] = [groups[k].place for k in stops]
        roles = [groups[k].role for k in stops]
        if len(route) == 1:
            route = _open_route(route, roles[0], bed if _GETS_UP.search(text) else None, back is not None)
        elif back is not None and route[0] != route[-1] and not is_sequel_after(words, groups, stops[-1]):
            route.append(route[0])
        phrase = f"{group_words(words, groups[min(stops)])} {group_words(words, groups[max(stops)])}"
        found.append(
            (phrase if len(stops) > 1 else group_words(words, groups[stops[0]]), Route(tuple(route)))
        )
        used |= set(stops)
        doors = [groups[k] for k in stops if groups[k].role == "first" and _is_door(groups[k].place)]
        found += [(group_words(words, g), Uses(g.place, g.place.doors, verb="opened")) for g in doors]
    found += _wandering(text, groups, skip, restless, back, walked=bool(found))
    for k, group in enumerate(groups):
        if k not in skip | used and group.role == "through" and not _is_door(group.place):
            found.append((group_words(words, group), PresentAt(group.place, passing=True)))
            used.add(k)
    return Movement(tuple(found), frozenset(used))


def group_words(words: Sequence[Word], group: PlaceGroup) -> str:
    """The words of a place with its article and preposition."""
    return " ".join(w.text for w in words[group.lead : group.end])


def is_sequel_after(words: Sequence[Word], groups: Sequence[PlaceGroup], k: int) -> bool:
    """Whether the sentence names another destination after place group k."""
    return any(g.begin >= groups[k].end and g.role == "to" for g in groups) and bool(words)


def _stops(words: Sequence[Word], groups: Sequence[PlaceGroup], skip: frozenset[int] | set[int]) -> list[int]:
    """Indices of the places of a route, in the order of the visits."""
    order: list[int] = []
    open_to = any(
        k not in skip and g.role == "to" and not _looks_into(words, g) for k, g in enumerate(groups)
    )
    previous: int | None = None
    for k, group in enumerate(groups):
        if k in skip:
            continue
        between = (
            "" if previous is None else " ".join(w.text for w in words[groups[previous].end : group.begin])
        )
        if "after" in between.split() and previous is not None:
            # "In the kitchen after the bathroom": the place named second is visited first.
            at = order.index(previous) if previous in order else len(order)
            order[at:at] = [k]
            if previous not in order:
                order.append(previous)
        elif previous is not None and is_sequel(between) and group.role != "from":
            if previous not in order:
                order.append(previous)
            order.append(k)
        elif between == "" and group.begin > 0 and words[group.lead - 1].text in ("before", "after"):
            continue  # "before bed" is a time, not a place
        elif group.role == "round" or (group.role == "to" and not _looks_into(words, group)):
            order.append(k)
        elif group.role == "first":
            order.insert(0, k)
        elif group.role == "from" and (open_to or _leaves(group)):
            order = [k, *order] if order and not is_sequel(between) else [*order, k]
        elif group.role == "through" and order and not _is_door(group.place):
            order.append(k)
        previous = k
    if order and groups[order[0]].role == "to" and len(order) == 1:
        before = [k for k, g in enumerate(groups) if k not in skip and k < order[0] and g.role == "round"]
        return before + order
    return order


def _leaves(group: PlaceGroup) -> bool:
    """Whether "out of" this place means leaving it; from a fridge something is taken out."""
    return group.place.kind == "room" or (bool(group.place.presence) and not group.place.doors)


def _looks_into(words: Sequence[Word], group: PlaceGroup) -> bool:
    """Whether "into" only looks inside: "a look into the fridge" is no movement."""
    inside = words[group.lead].text == "into" and group.place.kind == "object" and bool(group.place.doors)
    return inside and not group.place.name.endswith("door")


def _is_door(place: Place) -> bool:
    return place.kind == "object" and bool(place.doors)


def _open_route(route: list[Place | None], role: str, bed: Place | None, back: bool) -> list[Place | None]:
    place = route[0]
    if role == "round":
        return [place, None, place]
    if role in ("from", "first"):
        return [place, None, place] if back else [place, None]
    if back:
        return [None, place, None]
    return [bed if bed is not None and bed != place else None, place]


def _wandering(
    text: str,
    groups: Sequence[PlaceGroup],
    skip: frozenset[int],
    restless: re.Match[str] | None,
    back: re.Match[str] | None,
    *,
    walked: bool,
) -> list[tuple[str, Predicate]]:
    found: list[tuple[str, Predicate]] = []
    if _NOT_LEFT.search(text) and not groups:
        found.append(("stays", OneRoom()))
    for amount in find_room_counts(text):
        phrase = text[amount.begin : amount.end].strip()
        if amount.high == 1:
            if _STAYS.search(text) or "same" in phrase or "only" in phrase:
                found.append((phrase, OneRoom()))
        else:
            high = None if amount.high == float("inf") else int(amount.high)
            found.append((phrase, NumberOfRooms(int(amount.low), high)))
    everywhere, room_to_room = _EVERYWHERE.search(text), _ROOM_TO_ROOM.search(text)
    if everywhere and not found:
        found.append((everywhere.group(), NumberOfRooms(4)))
    if room_to_room and not restless:
        found.append((room_to_room.group(), NumberOfRooms(2)))
    if restless and not walked:
        found.append((restless.group(), BackAndForth()))
    elif back and "round" in back.group() and not walked:
        found.append((back.group(), BackAndForth(2)))
    about = _ABOUT.search(text)
    at_place = any(k not in skip for k in range(len(groups)))
    if about and not restless and not walked and not at_place and not found:
        found.append((about.group(), BackAndForth(2)))
    return found
