"""Evaluation by the protocol: recognition and retrieval, pure functions over tables and vectors."""

from discover.evaluation.config import EvaluationConfig
from discover.evaluation.data import EvaluationData
from discover.evaluation.leak_check import check_leaks
from discover.evaluation.markdown import to_markdown
from discover.evaluation.recognition import RECOGNITION_SCHEMA, evaluate_recognition
from discover.evaluation.retrieval import RETRIEVAL_SCHEMA, evaluate_retrieval
from discover.evaluation.seeds import summarise_seeds

__all__ = [
    "RECOGNITION_SCHEMA",
    "RETRIEVAL_SCHEMA",
    "EvaluationConfig",
    "EvaluationData",
    "check_leaks",
    "evaluate_recognition",
    "evaluate_retrieval",
    "summarise_seeds",
    "to_markdown",
]
