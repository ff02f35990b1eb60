"""Questions in a language or script that the text model does not know."""

import re
import unicodedata

__all__ = ["foreign_note"]

MIN_WORDS, PIECES_PER_WORD = 3, 2.0
"""Ledger of choices: English questions about homes stay below, on average over at least so many words."""

_NOTE = (
    "Nothing in this question was understood as a place, thing or time of this home, and {why}. "
    "The text model knows English: ask in plain English words. The answers below are most likely arbitrary."
)


def foreign_note(text: str, pieces: int) -> str:
    """What to say of a question that no rule has read; "" where it may be English.

    Args:
        text: The question.
        pieces: Word pieces of the text model's tokenizer, without its marks of begin and end.
    """
    letters = [c for c in text if c.isalpha()]
    if not letters:
        return _NOTE.format(why="it holds no letter")
    latin = sum(unicodedata.name(c, "").startswith("LATIN") for c in letters)
    if 2 * latin < len(letters):
        return _NOTE.format(why="most of its letters are not Latin")
    words = len(re.findall(r"\w+", text))
    if words >= MIN_WORDS and pieces >= PIECES_PER_WORD * words:
        return _NOTE.format(why="most of its words are unknown to the text model")
    return ""
