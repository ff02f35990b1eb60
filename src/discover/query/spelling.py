"""Misspelled words of a question, put right where one known word is near: "bathrom", "yesturday"."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from string import ascii_lowercase

from discover.query.claims import KNOWN_WORDS, SMALL_WORDS
from discover.query.inventory import activities, lemma
from discover.query.lexicon import Lexicon

__all__ = ["spelled"]

_WORD = re.compile(r"(?<![\w'-])[a-z]{4,}(?![\w'-])")
_NEAR = 0.8
"""Least share of letters that two spellings have in common, as difflib counts them."""


def spelled(text: str, question: str, lexicon: Lexicon) -> tuple[str, list[str]]:
    """A question with its misspelled words put right, and what was changed.

    Names are left alone, as is a sentence of which many words are unknown: it is no English one.

    Args:
        text: The question in lower case.
        question: As it was typed: a word with a capital inside the sentence is a name.
        lexicon: Words of the home.

    >>> spelled("did he go to the bathrom", "", Lexicon({}))
    ('did he go to the bathroom', ["'bathrom' is read as 'bathroom'."])
    """
    import simplemma

    known = _known(tuple(lexicon))
    names = {name.lower() for name in re.findall(r"(?<=\w )[A-Z][a-z]+", question)}
    words = [w for w in _WORD.findall(text) if w not in names]
    wrong = [w for w in words if w not in known and not simplemma.is_known(w, lang="en")]
    if not wrong or len(wrong) > max(1, 0.4 * len(text.split())):
        return text, []
    notes = []
    for word in wrong:
        slips = [w for w in _one_slip(word) if w in known or lemma(w) in known]
        # A word that names something, before a small one: "showr" is no "show".
        near = next((w for w in slips if SMALL_WORDS.isdisjoint((w, lemma(w)))), next(iter(slips), None))
        if near is None:
            close = get_close_matches(word, sorted(known), n=3, cutoff=_NEAR)
            near = next((w for w in close if w[0] == word[0]), None)
        if near is not None:
            text = re.sub(rf"\b{word}\b", near, text)
            notes.append(f"'{word}' is read as '{near}'.")
    return text, notes


def _one_slip(word: str) -> Iterator[str]:
    """Spellings one slip away: two letters exchanged, one doubled or too many, one left out."""
    cuts = [(word[:i], word[i:]) for i in range(1, len(word) + 1)]
    yield from (a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1)
    yield from (a + b[1:] for a, b in cuts if b)
    yield from (a + c + b for a, b in cuts for c in ascii_lowercase)


@cache
def _known(phrases: tuple[str, ...]) -> frozenset[str]:
    of_activities = [p for name, a in activities().items() for p in (name, *a.phrases)]
    return KNOWN_WORDS | {w for phrase in (*phrases, *of_activities) for w in phrase.split() if len(w) > 3}
