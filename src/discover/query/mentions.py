"""Things that a question names, and where; which of them it denies, and in which order they happen."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from discover.query.inventory import activities, find_activities, lemma
from discover.query.lexicon import Lexicon, Word
from discover.query.negation import Negation, is_negator
from discover.query.parsed_query import Thing
from discover.query.place_groups import BREAKS, PlaceGroup

__all__ = [
    "THEN", "ThingMention", "denied_spans", "each_once", "find_things", "in_order", "is_negated",
    "phrase_words", "without_echoes",
]  # fmt: skip

_AFTER = re.compile(
    r"\b(?:after(?!wards)|following|once|preceded\s+by|as\s+soon\s+as|on\s+(?:his|her|their)\s+return\s+from|having|since|on\s+the\s+way\s+(?:back\s+)?from)\b"
)
_WHENEVER = re.compile(r"^(?:when|whenever)\b")
_BEFORE = re.compile(r"\b(?:before|prior\s+to|ahead\s+of)\b")
THEN = re.compile(
    r"\b(?:then|followed\s+by|before|prior\s+to|ahead\s+of|(?:and\s+)?(?:then|afterwards|later|next|subsequently)|"
    r"(?:straight\s+)?(?:to|into|onto)|and\s+went|until)\b"
)
# What a main clause begins with: "after breakfast did she go out".
_CLAUSE = re.compile(
    r"\s*(?:,|(?:did|does|do|is|was|were|has|have|had|s?he|they|we|i|mum|dad|someone|somebody|the\s+resident)\b)"
)
_ONWARD = re.compile(r"\s*,?\s*and\s+(?:straight|went|goes|go|came|got)\b")
_ASKS_ANEW = re.compile(r",\s*(?:(?:so|and|but)\s+)?(?:did|does|do|has|have|had|is|are|was|were)\b")
_STATED = re.compile(r"(?:\s+(?:machine|door|is|was|were|are|has|have|had|been))*\s+")
_USED = re.compile(
    r"(?:not|never|\w+n't)\s+(?:(?:yet|been|being|ever)\s+)*(?:used|touched|opened|on|run|made|had|taken|eaten|drunk|switched\s+on|turned\s+on)\b"
)
_FIRST = re.compile(r"\bfirst\b")
_EITHER_ORDER = re.compile(r"\b(?:before\s+or\s+after|after\s+or\s+before|before\s+and\s+after)\b")
_ENDS_SCOPE = frozenset(
    ["after", "since", "before", "while", "because", "until", "when", "during", "although", "as"]
)
_OFF = frozenset({"off", "closed", "shut"})
_SWITCHES = re.compile(r"\b(?:turn|switch|put)\w*\b")
_SKIPPED = frozenset(["skip", "miss", "omit", "forgo"])
_PHRASAL = frozenset(
    """heat heating lock tidy clean wash pick fill warm back set put turn make clear hang throw bring light
    start end sit stand curl wrap catch meet check feed mop top keep show give look use eat drink finish stay
    """.split()  # noqa: SIM905
)
"""Verbs whose "up" gets nobody out of bed."""
_MEALS = ("breakfast", "lunch", "dinner")


@dataclass(frozen=True)
class ThingMention:
    """A thing; characters [begin, end) name it."""

    thing: Thing
    begin: int
    end: int


def find_things(
    text: str, words: Sequence[Word], lexicon: Lexicon, taken: frozenset[int]
) -> tuple[list[ThingMention], list[tuple[int, int]]]:
    """The activities and places of a question in its order, and the characters that only repeat them.

    Args:
        text: The question in lower case.
        words: Its words.
        lexicon: Words of the home.
        taken: Indices of words with another meaning.
    """
    texts = [w.text for w in words]
    candidates: list[tuple[int, int, int, Thing]] = []
    for found in find_activities(texts, taken):
        before = set(map(lemma, texts[max(0, found.begin - 3) : found.begin]))
        if texts[found.begin : found.end] == ["up"] and before & _PHRASAL:
            continue  # "locks up"
        thing = Thing(kind="activity", name=found.name, words=" ".join(texts[found.begin : found.end]))
        candidates.append((found.size, found.begin, found.end, thing))
    for named in lexicon.find_mentions(words, taken=taken):
        kind: Literal["room", "object"] = "room" if named.place.kind == "room" else "object"
        if named.place.kind == "content":
            continue
        phrase = " ".join(texts[named.begin : named.end])
        thing = Thing(kind=kind, name=lexicon.name_of(named.place, phrase), words=phrase)
        candidates.append((named.end - named.begin, named.begin, named.end, thing))

    # The longest phrase wins; of equal ones the thing in "the shower", the activity in "showers".
    def rank(candidate: tuple[int, int, int, Thing]) -> tuple[int, bool, int]:
        size, begin, _, thing = candidate
        owned = begin > 0 and texts[begin - 1] in ("the", "his", "her", "their", "our", "my")
        return -size, (thing.kind == "activity") == owned, begin

    chosen: list[ThingMention] = []
    covered: set[int] = set()
    for _, begin, end, thing in sorted(candidates, key=rank):
        if covered.isdisjoint(range(begin, end)):
            covered |= set(range(begin, end))
            chosen.append(ThingMention(thing, words[begin].begin, words[end - 1].end))
    mentioned = sorted(chosen, key=lambda m: m.begin)
    kept = without_echoes(mentioned, text)
    return kept, [(m.begin, m.end) for m in mentioned if m not in kept]


def without_echoes(chosen: list[ThingMention], text: str) -> list[ThingMention]:
    """Mentions without echoes: the "door" of a fridge, "ate" in "ate her supper", "up" in "up cooking"."""
    kept: list[ThingMention] = []
    meal = any(m.thing.name in _MEALS for m in chosen) and not THEN.search(text)
    for mention in chosen:
        before, name = kept[-1] if kept else None, mention.thing.name
        beside = before is not None and mention.begin - before.end <= 1 and before.thing.kind != "activity"
        visit = name == "visitors" and mention.thing.words.startswith("visit")
        visit_to = visit and re.match(r"\s+(?:to|in|at)\s+the\b", text[mention.end :])
        awake = mention.thing.words.split()[-1:] == ["up"] and not re.match(
            r"g[eo]t|w[ao]k|r[io]s", mention.thing.words
        )
        doing = awake and re.match(r"\s+(?!during|morning|evening)\w+ing\b", text[mention.end :])
        if not ((name == "door" or visit) and beside) and not (
            visit_to or doing or (meal and name == "eating")
        ):
            kept.append(mention)
    return kept


def denied_spans(
    text: str,
    words: Sequence[Word],
    groups: Sequence[PlaceGroup],
    negations: Sequence[Negation],
    mentions: Sequence[ThingMention],
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Characters in which things are denied, and those of "never leaves the kitchen", which affirms it."""
    scopes: list[tuple[int, int]] = []
    affirmed: list[tuple[int, int]] = []
    for negation in negations:
        if negation.leaving and all(groups[k].place.kind == "room" for k in negation.groups):
            affirmed.append((words[negation.begin].begin, words[negation.end - 1].end))
            continue
        inside = range(negation.begin + 1, negation.end)
        stop = next((i for i in inside if words[i].text in _ENDS_SCOPE), negation.end)
        scopes.append((words[negation.begin].begin, words[stop - 1].end))
        if not any(m.begin < scopes[-1][1] and scopes[-1][0] < m.end for m in mentions):
            # "Coffee machine not used": what is denied stands before.
            before = [m for m in mentions if _STATED.fullmatch(text, m.end, scopes[-1][0])]
            scopes += [(m.begin, m.end) for m in before if _USED.match(text, scopes[-1][0])]
    for i, word in enumerate(words):
        if lemma(word.text) in _SKIPPED:
            ends = (k for k in range(i + 1, len(words)) if words[k].text in BREAKS | {",", "and"})
            scopes.append((word.begin, words[min(i + 4, next(ends, len(words))) - 1].end))
            scopes += [(m.begin, m.end) for m in mentions if m.end <= word.begin and word.begin - m.end < 5]
        elif word.text in _OFF and i and not _SWITCHES.search(text) and not is_negator(words[i - 1].text):
            scopes += [(m.begin, m.end) for m in mentions if m.end == word.begin - 1]
    return scopes, affirmed


