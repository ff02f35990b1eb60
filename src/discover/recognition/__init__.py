"""Recognition of activities without labels: prompts, prototypes and scores made from unlabelled windows."""

from typing import TYPE_CHECKING

from discover.core.lazy import lazy_names

if TYPE_CHECKING:
    from discover.recognition.config import RecognitionConfig, RecognitionMethod
    from discover.recognition.label_free import (
        activity_margins,
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
        BACKGROUND_PROMPTS,
        PromptSet,
        PromptSetName,
        build_prompt_set,
        check_prompts,
        mean_over_prompts,
        place_prompts,
        prompts_or_names,
    )
    from discover.recognition.recogniser import UNKNOWN, Recogniser
    from discover.recognition.segments import SEGMENTS, TIMELINE, to_segments, window_timeline
    from discover.recognition.self_training import (
        FIRST_SETTINGS,
        SelfTrainedClassifier,
        SelfTrainingConfig,
        balance_exponent,
        combine_scores,
        confident_rows,
    )
    from discover.recognition.student_check import StudentCheck, check_student, steadiness

__all__ = [
    "BACKGROUND_PROMPTS",
    "FIRST_SETTINGS",
    "SEGMENTS",
    "TIMELINE",
    "UNKNOWN",
    "PromptSet",
    "PromptSetName",
    "Recogniser",
    "RecognitionConfig",
    "RecognitionMethod",
    "SelfTrainedClassifier",
    "SelfTrainingConfig",
    "StudentCheck",
    "activity_margins",
    "balance_exponent",
    "balance_offsets",
    "balance_scores",
    "build_prompt_set",
    "centre_scores",
    "check_prompts",
    "check_student",
    "combine_scores",
    "confident_rows",
    "mean_over_prompts",
    "place_prompts",
    "probabilities",
    "prompt_scores",
    "prompt_votes",
    "prompts_or_names",
    "rejection_threshold",
    "smooth_scores",
    "steadiness",
    "to_segments",
    "window_timeline",
]

__getattr__ = lazy_names(__name__)
