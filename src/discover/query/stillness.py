"""Silence and absence in a sentence: "a long pause", "nothing moves for half an hour", "leaves home"."""

import re
from collections.abc import Sequence

from discover.query.amounts import Amount
from discover.query.parsed_query import Clause, ClauseKind

__all__ = ["NOTHING_MOVES", "read_home", "read_stillness"]

_LONG_PAUSE_S, _AWAY_S = 30.0, 600.0
"""The lengths of a silence, and of one before or after something, where the sentence states none."""
_STILLNESS = re.compile(
    r"\b(?:pauses?|silence|silent|stillness|inactivity|standstill|lull|quiet\s+(?:spell|period|time|while|"
    r"stretch|minutes?)|"
    r"quiet|(?:is|goes|falls|stays|and|all|perfectly|completely)\s+still(?=\s*(?:$|[,.;]|and|for|"
    r"afterwards?|again|then)))\b"
)
NOTHING_MOVES = re.compile(
    r"\b(?:nothing|nobody)\s+(?:(?:is|was|has|had|been|else|at\s+all|ever)\s+)*"
    r"(?:mov(?:es|ing|ed|e)|stir(?:s|ring|red)?|happen(?:s|ed|ing)?|go(?:es|ing)\s+on|went\s+on|about|around|active|"
    r"(?:was\s+)?(?:recorded|detected|sensed|registered|triggered))\b(?!\s+(?:the|a|to)\b)|"
    r"\bnothing(?=\s+(?:at\s+all\s+)?(?:for|between|until|till|from|in\s+the\s+(?:morning|afternoon|evening|night)|"
    r"all\s+(?:day|night|morning))\b|\s*$)|"
    r"\b(?:without|no)\s+(?:any\s+|a\s+single\s+|further\s+)?(?:sign\s+of\s+)?(?:movement|motion|moving|"
    r"activity|life|events?|stir\w*|sensor\s+\w+)\b"
)
_LITTLE = re.compile(
    r"\b(?:(?:little|hardly\s+any|barely\s+any|almost\s+no|scarcely\s+any|few|minimal|not\s+much|"
    r"without\s+much)\s+(?:signs?\s+of\s+)?"
    r"(?:movements?|motions?|activity|moving)|(?:hardly|barely|scarcely)\s+(?:mov\w+|stir\w*)|motionless|"
    r"(?:lie|lies|lying|sit|sits|sitting|stand|stands|standing|keeps?|stays?)\s+(?:very\s+|quite\s+)?still|"
    r"calmly)\b"
)
_AFTERWARDS = re.compile(
    r"\b(?:afterwards?|after\s+(?:that|which)|followed\s+by|then\s+(?:nothing|silence|quiet|nobody|no|"
    r"a\s+long|it|all|the\s+(?:home|house|flat))|"
    r"(?:home|house|flat|apartment|everything|place)\s+(?:is|stays|remains|goes|falls|lies)|"
    r"before\s+a\s+(?:long\s+)?(?:silence|pause|quiet)|until)\b"
)
_BEFOREHAND = re.compile(
    r"\b(?:after\s+(?:a\s+|an\s+|the\s+)?(?:very\s+|long\s+)*(?:silence|pause|quiet|stillness|lull|"
    r"[\w\s]*?\b(?:hours?|minutes?)\s+(?:of|without|with\s+no|in\s+which))|"
    r"beforehand|before\s+(?:that|which)|preceded\s+by|first\s+(?:movement|motion|sign))\b"
)
_HOUSE = r"(?:the\s+|his\s+|her\s+|their\s+)?(?:home|house|flat|apartment)"
_GOES_OUT = re.compile(
    rf"\b(?:leav(?:e|es|ing)\s+(?:{_HOUSE}|(?:or|and)\s+(?:com|return|arriv|re-?enter)\w*)|left\s+{_HOUSE}|"
    rf"(?:go|goes|going|steps?|heads?|walks?)\s+(?:out(?:side)?(?!\s+of(?!\s+{_HOUSE})))|"
    rf"going\s+out\b(?!\s+of)|leaves?\s+for\b|out\s+of\s+{_HOUSE})"
)
_COMES_HOME = re.compile(
    rf"\b(?:(?:com(?:e|es|ing)|arriv\w+|get(?:s|ting)?|return\w*)\s+(?:back\s+)?(?:to\s+{_HOUSE}|home)\b|"
    rf"com(?:es|ing)\s+in\s+from\s+outside|"
    rf"enter(?:s|ing)?\s+{_HOUSE}|back\s+from\s+outside)"
)
_EMPTY_HOME = re.compile(
    r"\b(?:home|house|flat|apartment|everything)\s+\w+\s+(?:empty|still|quiet|silent|dark)\b"
)


def read_stillness(
    text: str, durations: Sequence[Amount], negated: Sequence[tuple[int, int]]
) -> Clause | None:
    """A silence as a clause; None where the sentence states none.

    Args:
        text: The sentence in lower case.
        durations: The durations that it states; the first one is that of the silence.
        negated: Characters [begin, end) that negate a place: "no movement in the kitchen" is no silence.
    """
    little = _LITTLE.search(text)
    if little is not None:
        return Clause(kind="little movement", words=little.group())
    moves, quiet, empty = NOTHING_MOVES.search(text), _STILLNESS.search(text), _EMPTY_HOME.search(text)
    if moves is not None and any(begin <= moves.start() < end for begin, end in negated):
        moves = None
    at = moves or quiet or empty
    if at is None:
        return None
    stated = durations[0].low if durations else 0.0
    if _BEFOREHAND.search(text):
        return Clause(kind="silence before", low=stated or _AWAY_S, words=at.group())
    if _AFTERWARDS.search(text) or empty:
        return Clause(kind="silence afterwards", low=stated or _AWAY_S, words=at.group())
    return Clause(kind="silence", low=stated or _LONG_PAUSE_S, words=at.group())


def read_home(text: str, door: str, *, still: bool) -> list[Clause]:
    """Leaving or coming home: the front door, and a silence.

    Args:
        text: The sentence without its negations, in lower case.
        door: What the lexicon calls the front door.
        still: Whether the sentence states a silence itself.
    """
    out, back = _GOES_OUT.search(text), _COMES_HOME.search(text)
    match = out or back
    if match is None:
        return []
    found = [Clause(kind="used", places=(door,), low=1, words=match.group())]
    if not (out and back) and not still:
        kind: ClauseKind = "silence afterwards" if out else "silence before"
        found.append(Clause(kind=kind, low=_AWAY_S, words=match.group()))
    return found
