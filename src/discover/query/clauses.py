"""How well windows meet the clauses of a question.

Scores are graded where life is ("from the kitchen to the bathroom") and 0 or 1 where it is not ("the door
stays closed"). Thresholds that no number in the question gives are constants here.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from discover.query.lexicon import Lexicon, Place
from discover.query.parsed_query import Clause, ClauseKind
from discover.retrieval.activations import Activations

__all__ = ["Scores", "clause_scores", "ramp"]

# Shape letter: W windows.

Scores = NDArray[np.float32]
"""(W,) how well each window meets a condition: 0 not at all, 1 fully."""

# From this share of a window's activations on, a place scores fully: a step next door does not undo a stay.
_FULL_SHARE = 0.9
# Outside a stated bound a score falls to 0 over this share of it: 33 s nearly meet "more than 35 seconds".
_MARGIN = 0.3


def clause_scores(clause: Clause, lexicon: Lexicon, activations: Activations) -> Scores:
    """(W,) float32 in [0, 1].

    Args:
        clause: One condition.
        lexicon: Words of the home of the windows.
        activations: Of the windows.

    Raises:
        KeyError: A place is none of the lexicon.
    """
    places = [lexicon.place(name) if name else None for name in clause.places]
    found = _SCORES[clause.kind](activations, clause, places)
    return np.asarray(found, dtype=np.float32)


def ramp(value: NDArray[np.floating], zero: float, one: float) -> Scores:
    """(W,) 0 up to `zero`, 1 from `one` on, linear in between."""
    if one <= zero:
        return (value >= one).astype(np.float32)
    # A silence at the end of the log is infinite, and inf - inf would be NaN.
    finite = np.minimum(value, one)
    score: Scores = np.clip((finite - zero) / (one - zero), 0, 1).astype(np.float32)
    return score


_Places = Sequence[Place | None]
_Score = Callable[[Activations, Clause, _Places], NDArray[np.floating]]


def _sensors(place: Place | None) -> list[str]:
    return [] if place is None else sorted(place.presence_sensors)


def _at(activations: Activations, clause: Clause, places: _Places) -> NDArray[np.floating]:
    """Half for two activations there, half for their share (in passing: for a change of room)."""
    sensors = _sensors(places[0])
    there = np.clip(activations.count(sensors) / 2, 0, 1)
    passing = clause.kind == "through"
    share = np.clip(activations.share(sensors) / _FULL_SHARE, 0, 1)
    return np.asarray((there + ((activations.n_moves > 0) if passing else share) * (there > 0)) / 2)


def _used(activations: Activations, clause: Clause, places: _Places) -> NDArray[np.floating]:
    """1 from `low` uses on, proportional below; at least 1/3 where the opposite occurs."""
    place = places[0]
    if place is None:
        return np.zeros(len(activations))
    own = {"used": place.use_sensors, "switched off": place.switches}.get(clause.kind, place.doors)
    sensors, end = sorted(own or place.use_sensors), clause.kind in ("closed", "switched off")
    wanted = np.clip(activations.count(sensors, ends=end) / max(clause.low, 1.0), 0, 1)
    return np.maximum(wanted, (activations.count(sensors, ends=not end) > 0) / 3)


def _not_at(activations: Activations, clause: Clause, places: _Places) -> NDArray[np.floating]:
    """1 where a place has no activation and no end of one."""
    place = places[0]
    if place is None:
        return np.ones(len(activations))
    own = {"not opened": place.doors, "not switched on": place.switches}.get(clause.kind, place.sensors)
    sensors = sorted(own)
    return np.asarray(
        activations.count(sensors) + activations.count(sensors, ends=True) == 0, dtype=np.float32
    )


def _only(activations: Activations, clause: Clause, places: _Places) -> NDArray[np.floating]:
    """1 without an activation elsewhere; without a place, where nobody changes rooms."""
    place = places[0] if places else None
    if place is None:
        return np.asarray((activations.n_moves == 0) & (activations.n_activations > 0), dtype=np.float32)
    share = activations.share(sorted(place.sensors))
    return ramp(share, 0.5, 0.995) * (share > 0)


def _route(activations: Activations, clause: Clause, places: _Places) -> NDArray[np.floating]:
    """0.4 for the order, and with it 0.3 for the right first and 0.3 for the right last place.

    A return to the previous stop costs 0.1.
    """
    sensors = [None if stop is None else _sensors(stop) for stop in places]
    order = np.ones(len(activations), dtype=bool)
    back = np.zeros(len(activations), dtype=bool)
    for a, b in pairwise(sensors):
        if a is not None and b is not None:
            order &= activations.in_order(a, b)
            back |= activations.in_order(b, a) if len(sensors) == 2 else False
    first, last = sensors[0], sensors[-1]
    starts = activations.starts_with(first) if first is not None else ~activations.starts_with(last or [])
    ends = activations.ends_with(last) if last is not None else ~activations.ends_with(first or [])
    if first is None and last is None:  # there and back, from elsewhere
        middle = sorted(set().union(*(s for s in sensors if s is not None)))
        order = activations.count(middle) > 0
        order &= ~activations.starts_with(middle) & ~activations.ends_with(middle)
    elif first is None or last is None:
        order = activations.count(first or last or []) > 0
    elif None in sensors:  # there and back again
        order &= starts & ends & (activations.n_moves >= 2)
    return np.asarray(order * (0.4 + 0.3 * starts + 0.3 * ends - 0.1 * (back & ~(starts & ends))))


def _rooms(activations: Activations, clause: Clause, places: _Places) -> NDArray[np.floating]:
    """1 within the bounds, 0.5 for one room too few or too many, else 0."""
    rooms = activations.n_rooms.astype(np.float64)
    away = np.maximum(clause.low - rooms, 0) + np.maximum(rooms - clause.high, 0)
    return np.clip(1 - away / 2, 0, 1)


def _moves(activations: Activations, clause: Clause, places: _Places) -> NDArray[np.floating]:
    """Changes of room over `low`, at most 1; 0 where one of the places has no activation."""
    found = np.clip(activations.n_moves / clause.low, 0, 1)
    for place in places:
        found = found * (activations.count(_sensors(place)) > 0)
    return np.asarray(found)


def _lasts(activations: Activations, clause: Clause, places: _Places) -> NDArray[np.floating]:
    """1 within the bounds, falling to 0 over 30 % of a bound outside.

    Where the lower bound exceeds every window, the stay that the window belongs to counts instead: the
    unbroken run of activations in one room (`Activations.stay_s`).
    """
    longer = clause.low > activations.longest_s
    return _within(activations.stay_s if longer else activations.duration_s, clause.low, clause.high)


def _long(activations: Activations, clause: Clause, places: _Places) -> NDArray[np.floating]:
    """0 up to the median duration of the windows, 1 from the third quartile on."""
    _, middle, high = activations.duration_quantiles
    return ramp(activations.duration_s, middle, high)


def _brief(activations: Activations, clause: Clause, places: _Places) -> NDArray[np.floating]:
    """1 up to the first decile of the windows' durations, 0 from the median on."""
    low, middle, _ = activations.duration_quantiles
    return 1 - ramp(activations.duration_s, low, middle)


