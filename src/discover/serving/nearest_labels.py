"""The activities of homes whose sentences are nearest to a window or a sentence."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from discover.core.embeddings import EncodeText, ProjectText, unit_rows
from discover.core.errors import ConfigError
from discover.core.home import Home
from discover.serving.answers import LabelHit

__all__ = ["nearest_labels"]


def nearest_labels(
    homes: Mapping[str, Home],
    query: NDArray[np.floating],
    encode_text: EncodeText,
    project_text: ProjectText | None,
    top_k: int,
) -> list[LabelHit]:
    """The labels of homes by the mean cosine of their sentences with one (1, P) vector, best first.

    Args:
        homes: By name; a label that several list has the sentences of the first.
        query: The vector.
        encode_text: The text encoder.
        project_text: From its vectors to those of the space of `query`; None: that is its own.
        top_k: How many labels.

    Raises:
        ConfigError: No home has activities.
    """
    # Recognition loads scipy and scikit-learn, which a search by sentence does without.
    from discover.recognition import PromptSet, mean_over_prompts, place_prompts, prompts_or_names

    labels: list[str] = []
    groups: list[tuple[str, ...]] = []
    names: list[str] = []
    for home in homes.values():
        new = [a.label for a in home.activities if a.label not in labels]
        labels += new
        own = prompts_or_names(home, "described", new)
        groups += own.prompts
        names += own.names
    if not labels:
        raise ConfigError(
            f"Home {', '.join(homes)} has no activities. Add them to its YAML (docs/formats.md)."
        )
    prompts = PromptSet("described", tuple(labels), tuple(groups), tuple(names))
    sentences, owners = prompts.sentences, prompts.owners
    placed = place_prompts(prompts, encode_text(sentences), encode_text, project_text)
    scores = unit_rows(query) @ unit_rows(placed).T
    means = mean_over_prompts(scores, owners)[0]
    found = []
    for k in np.argsort(-means, kind="stable")[:top_k].tolist():
        nearest = max(np.flatnonzero(owners == k).tolist(), key=lambda i: float(scores[0, i]))
        found.append(LabelHit(labels[k], float(means[k]), sentences[nearest]))
    return found
