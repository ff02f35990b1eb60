"""Window embeddings made ready for an index: one per window, unit length, of the right model."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from discover.core.embeddings import EmbeddingTable
from discover.core.errors import DataError, JoinError
from discover.retrieval.storage import check_model

__all__ = ["unit_window_vectors"]


def unit_window_vectors(
    embeddings: EmbeddingTable,
    window_ids: NDArray[np.str_],
    *,
    model_sha256: str,
    dtype: Literal["float16", "float32"] = "float16",
) -> NDArray[np.float16 | np.float32]:
    """(W, P) vectors of `dtype`, in the order of `window_ids`.

    Raises:
        ArtifactError: The embeddings name another model in their metadata.
        JoinError: A window has no vector, or several.
        DataError: A vector is zero or not finite.
    """
    made_by = str(embeddings.meta.get("model_sha256", model_sha256))
    check_model(made_by, model_sha256, "These window embeddings")
    rows = embeddings.rows_of(window_ids, what="window embeddings")
    if rows.shape[1] != 1:
        raise JoinError(
            f"The window embeddings hold up to {rows.shape[1]} vectors per window; an index takes one. "
            "Did you pass caption embeddings?"
        )
    vectors = embeddings.vectors[rows[:, 0]].astype(np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    bad = int((~np.isfinite(norms) | (norms == 0)).sum())
    if bad:
        raise DataError(f"{bad:,} of {len(vectors):,} window vectors are zero or not finite. Embed again.")
    unit: NDArray[np.float16 | np.float32] = (vectors / norms).astype(dtype)
    return unit
