"""What a question asks, as a schema that every parser fills: rules here, a language model elsewhere."""

import datetime as dt
from collections.abc import Callable
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator

from discover.query.inventory import activities
from discover.query.lexicon import Lexicon
from discover.retrieval.day_clock import hours_text

__all__ = [
    "Asks", "Bounds", "Clause", "ClauseKind", "Comparison", "DaySpan", "Extreme", "ParsedQuery",
    "QueryParser", "Refused", "Thing",
]  # fmt: skip

Asks = Literal[
    "find", "whether", "how often", "how long", "when", "first", "last", "how many days", "how many people",
    "what first", "what last", "compare", "who",
]  # fmt: skip
"""find: moments. how many days: those with and without. what first, what last: the room beside a night.
when: the time of day. how long: the time it takes. compare: one period with another."""

Refused = Literal["identity", "speech", "feeling", "future", "language"]
"""Why no log of home sensors can answer, or that the question cannot be read."""


ClauseKind = Literal[
    "at", "through", "used", "opened", "closed", "switched off", "not at", "not opened", "not switched on",
    "only", "route", "rooms", "moves", "lasts", "long", "brief", "little movement", "silence",
    "silence before", "silence afterwards",
]  # fmt: skip
"""What a window must look like; `Clause.meaning` says it in plain words."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Thing(_Part):
    """Something that happens: an activity, or somebody's presence in a room or at an object."""

    kind: Literal["activity", "room", "object"]
    name: str
    """An activity of the inventory, or a phrase of the home's lexicon."""
    words: str = ""
    """The words of the question that name it."""

    @property
    def usual_hours(self) -> tuple[float, float] | None:
        """When it happens, where only the hour tells it apart: breakfast."""
        known = activities() if self.kind == "activity" else {}
        # "Cooking dinner" is cooking in the hours of dinner.
        stated = [known[name].hours for name in (self.name, *self.words.split()) if name in known]
        return next((h for h in stated if h is not None and h[1] - h[0] < 8), None)


class Bounds(_Part):
    """An amount within [low, high]."""

    low: float = 0.0
    high: float = float("inf")

    @field_validator("high", mode="before")
    @classmethod
    def _open(cls, high: object) -> object:
        """JSON has no infinity: null is no upper bound."""
        return float("inf") if high is None else high

    @field_serializer("high", when_used="json")
    def _closed(self, high: float) -> float | None:
        return None if high == float("inf") else high


class Clause(Bounds):
    """One condition on the events of a window; the bounds are of uses, rooms, changes of room, or seconds."""

    kind: ClauseKind
    places: tuple[str, ...] = ()
    """Phrases that the home's lexicon knows (`Lexicon.place`); in a route "" is anywhere else."""
    words: str = ""

    @property
    def meaning(self) -> str:
        """The condition in plain words, as a search shows it."""
        one, low = " and ".join(self.places), self.low
        if self.kind in ("used", "opened", "closed", "switched off"):
            return f"{one} {self.kind}" + (f" at least {low:g} times" if low > 1 else "")
        if self.kind == "rooms":
            return f"{_plain_amount(low, self.high, lambda v: f'{v:g}')} rooms".replace(
                "or more rooms", "rooms or more"
            )
        if self.kind == "lasts":
            return f"lasting {_plain_amount(low, self.high, _seconds)}"
        shown = {
            "at": f"at or in the {one}", "through": f"through the {one}",
            "not at": f"nothing at or in the {one}",
            "not opened": f"{one} not opened", "not switched on": f"{one} not switched on",
            "only": f"nowhere but the {one}" if one else "one room only",
            "route": " → ".join(name or "elsewhere" for name in self.places),
            "moves": f"{low:g} or more changes of room" + (f" between {one}" if one else ""),
            "long": "long (the longest quarter of the windows)",
            "brief": "brief (the shortest tenth of the windows)", "little movement": "few signs of movement",
            "silence": f"a silence of {_seconds(low)} or more",
            "silence before": f"nothing for {_seconds(low)} before",
            "silence afterwards": f"nothing for {_seconds(low)} afterwards",
        }  # fmt: skip
        return shown[self.kind]


class DaySpan(_Part):
    """Days from first to last, both included; a night belongs to the day on which it begins."""

    first: dt.date
    last: dt.date
    words: str = ""
    runs: tuple[tuple[dt.date, dt.date], ...] = ()
    """The days asked about, where they are not all from first to last: "the 3rd and the 10th"."""

    def holds(self, days: NDArray[np.integer]) -> NDArray[np.bool_]:
        """(D,) which days, counted since 1970, are asked about."""
        edges = np.array(self.runs or ((self.first, self.last),), dtype="datetime64[D]").astype(np.int64)
        found: NDArray[np.bool_] = np.any([(days >= a) & (days <= b) for a, b in edges], axis=0)
        return found


class Comparison(_Part):
    """One period against another."""

    direction: Literal["more", "less", "earlier", "later", "different"]
    of: Literal["", "times", "hours", "clock"] = ""
    """What is compared, where the question says it: how often, how long, at what time."""
    days: DaySpan | None = None
    """What it is compared with; None: all days before, or the other weekdays."""
    others: bool = False
    """Compare with `weekdays`, or with all that the question does not name."""
    weekdays: tuple[int, ...] = ()
    words: str = ""


class Extreme(_Part):
    """The most or the least of something: "the longest nap", "the day with the most visits"."""

    of: Literal["length", "clock", "count", "hours"]
    """length: of one moment. clock: the time of day at which it begins. count, hours: of a day."""
    high: bool
    words: str = ""


