"""Evaluation by the protocol: recognition and retrieval, pure functions over tables and vectors."""

from typing import TYPE_CHECKING

from discover.core.lazy import lazy_names

if TYPE_CHECKING:
    from discover.evaluation.answers import ANSWERS, RETRIEVAL_ANSWERS, SHOT_ANSWERS, AnswerLog, row_key
    from discover.evaluation.config import EvaluationConfig
    from discover.evaluation.data import EvaluationData
    from discover.evaluation.deviations import few_days, reference_doubts, sampling_deviations
    from discover.evaluation.leak_check import check_leaks
    from discover.evaluation.recognition import RECOGNITION_SCHEMA, check_prompt_sets, evaluate_recognition
    from discover.evaluation.retrieval import RETRIEVAL_SCHEMA, evaluate_retrieval
    from discover.evaluation.seeds import summarise_seeds

__all__ = [
    "ANSWERS",
    "RECOGNITION_SCHEMA",
    "RETRIEVAL_ANSWERS",
    "RETRIEVAL_SCHEMA",
    "SHOT_ANSWERS",
    "AnswerLog",
    "EvaluationConfig",
    "EvaluationData",
    "check_leaks",
    "check_prompt_sets",
    "evaluate_recognition",
    "evaluate_retrieval",
    "few_days",
    "reference_doubts",
    "row_key",
    "sampling_deviations",
    "summarise_seeds",
]

__getattr__ = lazy_names(__name__)
