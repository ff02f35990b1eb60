"""Negations in a sentence: "not at the stove", "without opening any cupboard", "the front door stays closed".

The scope of a negation begins at its word ("not", "without", "nobody") and ends before the next comma, "but",
"then" or time of day; a list continues over commas ("any cupboard, drawer or fridge"). A negation after its
subject ("the fridge is not opened") includes the subject.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from discover.query.lexicon import Word
from discover.query.place_groups import BREAKS, DETERMINERS, PlaceGroup

__all__ = ["ABSENT_STATES", "Negation", "find_negations", "is_negator"]

_SINGLE = frozenset(
    """not never without no nobody nothing nowhere none neither nor except excluding avoiding avoids avoid
    skipping skips skip minus cannot unvisited elsewhere""".split()  # noqa: SIM905
)
_PHRASES = (
    ("no", "one"), ("somewhere", "else", "than"), ("elsewhere", "than"), ("other", "than"),
    ("rather", "than"), ("instead", "of"), ("anywhere", "but"), ("everywhere", "but"), ("anywhere", "except"),
    ("apart", "from"), ("aside", "from"), ("far", "from"), ("stays", "away", "from"),
    ("staying", "away", "from"), ("keeps", "away", "from"), ("stays", "out", "of"), ("staying", "out", "of"),
    ("keeps", "out", "of"),
    ("outside", "of"), ("outside",), ("leaving", "out"), ("leaves", "out"), ("hardly", "ever"),
    ("scarcely", "ever"), ("barely", "ever"), ("rarely",), ("seldom",), ("no", "longer"), ("failed", "to"),
    ("fails", "to"), ("failing", "to"), ("stopped",),
    *((few, verb) for few in ("hardly", "barely", "scarcely")
      for verb in ("used", "touched", "went", "ate", "slept", "opened", "left", "visited", "goes", "eats")),
)  # fmt: skip
# "No more than ten seconds" bounds, "not only" adds, "nothing but" means this alone.
_NO_NEGATION = frozenset(
    {"more", "less", "longer", "fewer", "only", "but", "other", "later", "earlier", "just", "matter"}
)
_KEPT = frozenset(
    """stays stay staying stayed remains remain remaining remained kept keeps keeping left leaving leaves
    with""".split()  # noqa: SIM905
)
_SHUT = frozenset({"closed", "shut", "unopened"})
_UNUSED = frozenset(
    """unused untouched empty free off idle deserted unoccupied unvisited dark alone unattended vacant quiet
    silent still""".split()  # noqa: SIM905
)
ABSENT_STATES = _SHUT | _UNUSED
"""Words for what is shut, empty or not used."""
_HOUSE = frozenset({"home", "house", "flat", "apartment"})
_VACANT = frozenset({"empty", "unused", "untouched", "unoccupied", "vacant", "deserted"})
_AUXILIARY = frozenset(
    """is are was were be being been does do did has have gets get always all both itself will
    still""".split()  # noqa: SIM905
)
_LEAD = frozenset({"of", "ever", "single"})
_PAIRS = frozenset({("in", "out"), ("back", "forth"), ("up", "down"), ("up", "about")})
_LEAVE = re.compile(
    r"\b(?:leav(?:e|es|ing)|left(?!\s+(?:on|off|open|running|unlocked))|exit(?:s|ing)?|"
    r"(?:go(?:es|ing)?|went|com(?:e|es|ing)|came|got|get(?:s|ting)?) out of)\b"
)


@dataclass(frozen=True)
class Negation:
    """Negated words of a sentence.

    Attributes:
        begin, end: The words [begin, end).
        groups: Indices of the place groups among them.
        closed: The places stay shut, instead of empty.
        leaving: Nobody leaves the places ("never leaves the kitchen").
    """

    begin: int
    end: int
    groups: tuple[int, ...]
    closed: bool = False
    leaving: bool = False


def find_negations(
    words: Sequence[Word], groups: Sequence[PlaceGroup], timed: frozenset[int]
) -> list[Negation]:
    """The negations of a sentence in order; none overlap.

    Args:
        words: The sentence.
        groups: Its places.
        timed: Indices of words that state a time; a negation ends before them.
    """
    found: list[Negation] = []
    at = 0
    while at < len(words):
        length = _negator_length(words, at)
        if length:
            found.append(_scope(words, groups, timed, at, at + length))
            at = max(at + length, found[-1].end)
        else:
            at += 1
    taken = {i for negation in found for i in range(negation.begin, negation.end)}
    for number, group in enumerate(groups):
        state = _kept_state(words, group)
        if state is not None and group.begin not in taken:
            begin, end, closed = state
            found.append(Negation(begin, end, (number,), closed=closed))
    return sorted(found, key=lambda negation: negation.begin)


def _negator_length(words: Sequence[Word], at: int) -> int:
    """Number of words of the negator that begins at `at` ("not", "no one"); 0 for none."""
    text = [w.text for w in words[at : at + 3]]
    for phrase in _PHRASES:
        if tuple(text[: len(phrase)]) == phrase:
            # "outside" alone is also where somebody goes: only "outside the kitchen" negates.
            if phrase == ("outside",) and (len(text) < 2 or text[1] not in DETERMINERS or text[-1] in _HOUSE):
                continue
            if phrase == ("no", "longer") and text[2:] == ["than"]:
                return 0  # an amount
            return len(phrase)
    if is_negator(text[0]):
        if len(text) > 2 and text[1] in ("switched", "turned") and text[2] == "off":
            return 0
        # "Never off" is on.
        return 0 if len(text) > 1 and text[1] in _NO_NEGATION | {"off"} else 1
    return 0


def is_negator(word: str) -> bool:
    """Whether a word alone negates: "not", "never", "didn't"."""
    return word in _SINGLE or word.endswith("n't")


def _scope(
    words: Sequence[Word], groups: Sequence[PlaceGroup], timed: frozenset[int], begin: int, after: int
) -> Negation:
    end = after
    # In "no nocturnal visits" the time belongs to what is negated.
    while end < len(words) and (end in timed or words[end].text in DETERMINERS | _LEAD):
        end += 1
    goes_on = end < len(words) and words[end].text not in BREAKS | {",", "and"}
    end = end if goes_on and not timed.isdisjoint(range(after, end)) else after
    while end < len(words) and end not in timed and words[end].text not in BREAKS:
        pair = (words[end - 1].text, words[min(end + 1, len(words) - 1)].text)
        if words[end].text in (",", "and") and pair not in _PAIRS and not _list_goes_on(words, groups, end):
            break
        end += 1
    inside = tuple(k for k, group in enumerate(groups) if after <= group.begin < end)
    forward = words[begin].text not in ("not", "never") and not words[begin].text.endswith("n't")
    while begin > 0 and not forward and words[begin - 1].text in _AUXILIARY and inside:
        begin -= 1  # "does not open": the auxiliary belongs to the negation
    if not inside and begin > 0 and not forward:
        # "The fridge is not opened": the place is before its negation.
        subject = next(
            (
                k
                for k, group in enumerate(groups)
                if group.end <= begin and {w.text for w in words[group.end : begin]} <= _AUXILIARY
            ),
            None,
        )
        if subject is not None:
            return Negation(groups[subject].lead, end, (subject,), closed=_opens(words, after, end))
    negated = " ".join(w.text for w in words[after:end])
    return Negation(begin, end, inside, leaving=bool(inside) and _LEAVE.search(negated) is not None)


def _list_goes_on(words: Sequence[Word], groups: Sequence[PlaceGroup], at: int) -> bool:
    """Whether a comma or "and" continues a list of places."""
    follows = at + 1
    if follows < len(words) and words[follows].text in ("or", "nor"):
        return True
    allowed = DETERMINERS | ({"in", "at", "on", "into", "to"} if words[at].text == "and" else frozenset())
    while follows < len(words) and words[follows].text in allowed:
        follows += 1
    # `group_places` has joined lists already: the comma is inside a group, or before the next one.
    return any(group.begin <= at < group.end or group.begin == follows for group in groups)


def _opens(words: Sequence[Word], begin: int, end: int) -> bool:
    return any(w.text in ("opened", "open", "opens", "opening", "touched") for w in words[begin:end])


def _kept_state(words: Sequence[Word], group: PlaceGroup) -> tuple[int, int, bool] | None:
    """(begin, end, whether it is shut) of "the door stays closed"; None where no such state is stated."""
    at = group.end
    kept = group.lead > 0 and words[group.lead - 1].text in _KEPT
    begin = group.lead - 1 if kept else group.lead
    copula = False
    while at < len(words) and (words[at].text in _KEPT or words[at].text in _AUXILIARY):
        kept = kept or words[at].text in _KEPT
        copula = True
        at += 1
    if at >= len(words):
        return None
    state = words[at].text
    if state in _SHUT and kept:
        return begin, at + 1, True
    if state in _UNUSED and (kept or copula or state in _VACANT):
        return begin, at + 1, False
    return None
