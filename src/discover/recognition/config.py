"""How activities are recognised without labels."""

from typing import Literal, Self

from pydantic import Field, model_validator

from discover.core.config import StrictModel
from discover.recognition.prompts import PromptSetName
from discover.recognition.self_training import SelfTrainingConfig

__all__ = ["RecognitionConfig", "RecognitionMethod"]

RecognitionMethod = Literal["prompts", "self_trained"]
"""Prompts answer themselves, or they teach a student on the window vectors, and the student answers."""


class RecognitionConfig(StrictModel):
    """Settings of `Recogniser` and `to_segments`. None of them is fitted to labels."""

    method: RecognitionMethod = "prompts"
    """prompts: the nearest prompts decide. self_trained: a student taught by their scores decides."""
    self_training: SelfTrainingConfig = SelfTrainingConfig()
    """How the student is taught (method self_trained)."""
    prompt_set: PromptSetName = "described"
    """Prompts of the activities; `name` where a home has no described ones."""
    background_labels: tuple[str, ...] = ("no_activity", "other", "other_activity")
    """Labels that mean no activity: they get no prompt and are never answered."""
    aggregation: Literal["mean", "vote"] = "mean"
    """mean: average cosine with an activity's prompts. vote: its share of the nearest prompts."""
    vote_k: int = Field(default=5, ge=1, le=10_000)
    """How many nearest prompts vote (aggregation vote)."""
    centring: float = Field(default=1.0, ge=0, le=1)
    """How much of each activity's mean over the reference windows is subtracted, so that no prompt wins
    everywhere (method prompts; a student is taught by scores as they are)."""
    balance: float = Field(default=0.0, ge=0, le=1)
    """How far activities are pulled towards equal shares of the reference windows: 0 not, 1 fully
    (method prompts)."""
    temperature: float = Field(default=0.05, gt=0, le=100)
    """Softmax temperature of the probabilities, in units of the scores (cosines; method prompts)."""
    smoothing_s: float = Field(default=60.0, gt=0, le=604_800)
    """Standard deviation in seconds of the Gaussian that averages over neighbouring windows."""
    unknown_share: float = Field(default=0.5, ge=0, lt=1)
    """Share of the validation windows that the unknown rule leaves unnamed; 0 always names one.
    0.5 says "about half of a day is nothing in particular"; no label sets it."""
    join_gap_s: float = Field(default=600.0, ge=0, le=31_622_400)
    """Neighbouring windows of one activity form a segment unless a longer silence separates them."""

    @model_validator(mode="after")
    def _balance_is_for_prompts(self) -> Self:
        if self.method == "self_trained" and self.balance > 0:
            raise ValueError(
                f"balance is {self.balance:g}, but it corrects prompt scores and a student answers with "
                "probabilities: use method prompts, or balance 0"
            )
        return self
