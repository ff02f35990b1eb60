"""Free-text queries with relevance rules over events and time. See README.md in this folder.

load_queries        "main" (queries.yaml), "held_out" (held_out.yaml) or a path -> typed queries
grade_queries       all of them on the windows of a home -> grades 0, 1, 2
"""

from benchmarks.queries.query_set import (
    QUERY_FILES,
    QUERY_TYPES,
    GradedQueries,
    Query,
    QuerySet,
    grade_queries,
    load_queries,
)
from benchmarks.queries.rules import RuleError, check_rule, concepts_of, evaluate_rule
from benchmarks.queries.window_view import Concepts, WindowView

__all__ = [
    "QUERY_FILES",
    "QUERY_TYPES",
    "Concepts",
    "GradedQueries",
    "Query",
    "QuerySet",
    "RuleError",
    "WindowView",
    "check_rule",
    "concepts_of",
    "evaluate_rule",
    "grade_queries",
    "load_queries",
]
