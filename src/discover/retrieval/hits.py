"""The results of a search: hits (windows), moments (neighbouring hits joined), episodes of any length."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.errors import ConfigError

__all__ = ["Episode", "Hit", "Moment", "build_hits", "merge_moments", "path_of"]


@dataclass(frozen=True, slots=True)
class Hit:
    """One window that answers a query.

    Attributes:
        window_id: Its id.
        score: Cosine similarity with the query, in [-1, 1].
        home, split: Where it comes from.
        start, end: Local times of its first and last event.
        first_event, n_events: Its slice of the home's event table.
        rooms: Rooms in order of visit.
        objects: Objects used, in order of first use.
        preference: Added to the score for ranking: how well the window fits the time words of a query.
    """

    window_id: str
    score: float
    home: str
    split: str
    start: datetime
    end: datetime
    first_event: int
    n_events: int
    rooms: tuple[str, ...]
    objects: tuple[str, ...]
    preference: float = 0.0

    @property
    def unit(self) -> str:
        """What was found: a window, several windows in a row, or an episode."""
        return "window"

    @property
    def rank_score(self) -> float:
        """The ranking score: score + preference."""
        return self.score + self.preference

    @property
    def duration_s(self) -> float:
        """Seconds from the first to the last event."""
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class Moment(Hit):
    """Overlapping or neighbouring hits of one home, joined.

    `window_id`, `score`, `preference`, `home` and `split` are those of the best hit; `start`, `end`, `rooms`
    and `objects` are of all hits; the slice of the event table runs from the first to the last event, gaps
    included.

    Attributes:
        hits: The hits inside, in order of time.
    """

    hits: tuple[Hit, ...] = ()

    @property
    def unit(self) -> str:
        """As `Hit.unit`."""
        return "windows" if len(self.hits) > 1 else "window"


@dataclass(frozen=True, slots=True)
class Episode(Hit):
    """A stay, an outing, a night, an absence: a span of the event stream with its true begin and end.

    `window_id` and `split` are those of its best window; `score` is the mean cosine of its windows.

    Attributes:
        how: What showed it: "stays at or in the couch".
        missed: What it does not meet, where nothing better was found; "" for nothing.
    """

    how: tuple[str, ...] = ()
    missed: str = ""

    @property
    def unit(self) -> str:
        """As `Hit.unit`."""
        return "episode"


def build_hits(
    facts: pl.DataFrame, scores: NDArray[np.floating], preferences: NDArray[np.floating] | None = None
) -> list[Hit]:
    """Hits from rows of `WINDOW_FACTS`, (N,) scores and, where the query names a time, (N,) preferences."""
    extra = np.zeros(len(facts)) if preferences is None else preferences
    columns = ("window_id", "home", "split", "start", "end", "first_event", "n_events")
    return [
        Hit(
            **{name: fact[name] for name in columns},
            rooms=tuple(fact["rooms"]),
            objects=tuple(fact["objects"]),
            score=float(score),
            preference=float(preference),
        )
        for fact, score, preference in zip(facts.iter_rows(named=True), scores, extra, strict=True)
    ]


def merge_moments(hits: Sequence[Hit], *, max_gap_s: float = 60.0) -> list[Moment]:
    """Join hits of one home that overlap or lie at most `max_gap_s` seconds apart.

    Every hit ends up in exactly one moment; the order of `hits` does not matter.

    Returns:
        Moments, best score first (equal scores: earlier first).

    Raises:
        ConfigError: `max_gap_s` is negative.
    """
    if max_gap_s < 0:
        raise ConfigError(f"max_gap_s must be 0 seconds or more, got {max_gap_s}.")
    gap = timedelta(seconds=max_gap_s)
    groups: list[list[Hit]] = []
    end = datetime.min
    for hit in sorted(hits, key=lambda h: (h.home, h.start, h.end, h.window_id)):
        if groups and groups[-1][0].home == hit.home and hit.start <= end + gap:
            groups[-1].append(hit)
            end = max(end, hit.end)
        else:
            groups.append([hit])
            end = hit.end
    return sorted((_moment(group) for group in groups), key=lambda m: (-m.rank_score, m.home, m.start))


def _moment(hits: list[Hit]) -> Moment:
    best = max(hits, key=lambda h: h.rank_score)
    first = min(h.first_event for h in hits)
    last = max(h.first_event + h.n_events for h in hits)
    return Moment(
        window_id=best.window_id,
        score=best.score,
        home=best.home,
        split=best.split,
        start=min(h.start for h in hits),
        end=max(h.end for h in hits),
        first_event=first,
        n_events=last - first,
        rooms=path_of(hits),
        objects=tuple(dict.fromkeys(name for h in hits for name in h.objects)),
        preference=best.preference,
        hits=tuple(hits),
    )


def path_of(hits: Sequence[Hit]) -> tuple[str, ...]:
    """Rooms over hits in order of time; rooms shared by overlapping hits count once."""
    kept: list[str] = []
    end = datetime.min
    for hit in hits:
        new = list(hit.rooms)
        longest = min(len(kept), len(new)) if hit.start <= end else min(1, len(kept), len(new))
        shared = next((k for k in range(longest, 0, -1) if kept[-k:] == new[:k]), 0)
        kept.extend(new[shared:])
        end = max(end, hit.end)
    return tuple(kept)
