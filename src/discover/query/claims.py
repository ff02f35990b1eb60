"""Which words of a question no rule carries: each word is claimed, small, or listed as not understood."""

import re
from collections.abc import Collection, Sequence
from importlib import resources

from discover.core.day_parts import WEEKDAYS
from discover.query.amounts import NUMBERS
from discover.query.inventory import lemma
from discover.query.lexicon import Word

__all__ = ["KNOWN_WORDS", "SMALL_WORDS", "is_weighty", "left_over"]

SMALL_WORDS = frozenset(
    resources.files("discover.query").joinpath("plain_words.txt").read_text(encoding="utf-8").split()
)
"""Words without a meaning that a log could answer: who somebody is, how one asks, verbs of being."""
_WEIGHTY = frozenset(
    """second minute hour day night week weekend weekday fortnight month year morning afternoon
    evening noon midday midnight today yesterday tomorrow now ago am pm o'clock january february
    march april june july august september october november december spring summer autumn winter
    first second third last next past than versus vs more less most least fewer longer shorter
    earlier later sooner late early longest shortest earliest latest busiest half quarter dozen several many
    every each before after since until between around twice once never not no nobody nothing
    without always often usually lately recently quietest calmest liveliest""".split()  # noqa: SIM905
) | set(WEEKDAYS) | set(NUMBERS) - {"a", "an"}  # fmt: skip
"""Words for a day, a time, a number, a comparison or a negation: none of them is small."""

KNOWN_WORDS = SMALL_WORDS | _WEIGHTY
"""Words that a question may use without naming a thing."""
_LEFT_ON = re.compile(
    r"(?:left|leave|leaves|leaving)\s+(?:(?:the|her|his|their|my|it)\s+(?:\w+\s+){0,2}?)?(?:on|open|off|running|unlocked)\b"
)
"""Whether somebody forgot it is not in a log."""
_NUMBER = re.compile(r"[a-z]*\d[\w.:/-]*\w|[a-z]*\d")


def left_over(
    text: str, words: Sequence[Word], claimed: Sequence[tuple[int, int]], named: Collection[str] = ()
) -> list[str]:
    """The words that carry a meaning and that nothing claims.

    Args:
        text: The question.
        words: Its words.
        claimed: Characters [begin, end) that a rule has read.
        named: Dictionary forms of words of the named activities; the verb may stand apart from its noun.
    """
    left: list[str] = []
    listed = 0
    for word in words:
        if _LEFT_ON.match(text, word.begin):
            left.append(word.text)
        if any(a <= word.begin < b for a, b in claimed):
            continue
        number = _NUMBER.match(text, word.begin)
        if number is not None:
            # "co2" is one word: its digit is not listed again.
            left += [number.group()] if word.begin >= listed else []
            listed = number.end() if word.text.isalpha() else listed
        elif is_weighty(word.text) or not (
            not word.text[0].isalpha()
            or (len(word.text) < 3)
            or lemma(word.text) in named
            or not SMALL_WORDS.isdisjoint((word.text, lemma(word.text)))
        ):
            left.append(word.text)
    return list(dict.fromkeys(left))


def is_weighty(word: str) -> bool:
    """Whether a word may never be dropped: it names a day, a time, a number, a comparison or a negation."""
    return word[0].isdigit() or word in _WEIGHTY or word.endswith("n't") or word.removesuffix("s") in _WEIGHTY
