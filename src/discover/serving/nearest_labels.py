"""The activities of homes whose sentences are nearest to a window or a sentence."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from discover.core.embeddings import unit_rows
from discover.core.errors import ConfigError
from discover.core.home import Home
from discover.serving.answers import LabelHit

__all__ = ["nearest_labels"]


def nearest_labels(
    homes: Mapping[str, Home],
    query: NDArray[np.floating],
    encode: Callable[[Sequence[str]], NDArray[np.floating]],
    top_k: int,
) -> list[LabelHit]:
    """The labels of homes by the mean cosine of their sentences with one (1, P) vector, best first.

    Args:
        homes: By name; a label that several list has the sentences of the first.
        query: The vector.
        encode: Sentences to vectors in its space.
        top_k: How many labels.

    Raises:
        ConfigError: No home has activities.
    """
    # Recognition loads scipy and scikit-learn, which a search by sentence does without.
    from discover.recognition import PromptSet, mean_over_prompts, prompts_or_names

    labels: list[str] = []
    groups: list[tuple[str, ...]] = []
    for home in homes.values():
        new = [a.label for a in home.activities if a.label not in labels]
        labels += new
        groups += prompts_or_names(home, "described", new).prompts
    if not labels:
        raise ConfigError(
            f"Home {', '.join(homes)} has no activities. Add them to its YAML (docs/formats.md)."
        )
    prompts = PromptSet("described", tuple(labels), tuple(groups))
    sentences, owners = prompts.sentences, prompts.owners
    scores = unit_rows(query) @ unit_rows(encode(sentences)).T
    means = mean_over_prompts(scores, owners)[0]
    found = []
    for k in np.argsort(-means, kind="stable")[:top_k].tolist():
        nearest = max(np.flatnonzero(owners == k).tolist(), key=lambda i: float(scores[0, i]))
        found.append(LabelHit(labels[k], float(means[k]), sentences[nearest]))
    return found
