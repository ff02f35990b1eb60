"""Episodes in a search: moments of any length that meet a question, beside windows."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discover.query import ParsedQuery, activities
from discover.retrieval import Episode, Hit, Index, Moment, SearchFilters, SearchOptions
from discover.retrieval.episodes import Spans
from discover.retrieval.hits import build_hits, path_of
from discover.retrieval.ranking import spread_days
from discover.serving import answer_words as words
from discover.serving.moments import DAY_S, asks_of_nights, period_of, select_moments
from discover.serving.occurrences import Occurrences

__all__ = [
    "NO_EPISODE",
    "HomeWindows",
    "episodes_first",
    "episodes_of_homes",
    "find_episodes",
    "names_episode",
]

# Shape letters: W windows of a home, S spans.

NO_EPISODE = "No moment of any length meets all of it: the nearest windows come first."
WINDOW_S = 60.0
"""A length above this is that of an episode."""
_PROBES = 8
"""So many windows of a span, evenly spaced, give its mean cosine."""
_SHOWN_WINDOWS = 60
"""Rooms and objects of an episode come from at most so many of its windows."""


@dataclass(frozen=True)
class HomeWindows:
    """The windows of one home in the order of time.

    Attributes:
        rows: (W,) their rows in the index.
        begin_s, end_s: (W,) local time in seconds since 1970.
        event_s: (E,) times of the home's events, sorted.
    """

    rows: NDArray[np.int64]
    begin_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    event_s: NDArray[np.float64]

    @classmethod
    def of(cls, index: Index, home: str, event_s: NDArray[np.float64]) -> "HomeWindows":
        """From an index; `event_s` are the times of the home's events."""
        own = index.rows_in(home)
        rows = np.arange(len(index), dtype=np.int64)[own]
        begin, end = (index.windows[c].dt.timestamp("us").to_numpy()[own] / 1e6 for c in ("start", "end"))
        order = np.argsort(begin, kind="stable")
        return cls(rows[order], begin[order], end[order], event_s)

    def inside(self, spans: Spans) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(S,) first and last + 1 of the windows that begin in each span; where none does, of the nearest."""
        first = np.searchsorted(self.begin_s, spans.begin_s, side="left")
        last = np.searchsorted(self.begin_s, spans.end_s, side="right")
        before, after = np.maximum(first - 1, 0), np.minimum(first, len(self.begin_s) - 1)
        gap = spans.begin_s - self.end_s[before], self.begin_s[after] - spans.end_s
        first = np.where(last > first, first, np.where(gap[0] <= gap[1], before, after))
        return first, np.maximum(last, first + 1)


def names_episode(query: ParsedQuery) -> bool:
    """Whether a question names a length, a night, an outing, a count, company, an order or an absence."""
    things = [t.name for t in (*query.wanted, *query.unwanted) if t.kind == "activity"]
    long = query.lasts is not None and query.lasts.high > WINDOW_S
    absent = query.empty or bool(query.unwanted and not query.wanted)
    return bool(
        long
        or absent
        or query.ordered
        or query.times
        or query.people
        or any(activities()[n].episode for n in things)
    )


def episodes_of_homes(
    queries: Mapping[str, ParsedQuery],
    happened: Mapping[str, Occurrences],
    index: Index,
    windows: Mapping[str, HomeWindows],
    vectors: Mapping[str, NDArray[np.floating]],
    now: Mapping[str, dt.datetime],
    options: SearchOptions,
) -> list[Episode]:
    """Episodes of several homes, the best first; mappings are by home, `vectors` by embedded text."""
    filters = options.filters
    mask = index.mask(filters.model_copy(update={"min_duration_s": 0.0, "max_duration_s": None}))
    found = [
        episode
        for home, query in queries.items()
        for episode in find_episodes(
            query, happened[home], index, windows[home], vectors[query.embedded], options.top_k,
            now=now[home], mask=mask, filters=filters,
        )
    ]  # fmt: skip
    return sorted(found, key=lambda one: -one.score) if len(queries) > 1 else found


def find_episodes(
    query: ParsedQuery,
    happened: Occurrences,
    index: Index,
    windows: HomeWindows,
    vector: NDArray[np.floating],
    top_k: int,
    *,
    now: dt.datetime,
    mask: NDArray[np.bool_] | None = None,
    filters: SearchFilters | None = None,
) -> list[Episode]:
    """The best episodes of one home, spread over days.

    All meet every condition; the mean cosine of their windows orders them.

    Args:
        query: The question.
        happened: What happens in the home.
        index: Holds its windows.
        windows: These.
        vector: (P,) of the question.
        top_k: How many.
        now: Nothing after it counts.
        mask: Windows of the index that pass the filters; an episode needs one of them.
        filters: Their bounds on durations hold for episodes.
    """
    if query.refused is not None or not len(windows.rows):
        return []
    period = period_of(query.days, happened.stream, now, nights=asks_of_nights(query))
    if period is None:
        return []
    found = select_moments(query, happened, period)
    spans = found.spans
    if filters is not None:
        longest = float("inf") if filters.max_duration_s is None else filters.max_duration_s
        spans = spans.where((spans.length_s >= filters.min_duration_s) & (spans.length_s <= longest))
    first, last = windows.inside(spans)
    if mask is not None:
        passing = np.append(0, np.cumsum(mask[windows.rows]))
        keep = passing[last] > passing[first]
        spans, first, last = spans.where(keep), first[keep], last[keep]
    if not len(spans):
        return []
    score, best = _cosines(index, windows, first, last, vector)
    order = np.argsort(-score, kind="stable")[: 10 * top_k]
    days = np.floor(spans.begin_s[order] / DAY_S).tolist()
    chosen = [int(order[i]) for i in spread_days(score[order].tolist(), days)[:top_k]]
    return [
        _told(
            spans, k, float(score[k]), int(best[k]), index, windows, (int(first[k]), int(last[k])), found.how
        )
        for k in chosen
    ]


def _cosines(
    index: Index,
    windows: HomeWindows,
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    vector: NDArray[np.floating],
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(S,) mean cosine of each span's windows with the question, and the row of the best of them."""
    steps = first[:, None] + (np.arange(_PROBES) * (last - first)[:, None]) // _PROBES
    probed, place = np.unique(steps, return_inverse=True)
    unit = np.ravel(vector).astype(np.float32)
    unit /= max(float(np.linalg.norm(unit)), 1e-12)
    cosines = (index.vectors[windows.rows[probed]].astype(np.float32) @ unit)[place.reshape(steps.shape)]
    best = steps[np.arange(len(steps)), cosines.argmax(axis=1)]
    return cosines.mean(axis=1), windows.rows[best]


