"""Misspelled words of a question, put right where one known word is near: "bathrom", "yesturday"."""

import re
from difflib import get_close_matches
from functools import cache

from discover.query.claims import KNOWN_WORDS
from discover.query.inventory import activities
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
        near = [w for w in get_close_matches(word, sorted(known), n=3, cutoff=_NEAR) if w[0] == word[0]]
        if near:
            text = re.sub(rf"\b{word}\b", near[0], text)
            notes.append(f"'{word}' is read as '{near[0]}'.")
    return text, notes


@cache
def _known(phrases: tuple[str, ...]) -> frozenset[str]:
    of_activities = [p for name, a in activities().items() for p in (name, *a.phrases)]
    return KNOWN_WORDS | {w for phrase in (*phrases, *of_activities) for w in phrase.split() if len(w) > 3}
