"""Movement in a sentence: routes, round trips, back and forth, numbers of rooms."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from discover.query.amounts import find_room_counts
from discover.query.lexicon import Place, Word
from discover.query.parsed_query import Clause
from discover.query.place_groups import PlaceGroup, is_sequel

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
        found: In the order of the sentence.
        used: Indices of the place groups that these clauses cover.
    """

    found: tuple[Clause, ...]
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
    found: list[Clause] = []
    used: set[int] = set()
    restless = _RESTLESS.search(text)
    for k, group in enumerate(groups):
        if k in skip or group.role != "between" or k + 1 == len(groups):
            continue
        other = groups[k + 1]
        if [w.text for w in words[group.end : other.lead]][:1] == ["and"]:
            phrase = f"{group_words(words, group)} and {group_words(words, other)}"
            between = (group.name, other.name)
            found.append(Clause(kind="moves", low=6 if restless else 2, places=between, words=phrase))
            used |= {k, k + 1}
    stops = _stops(words, groups, skip | used)
    back = _BACK.search(text)
    if not stops and bed is not None and _GETS_UP.search(text):
        # "Getting up to use the bathroom" is a route from the bed to the bathroom.
        stops = [
            k for k, g in enumerate(groups) if k not in skip | used and not g.place.sensors & bed.sensors
        ][:1]
    if stops:
        route = [groups[k].name for k in stops]
        if len(route) == 1:
            rises = bed if bed is not None and _GETS_UP.search(text) else None
            route = _open_route(groups[stops[0]], rises, back=back is not None)
        elif back is not None and route[0] != route[-1] and not is_sequel_after(words, groups, stops[-1]):
            route.append(route[0])
        ends = dict.fromkeys((min(stops), max(stops)))
        phrase = " ".join(group_words(words, groups[k]) for k in ends)
        found.append(Clause(kind="route", places=tuple(route), words=phrase))
        used |= set(stops)
        doors = [groups[k] for k in stops if groups[k].role == "first" and _is_door(groups[k].place)]
        found += [Clause(kind="opened", places=(g.name,), words=group_words(words, g)) for g in doors]
    found += _wandering(text, groups, skip, restless, back, walked=bool(found))
    for k, group in enumerate(groups):
        if k not in skip | used and group.role == "through" and not _is_door(group.place):
            found.append(Clause(kind="through", places=(group.name,), words=group_words(words, group)))
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


def _open_route(group: PlaceGroup, bed: Place | None, *, back: bool) -> list[str]:
    place = group.name
    if group.role == "round":
        return [place, "", place]
    if group.role in ("from", "first"):
        return [place, "", place] if back else [place, ""]
    if back:
        return ["", place, ""]
    return [bed.name if bed is not None and bed != group.place else "", place]


def _wandering(
    text: str,
    groups: Sequence[PlaceGroup],
    skip: frozenset[int],
    restless: re.Match[str] | None,
    back: re.Match[str] | None,
    *,
    walked: bool,
) -> list[Clause]:
    found: list[Clause] = []
    if _NOT_LEFT.search(text) and not groups:
        found.append(Clause(kind="only", words="stays"))
    for amount in find_room_counts(text):
        phrase = text[amount.begin : amount.end].strip()
        if amount.high != 1:
            found.append(Clause(kind="rooms", low=amount.low, high=amount.high, words=phrase))
        elif _STAYS.search(text) or "same" in phrase or "only" in phrase:
            found.append(Clause(kind="only", words=phrase))
    everywhere, room_to_room = _EVERYWHERE.search(text), _ROOM_TO_ROOM.search(text)
    if everywhere and not found:
        found.append(Clause(kind="rooms", low=4, words=everywhere.group()))
    if room_to_room and not restless:
        found.append(Clause(kind="rooms", low=2, words=room_to_room.group()))
    if restless and not walked:
        found.append(Clause(kind="moves", low=6, words=restless.group()))
    elif back and "round" in back.group() and not walked:
        found.append(Clause(kind="moves", low=2, words=back.group()))
    about = _ABOUT.search(text)
    at_place = any(k not in skip for k in range(len(groups)))
    if about and not restless and not walked and not at_place and not found:
        found.append(Clause(kind="moves", low=2, words=about.group()))
    return found
