"""Metrics: arrays in, numbers out. Nothing here keeps an N x N matrix, and nothing imports torch."""

from discover.metrics.alignment_health import AlignmentHealth, alignment_health, uniformity
from discover.metrics.bootstrap import (
    Interval,
    bootstrap_interval,
    bootstrap_mean,
    paired_difference,
    paired_mean_difference,
)
from discover.metrics.bootstrap_scores import (
    ScoreSamples,
    bootstrap_scores,
    score_samples,
)
from discover.metrics.calibration import expected_calibration_error
from discover.metrics.classification import (
    SCORE_NAMES,
    ClassificationScores,
    accuracy,
    balanced_accuracy,
    classification_scores,
    confusion_matrix,
    macro_f1,
    scores_from_confusion,
    weighted_f1,
)
from discover.metrics.clustering import clustering_scores, hungarian_accuracy, purity
from discover.metrics.graded import ndcg_at_k
from discover.metrics.label_precision import label_precision_at_k
from discover.metrics.label_retrieval import label_means, label_shares, nearest_rows, retrieved_labels
from discover.metrics.ranks import average_precision, relevant_ranks
from discover.metrics.retrieval import (
    RetrievalScores,
    caption_retrieval,
    mean_average_precision,
    median_rank,
    merge_by_text,
    recall_at_k,
    retrieval_scores,
)
from discover.metrics.top_k import cosine_top_k, normalise_rows

__all__ = [
    "SCORE_NAMES",
    "AlignmentHealth",
    "ClassificationScores",
    "Interval",
    "RetrievalScores",
    "ScoreSamples",
    "accuracy",
    "alignment_health",
    "average_precision",
    "balanced_accuracy",
    "bootstrap_interval",
    "bootstrap_mean",
    "bootstrap_scores",
    "caption_retrieval",
    "classification_scores",
    "clustering_scores",
    "confusion_matrix",
    "cosine_top_k",
    "expected_calibration_error",
    "hungarian_accuracy",
    "label_means",
    "label_precision_at_k",
    "label_shares",
    "macro_f1",
    "mean_average_precision",
    "median_rank",
    "merge_by_text",
    "ndcg_at_k",
    "nearest_rows",
    "normalise_rows",
    "paired_difference",
    "paired_mean_difference",
    "purity",
    "recall_at_k",
    "relevant_ranks",
    "retrieval_scores",
    "retrieved_labels",
    "score_samples",
    "scores_from_confusion",
    "uniformity",
    "weighted_f1",
]
