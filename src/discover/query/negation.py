"""What a sentence denies: "not at the stove", "without opening any cupboard", "the front door stays closed".

In: the words of a sentence and the places it names. Out: stretches of words that are denied. A denial
reaches from its
word ("not", "without", "nobody") to the next comma, "but", "then" or time of day; a list goes on over commas
("any cupboard, drawer or fridge"). Behind its subject ("the fridge is not opened") it reaches back to it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from discover.query.lexicon import Word
from discover.query.scan import BREAKS, DETERMINERS, Group

__all__ = ["Denial", "find_denials"]

_SINGLE = frozenset(
    """not never without no nobody nothing nowhere none neither nor except excluding avoiding avoids avoid
    skipping
    skips skip minus cannot unvisited elsewhere""".split()  # noqa: SIM905
)
_PHRASES = (
    ("no", "one"), ("somewhere", "else", "than"), ("elsewhere", "than"), ("other", "than"),
    ("rather", "than"),
    ("instead", "of"), ("anywhere", "but"), ("everywhere", "but"), ("anywhere", "except"), ("apart", "from"),
    ("aside", "from"), ("far", "from"), ("stays", "away", "from"), ("staying", "away", "from"),
    ("keeps", "away", "from"), ("stays", "out", "of"), ("staying", "out", "of"), ("keeps", "out", "of"),
    ("outside", "of"), ("outside",), ("leaving", "out"), ("leaves", "out"),
)  # fmt: skip
# "No more than ten seconds" bounds, "not only" adds, "nothing but" means this alone.
_NO_DENIAL = frozenset(
    {"more", "less", "longer", "fewer", "only", "but", "other", "later", "earlier", "just", "matter"}
)
_KEPT = frozenset(
    """stays stay staying stayed remains remain remaining remained kept keeps keeping left leaving leaves
    with""".split()  # noqa: SIM905
)
_SHUT = frozenset({"closed", "shut", "unopened"})
_UNUSED = frozenset(
    """unused untouched empty off idle deserted unoccupied unvisited dark alone unattended vacant quiet
    silent still""".split()  # noqa: SIM905
)
_AUXILIARY = frozenset(
    """is are was were be being been does do did has have gets get always all both itself will
    still""".split()  # noqa: SIM905
)
_LEAVE = re.compile(
    r"\b(?:leav(?:e|es|ing)|left|go(?:es|ing)? out of|com(?:e|es|ing) out of|exit(?:s|ing)?)\b"
)


@dataclass(frozen=True)
class Denial:
    """Words [begin, end) that are denied.

    Attributes:
        begin, end: The words.
        groups: Numbers of the places in it.
        closed: The places are kept shut rather than empty.
        leaving: What is denied is leaving them ("never leaves the kitchen").
    """

    begin: int
    end: int
    groups: tuple[int, ...]
    closed: bool = False
    leaving: bool = False


def find_denials(words: Sequence[Word], groups: Sequence[Group], timed: frozenset[int]) -> list[Denial]:
    """The denials of a sentence, in its order; none overlap.

    Args:
        words: The sentence.
        groups: Its places.
        timed: Words that say a time; a denial ends before them.
    """
    found: list[Denial] = []
    at = 0
    while at < len(words):
        length = _denier(words, at)
        if length:
            found.append(_reach(words, groups, timed, at, at + length))
            at = max(at + length, found[-1].end)
        else:
            at += 1
    taken = {i for denial in found for i in range(denial.begin, denial.end)}
    for number, group in enumerate(groups):
        state = _kept_state(words, group)
        if state is not None and group.begin not in taken:
            begin, end, closed = state
            found.append(Denial(begin, end, (number,), closed=closed))
    return sorted(found, key=lambda denial: denial.begin)


def _denier(words: Sequence[Word], at: int) -> int:
    """How many words from here deny; 0 for none."""
    text = [w.text for w in words[at : at + 3]]
    for phrase in _PHRASES:
        if tuple(text[: len(phrase)]) == phrase:
            # "outside" alone is also where somebody goes: only "outside the kitchen" denies.
            if phrase == ("outside",) and (len(text) < 2 or text[1] not in DETERMINERS):
                continue
            return len(phrase)
    if text[0].endswith("n't") or text[0] in _SINGLE:
        return 0 if len(text) > 1 and text[1] in _NO_DENIAL else 1
    return 0


def _reach(
    words: Sequence[Word], groups: Sequence[Group], timed: frozenset[int], begin: int, after: int
) -> Denial:
    end = after
    while end < len(words) and end not in timed and words[end].text not in BREAKS:
        if words[end].text in (",", "and") and not _list_goes_on(words, groups, end):
            break
        end += 1
    inside = tuple(k for k, group in enumerate(groups) if after <= group.begin < end)
    forward = words[begin].text not in ("not", "never") and not words[begin].text.endswith("n't")
    while begin > 0 and not forward and words[begin - 1].text in _AUXILIARY and inside:
        begin -= 1  # "does not open": its auxiliary goes with it
    if not inside and begin > 0 and not forward:
        # "The fridge is not opened": the place stands before its denial.
        subject = next(
            (
                k
                for k, group in enumerate(groups)
                if group.end <= begin and {w.text for w in words[group.end : begin]} <= _AUXILIARY
            ),
            None,
        )
        if subject is not None:
            return Denial(groups[subject].lead, end, (subject,), closed=_opens(words, after, end))
    said = " ".join(w.text for w in words[after:end])
    return Denial(begin, end, inside, leaving=bool(inside) and _LEAVE.search(said) is not None)


def _list_goes_on(words: Sequence[Word], groups: Sequence[Group], at: int) -> bool:
    """Whether a comma or "and" only goes on with a list of places."""
    follows = at + 1
    if follows < len(words) and words[follows].text in ("or", "nor"):
        return True
    allowed = DETERMINERS | ({"in", "at", "on", "into", "to"} if words[at].text == "and" else frozenset())
    while follows < len(words) and words[follows].text in allowed:
        follows += 1
    # A list was made one group where places were read: inside a group, or at the beginning of the next.
    return any(group.begin <= at < group.end or group.begin == follows for group in groups)


def _opens(words: Sequence[Word], begin: int, end: int) -> bool:
    return any(w.text in ("opened", "open", "opens", "opening", "touched") for w in words[begin:end])


def _kept_state(words: Sequence[Word], group: Group) -> tuple[int, int, bool] | None:
    """Words of "the door stays closed" and whether it is shut; None where the place is not kept so."""
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
    if state in _UNUSED and (kept or copula):
        return begin, at + 1, False
    return None