def _told(
    spans: Spans,
    k: int,
    score: float,
    best: int,
    index: Index,
    windows: HomeWindows,
    inside: tuple[int, int],
    how: tuple[str, ...],
) -> Episode:
    """Span k as an episode, with its events, rooms and objects."""
    begin, end = float(spans.begin_s[k]), float(spans.end_s[k])
    rows = windows.rows[inside[0] : min(inside[1], inside[0] + _SHOWN_WINDOWS)]
    hits = [h for h in build_hits(index.windows[rows], np.zeros(len(rows))) if words.time(begin) <= h.end]
    event, after = (
        np.searchsorted(windows.event_s, begin),
        np.searchsorted(windows.event_s, end, side="right"),
    )
    fact = index.windows.row(best, named=True)
    return Episode(
        window_id=fact["window_id"], score=score, home=fact["home"], split=fact["split"],
        start=words.time(begin), end=words.time(end), first_event=int(event), n_events=int(after - event),
        rooms=path_of(hits),
        objects=tuple(dict.fromkeys(name for h in hits for name in h.objects)), how=how,
    )  # fmt: skip


def episodes_first(
    episodes: list[Episode], windows: list[Hit | Moment], top_k: int
) -> list[Hit | Moment | Episode]:
    """One list: episodes that meet the question, then windows outside of them."""
    outside = [
        w
        for w in windows
        if not any(e.home == w.home and e.start <= w.end and w.start <= e.end for e in episodes)
    ]
    return [*episodes, *outside][:top_k]
