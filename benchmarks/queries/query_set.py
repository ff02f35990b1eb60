"""The queries of a query file: sentences, types, rules; and their grades on the windows of a home."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import yaml
from numpy.typing import NDArray

from benchmarks.queries.rules import RuleError, check_rule, concepts_of, evaluate_rule
from benchmarks.queries.window_view import Concepts, WindowView
from discover.core.artifacts import file_sha256
from discover.core.errors import ConfigError

__all__ = [
    "QUERY_FILES",
    "QUERY_TYPES",
    "GradedQueries",
    "Query",
    "QuerySet",
    "grade_queries",
    "load_queries",
]

QueryType = Literal["place", "object", "time", "movement", "duration", "activity", "absence"]
QUERY_TYPES: tuple[str, ...] = get_args(QueryType)

QUERY_FILES: Mapping[str, Path] = {
    "main": Path(__file__).parent / "queries.yaml",
    "held_out": Path(__file__).parent / "held_out.yaml",
}
"""The shipped files by name; README.md says what each is for."""

MIN_RELEVANT = 3
MAX_SHARE = 0.6
_KEYS = {"text", "type", "portable", "full", "part", "not_in"}


@dataclass(frozen=True)
class Query:
    """One sentence and when a window answers it.

    Attributes:
        text: The sentence.
        type: One of QUERY_TYPES.
        portable: Needs only rooms and objects that ordinary homes name.
        full: Rule of grade 2: the window does what the sentence says.
        part: Rule of grade 1: it comes close; None if there is nothing in between.
        not_in: Home -> why the sentence does not count there.
    """

    text: str
    type: str
    portable: bool
    full: Mapping[str, Any]
    part: Mapping[str, Any] | None
    not_in: Mapping[str, str]


@dataclass(frozen=True)
class QuerySet:
    """All queries, the concepts of their rules, and the sha256 of the file."""

    queries: tuple[Query, ...]
    concepts: Concepts
    sha256: str


@dataclass(frozen=True)
class GradedQueries:
    """The queries that count in a home.

    Attributes:
        queries: Q of them.
        grades: (Q, N) int8, 0, 1 or 2.
        skipped: Sentence -> why it does not count here.
    """

    queries: tuple[Query, ...]
    grades: NDArray[np.int8]
    skipped: dict[str, str]


def load_queries(source: str | Path = "main") -> QuerySet:
    """Read and check a query file.

    Args:
        source: A name of QUERY_FILES, or the path of a file of your own.

    Raises:
        ConfigError: No shipped file has that name.
        RuleError: A query or rule is not as README.md says.
    """
    if isinstance(source, str) and source not in QUERY_FILES:
        raise ConfigError(
            f"No query file is named '{source}'. Known: {', '.join(QUERY_FILES)}; pass a Path for your own."
        )
    path = QUERY_FILES[source] if isinstance(source, str) else source
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    concepts = Concepts(
        rooms={k: tuple(v) for k, v in values["concepts"]["rooms"].items()},
        objects={k: tuple(v) for k, v in values["concepts"]["objects"].items()},
    )
    queries = tuple(_query(entry, concepts) for entry in values["queries"])
    texts = [q.text for q in queries]
    if len(set(texts)) < len(texts):
        raise RuleError(f"{path} has a sentence twice: {sorted({t for t in texts if texts.count(t) > 1})}.")
    return QuerySet(queries, concepts, file_sha256(path))


def grade_queries(queries: Sequence[Query], view: WindowView) -> GradedQueries:
    """Grades of every query that counts in the view's home."""
    kept, grades, skipped = [], [], {}
    for query in queries:
        grade = grade_windows(query, view)
        reason = query.not_in.get(view.home.name, "") or why_not(query, view, grade)
        if reason:
            skipped[query.text] = reason
            continue
        kept.append(query)
        grades.append(grade)
    table = np.array(grades, dtype=np.int8).reshape(len(kept), view.n)
    return GradedQueries(tuple(kept), table, skipped)


def grade_windows(query: Query, view: WindowView) -> NDArray[np.int8]:
    """(N,) 2 where the full rule holds, else 1 where the other one does, else 0."""
    full = evaluate_rule(query.full, view)
    part = np.zeros(view.n, dtype=bool) if query.part is None else evaluate_rule(query.part, view)
    return np.where(full, 2, np.where(part, 1, 0)).astype(np.int8)


def why_not(query: Query, view: WindowView, grades: NDArray[np.int8]) -> str:
    """Why a query cannot be scored on these windows; "" if it can."""
    missing = concepts_of(query.full, view)
    if missing:
        return f"the home names no {', '.join(missing)}"
    relevant, exact = int((grades > 0).sum()), int((grades == 2).sum())
    if relevant < MIN_RELEVANT or exact == 0:
        return f"{relevant} relevant windows, {exact} of them fully; {MIN_RELEVANT} and 1 are needed"
    if relevant > MAX_SHARE * view.n:
        return f"{relevant / view.n:.0%} of the windows are relevant, more than {MAX_SHARE:.0%}"
    return ""


def _query(entry: Mapping[str, Any], concepts: Concepts) -> Query:
    text = str(entry.get("text", ""))
    if not set(entry) <= _KEYS or not text or "full" not in entry:
        raise RuleError(
            f"A query has text, type, full and perhaps part, portable, not_in; got {dict(entry)}."
        )
    if entry.get("type") not in QUERY_TYPES:
        raise RuleError(f"'{text}': type is one of {', '.join(QUERY_TYPES)}, got {entry.get('type')!r}.")
    for rule in (entry["full"], entry.get("part")):
        if rule is not None:
            check_rule(rule, concepts)
    return Query(
        text=text,
        type=entry["type"],
        portable=bool(entry.get("portable", False)),
        full=entry["full"],
        part=entry.get("part"),
        not_in=dict(entry.get("not_in") or {}),
    )
