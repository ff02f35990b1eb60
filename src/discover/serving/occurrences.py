"""When a thing of a question happens: from its sensors where it has some, else from recognised activities."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from discover.metrics.bootstrap import enough_days
from discover.query import Lexicon, ParsedQuery, Thing, activities
from discover.query.inventory import Activity
from discover.retrieval.episodes import EventStream, Spans, join_spans, merge_spans

__all__ = ["Found", "Occurrences"]

_DAY_H = 24.0
_RECOGNISED_FIRST = frozenset(["breakfast", "lunch", "dinner", "toilet visit"])
"""Recognition is nearer to the truth than stays in a room, where it finds them on enough days."""
_MEALS = ("breakfast", "lunch", "dinner")


@dataclass(frozen=True)
class Found:
    """The spans in which a thing happens, and what showed them.

    Attributes:
        spans: When.
        how: In words: "the door contact of the fridge".
        kind: What the evidence is: sensor, stay, episode, guess or recognised; none where nothing shows it.
    """

    spans: Spans
    how: str
    kind: str


@dataclass(frozen=True)
class Occurrences:
    """What happens in one home.

    Attributes:
        stream: Its events.
        lexicon: Its words.
        recognised: Spans of an activity by its name, from a recogniser; None where there is none.
        by_rooms: Whether stays in its rooms show an activity that no thing shows, and its usual hours and
            lengths hold what a recogniser shows; else that counts as it is.
    """

    stream: EventStream
    lexicon: Lexicon
    recognised: Callable[[str], Spans] | None = None
    by_rooms: bool = True
    _known: dict[tuple[str, str, bool], Found] = field(default_factory=dict, repr=False, compare=False)

    def of(self, thing: Thing, query: ParsedQuery) -> Found:
        """When one thing happens; kept, for the next question about it."""
        key = (thing.kind, thing.name, _names_night_hours(query))
        if key not in self._known:
            self._known[key] = self._of(thing, query)
        return self._known[key]

    def _of(self, thing: Thing, query: ParsedQuery) -> Found:
        if thing.kind != "activity":
            return self._place(thing, query)
        activity = activities()[thing.name]
        if activity.episode:
            return self._episode(thing.name, activity, query)
        found = self._things(activity)
        if found is not None:
            return found
        seen = self._recognised(thing.name) if thing.name in _RECOGNISED_FIRST else None
        if seen is not None and enough_days(len(np.unique(np.floor(seen.spans.begin_s / 86_400)))):
            return seen
        if self.by_rooms and any(room in self.lexicon for room in activity.rooms):
            return self._meals(activity) if thing.name == "eating" else self._room(activity)
        return self._recognised(thing.name)

    def _place(self, thing: Thing, query: ParsedQuery) -> Found:
        place = self.lexicon.get(thing.name)
        if place is None:
            return Found(_none(), f"no sensor is near the {thing.name}", "none")
        if thing.kind == "object" and (place.doors or place.switches):
            return Found(
                self.stream.uses(place.use_sensors, 1.0), f"the sensors of the {place.name}", "sensor"
            )
        return Found(self.stream.stays(place.presence_sensors), f"stays at or in the {place.name}", "stay")

    def _things(self, activity: Activity) -> Found | None:
        """The use of the first thing of an activity that the home senses under its own name."""
        for name in activity.objects:
            place = self.lexicon.get(name)
            if place is None or place.kind == "room" or name.split()[-1] not in place.name:
                continue
            use = place.doors or place.switches
            if use:
                spans = join_spans(self.stream.uses(place.use_sensors), activity.joins_s)
                return Found(spans, f"the sensors of the {place.name}", "sensor")
            if place.presence:
                spans = join_spans(self.stream.stays(place.presence), activity.joins_s)
                spans = spans.where(
                    (spans.length_s >= activity.least_s) & (spans.length_s <= activity.longest_s)
                )
                return Found(spans, f"stays at the {place.name}", "stay")
        return None

    def _room(self, activity: Activity) -> Found:
        """Stays in the rooms of an activity, in its hours."""
        places = [self.lexicon[name] for name in activity.rooms if name in self.lexicon]
        if not places:
            return Found(_none(), f"no sensor is in the {' or '.join(activity.rooms)}", "none")
        sensors = frozenset().union(*(p.sensors for p in places))
        spans = join_spans(self.stream.stays(sensors), activity.joins_s)
        spans = _as_usual(spans, activity, least_s=max(activity.least_s, activity.room_least_s))
        return Found(spans, f"stays in the {' or '.join(p.name for p in places)}", "stay")

    def _meals(self, activity: Activity) -> Found:
        """Meals, not every stay where one could eat: at most one in the hours of each."""
        spans = merge_spans([self._room(activities()[name]).spans for name in _MEALS])
        places = " or ".join(room for room in activity.rooms if room in self.lexicon)
        return Found(spans, f"the longest stay in the {places} in the hours of {', '.join(_MEALS)}", "stay")

    def _episode(self, name: str, activity: Activity, query: ParsedQuery) -> Found:
        stream = self.stream
        nights, up = stream.nights
        kind = activity.episode
        if kind in ("night", "rising", "bedtime") and not stream.bed_sensors:
            return Found(_none(), "no sensor is in a bedroom or at a bed", "none")
        if kind in ("outing", "return") and not stream.outer_doors:
            return Found(_none(), "no sensor is at the outer door", "none")
        if kind == "night":
            return Found(nights, "times at night in which only the bedroom stirs", "episode")
        if kind == "bedtime":
            return Found(Spans.of(nights.begin_s, nights.begin_s), "the begin of the night's rest", "episode")
        if kind == "rising":
            if _names_night_hours(query):
                return Found(up, "times up between two rests of one night", "episode")
            return Found(Spans.of(nights.end_s, nights.end_s), "the end of the night's rest", "episode")
        if kind in ("outing", "return"):
            out, sure = stream.outings, "episode" if stream.outer_contact else "guess"
            door = (
                "the outer door"
                if stream.outer_contact
                else "what moves near the outer door, which has no contact"
            )
            if kind == "return":
                return Found(Spans.of(out.end_s, out.end_s), f"{door}, after an outing", sure)
            return Found(out, f"nothing at home between two movements of {door}", sure)
        if kind == "quiet":
            return Found(stream.quiet, "times without a sign of a person", "episode")
        if kind == "pacing":
            return Found(stream.pacing, "many changes of room within minutes", "episode")
        return self._recognised(name)

    def _recognised(self, name: str) -> Found:
        if self.recognised is None:
            return Found(_none(), f"no sensor shows {name}", "none")
        activity = activities()[name]
        spans = self.recognised(name)
        if self.by_rooms:
            spans = _as_usual(join_spans(spans, activity.joins_s), activity, least_s=0.0)
        if not len(spans):
            return Found(spans, f"neither a sensor nor the recogniser shows {name} in this log", "none")
        return Found(spans, f"{name} as recognised from windows, without a sensor of its own", "recognised")


def _as_usual(spans: Spans, activity: Activity, *, least_s: float) -> Spans:
    """Those that are long enough, and not too long, in the activity's hours; of a meal one a day."""
    keep = (spans.length_s >= least_s) & (spans.length_s <= activity.longest_s)
    if activity.hours is not None:
        begin, end = activity.hours
        keep &= (hour_of(spans.begin_s) >= begin) & (hour_of(spans.begin_s) < end)
    spans = spans.where(keep)
    return longest_of_day(spans) if activity.hours and activity.hours[1] - activity.hours[0] < 8 else spans


def hour_of(time_s: np.ndarray) -> np.ndarray:
    """Hours of the day of local seconds since 1970."""
    hours: np.ndarray = (time_s / 3600) % _DAY_H
    return hours


def longest_of_day(spans: Spans) -> Spans:
    """The longest span that begins on each day."""
    day = np.floor(spans.begin_s / 86_400)
    order = np.lexsort((-spans.length_s, day))
    _, first = np.unique(day[order], return_index=True)
    keep = np.zeros(len(spans), dtype=bool)
    keep[order[first]] = True
    return spans.where(keep)


def _names_night_hours(query: ParsedQuery) -> bool:
    """Whether hours of the night are asked about, in which getting up is an interruption."""
    return any(begin >= 20 or end <= 6 for begin, end in query.hours) and query.asks not in ("when",)


def _none() -> Spans:
    return Spans(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64))
