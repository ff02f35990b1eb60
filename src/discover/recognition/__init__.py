"""Recognition of activities without labels: prompts, prototypes and scores made from unlabelled windows."""

from discover.recognition.label_free import (
    balance_offsets,
    balance_scores,
    centre_scores,
    probabilities,
    prompt_scores,
    prompt_votes,
    rejection_threshold,
    smooth_scores,
)
from discover.recognition.prompts import (
    PromptSet,
    PromptSetName,
    build_prompt_set,
    check_prompts,
    mean_over_prompts,
)

__all__ = [
    "PromptSet",
    "PromptSetName",
    "balance_offsets",
    "balance_scores",
    "build_prompt_set",
    "centre_scores",
    "check_prompts",
    "mean_over_prompts",
    "probabilities",
    "prompt_scores",
    "prompt_votes",
    "rejection_threshold",
    "smooth_scores",
]
