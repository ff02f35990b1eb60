"""What a question asks, as a schema that every parser fills: rules here, a language model elsewhere."""

import datetime as dt
from collections.abc import Callable
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, field_validator

from discover.query.lexicon import Lexicon

__all__ = ["Asks", "Bounds", "Comparison", "DaySpan", "ParsedQuery", "QueryParser", "Refused", "Thing"]

Asks = Literal[
    "find", "whether", "how often", "how long", "when", "first", "last", "how many people", "compare", "who"
]
"""find: moments. when: the time of day. how long: the time it takes. compare: one period with another."""

Refused = Literal["identity", "speech", "feeling", "future"]
"""Why no log of home sensors can answer."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Thing(_Part):
    """Something that happens: an activity, or somebody's presence in a room or at an object."""

    kind: Literal["activity", "room", "object"]
    name: str
    """An activity of the inventory, or a phrase of the home's lexicon."""
    words: str = ""
    """The words of the question that name it."""


class Bounds(_Part):
    """An amount within [low, high]."""

    low: float = 0.0
    high: float = float("inf")

    @field_validator("high", mode="before")
    @classmethod
    def _open(cls, high: object) -> object:
        """JSON has no infinity: null is no upper bound."""
        return float("inf") if high is None else high


class DaySpan(_Part):
    """Days from first to last, both included; a night belongs to the day on which it begins."""

    first: dt.date
    last: dt.date
    words: str = ""


class Comparison(_Part):
    """One period against another."""

    direction: Literal["more", "less", "earlier", "later", "different"]
    days: DaySpan | None = None
    """What it is compared with; None: all days before, or the other weekdays."""
    others: bool = False
    """Compare with the weekdays that the question does not name."""
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
    hours: tuple[tuple[float, float], ...] = ()
    """Hours of the day, any of them; over midnight where begin > end."""
    weekdays: tuple[int, ...] = ()
    """0 is Monday; empty: any day."""
    days: DaySpan | None = None
    lasts: Bounds | None = None
    """Seconds."""
    times: Bounds | None = None
    """How often it happens, in a day or a night."""
    people: Bounds | None = None
    """How many people at once."""
    comparison: Comparison | None = None
    refused: Refused | None = None
    unread: tuple[str, ...] = ()
    notes: tuple[str, ...] = Field(default=(), exclude=True)
    """Remarks of the parser, for people."""

    @property
    def counts(self) -> bool:
        """Whether the answer is a number, a time of day or a comparison instead of moments."""
        return self.asks in ("how often", "how long", "when", "first", "last", "how many people", "compare")

    def describe(self) -> list[str]:
        """One line per thing that was understood."""
        verb = " then " if self.ordered else " and "
        said = [verb.join(_named(t) for t in self.wanted)] if self.wanted else []
        said += [f"not {_named(t)}" for t in self.unwanted]
        said += ["nobody at home"] if self.empty else []
        for part, value in (
            ("hours", " or ".join(f"{_clock(a)}–{_clock(b)}" for a, b in self.hours)),
            ("weekdays", ", ".join(_DAYS[d] for d in self.weekdays)),
            ("days", _span(self.days) if self.days else ""),
            ("lasting", _amount(self.lasts, _seconds)),
            ("times a day", _amount(self.times, lambda v: f"{v:g}")),
            ("people at once", _amount(self.people, lambda v: f"{v:g}")),
        ):
            said += [f"{part} {value}"] if value else []
        if self.comparison is not None:
            other = self.comparison
            against = (
                _span(other.days)
                if other.days
                else ("the other weekdays" if other.others else "the days before")
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


def _clock(hour: float) -> str:
    return f"{int(hour)}:{round(hour % 1 * 60):02d}"


def _span(days: DaySpan) -> str:
    return f"{days.first}" if days.first == days.last else f"{days.first} to {days.last}"


def _seconds(value: float) -> str:
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g} s"


def _amount(bounds: Bounds | None, show: Callable[[float], str]) -> str:
    if bounds is None:
        return ""
    if bounds.low == bounds.high:
        return f"exactly {show(bounds.low)}"
    if bounds.high == float("inf"):
        return f"{show(bounds.low)} or more"
    return f"{show(bounds.low)} to {show(bounds.high)}" if bounds.low else f"at most {show(bounds.high)}"
