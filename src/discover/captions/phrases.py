"""Parts of sentences for all windows of a block.

Each part ("around 7 am", "goes from the bedroom to the kitchen") depends on a few small codes, so it is
written once per combination that occurs and gathered from there. Wordings are rounded ("about 5
minutes"): equal situations get equal captions, which are encoded once.
"""

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.captions.facts import Fact, HomeFacts
from discover.captions.summary import Pattern, WindowSummary
from discover.captions.words import Place
from discover.core.day_parts import DAY_PARTS

__all__ = ["Phrases", "clock", "per_combination"]

Codes = NDArray[np.integer] | NDArray[np.bool_]

# Upper limits in seconds, and the words for durations below them.
_DURATIONS: tuple[tuple[float, str], ...] = (
    (15, "a few seconds"),
    (45, "about half a minute"),
    (90, "about a minute"),
    (150, "about 2 minutes"),
    (240, "about 3 minutes"),
    (450, "about 5 minutes"),
    (750, "about 10 minutes"),
    (1050, "about a quarter of an hour"),
    (1500, "about 20 minutes"),
    (2700, "about half an hour"),
    (5400, "about an hour"),
    (9000, "about 2 hours"),
    (14400, "about 3 hours"),
    (float("inf"), "many hours"),
)

# Activations per minute. Counted over half a minute at least, so that three events in two
# seconds are not a storm.
_AMOUNT_EDGES = np.array([3.0, 8.0, 20.0])
_AMOUNTS_MOVEMENT = ("hardly any movement", "little movement", "steady movement", "a lot of movement")
_AMOUNTS_SIGNALS = ("hardly any signals", "few signals", "some signals", "many signals")


class Phrases:
    """Sentence parts as string columns of length W, one per window.

    Attributes:
        parts: Part name -> column. Names: hour, week, lasting, amount, goes, seen, inside, room, does,
            does_first, done, short, from_time, to_time, exact, sensors; and part_0, part_1, the two
            wordings of the day part.
        has_facts: (W,) whether does, done and short are not empty.
    """

    def __init__(self, summary: WindowSummary, facts: HomeFacts) -> None:
        self.has_facts: NDArray[np.bool_] = summary.facts[:, 0] >= 0
        self.parts: dict[str, pl.Series] = {
            **_time_parts(summary),
            **_place_parts(summary, facts.places),
            **_fact_parts(summary, facts.facts),
            "amount": _amount(summary),
            "sensors": _sensors(summary, facts.sensor_words),
        }


def per_combination(codes: Sequence[Codes], say: Callable[..., str]) -> pl.Series:
    """`say(*codes of window i)` for every i, called once per distinct combination.

    Args:
        codes: Integer arrays of equal length; values >= -1.
        say: Gets one int per array.
    """
    columns = [c.astype(np.int64) + 1 for c in codes]
    key = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        key = key * (int(column.max(initial=0)) + 1) + column
    _, where, inverse = np.unique(key, return_index=True, return_inverse=True)
    texts = [say(*(int(c[i]) - 1 for c in columns)) for i in where]
    return pl.Series(texts, dtype=pl.String).gather(inverse.ravel())


def clock(minute: int) -> str:
    """Minute of the day on a 12-hour clock: 432 -> "7:12 am"."""
    hour = minute // 60
    return f"{(hour - 1) % 12 + 1}:{minute % 60:02d} {'am' if hour < 12 else 'pm'}"


def _hour_words(hour: int) -> str:
    if hour in (0, 24):
        return "around midnight"
    if hour == 12:
        return "around noon"
    return f"around {(hour - 1) % 12 + 1} {'am' if hour < 12 else 'pm'}"


def _exact_words(seconds: int) -> str:
    if seconds < 120:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"


