"""Places of windows on a map of their vectors; nothing here draws."""

import numpy as np
from numpy.typing import NDArray

from discover.core.embeddings import unit_rows
from discover.core.errors import ConfigError
from discover.core.seeds import derive_seed

__all__ = ["MAP_NOTE", "MOST_WINDOWS", "project", "window_places"]

MAP_NOTE = "Near points have similar vectors; distances between groups mean little."
MOST_WINDOWS = 2_000
_WIDTH, _NEAREST = 32, 4


def window_places(vectors: NDArray[np.floating]) -> tuple[NDArray[np.float32], str]:
    """(W, 2) places in [0, 1] of windows (W, P), and how they were found.

    t-SNE of 100,000 windows takes an hour. So 2,000 are laid out, and each other window lies between the four
    of them that are most like it.
    """
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(derive_seed(0, "app map"))
    chosen = np.sort(rng.permutation(len(vectors))[:MOST_WINDOWS])
    landmarks = unit_rows(vectors[chosen].astype(np.float32))
    if len(landmarks) < 10:
        return np.full((len(vectors), 2), 0.5, dtype=np.float32), "too few windows for a map"
    narrow = PCA(min(_WIDTH, *landmarks.shape), svd_solver="full").fit_transform(landmarks)
    at = project(narrow, "tsne", 0)[0].astype(np.float32)
    at = (at - at.min(axis=0)) / np.maximum(np.ptp(at, axis=0), 1e-9)
    places = np.empty((len(vectors), 2), dtype=np.float32)
    near = min(_NEAREST, len(landmarks))
    for begin in range(0, len(vectors), 4_096):
        part = unit_rows(vectors[begin : begin + 4_096].astype(np.float32)) @ landmarks.T
        best = np.argpartition(-part, near - 1, axis=1)[:, :near]
        # Weights fall fast, so that a landmark stays where it is.
        weight = np.exp((np.take_along_axis(part, best, axis=1) - 1) / 0.01)
        weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-30)
        places[begin : begin + 4_096] = (at[best] * weight[:, :, None]).sum(axis=1)
    places[chosen] = at
    return places, "t-SNE" if len(chosen) == len(vectors) else f"t-SNE of {len(chosen):,} windows"


def project(vectors: NDArray[np.float32], method: str, seed: int) -> tuple[NDArray[np.float64], float]:
    """(W, 2) places, and for PCA the share of the variance they show."""
    if method == "pca":
        from sklearn.decomposition import PCA

        pca = PCA(2, svd_solver="full")
        return np.asarray(pca.fit_transform(vectors), np.float64), float(pca.explained_variance_ratio_.sum())
    if method == "tsne":
        from sklearn.manifold import TSNE

        perplexity = min(30.0, (len(vectors) - 1) / 3)
        tsne = TSNE(2, perplexity=perplexity, init="pca", random_state=seed, n_jobs=1)
        return np.asarray(tsne.fit_transform(vectors), np.float64), 0.0
    try:
        from umap import UMAP
    except ImportError as error:
        raise ConfigError(
            "A UMAP map needs the package umap-learn. Install it with `pip install 'discover-v2[umap]'`."
        ) from error
    return np.asarray(UMAP(random_state=seed, n_jobs=1).fit_transform(vectors), np.float64), 0.0
