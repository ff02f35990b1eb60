"""Questions read: into a schema, and into conditions on windows; and windows scored by these."""

from discover.query.everyday import parse_question
from discover.query.inventory import ACTIVITIES_FILE, activities
from discover.query.lexicon import Lexicon, Place, PlaceKind
from discover.query.matching import PREDICATE_WEIGHT, QueryMatch, match_query
from discover.query.parsed_query import Asks, Bounds, Comparison, DaySpan, ParsedQuery, QueryParser, Thing
from discover.query.predicates import Predicate, Scores
from discover.query.questions import check_question
from discover.query.time_words import TimeWords, find_time_words
from discover.query.window_conditions import ConditionsReader, WindowConditions
from discover.query.window_parsing import read_conditions

__all__ = [
    "ACTIVITIES_FILE",
    "PREDICATE_WEIGHT",
    "Asks",
    "Bounds",
    "Comparison",
    "ConditionsReader",
    "DaySpan",
    "Lexicon",
    "ParsedQuery",
    "Place",
    "PlaceKind",
    "Predicate",
    "QueryMatch",
    "QueryParser",
    "Scores",
    "Thing",
    "TimeWords",
    "WindowConditions",
    "activities",
    "check_question",
    "find_time_words",
    "match_query",
    "parse_question",
    "read_conditions",
]