def _few(activations: Activations, clause: Clause, places: _Places) -> NDArray[np.floating]:
    """1 up to the first quartile of the number of activations, 0 from three times as many on."""
    few = max(activations.few_activations, 1.0)
    return 1 - ramp(activations.n_activations.astype(np.float32), few, 3 * few)


def _silence(activations: Activations, clause: Clause, places: _Places) -> NDArray[np.floating]:
    """1 from the stated length on; inside, a length that exceeds every window counts around the window."""
    if clause.kind == "silence before":
        return _within(activations.before_s, clause.low)
    if clause.kind == "silence afterwards":
        return _within(activations.after_s, clause.low)
    if clause.low > activations.longest_s:
        return _within(np.maximum(activations.after_s, activations.before_s), clause.low)
    return _within(activations.pause_s, clause.low)


def _within(value: NDArray[np.floating], low: float, high: float = float("inf")) -> Scores:
    score = np.ones(len(value), dtype=np.float32)
    if low > 0:
        score = np.minimum(score, ramp(value, (1 - _MARGIN) * low, low))
    return score if high == float("inf") else np.minimum(score, 1 - ramp(value, high, (1 + _MARGIN) * high))


_SCORES: dict[ClauseKind, _Score] = {
    "at": _at, "through": _at, "used": _used, "opened": _used, "closed": _used, "switched off": _used,
    "not at": _not_at, "not opened": _not_at, "not switched on": _not_at, "only": _only, "route": _route,
    "rooms": _rooms, "moves": _moves, "lasts": _lasts, "long": _long, "brief": _brief,
    "little movement": _few, "silence": _silence, "silence before": _silence, "silence afterwards": _silence,
}  # fmt: skip
