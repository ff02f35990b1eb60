"""What an evaluation computes."""

from pydantic import Field

from discover.core.config import StrictModel
from discover.recognition.prompts import PromptSetName

__all__ = ["EvaluationConfig"]


class EvaluationConfig(StrictModel):
    """Settings of `evaluate_recognition` and `evaluate_retrieval`. None of them is fitted to labels."""

    prompt_sets: tuple[PromptSetName, ...] = ("described", "name")
    """Prompt sets to score, reported apart."""
    supervised: bool = True
    """Also train the supervised references (hour, bag of sensors, linear probe) on training labels."""
    gradient_boosting: bool = True
    """Also train gradient boosting on bag of sensors + hour; the slowest reference."""
    gradient_boosting_iterations: int = Field(default=60, ge=1)
    """Boosting rounds; early stopping is off, so that the result is repeatable."""
    max_iterations: int = Field(default=200, ge=1)
    """Most solver iterations of a logistic regression; whether it converged is in the result."""
    smoothing_s: float = Field(default=60.0, gt=0)
    """Standard deviation in seconds of the Gaussian that averages scores over neighbouring windows."""
    rejection_quantile: float = Field(default=0.5, gt=0, lt=1)
    """Label-free rejection: a window is `no_activity` when its best score is below this quantile of the
    best scores of all training windows. 0.5 says "about half of a day is unnamed"; no label sets it."""
    background_labels: tuple[str, ...] = ("no_activity", "other", "other_activity")
    """Labels that stand for no activity: left out of the annotated pool, one class in the full pool."""
    bootstrap_samples: int = Field(default=1000, ge=10)
    """Resamplings of test days behind each 95 % interval."""
    recall_ks: tuple[int, ...] = (1, 5, 10)
    """Depths of recall@k."""
    label_precision_ks: tuple[int, ...] = (10, 50, 100)
    """Depths of label-precision@k."""
    seed: int = 0
    """Seed of the bootstrap and of gradient boosting."""
