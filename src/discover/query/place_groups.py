"""The places of a sentence, grouped by lists, each with its role: at, from, to, through, ...

A role comes from the words before a place ("from the kitchen", "enters the bathroom"), its use from the verb
of the same part of the sentence ("the fridge is opened"). A comma, "but", "then" or "while" ends a part.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from discover.query.lexicon import Lexicon, Mention, Place, Word

__all__ = ["BREAKS", "DETERMINERS", "PlaceGroup", "Role", "group_places", "is_sequel"]

Role = Literal["at", "from", "to", "through", "between", "only", "first", "round"]

DETERMINERS = frozenset(
    """the a an his her their its my our your this that these those one any some another other same every
    each all both several many no either back over even own first second""".split()  # noqa: SIM905
)
BREAKS = frozenset({"but", "then", "while", "although", "though", "yet", "whereas", ";", ".", ":", "!", "?"})
_LIST_WORDS = DETERMINERS | {
    ",", "or", "nor", "and", "in", "on", "at", "into", "to", "inside", "from", "near", "as", "well",
}  # fmt: skip

_TO = frozenset(
    """to into onto towards toward enters enter entering entered reaches reaching reach until visits
    visiting visit""".split()  # noqa: SIM905
)
_FROM = frozenset(
    """from leaves leaving leave left exits exiting exit off departs""".split()  # noqa: SIM905
)
_THROUGH = frozenset({"through", "via", "past", "across", "passes", "passing", "crosses", "crossing"})
_INSIDE = frozenset({"in", "of", "inside", "from", "within"})
_SEQUEL = re.compile(
    r"\b(?:then|afterwards|afterward|next|subsequently|finally|followed\s+by|before|ending|and\s+(?:goes|"
    r"walks|comes|moves|returns|heads))\b"
)


@dataclass(frozen=True)
class PlaceGroup:
    """Places that a sentence lists together: "the stove or the sink".

    Attributes:
        begin, end: Words [begin, end) of the places, without article and preposition.
        places: The places of the home.
        either: One of them is enough ("or"); else all are required.
        role: The role that the words before them give.
        lead: Index of the first word of the phrase, article and preposition included.
        before, after: The other words of its part of the sentence, joined by blanks.
        names: What the question calls each place (`Lexicon.place`).
    """

    begin: int
    end: int
    places: tuple[Place, ...]
    either: bool
    role: Role
    lead: int
    before: str
    after: str
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """All of its names as one, for `Lexicon.place`."""
        return " or ".join(self.names)

    @property
    def place(self) -> Place:
        """All of its places as one."""
        whole = self.places[0]
        for place in self.places[1:]:
            whole = whole.joined(place)
        return whole


def group_places(words: Sequence[Word], lexicon: Lexicon, taken: frozenset[int]) -> list[PlaceGroup]:
    """The places of a sentence in order; the members of a list are one group.

    Args:
        words: The sentence.
        lexicon: Words of the home.
        taken: Indices of words that state a time or an amount.
    """
    mentions = [
        mention
        for mention in lexicon.find_mentions(words, taken=taken)
        if mention.place.kind != "content" or _is_taken(words, mention)
    ]
    lists = _lists(words, mentions)
    groups: list[PlaceGroup] = []
    for i, (members, either, room) in enumerate(lists):
        begin = members[0].begin
        end = room.end if room is not None else members[-1].end
        places = [m.place for m in members]
        if room is not None:
            places = [p for p in (place.inside(room.place) for place in places) if p is not None]
        # The words between two lists belong to both; a role may not reach into the list before.
        floor = 0 if i == 0 else _end_of(lists[i - 1])
        ceiling = lists[i + 1][0][0].begin if i + 1 < len(lists) else len(words)
        role, lead = _role(words, begin, floor)
        start = max([floor, *(k + 1 for k in range(floor, begin) if _breaks(words[k]))])
        stop = min([ceiling, *(k for k in range(end, ceiling) if _breaks(words[k]))])
        before = " ".join(w.text for w in words[start:begin])
        after = " ".join(w.text for w in words[end:stop])
        said = [" ".join(w.text for w in words[m.begin : m.end]) for m in members]
        named = {place: lexicon.name_of(place, phrase) for place, phrase in zip(places, said, strict=False)}
        groups.append(
            PlaceGroup(begin, end, tuple(named), either, role, lead, before, after, tuple(named.values()))
        )
    return _share_verbs(words, groups)


def _share_verbs(words: Sequence[Word], groups: list[PlaceGroup]) -> list[PlaceGroup]:
    """Give both places of "the fridge and the cupboard are opened" their common verb."""
    shared = list(groups)
    for i in range(len(groups) - 1, 0, -1):
        between = {w.text for w in words[groups[i - 1].end : groups[i].begin]}
        if "and" in between and between <= _LIST_WORDS - {"to", "into", "from"}:
            a, b = shared[i - 1], shared[i]
            shared[i - 1] = replace(a, after=f"{a.after} {b.after}")
            shared[i] = replace(b, before=f"{a.before} {b.before}")
    return shared


def is_sequel(between: str) -> bool:
    """Whether words between two places put the second after the first in time."""
    return _SEQUEL.search(between) is not None


def _is_taken(words: Sequence[Word], mention: Mention) -> bool:
    """Whether the words before a mention take something out or put it away: "fetching crockery"."""
    before = [w.text for w in words[max(0, mention.begin - 3) : mention.begin]]
    return any(_TAKES.fullmatch(word) is not None for word in before) and "from" not in before


_TAKES = re.compile(
    r"tak(?:e|es|ing|en)|took|get(?:s|ting)?|got|fetch(?:es|ing|ed)?|grab(?:s|bing|bed)?|put(?:s|ting)?"
)

_List = tuple[list[Mention], bool, Mention | None]


def _end_of(found: _List) -> int:
    members, _, room = found
    return room.end if room is not None else members[-1].end


def _breaks(word: Word) -> bool:
    return word.text in BREAKS or word.text == ","


def _lists(words: Sequence[Word], mentions: Sequence[Mention]) -> list[_List]:
    """Mentions by lists: (members, whether "or" joins them, the room that the sentence puts them in)."""
    lists: list[_List] = []
    i = 0
    while i < len(mentions):
        members = [mentions[i]]
        either = False
        while i + 1 < len(mentions):
            between = [w.text for w in words[members[-1].end : mentions[i + 1].begin]]
            if not _is_list(between, any(w in ("or", "nor") for w in _rest(words, mentions, i))):
                break
            either = either or "or" in between or "nor" in between or "," in between
            members.append(mentions[i + 1])
            i += 1
        i += 1
        room: Mention | None = None
        if i < len(mentions) and mentions[i].place.kind == "room":
            between = [w.text for w in words[members[-1].end : mentions[i].begin]]
            objects = all(m.place.kind == "object" for m in members)
            if objects and between and between[0] in _INSIDE and set(between[1:]) <= DETERMINERS:
                fits = any(m.place.inside(mentions[i].place) for m in members)
                onwards = " ".join(w.text for w in words[mentions[i].end : mentions[i].end + 2])
                if fits and not (between[0] == "from" and onwards.startswith(("to", "into"))):
                    room = mentions[i]
                    i += 1
        elif _is_room_before(members, mentions, i):
            # "the kitchen sink": a room and an object in it, no word between.
            inside = mentions[i].place.inside(members[0].place)
            if inside is not None:
                members = [Mention(members[0].begin, mentions[i].end, inside)]
                i += 1
        lists.append((members, either, room))
    return lists


def _is_room_before(members: list[Mention], mentions: Sequence[Mention], i: int) -> bool:
    return (
        i < len(mentions)
        and len(members) == 1
        and members[0].place.kind == "room"
        and mentions[i].place.kind == "object"
        and mentions[i].begin == members[0].end
    )


def _rest(words: Sequence[Word], mentions: Sequence[Mention], i: int) -> list[str]:
    """Words between the ends of mention i and of the last mention."""
    ends = [m.end for m in mentions[i:]]
    return [w.text for w in words[ends[0] : ends[-1]]]


def _is_list(between: Sequence[str], or_follows: bool) -> bool:
    """Whether the words between two mentions continue a list: "or the", or a comma before a later "or"."""
    if (
        not between
        or not set(between) <= _LIST_WORDS
        or "from" in between
        or "to" in between
        or "into" in between
    ):
        return False
    if "or" in between or "nor" in between:
        return True
    return between[0] == "," and or_follows and set(between[1:]) <= DETERMINERS


def _role(words: Sequence[Word], begin: int, floor: int) -> tuple[Role, int]:
    """The role that the words directly before a place give it, and the index of the first of them."""
    at = begin
    while at > floor and words[at - 1].text in DETERMINERS:
        at -= 1
    if at == floor:
        return "at", at
    word = words[at - 1].text
    two = f"{words[at - 2].text} {word}" if at - 2 >= floor else word
    three = f"{words[at - 3].text} {two}" if at - 3 >= floor else two
    if three.endswith(("begins and ends in", "starts and ends in", "and ends in", "and ends at")):
        return "round", at - 3
    for phrase, role in _PHRASES:
        if phrase in (three, two):
            return role, at - phrase.count(" ") - 1
    if word in ("in", "at", "on", "inside", "near") and at - 2 >= floor and words[at - 2].text == "only":
        return "only", at - 2
    for table, role in _TABLES:
        if word in table:
            return role, at - 1
    return ("between" if word == "between" else "at"), at - 1 if word in _AT else at


_AT = frozenset({"in", "at", "on", "inside", "near", "by", "within", "around", "between", "outside"})
_TABLES: tuple[tuple[frozenset[str], Role], ...] = ((_TO, "to"), (_FROM, "from"), (_THROUGH, "through"))
_PHRASES: tuple[tuple[str, Role], ...] = (
    ("out of", "from"), ("up from", "from"), ("visit to", "at"), ("visits to", "at"), ("next to", "at"),
    ("close to", "at"), ("near to", "at"), ("begins in", "first"), ("starts in", "first"),
    ("beginning in", "first"), ("starting in", "first"), ("begins at", "first"), ("starts at", "first"),
    ("starting at", "first"), ("ends in", "to"), ("ends at", "to"), ("ending in", "to"),
    ("ending at", "to"), ("ends up in", "to"), ("ends up at", "to"), ("arrives in", "to"),
    ("arrives at", "to"), ("arriving at", "to"), ("arriving in", "to"), ("way of", "through"),
    ("in at", "first"),
)  # fmt: skip
