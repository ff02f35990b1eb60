"""Questions in a language or script that the text model does not know, or that name nothing."""

import re

from discover.query.foreign import mostly_latin

__all__ = ["foreign_note"]

MIN_WORDS, PIECES_PER_WORD = 3, 2.0
"""Ledger of choices: English questions about homes stay below, on average over at least so many words."""

_NO_CONTENT = """
a an the this that these those here there i you he she it we they me him her us them my your his its
our their mine yours someone somebody something anyone anybody anything everyone everybody
everything no none one ones who whom whose what which where when why how and or but nor so if then
than as of at by for from in into on onto to with about is am are was were be been being do does did
doing done have has had having can could will would shall should may might must not just only very
too also please show find tell give search look s t m re ve ll d
"""
_SMALL_WORDS = frozenset(_NO_CONTENT.split())
"""Words that name no place, thing, act or time, and those that ask for an answer."""

_NOTHING_ASKED = (
    "This question names no place, thing, act or time: say what happens, such as 'someone opens the fridge "
    "at night'. The answers below are arbitrary."
)
_NOTE = (
    "Nothing in this question was understood as a place, thing or time of this home, and {why}. "
    "The text model knows English: ask in plain English words. The answers below are most likely arbitrary."
)


def foreign_note(text: str, pieces: int) -> str:
    """A note on a question in which no rule found anything; "" where it may be English.

    Args:
        text: The question.
        pieces: Word pieces of the text model's tokenizer, without its begin and end tokens.
    """
    if not any(c.isalpha() for c in text):
        return _NOTE.format(why="it holds no letter")
    if not mostly_latin(text):
        return _NOTE.format(why="most of its letters are not Latin")
    found = re.findall(r"\w+", text.lower())
    if _SMALL_WORDS.issuperset(found):
        return _NOTHING_ASKED
    words = len(found)
    if words >= MIN_WORDS and pieces >= PIECES_PER_WORD * words:
        return _NOTE.format(why="most of its words are unknown to the text model")
    return ""
