"""Free-text queries with relevance rules over events and time. See README.md in this folder.

load_queries        queries.yaml -> typed queries
grade_queries       all of them on the windows of a home -> grades 0, 1, 2
"""

from benchmarks.queries.query_set import (
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
