"""Why a question that was read gets no number."""

from discover.query import DaySpan, ParsedQuery
from discover.retrieval.episodes import EventStream
from discover.serving import answer_words as words
from discover.serving.evidence import proven

__all__ = ["half_compared", "no_measure", "nothing_read", "outside", "unproven"]

_KINDS = {"how often": "count", "how long": "hours", "when": "clock"}


def nothing_read(query: ParsedQuery) -> str:
    """The question names nothing that a log could show."""
    known = f" (not understood: {', '.join(query.unread)})" if query.unread else ""
    return (
        f"The question names nothing that the log could show{known}. Name an activity, a room, a "
        'thing or a time in English: "how often is someone up at night"; --llm reads more languages.'
    )


def half_compared(query: ParsedQuery) -> str:
    """A comparison that is read in part: the rest is another question."""
    return (
        f"The comparison is not understood ({', '.join(query.unread)}). Say what it is compared with: "
        '"than usual", "than last week", "than in February".'
    )


def no_measure(query: ParsedQuery) -> str:
    """Why a question that names no thing has no number; "" where it has one."""
    if query.extreme is not None and query.extreme.of in ("length", "hours"):
        return f'The {query.extreme.words} of what? Name it: "the longest time out", "the longest sleep".'
    if query.extreme is not None and query.unread:
        return nothing_read(query)
    if query.comparison is not None and (query.comparison.of or query.asks != "compare"):
        return 'What is compared? Name an activity, a room or a thing: "in the kitchen", "getting up".'
    return ""


def outside(stream: EventStream, days: DaySpan | None) -> str:
    """The log has none of the days asked about."""
    asked = "these days" if days is None else f"{days.words or 'these days'} ({days.first} to {days.last})"
    first, last = (words.date(int(at // 86_400)) for at in (stream.first_s, stream.last_s))
    return (
        f"The log has no events for {asked}: it runs from {first} to {last}. Ask about days in it, or say "
        'with --now when "today" is.'
    )


def unproven(query: ParsedQuery, shown_by: str) -> str:
    """Only recognition shows a thing, and nobody knows how far off it is; "" where a number may be made."""
    names = [thing.name for thing in query.wanted or query.unwanted]
    if query.asks not in _KINDS or proven(_KINDS[query.asks], shown_by, names):
        return ""
    return (
        f"No sensor shows {' and '.join(names)} in this home, and recognition finds too little of it in "
        f'simulated homes to make a number of it. Ask for "{names[0]}" alone: moments that look like it.'
    )
