"""The length that the moments of a question must have: stated, vague, or that of a day or its part."""

import re
from collections.abc import Sequence

from discover.query.amounts import Amount, find_times, find_vague_length
from discover.query.parsed_query import Bounds
from discover.query.stillness import NOTHING_MOVES

__all__ = ["ALL_DAY", "ALL_NIGHT", "ALL_PART", "BRIEF", "WHOLE_DAY", "wanted_length"]

ALL_DAY, ALL_NIGHT, ALL_PART = Bounds(low=14_400), Bounds(low=10_800), Bounds(low=7200)
BRIEF, _LONG = Bounds(high=300), Bounds(low=1200)
"""What "all day", "all night", "all morning", "briefly" and "for long" mean, in seconds."""
WHOLE_DAY = re.compile(
    r"\b(?:all|(?:the|a)\s+whole|(?:the|an)\s+entire|most\s+of\s+the)\s+day(?:\s+long)?\b|\ball-day\b"
)
_ALL_PART = re.compile(
    r"\b(?:all|the\s+(?:whole|entire)|most(?:\s+of\s+(?:the|this|last))?|half\s+(?:of\s+)?the)\s+(?:(?:early|late)\s+)?(?:morning|afternoon|evening|night)s?\b"
)
_ALL_NIGHT = re.compile(r"\b(?:all|the\s+(?:whole|entire))\s+night\b")
_NEGATED = re.compile(r"\b(?:no|not|never|nobody|nothing|without)\b|n't")


def wanted_length(text: str, stated: Sequence[Amount]) -> tuple[Bounds | None, tuple[int, int]]:
    """The length that moments must have, and the characters that say so.

    Args:
        text: The question in lower case.
        stated: Its durations.
    """
    vague, at = find_vague_length(text, list(stated))
    if stated:
        span = (stated[0].begin, stated[0].end)
        return Bounds(low=0.0 if vague == "brief" else stated[0].low, high=stated[0].high), span
    negated = _NEGATED.search(NOTHING_MOVES.sub("", text)) is not None
    if WHOLE_DAY.search(text) and not negated:
        return ALL_DAY, (0, 0)
    if at is not None and re.match(r"(?:pop|nip)\w*\s+out\b", text[at.begin :]):
        at = None  # "Popped out" is how somebody goes, not for how long
    if at is not None and not re.search(r"\bhow\s+long\b", text):
        return BRIEF if vague == "brief" else _LONG, (at.begin, at.end)
    often = find_times(text)[0] is not None
    if negated or often:
        return None, (0, 0)
    return ALL_NIGHT if _ALL_NIGHT.search(text) else ALL_PART if _ALL_PART.search(text) else None, (0, 0)
