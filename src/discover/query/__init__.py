"""Read a question: a sentence becomes conditions on windows, and windows are scored by them."""

from discover.query.lexicon import Lexicon, Place, PlaceKind
from discover.query.matching import WORD_WEIGHT, WordMatch, match_words
from discover.query.parsing import ParsedQuery, parse_query
from discover.query.questions import check_question
from discover.query.time_words import TimeWords, find_time_words

__all__ = [
    "WORD_WEIGHT",
    "Lexicon",
    "ParsedQuery",
    "Place",
    "PlaceKind",
    "TimeWords",
    "WordMatch",
    "check_question",
    "find_time_words",
    "match_words",
    "parse_query",
]