def _time_parts(summary: WindowSummary) -> dict[str, pl.Series]:
    limits = np.array([limit for limit, _ in _DURATIONS])
    duration = np.searchsorted(limits, summary.duration_s, side="right")
    seconds = np.rint(summary.duration_s).astype(np.int64)
    return {
        "part_0": per_combination([summary.day_part], lambda c: DAY_PARTS[c].words),
        "part_1": per_combination([summary.day_part], lambda c: DAY_PARTS[c].also),
        "hour": per_combination([(summary.start_minute + 30) // 60], _hour_words),
        "week": per_combination([summary.weekend], lambda w: "on the weekend" if w else "on a weekday"),
        "lasting": per_combination([duration], lambda d: _DURATIONS[d][1]),
        "exact": per_combination([seconds], _exact_words),
        "from_time": per_combination([summary.start_minute], clock),
        "to_time": per_combination([summary.end_minute], clock),
    }


def _amount(summary: WindowSummary) -> pl.Series:
    minutes = np.maximum(summary.duration_s / 60, 0.5)
    level = np.searchsorted(_AMOUNT_EDGES, summary.n_activations / minutes, side="right")
    return per_combination(
        [level, summary.n_moves > 0],
        lambda n, moves: (_AMOUNTS_MOVEMENT if moves else _AMOUNTS_SIGNALS)[n],
    )


def _sensors(summary: WindowSummary, words: Sequence[str]) -> pl.Series:
    def say(first: int, second: int) -> str:
        named = dict.fromkeys(words[s] for s in (first, second) if s >= 0)
        return _and([f"the {w}" for w in named]) or "no sensor"

    return per_combination(list(summary.main_sensors.T), say)


def _place_parts(summary: WindowSummary, places: Sequence[Place]) -> dict[str, pl.Series]:
    path = list(summary.path.T)
    moves = summary.n_moves > 0

    def inside(*rooms: int) -> str:
        return _and([places[r].inside for r in rooms if r >= 0]) or "in the home"

    return {
        "goes": per_combination(
            [summary.pattern, *path], lambda p, *r: _goes(p, [places[i] for i in r if i >= 0])
        ),
        "seen": per_combination(
            [summary.pattern, moves, *path],
            lambda p, m, *r: ("movement " if m else "signals ") + _seen(p, [places[i] for i in r if i >= 0]),
        ),
        "inside": per_combination(list(summary.main_rooms.T), inside),
        "room": per_combination([summary.main_rooms[:, 0]], inside),
    }


def _goes(pattern: int, rooms: Sequence[Place]) -> str:
    """Movement between rooms in the active voice."""
    match pattern:
        case Pattern.STAYS:
            return f"stays {rooms[0].inside}"
        case Pattern.GOES:
            return f"goes from {rooms[0].the} to {rooms[1].the}"
        case Pattern.RETURNS:
            return f"goes from {rooms[0].the} to {rooms[1].the} and back"
        case Pattern.ALTERNATES:
            return f"moves back and forth between {rooms[0].the} and {rooms[1].the}"
        case Pattern.PASSES:
            return f"walks from {rooms[0].the} through {rooms[1].the} to {rooms[2].the}"
        case Pattern.ROAMS:
            return f"moves around between {_and([r.the for r in rooms])}"
    return "moves about the home"


def _seen(pattern: int, rooms: Sequence[Place]) -> str:
    """Passive voice: where movement is seen."""
    places = [r.inside for r in rooms]
    match pattern:
        case Pattern.STAYS:
            return f"only {places[0]}"
        case Pattern.GOES:
            return f"{places[0]}, then {places[1]}"
        case Pattern.RETURNS:
            return f"{places[0]}, then {places[1]} and {places[0]} again"
        case Pattern.ALTERNATES:
            return f"{places[0]} and {places[1]} in turn"
        case Pattern.PASSES:
            return f"{places[0]}, then {places[1]}, then {places[2]}"
        case Pattern.ROAMS:
            return f"here and there {_and(places)}"
    return "somewhere in the home"


def _fact_parts(summary: WindowSummary, facts: Sequence[Fact]) -> dict[str, pl.Series]:
    codes = [*summary.facts.T, *summary.repeated.T]
    half = len(codes) // 2

    def facts_of(values: Sequence[int], limit: int) -> list[tuple[Fact, bool]]:
        return [(facts[f], bool(r)) for f, r in zip(values[:half], values[half:], strict=True) if f >= 0][
            :limit
        ]

    return {
        "does": per_combination(codes, lambda *v: _does(facts_of(v, 3))),
        "does_first": per_combination(codes, lambda *v: _does(facts_of(v, 1))),
        "done": per_combination(codes, lambda *v: _done(facts_of(v, 2))),
        "short": per_combination(codes, lambda *v: ", ".join(f.short for f, _ in facts_of(v, 2))),
    }


def _does(facts: Sequence[tuple[Fact, bool]]) -> str:
    """Active voice: "repeatedly opens the fridge and is at the stove"; things of one verb share it."""
    groups: dict[str, list[str]] = {}
    for fact, repeated in facts:
        verb = f"repeatedly {fact.verb}" if repeated and fact.participle else fact.verb
        groups.setdefault(verb, []).append(fact.thing)
    return _and([f"{verb} {_and(things)}" for verb, things in groups.items()])


def _done(facts: Sequence[tuple[Fact, bool]]) -> str:
    """Passive voice: "the fridge is opened and there is movement at the stove"."""
    groups: dict[str, list[str]] = {}
    for fact, repeated in facts:
        ending = f"{fact.participle} repeatedly" if repeated and fact.participle else fact.participle
        groups.setdefault(ending, []).append(fact.thing)
    clauses = []
    for ending, things in groups.items():
        be = "is" if len(things) == 1 else "are"
        clauses.append(f"{_and(things)} {be} {ending}" if ending else f"there is movement {_and(things)}")
    return _and(clauses)


def _and(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + " and " + parts[-1]
