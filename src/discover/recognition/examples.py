"""A few windows whose activity is known change the answers for all, as little as they must."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from discover.core.arrays import refuse_other_length, refuse_rows
from discover.core.errors import ShapeError

__all__ = ["ANCHORS", "OTHER_WEIGHT", "PENALTY", "TAUGHT_WEIGHT", "learn_examples"]

PENALTY = 0.1
"""Ridge penalty of the weights: the smaller, the more a single example says."""
ANCHORS = 300
"""Unlabelled windows, spread over the reference, that should be answered as before."""
TAUGHT_WEIGHT, OTHER_WEIGHT = 2.0, 8.0
"""How many examples the anchors weigh in all: per activity with examples, and per other activity. The fewer
activities have examples, the more must stay as it was: else a few corrections cost more than they gain."""
_MAX_ITERATIONS = 100

# Shape letters: E examples, R unlabelled reference windows, N both, P width, K activities.


def learn_examples(
    examples_EP: NDArray[np.floating],
    codes_E: NDArray[np.int64],
    reference_RP: NDArray[np.floating],
    logits_EK: NDArray[np.floating],
    logits_RK: NDArray[np.floating],
) -> NDArray[np.float32]:
    """(P, K) weights W: a window x with logits z has the logits z + x W from now on.

    W minimises the log loss of the examples, the cross-entropy between answers before and after of some
    reference windows, and a ridge penalty. The order of the examples does not matter.

    Args:
        examples_EP: Unit vectors of windows whose activity is known; E at least 1.
        codes_E: Their activities, 0 to K - 1.
        reference_RP: Unit vectors of unlabelled windows.
        logits_EK, logits_RK: What is answered for both without examples.

    Raises:
        ShapeError: Rows or columns that do not fit.
        DataError: A code out of range.
    """
    n = logits_EK.shape[1]
    if examples_EP.shape[1:] != reference_RP.shape[1:] or logits_RK.shape[1] != n:
        raise ShapeError(
            f"Examples {examples_EP.shape} and reference {reference_RP.shape} must have one width, and their "
            f"logits {logits_EK.shape} and {logits_RK.shape} as well."
        )
    refuse_other_length(len(examples_EP), codes=codes_E, logits=logits_EK)
    refuse_other_length(len(reference_RP), logits=logits_RK)
    refuse_rows(codes_E, n)
    order = np.lexsort((*examples_EP.T[::-1], codes_E))
    kept = np.unique(np.linspace(0, len(reference_RP) - 1, min(ANCHORS, len(reference_RP))).astype(np.int64))
    windows = np.concatenate([examples_EP[order], reference_RP[kept]]).astype(np.float64)
    logits = np.concatenate([logits_EK[order], logits_RK[kept]]).astype(np.float64)
    targets = np.concatenate([np.eye(n)[codes_E[order]], softmax(logits[len(order) :], axis=1)])
    taught = len(np.unique(codes_E))
    held = TAUGHT_WEIGHT * taught + OTHER_WEIGHT * (n - taught)
    anchors = np.full(len(kept), held / max(len(kept), 1))
    weighted = targets * np.concatenate([np.ones(len(order)), anchors])[:, None]
    totals = weighted.sum(axis=1, keepdims=True)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(windows.shape[1], n)
        logs = log_softmax(logits + windows @ weights, axis=1)
        gradient = windows.T @ (totals * np.exp(logs) - weighted) + PENALTY * weights
        return float(0.5 * PENALTY * (weights**2).sum() - (weighted * logs).sum()), gradient.ravel()

    found = minimize(
        loss,
        np.zeros(windows.shape[1] * n),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _MAX_ITERATIONS},
    )
    return np.asarray(found.x.reshape(windows.shape[1], n), dtype=np.float32)
