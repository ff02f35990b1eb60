"""The behaviours of one home as flat arrays, so that a whole day is drawn without a loop.

Letters: S residents (and guests) with a table row each, B behaviours, N places, U uses per behaviour.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discover.simulator.behaviours import BEHAVIOURS
from discover.simulator.rooms import RoomGraph, words_of
from discover.simulator.wishes import Use

__all__ = ["BehaviourTables", "always_used", "build_tables"]

# Where to go when a home has no room of the kind.
_INSTEAD = {
    "kitchen": ("dining", "living"),
    "dining": ("kitchen", "living"),
    "bedroom": ("living",),
    "bathroom": ("laundry", "hallway"),
    "office": (),
    "laundry": (),
    "hallway": (),
    "entrance": ("hallway", "living"),
    "living": ("dining", "office", "bedroom"),
}
_SWITCHED = ("door", "item", "light", "power", "water", "burner", "phone", "pressure")


@dataclass(frozen=True)
class BehaviourTables:
    """Everything that movement draws from.

    Attributes:
        place_cumulative: Cumulative place probabilities per resident and behaviour, (S, B, N).
        moves, stirs: Per minute, (B,).
        use_mean: Mean uses, 0 where the home lacks the thing, (B, U).
        use_low_s, use_high_s, use_phase, use_spread, use_span: As in `Use`, (B, U).
        use_first, use_choices: Slice of `candidates` with the sensors that fit, (B, U).
        candidates: Sensor indices.
    """

    place_cumulative: NDArray[np.float64]
    moves: NDArray[np.float64]
    stirs: NDArray[np.float64]
    use_mean: NDArray[np.float64]
    use_low_s: NDArray[np.float64]
    use_high_s: NDArray[np.float64]
    use_phase: NDArray[np.float64]
    use_spread: NDArray[np.float64]
    use_span: NDArray[np.float64]
    use_first: NDArray[np.int64]
    use_choices: NDArray[np.int64]
    candidates: NDArray[np.int64]


def always_used(phase: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which uses open or close an activity and belong to every one of them, as the door when leaving home."""
    certain: NDArray[np.bool_] = np.abs(phase - 0.5) > 1
    return certain


def build_tables(graph: RoomGraph, n_residents: int) -> BehaviourTables:
    """Resolve every wish of the behaviour table in one home."""
    n_uses = max(len(b.uses) for b in BEHAVIOURS)
    shape = (len(BEHAVIOURS), n_uses)
    numbers = {k: np.zeros(shape) for k in ("mean", "low", "high", "phase", "spread", "span")}
    first = np.zeros(shape, dtype=np.int64)
    choices = np.ones(shape, dtype=np.int64)
    candidates: list[int] = []
    for b, behaviour in enumerate(BEHAVIOURS):
        for u, use in enumerate(behaviour.uses):
            found = _things(use, graph)
            if not found:
                continue
            first[b, u], choices[b, u] = len(candidates), len(found)
            candidates.extend(found)
            values = (use.count, *use.seconds, use.phase, use.spread, use.span)
            for key, value in zip(numbers, values, strict=True):
                numbers[key][b, u] = value
    weights = np.stack([_place_weights(graph, r, n_residents) for r in range(n_residents)])
    return BehaviourTables(
        place_cumulative=np.cumsum(weights, axis=2),
        moves=0.7 * np.array([b.moves for b in BEHAVIOURS]),
        stirs=0.45 * np.array([b.stirs for b in BEHAVIOURS]),
        use_mean=numbers["mean"],
        use_low_s=numbers["low"],
        use_high_s=numbers["high"],
        use_phase=numbers["phase"],
        use_spread=numbers["spread"],
        use_span=numbers["span"],
        use_first=first,
        use_choices=choices,
        candidates=np.array(candidates or [0], dtype=np.int64),
    )


def _place_weights(graph: RoomGraph, resident: int, n_residents: int) -> NDArray[np.float64]:
    """Place probabilities of one resident, (B, N); residents sleep apart where the beds allow it."""
    weights = np.zeros((len(BEHAVIOURS), len(graph.place_room)))
    for b, behaviour in enumerate(BEHAVIOURS):
        for wish, weight in behaviour.places:
            places = _places(wish, graph)
            if wish.startswith("bedroom:") and n_residents > 1:
                places = places[resident % len(places) :][:1]
            elif wish.startswith("bedroom:") and "bed" in wish:
                places = _one_bed(places, graph)
            weights[b, places] += weight / len(places)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def _one_bed(places: list[int], graph: RoomGraph) -> list[int]:
    """Who lives alone sleeps in one bedroom, the master one where a home says which that is."""
    rooms = [graph.rooms[graph.place_room[p]] for p in places]
    own = next((r for r in rooms if "master" in r), None) or next(
        (r for r in rooms if "guest" not in r), rooms[0]
    )
    return [p for p, r in zip(places, rooms, strict=True) if r == own]


def _places(wish: str, graph: RoomGraph) -> list[int]:
    """Places that fit a wish best; every place when nothing does."""
    everywhere = list(range(len(graph.place_room)))
    for option in wish.split(">"):
        kind, _, words = option.partition(":")
        for instead in (kind, *(_INSTEAD.get(kind, ()) if option == wish.split(">")[-1] else ())):
            inside = everywhere if instead == "any" else _inside(instead, graph)
            if words and instead == kind:
                inside = _near_things(words, inside, graph)
            if inside:
                return inside
    return everywhere


def _inside(kind: str, graph: RoomGraph) -> list[int]:
    """Places in rooms of a kind; `main_` and `guest_` tell the rooms of a kind apart by name."""
    which, _, base = kind.rpartition("_")
    places = graph.places_of_kind(base)
    if not which or not places:
        return places
    main = [p for p in places if "master" in graph.rooms[graph.place_room[p]]]
    chosen = main if which == "main" else [p for p in places if p not in main]
    return chosen or places


def _near_things(words: str, inside: list[int], graph: RoomGraph) -> list[int]:
    """Places in `inside` whose own sensor watches such a thing, else those nearest to a sensor that does."""
    watching = [
        p
        for p in inside
        if graph.place_sensor[p] >= 0
        and re.search(words, words_of(graph.sensors[graph.place_sensor[p]].object))
    ]
    if watching:
        return watching
    things = [i for i, s in enumerate(graph.sensors) if re.search(words, words_of(s.object))]
    return sorted({int(graph.place_of[i]) for i in things} & set(inside))


def _things(use: Use, graph: RoomGraph) -> list[int]:
    """Sensors on things that fit a use, the best option's only; an empty list when the home has none."""
    for option in use.thing.split(">"):
        kind, _, words = option.partition(":")
        found = []
        for i, s in enumerate(graph.sensors):
            text = f"{s.type} {words_of(s.object) or words_of(s.room)} {words_of(s.id)}"
            in_kind = kind == "any" or graph.kinds[graph.rooms.index(s.room)] == kind
            if s.type in _SWITCHED and in_kind and words and re.search(words, text):
                found.append(i)
        if found:
            return found
    return []
