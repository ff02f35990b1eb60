"""The texts most typical of a cluster and least typical of the others, with their scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discover.core.embeddings import unit_rows
from discover.core.errors import ShapeError

# Shape letters: W windows, T distinct texts, R (window, text) rows, C clusters, D width.

__all__ = ["CaptionPool", "TypicalText", "nearest_prompts"]

_TOO_SIMILAR = 0.9


@dataclass(frozen=True)
class TypicalText:
    """One text and how well it fits.

    Attributes:
        text: A caption or a prompt.
        inside: Mean cosine with the windows of the cluster.
        outside: Mean cosine with all other windows.
        contrast: inside - outside; what texts are ranked by.
    """

    text: str
    inside: float
    outside: float
    contrast: float


@dataclass(frozen=True)
class CaptionPool:
    """Captions of some windows with their vectors.

    Attributes:
        texts: Distinct captions, (T,).
        vectors: Their unit vectors, (T, D).
        window_rows: Window of each caption occurrence, (R,).
        text_rows: Text of each caption occurrence, (R,).
        n_windows: W.
    """

    texts: Sequence[str]
    vectors: NDArray[np.float32]
    window_rows: NDArray[np.int64]
    text_rows: NDArray[np.int64]
    n_windows: int

    def typical(
        self, labels: NDArray[np.integer], n_clusters: int, *, top: int = 5
    ) -> dict[int, list[TypicalText]]:
        """The `top` captions of each cluster by contrast, none almost like one before it.

        A cluster's captions are those of its windows. For a caption v, inside is the mean of v . u over
        the caption occurrences u of the cluster's windows, outside the same over all others.

        Args:
            labels: Cluster of each window, (W,).
            n_clusters: C.
            top: How many texts.
        """
        if len(labels) != self.n_windows:
            raise ShapeError(f"{len(labels):,} labels for {self.n_windows:,} windows with captions.")
        sums = np.zeros((n_clusters + 1, self.vectors.shape[1]))
        clusters = np.where(labels < 0, n_clusters, labels)[self.window_rows]
        counts = np.bincount(clusters, minlength=n_clusters + 1)
        found = {}
        own_texts = []
        for cluster in range(n_clusters + 1):
            texts, times = np.unique(self.text_rows[clusters == cluster], return_counts=True)
            own_texts.append(texts)
            sums[cluster] = times.astype(np.float64) @ self.vectors[texts]
        for cluster in range(n_clusters):
            if not counts[cluster]:
                continue
            rest = max(1, int(counts.sum() - counts[cluster]))
            means = sums[cluster] / counts[cluster], (sums.sum(axis=0) - sums[cluster]) / rest
            found[cluster] = self._best(own_texts[cluster], means, top)
        return found

    def _best(
        self, texts: NDArray[np.int64], means: tuple[NDArray[np.float64], NDArray[np.float64]], top: int
    ) -> list[TypicalText]:
        inside, outside = (self.vectors[texts] @ mean for mean in means)
        chosen: list[int] = []
        for place in np.argsort(-(inside - outside).round(6), kind="stable"):
            vector = self.vectors[texts[place]]
            if all(float(vector @ self.vectors[texts[c]]) < _TOO_SIMILAR for c in chosen):
                chosen.append(int(place))
            if len(chosen) == top:
                break
        return [
            TypicalText(
                self.texts[texts[c]], float(inside[c]), float(outside[c]), float(inside[c] - outside[c])
            )
            for c in chosen
        ]


def nearest_prompts(
    windows_WD: NDArray[np.floating],
    labels: NDArray[np.integer],
    n_clusters: int,
    prompts: Sequence[str],
    prompts_PD: NDArray[np.floating],
    *,
    top: int = 3,
) -> dict[int, list[TypicalText]]:
    """The `top` prompts of each cluster by mean cosine inside minus outside.

    Args:
        windows_WD: Window vectors, (W, D).
        labels: Cluster of each window, (W,).
        n_clusters: C.
        prompts: Sentences, (P,).
        prompts_PD: Their vectors in the windows' space, (P, D).
        top: How many prompts.
    """
    vectors = unit_rows(prompts_PD)
    sums = np.zeros((n_clusters + 1, vectors.shape[1]))
    slots = np.where(labels < 0, n_clusters, labels)
    for cluster in range(n_clusters + 1):
        rows = np.flatnonzero(slots == cluster)
        if len(rows):
            sums[cluster] = unit_rows(windows_WD[rows]).sum(axis=0, dtype=np.float64)
    counts = np.bincount(slots, minlength=n_clusters + 1)
    found = {}
    for cluster in np.flatnonzero(counts[:n_clusters]).tolist():
        inside = vectors @ (sums[cluster] / counts[cluster])
        outside = vectors @ ((sums.sum(axis=0) - sums[cluster]) / max(1, counts.sum() - counts[cluster]))
        best = np.argsort(-(inside - outside).round(6), kind="stable")[:top]
        found[cluster] = [
            TypicalText(prompts[i], float(inside[i]), float(outside[i]), float(inside[i] - outside[i]))
            for i in best
        ]
    return found
