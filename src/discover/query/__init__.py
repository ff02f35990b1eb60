"""A sentence read into conditions on windows, and windows scored by them."""

from discover.query.lexicon import Lexicon, Place, PlaceKind
from discover.query.matching import PREDICATE_WEIGHT, QueryMatch, match_query
from discover.query.parsed_query import ParsedQuery, QueryParser
from discover.query.parsing import parse_query
from discover.query.predicates import Predicate, Scores
from discover.query.questions import check_question
from discover.query.time_words import TimeWords, find_time_words

__all__ = [
    "PREDICATE_WEIGHT",
    "Lexicon",
    "ParsedQuery",
    "Place",
    "PlaceKind",
    "Predicate",
    "QueryMatch",
    "QueryParser",
    "Scores",
    "TimeWords",
    "check_question",
    "find_time_words",
    "match_query",
    "parse_query",
]