def is_negated(mention: ThingMention, scopes: Sequence[tuple[int, int]]) -> bool:
    """Whether a negation covers a mention."""
    # The negator may stand inside a phrase: "has not had her tea".
    return any(begin <= mention.begin < end or mention.begin < begin < mention.end for begin, end in scopes)


def in_order(
    text: str, wanted: list[ThingMention]
) -> tuple[list[ThingMention] | None, list[tuple[int, int]]]:
    """The things as they follow each other, None where no order is stated; the characters that state it."""
    if len(wanted) < 2 or _EITHER_ORDER.search(text):
        return None, []
    used = [
        m.span()
        for a, b in pairwise(wanted)
        for pattern in (_AFTER, THEN)
        for m in pattern.finditer(text, a.end, b.begin)
    ]
    between = [text[a.end : b.begin] for a, b in pairwise(wanted)]
    at = next((i for i, part in enumerate(between) if _AFTER.search(part)), None)
    if at is not None:
        return [*wanted[at + 1 :], *wanted[: at + 1]], used
    for pattern, turned in ((_AFTER, False), (_WHENEVER, False), (_BEFORE, True)):
        lead = pattern.search(text[: wanted[0].begin])
        if lead and not re.search(r"[,\d]", text[lead.end() : wanted[0].begin]) and _CLAUSE.match(between[0]):
            return ([*wanted[1:], wanted[0]] if turned else wanted), [*used, lead.span()]
    onward = any(_ONWARD.match(text, a.end, b.end) for a, b in pairwise(wanted))
    stated = onward or any(
        THEN.search(part) or ("," in part and not _ASKS_ANEW.search(part)) for part in between
    )
    if stated:
        used += [m.span() for m in _FIRST.finditer(text)]
    return (wanted if stated else None), used


def each_once(things: Sequence[Thing]) -> tuple[Thing, ...]:
    """Each thing once, in order."""
    return tuple({(t.kind, t.name): t for t in reversed(things)}.values())[::-1]


def phrase_words(name: str) -> set[str]:
    """Words of the phrases of an activity."""
    return {w for p in activities()[name].phrases for w in p.split()} if name in activities() else set()