class ParsedQuery(_Part):
    """A question, read.

    A field that the question does not mention has its default. `unread` holds the words that have a meaning
    of their own and that no field carries.
    """

    text: str
    asks: Asks = "find"
    wanted: tuple[Thing, ...] = ()
    """What must happen."""
    unwanted: tuple[Thing, ...] = ()
    """What must not happen."""
    empty: bool = False
    """Nobody is at home."""
    ordered: bool = False
    """The wanted things happen in this order."""
    either: bool = False
    """One of the wanted things is enough; else all of them happen together."""
    hours: tuple[tuple[float, float], ...] = ()
    """Hours of the day, any of them; over midnight where begin > end."""
    weekdays: tuple[int, ...] = ()
    """0 is Monday; empty: any day."""
    time_words: str = ""
    """The words that state hours and weekdays."""
    days: DaySpan | None = None
    lasts: Bounds | None = None
    """Seconds."""
    times: Bounds | None = None
    """How often it happens, in a day or a night."""
    per: Literal["", "week", "month"] = ""
    """What a number is asked for, if not for a day."""
    people: Bounds | None = None
    """How many people at once."""
    comparison: Comparison | None = None
    extreme: Extreme | None = None
    refused: Refused | None = None
    unread: tuple[str, ...] = ()
    clauses: tuple[Clause, ...] = ()
    """What a window must look like, for a search of windows."""
    affirmed: str = ""
    """The question without what it negates, for a text model; "" stands for all of it."""
    notes: tuple[str, ...] = Field(default=(), exclude=True)
    """Remarks of the parser, for people."""

    @property
    def embedded(self) -> str:
        """What a text model embeds: the vector of "not at the stove" is closest to windows at the stove."""
        return self.affirmed or self.text

    @property
    def when_hours(self) -> tuple[tuple[float, float], ...]:
        """Hours of the question, else those in which its only thing happens: breakfast."""
        usual = [t.usual_hours for t in self.wanted if t.usual_hours]
        return self.hours or tuple(usual[:1])

    @property
    def timed(self) -> bool:
        """Whether hours, weekdays or dates are a condition."""
        return bool(self.when_hours or self.weekdays or self.days)

    @property
    def count(self) -> int:
        """Number of conditions on windows; all times are one."""
        return len(self.clauses) + self.timed

    def conditions(self) -> list[tuple[str, str]]:
        """(words of the question, what they mean) of every condition on windows."""
        found = [(clause.words, clause.meaning) for clause in self.clauses]
        if not self.timed:
            return found
        named = [] if self.hours else [t.words for t in self.wanted if t.usual_hours][:1]
        dates = [] if self.days is None else [self.days.words]
        meant = [", ".join(_DAYS[d] for d in self.weekdays), hours_text(list(self.when_hours))]
        meant.append("" if self.days is None else _span(self.days))
        words = ", ".join(
            filter(None, [self.time_words, *named, *(d for d in dates if d not in self.time_words)])
        )
        return [*found, (words, ", ".join(filter(None, meant)))]

    @property
    def counts(self) -> bool:
        """Whether the answer is a number, a time of day or a comparison instead of moments."""
        return self.extreme is not None or self.asks not in ("find", "whether", "who")

    def describe(self) -> list[str]:
        """One line per thing that was understood."""
        verb = " then " if self.ordered else " or " if self.either else " and "
        said = [verb.join(_named(t) for t in self.wanted)] if self.wanted else []
        said += [f"not {_named(t)}" for t in self.unwanted]
        said += ["nobody at home"] if self.empty else []
        for part, value in (
            ("hours", hours_text(list(self.hours)).replace(", ", " or ")),
            ("weekdays", ", ".join(_DAYS[d] for d in self.weekdays)),
            ("days", _span(self.days) if self.days else ""),
            ("lasting", _amount(self.lasts, _seconds)),
            ("times a day", _amount(self.times, lambda v: f"{v:g}")),
            ("people at once", _amount(self.people, lambda v: f"{v:g}")),
        ):
            said += [f"{part} {value}"] if value else []
        said += [f"the {self.extreme.words}"] if self.extreme is not None else []
        if self.comparison is not None:
            other = self.comparison
            against = (
                _span(other.days)
                if other.days
                else (
                    ", ".join(_DAYS[d] for d in other.weekdays) or "the other weekdays"
                    if other.others
                    else "the days before"
                )
            )
            said.append(f"compared with {against}")
        return said


class QueryParser(Protocol):
    """A parser of questions."""

    def __call__(self, question: str, lexicon: Lexicon, now: dt.datetime, /) -> ParsedQuery:
        """Read a question against the words of a home; `now` is what "yesterday" counts from."""


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _named(thing: Thing) -> str:
    return f"{'at or in the ' if thing.kind != 'activity' else ''}{thing.name}"


def _span(days: DaySpan) -> str:
    if days.runs:
        return " and ".join(_span(DaySpan(first=first, last=last)) for first, last in days.runs)
    return f"{days.first}" if days.first == days.last else f"{days.first} to {days.last}"


def _seconds(value: float) -> str:
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g} s"


def _amount(bounds: Bounds | None, show: Callable[[float], str]) -> str:
    if bounds is None:
        return ""
    exact = "exactly " if bounds.low == bounds.high else ""
    return exact + _plain_amount(bounds.low, bounds.high, show)


def _plain_amount(low: float, high: float, show: Callable[[float], str]) -> str:
    if low == high:
        return show(low)
    if high == float("inf"):
        return f"{show(low)} or more"
    return f"{show(low)} to {show(high)}" if low else f"at most {show(high)}"
