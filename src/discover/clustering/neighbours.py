"""Similar windows: exact cosine neighbours, without those that overlap in time.

Two windows that share events are similar for a reason unrelated to behaviour, so they never count as
neighbours. Similarities are computed block by block; no N x N matrix is kept.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from discover.clustering.config import MiningConfig
from discover.core.embeddings import unit_rows
from discover.core.errors import ConfigError, ShapeError

# Shape letters: Q queries, N candidates, D width, K neighbours, T temporal neighbours.

__all__ = ["NO_NEIGHBOUR", "joint_space", "mine_neighbours", "mine_pairs", "temporal_neighbours"]

NO_NEIGHBOUR = -1
"""Padding of windows with fewer neighbours than requested."""

_BLOCK_FLOATS = 8_000_000


def mine_neighbours(
    queries_QD: NDArray[np.floating],
    candidates_ND: NDArray[np.floating],
    k: int,
    *,
    query_spans: NDArray[np.float64] | None = None,
    candidate_spans: NDArray[np.float64] | None = None,
    min_gap_s: float = 0.0,
    same: bool = False,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The k most similar candidates of each query by cosine, exactly.

    Args:
        queries_QD: Vectors of any length, shape (Q, D).
        candidates_ND: Vectors of any length, shape (N, D).
        k: Neighbours per query.
        query_spans: First and last second of each query, shape (Q, 2); None: nothing overlaps.
        candidate_spans: The same of the candidates, shape (N, 2).
        min_gap_s: Candidates closer in time than this are left out too.
        same: Queries and candidates are the same windows, so row i is not its own neighbour.

    Returns:
        Rows of candidates, (Q, K), best first, `NO_NEIGHBOUR` where there are too few; and cosines, -inf
        there.

    Raises:
        ShapeError: Widths or numbers of rows disagree.
        ConfigError: k below 1.
    """
    queries, candidates = unit_rows(queries_QD), unit_rows(candidates_ND)
    if k < 1:
        raise ConfigError(f"The number of neighbours must be at least 1, got {k}.")
    if queries.shape[1] != candidates.shape[1] or not len(candidates):
        raise ShapeError(
            f"Queries {queries.shape} and candidates {candidates.shape} must have one width, and candidates "
            "must not be empty. Both come from one model."
        )
    excluded = _Excluded(query_spans, candidate_spans, min_gap_s, same, len(queries), len(candidates))
    pool = torch.from_numpy(candidates)
    width = min(k, len(candidates))
    rows = np.full((len(queries), k), NO_NEIGHBOUR, dtype=np.int64)
    cosines = np.full((len(queries), k), -np.inf, dtype=np.float32)
    step = max(1, _BLOCK_FLOATS // len(candidates))
    for begin in range(0, len(queries), step):
        block = slice(begin, min(begin + step, len(queries)))
        scores = torch.from_numpy(queries[block]) @ pool.T
        inner, outer = excluded.pairs(block)
        scores[torch.from_numpy(inner), torch.from_numpy(outer)] = -torch.inf
        best, found = scores.topk(width, dim=1)
        cosines[block, :width] = best.numpy()
        rows[block, :width] = np.where(np.isneginf(best.numpy()), NO_NEIGHBOUR, found.numpy())
    return rows, cosines


def temporal_neighbours(spans: NDArray[np.float64], within_s: float, *, limit: int = 8) -> NDArray[np.int64]:
    """Windows that begin within `within_s` seconds after a window, or end as shortly before it, (N, T).

    Args:
        spans: First and last second of each window, shape (N, 2).
        within_s: Longest pause between the two windows in seconds.
        limit: Most neighbours on each side.

    Returns:
        Rows of windows before and after, `NO_NEIGHBOUR` where there are fewer.
    """
    order = np.argsort(spans[:, 0], kind="stable")
    starts = spans[order, 0]
    # side="right": a window that begins in the very second in which this one ends may share its last event.
    low = np.searchsorted(starts, spans[:, 1], side="right")
    high = np.searchsorted(starts, spans[:, 1] + within_s, side="right")
    positions = low[:, None] + np.arange(limit)
    picked = order[np.minimum(positions, len(order) - 1)]
    after = np.where(positions < high[:, None], picked, NO_NEIGHBOUR).astype(np.int64)
    anchor, column = np.nonzero(after >= 0)
    later = after[anchor, column]
    # If b follows a, then a precedes b. At most `limit` of them are kept.
    by_later = np.lexsort((-column, later))
    later, anchor = later[by_later], anchor[by_later]
    slot = np.arange(len(later)) - np.searchsorted(later, later, side="left")
    before = np.full((len(spans), limit), NO_NEIGHBOUR, dtype=np.int64)
    kept = slot < limit
    before[later[kept], slot[kept]] = anchor[kept]
    return np.hstack([before, after])


def joint_space(
    sensor_ND: NDArray[np.floating], captions_ND: NDArray[np.floating], *, weight: float = 0.5
) -> NDArray[np.float32]:
    """Vectors whose cosine is (1 - weight) * cosine of sensors + weight * cosine of captions."""
    if len(sensor_ND) != len(captions_ND):
        raise ShapeError(
            f"{len(sensor_ND):,} sensor vectors and {len(captions_ND):,} caption vectors: one of each per "
            "window is needed, in one order."
        )
    parts = [np.sqrt(1 - weight) * unit_rows(sensor_ND), np.sqrt(weight) * unit_rows(captions_ND)]
    return np.hstack(parts).astype(np.float32)


def mine_pairs(
    sensor_ND: NDArray[np.floating],
    captions_ND: NDArray[np.floating] | None,
    spans: NDArray[np.float64] | None,
    config: MiningConfig,
) -> NDArray[np.int64]:
    """Neighbours of each window among the others by the rule of `config`, (N, K), `NO_NEIGHBOUR`-padded.

    Raises:
        ConfigError: A twin rule without caption vectors.
    """

    def mine(vectors: NDArray[np.floating], k: int) -> NDArray[np.int64]:
        return mine_neighbours(
            vectors,
            vectors,
            k,
            query_spans=spans,
            candidate_spans=spans,
            min_gap_s=config.min_gap_s,
            same=True,
        )[0]

    if config.twin == "off":
        return mine(sensor_ND, config.k)
    if captions_ND is None:
        raise ConfigError(
            f"mining.twin is '{config.twin}' but no caption vectors were given. Pass twin=..., or choose off."
        )
    if config.twin == "weighted":
        return mine(joint_space(sensor_ND, captions_ND), config.k)
    return _intersect(mine(sensor_ND, 4 * config.k), mine(captions_ND, 4 * config.k), config.k)


def _intersect(first: NDArray[np.int64], second: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Rows in both lists, in the order of the first, at most k."""
    n = len(first)
    size = int(max(first.max(initial=0), second.max(initial=0))) + 2
    base = np.arange(n)[:, None] * size
    shared = np.isin(base + first, base + second) & (first >= 0)
    order = np.argsort(~shared, axis=1, kind="stable")[:, :k]
    kept = np.take_along_axis(shared, order, axis=1)
    return np.where(kept, np.take_along_axis(first, order, axis=1), NO_NEIGHBOUR)


class _Excluded:
    """(query, candidate) pairs that overlap in time, found by range instead of by comparing all."""

    def __init__(
        self,
        query_spans: NDArray[np.float64] | None,
        candidate_spans: NDArray[np.float64] | None,
        min_gap_s: float,
        same: bool,
        n_queries: int,
        n_candidates: int,
    ) -> None:
        self.same = same
        self.spans = None if query_spans is None else np.asarray(query_spans, dtype=np.float64)
        self.gap = min_gap_s
        if self.spans is None or candidate_spans is None:
            self.spans = None
            return
        self.candidates = np.asarray(candidate_spans, dtype=np.float64)
        if self.spans.shape != (n_queries, 2) or self.candidates.shape != (n_candidates, 2):
            raise ShapeError(
                f"Spans must be (windows, 2): first and last second of each. Got {self.spans.shape} for "
                f"{n_queries} queries and {self.candidates.shape} for {n_candidates} candidates."
            )
        self.order = np.argsort(self.candidates[:, 0], kind="stable")
        self.starts = self.candidates[self.order, 0]
        # Ends are not sorted where windows are nested; their running maximum is.
        self.ends = np.maximum.accumulate(self.candidates[self.order, 1])

    def pairs(self, block: slice) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows inside the block and rows of candidates that must not meet."""
        n = block.stop - block.start
        own = np.arange(n)
        if self.spans is None:
            return (own, own + block.start) if self.same else (own[:0], own[:0])
        begin, end = self.spans[block, 0] - self.gap, self.spans[block, 1] + self.gap
        low = np.searchsorted(self.ends, begin, side="left")
        high = np.searchsorted(self.starts, end, side="right")
        counts = np.maximum(high - low, 0)
        inner = np.repeat(own, counts)
        inside = np.arange(len(inner)) - np.repeat(np.cumsum(counts) - counts, counts)
        outer = self.order[low[inner] + inside]
        # `low` comes from a running maximum, so some candidates in the range ended long before.
        overlaps = self.candidates[outer, 1] >= begin[inner]
        inner, outer = inner[overlaps], outer[overlaps]
        if self.same:
            inner, outer = np.r_[inner, own], np.r_[outer, own + block.start]
        return inner, outer
