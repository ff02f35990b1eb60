"""Things that a question names, where it names them, and in which order they happen."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from discover.query.parsed_query import Thing

__all__ = ["THEN", "ThingMention", "each_once", "in_order", "is_negated", "without_echoes"]

_AFTER = re.compile(r"\b(?:after|following|once)\b")
THEN = re.compile(
    r"\b(?:then|followed\s+by|before|and\s+then|afterwards|straight\s+to|and\s+went|to|into|and\s+later)\b"
)


@dataclass(frozen=True)
class ThingMention:
    """A thing; characters [begin, end) name it."""

    thing: Thing
    begin: int
    end: int


def in_order(
    text: str, wanted: list[ThingMention], used: list[tuple[int, int]]
) -> tuple[bool, list[ThingMention]]:
    """Whether the things follow each other, and these in their order; `used` takes the words of order."""
    if len(wanted) < 2:
        return False, wanted
    between = [text[a.end : b.begin] for a, b in pairwise(wanted)]
    for a, b in pairwise(wanted):
        joints = [*_AFTER.finditer(text, a.end, b.begin), *THEN.finditer(text, a.end, b.begin)]
        used += [m.span() for m in joints]
    if any(_AFTER.search(part) for part in between):
        at = next(i for i, part in enumerate(between) if _AFTER.search(part)) + 1
        if wanted[at].thing.kind == "activity" or wanted[0].thing.kind == wanted[at].thing.kind:
            return True, [*wanted[at:], *wanted[:at]]
    lead = text[: wanted[0].begin]
    after = _AFTER.search(lead)
    if after and re.match(r"\s*,", between[0]):
        used.append(after.span())
        return True, wanted
    if any(THEN.search(part) for part in between) or len(re.findall(r",", " ".join(between))) >= 1:
        return True, wanted
    return False, wanted


def each_once(things: Sequence[Thing]) -> tuple[Thing, ...]:
    """Each thing once, in order."""
    return tuple({(t.kind, t.name): t for t in reversed(things)}.values())[::-1]


def without_echoes(chosen: list[ThingMention], text: str) -> list[ThingMention]:
    """Mentions without echoes of the one before: the "door" of a fridge, the "visits" of a room."""
    kept: list[ThingMention] = []
    for mention in chosen:
        before = kept[-1] if kept else None
        beside = before is not None and mention.begin - before.end <= 1 and before.thing.kind != "activity"
        echo = mention.thing.name == "door" or (
            mention.thing.name == "visitors" and mention.thing.words.startswith("visit")
        )
        visit_to = mention.thing.name == "visitors" and re.match(
            r"\s+(?:to|in|at)\s+the\b", text[mention.end :]
        )
        if not (echo and beside) and not visit_to:
            kept.append(mention)
    return kept


def is_negated(mention: ThingMention, scopes: Sequence[tuple[int, int]]) -> bool:
    """Whether a negation covers a mention."""
    # The negator may stand inside a phrase: "has not had her tea".
    return any(begin <= mention.begin < end or mention.begin < begin < mention.end for begin, end in scopes)
