"""Questions read into a schema, for answers and for search; and windows scored by what was read."""

from discover.query.inventory import ACTIVITIES_FILE, activities
from discover.query.lexicon import Lexicon, Place, PlaceKind
from discover.query.matching import PREDICATE_WEIGHT, QueryMatch, WindowTimes, match_query, window_scores
from discover.query.parsed_query import (
    Asks,
    Bounds,
    Clause,
    Comparison,
    DaySpan,
    ParsedQuery,
    QueryParser,
    Thing,
)
from discover.query.questions import check_question
from discover.query.rules import parse_question

__all__ = [
    "ACTIVITIES_FILE",
    "PREDICATE_WEIGHT",
    "Asks",
    "Bounds",
    "Clause",
    "Comparison",
    "DaySpan",
    "Lexicon",
    "ParsedQuery",
    "Place",
    "PlaceKind",
    "QueryMatch",
    "QueryParser",
    "Thing",
    "WindowTimes",
    "activities",
    "check_question",
    "match_query",
    "parse_question",
    "window_scores",
]
