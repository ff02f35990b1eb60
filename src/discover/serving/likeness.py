"""How like activities and questions the windows of a home are, and the moments in which an activity shows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from discover.core.embeddings import unit_rows
from discover.query import activities
from discover.query.inventory import Activity
from discover.retrieval import Index
from discover.retrieval.episodes import EventStream, Spans, join_spans, merge_spans
from discover.serving.occurrences import hour_of

__all__ = ["HomeWindows", "Likeness", "Project"]

Project = Callable[[Sequence[str]], NDArray[np.floating]]
"""Sentences to vectors in the space of an index."""

# Shape letters: W windows of a home, A activities, P width of the vectors, S spans, K probes of a span.

_PROBES = 8
"""So many windows of a span, evenly spaced, stand for all of it."""
_SAMPLE, _BLOCK = 2_048, 16_384
_LEVELS, _SHARE, _LEAST = 24, 0.7, 0.5
"""A moment reaches as far as its windows have `_SHARE` of its highest score, which is `_LEAST` or more."""
_STAY_S, _STAY_GAP_S = 60.0, 120.0


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
        last = np.searchsorted(self.begin_s, spans.end_s, side="left")
        before, after = np.maximum(first - 1, 0), np.minimum(first, len(self.begin_s) - 1)
        gap = spans.begin_s - self.end_s[before], self.begin_s[after] - spans.end_s
        first = np.where(last > first, first, np.where(gap[0] <= gap[1], before, after))
        return first, np.maximum(last, first + 1)

    def probes(self, spans: Spans) -> NDArray[np.int64]:
        """(S, K) windows of each span, evenly spaced."""
        first, last = self.inside(spans)
        found: NDArray[np.int64] = first[:, None] + (np.arange(_PROBES) * (last - first)[:, None]) // _PROBES
        return found


@dataclass(frozen=True)
class Likeness:
    """The windows of one home compared with sentences; 0 is usual, 1 a deviation above.

    What most windows are like says nothing, so that every score is centred and scaled over the home.

    Attributes:
        windows: The windows.
        vectors: (N, P) unit vectors of the index.
        project: Sentences to vectors in the same space.
        stream: The events of the home.
    """

    windows: HomeWindows
    vectors: NDArray[np.floating]
    project: Project
    stream: EventStream

    def of_question(
        self, vector: NDArray[np.floating], probes: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(S, K) scores of some windows against a question, and their cosines."""
        unit = unit_rows(np.atleast_2d(vector))[0]
        few = np.unique(np.linspace(0, len(self.windows.rows) - 1, _SAMPLE).astype(np.int64))
        usual = self._vectors(few) @ unit
        probed, place = np.unique(probes, return_inverse=True)
        cosines = (self._vectors(probed) @ unit)[place.reshape(probes.shape)].astype(np.float32)
        return (cosines - usual.mean()) / max(float(usual.std()), 1e-6), cosines

    def of_activity(self, name: str) -> NDArray[np.float32]:
        """(W,) scores of all windows against an activity of the inventory."""
        return self._activities[:, list(activities()).index(name)]

    @cached_property
    def _activities(self) -> NDArray[np.float32]:
        """(W, A): the cosine with an activity's sentences above that with all activities'."""
        known = list(activities().values())
        sentences = unit_rows(self.project([s for one in known for s in one.sentences]))
        counts = [len(one.sentences) for one in known]
        means = np.add.reduceat(sentences, np.cumsum([0, *counts[:-1]]), axis=0) / np.array(counts)[:, None]
        parts = [
            self._vectors(np.arange(at, min(at + _BLOCK, len(self.windows.rows)))) @ means.T
            for at in range(0, len(self.windows.rows), _BLOCK)
        ]
        scores = np.concatenate(parts).astype(np.float32)
        scores -= scores.mean(axis=1, keepdims=True)
        scaled: NDArray[np.float32] = (scores - scores.mean(axis=0)) / np.maximum(scores.std(axis=0), 1e-6)
        return scaled

    def _vectors(self, windows: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.vectors[self.windows.rows[windows]].astype(np.float32)

    def moments(self, name: str) -> Spans:
        """When an activity may happen: windows like it, joined, and stays like it all along.

        Moments overlap: what ranks them chooses.
        """
        activity, score = activities()[name], self.of_activity(name)
        spans = merge_spans([*self._risings(score, activity.joins_s), self._stays(score, activity)])
        if activity.hours is None:
            return spans
        begin, end = activity.hours
        hour = hour_of(spans.begin_s)
        return spans.where((hour >= begin) & (hour < end))

    def _risings(self, score: NDArray[np.float32], joins_s: float) -> list[Spans]:
        """Windows around each high score, by levels: its peak says at which level a moment is found."""
        levels = np.linspace(_LEAST, max(float(score.max(initial=0)), _LEAST) + 1e-6, _LEVELS + 1) * _SHARE
        found = []
        for level, above in pairwise(levels):
            at = np.flatnonzero(score >= level)
            if not len(at):
                break
            begin, end = self.windows.begin_s[at], np.maximum.accumulate(self.windows.end_s[at])
            first = np.flatnonzero(np.concatenate([[True], begin[1:] - end[:-1] >= joins_s]))
            peak = np.maximum.reduceat(score[at], first) * _SHARE
            last = np.append(first[1:], len(at)) - 1
            keep = (peak >= level) & (peak < above)
            found.append(Spans.of(begin[first][keep], end[last][keep]))
        return found

    def _stays(self, score: NDArray[np.float32], activity: Activity) -> Spans:
        stays = self._stays_in_rooms
        long = (stays.length_s >= max(activity.least_s, _STAY_S)) & (stays.length_s <= activity.longest_s)
        stays = stays.where(long)
        return stays.where(score[self.windows.probes(stays)].mean(axis=1) >= _LEAST)

    @cached_property
    def _stays_in_rooms(self) -> Spans:
        stream = self.stream
        rooms = [np.unique(stream.sensor[stream.room == room]) for room in range(len(stream.rooms))]
        names = [frozenset(stream.sensors[code] for code in codes) for codes in rooms]
        return merge_spans([join_spans(stream.stays(sensors), _STAY_GAP_S) for sensors in names])
