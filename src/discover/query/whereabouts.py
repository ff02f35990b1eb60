"""Who is at home, out or back, where no activity has the words: "the house is empty", "home by six"."""

import re
from collections.abc import Sequence
from typing import Literal

from discover.query.mentions import ThingMention, is_negated
from discover.query.parsed_query import Thing

__all__ = ["NOBODY_HOME", "find_whereabouts", "going"]

_AFTER_STATE = (
    r"(?=\s*(?:$|[,.?!]|for\b|all\b|since\b|until\b|till\b|at\b|between\b|most\b|before\b|after\b|on\b|last\b|"
    r"yesterday\b|today\b|this\b|over\b|during\b|in\s+the\s+(?:morning|afternoon|evening|night)))"
)
NOBODY_HOME = re.compile(
    r"\b(?:nobody|no\s*-?one|none)\s+(?:(?:is|was|were|are|been|being)\s+)?(?:at\s+|in\s+the\s+|in\s+)?"
    r"(?:home|house|flat|apartment)\b|"
    rf"\b(?:nobody|no\s*-?one)\s+(?:(?:is|was|has\s+been)\s+)?in{_AFTER_STATE}|"
    rf"\b(?:not|\w+n't|never)\s+(?:been\s+)?(?:at\s+)?home{_AFTER_STATE}|"
    r"\b(?:house|home|flat|apartment|premises|dwelling|property)\s+(?:is|was|were|stands|stood|stays|being|lies)?\s*(?:empty|unoccupied|deserted|vacant)\b|"
    r"\bempty\s+(?:house|home|flat)\b"
)
_IS_OUT = re.compile(
    rf"(?:^|\b(?:was|were|is|are|be|been|being|he|she|they|everyone|everybody)\s+(?:(?:usually|normally|often|generally|always|still|ever|already|all)\s+)?)(?:out|away){_AFTER_STATE}|"
    r"\b(?:outside|outdoors)\b(?!\s+(?:the|his|her|of|a|my|their|for)\b)|"
    r"\b(?:left|leaves?|leaving|departed)(?=\s*(?:$|[,.?!]|(?:before|after|at|by|around|early|late|this|between|again|"
    r"yesterday|today|in\s+the\s+(?:morning|afternoon|evening)|for\s+(?:work|school|the\s+shops?|town|good))\b))"
)
_STAYS_IN = re.compile(
    rf"\b(?:stay(?:s|ed|ing)?|kept|remain\w*)\s+(?:in|indoors|at\s+home|home|inside){_AFTER_STATE}"
)
_IS_BACK = re.compile(
    r"\b(?:is|was|were|are|be|been|get|gets|got)\s+(?:\w+\s+){0,2}?(?:back\s+)?(?:home|back)\s+"
    r"(?=(?:by(?!\s+\w+sel)|before|after|around|between)\b)|"
    r"\b(?:came|comes?|coming|gets?|got|getting|let\s+\w+sel\w+)\s+(?:back\s+)?in(?=\s*(?:$|[,.?!]|(?:after|before|at|"
    r"around|late|by|between|on|last|yesterday|from|this)\b(?!\s+the\b)))"
)


def find_whereabouts(
    text: str, mentions: Sequence[ThingMention], scopes: Sequence[tuple[int, int]]
) -> list[tuple[ThingMention, bool]]:
    """Going out and coming home where no thing is named, each with whether it is denied."""
    found = []
    told: tuple[tuple[re.Match[str] | None, Literal["out", "home"], bool], ...] = (
        (_IS_OUT.search(text), "out", False),
        (_IS_BACK.search(text), "home", False),
        (_STAYS_IN.search(text), "out", True),
    )
    for match, where, denies in told:
        if match is not None and not any(m.begin < match.end() and match.start() < m.end for m in mentions):
            last = ThingMention(going("out", match).thing, match.end() - 1, match.end())
            found.append((going(where, match), is_negated(last, scopes) != denies))
    return found


def going(where: Literal["out", "home"], match: re.Match[str]) -> ThingMention:
    """Going out or coming home, in the words of a match."""
    name = "going out" if where == "out" else "coming home"
    return ThingMention(Thing(kind="activity", name=name, words=match.group().strip()), *match.span())
