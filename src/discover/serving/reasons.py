"""Why an answer was found: what showed an episode, and the words of captions that the question shares."""

from collections.abc import Iterable

from discover.query.amounts import SMALL_NUMBERS
from discover.query.inventory import content
from discover.query.lexicon import split_sentence
from discover.retrieval import Hit
from discover.retrieval.hits import Episode

__all__ = ["matched_words", "reason_of"]

_AMOUNTS = frozenset({"second", "minute", "hour", "time", "while", "moment", *SMALL_NUMBERS})


def matched_words(text: str, captions: Iterable[str]) -> tuple[str, ...]:
    """Words of captions that a question has too, in any form, in the question's order.

    >>> matched_words("she slept in the bedroom", ["someone sleeps in the bedroom"])
    ('slept', 'bedroom')
    """
    told = {lemma for caption in captions for _, lemma in _content(caption)}
    words = [w.text for w in split_sentence(text)]
    return tuple(dict.fromkeys(words[i] for i, lemma in _content(text) if lemma in told))


def reason_of(hit: Hit, text: str, captions: Iterable[str]) -> str:
    """What showed an episode, and the caption words that a question shares with a hit; "" for neither."""
    parts = [*hit.how, hit.missed] if isinstance(hit, Episode) else []
    words = matched_words(text, captions)
    parts += [f"captions say {', '.join(words)}"] if words else []
    return "; ".join(filter(None, parts))


def _content(text: str) -> list[tuple[int, str]]:
    """(index, lemma) of words that say something: no articles, no people."""
    found = content([w.text for w in split_sentence(text)])
    return [(i, word) for i, word in found if len(word) > 2 and word not in _AMOUNTS]
