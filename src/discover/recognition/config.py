"""How activities are recognised without labels."""

from typing import Literal

from pydantic import Field

from discover.core.config import StrictModel
from discover.recognition.prompts import PromptSetName

__all__ = ["RecognitionConfig"]


class RecognitionConfig(StrictModel):
    """Settings of `Recogniser` and `to_segments`. None of them is fitted to labels."""

    prompt_set: PromptSetName = "described"
    """Sentences that stand for the activities; `name` where a home has no described ones."""
    background_labels: tuple[str, ...] = ("no_activity", "other", "other_activity")
    """Labels that stand for no activity: they get no prompt and are never answered."""
    aggregation: Literal["mean", "vote"] = "mean"
    """mean: average cosine with an activity's prompts. vote: its share of the nearest prompts."""
    vote_k: int = Field(default=5, ge=1)
    """How many nearest prompts vote (aggregation vote)."""
    centring: bool = True
    """Subtract each activity's mean over the reference windows, so that no prompt wins everywhere."""
    balance: float = Field(default=0.0, ge=0, le=1)
    """How far activities are pulled towards equal shares of the reference windows: 0 not, 1 fully."""
    temperature: float = Field(default=0.05, gt=0)
    """Softmax temperature of the probabilities, in units of the scores (cosines)."""
    smoothing_s: float = Field(default=60.0, gt=0)
    """Standard deviation in seconds of the Gaussian that averages scores over neighbouring windows."""
    unknown_share: float = Field(default=0.5, ge=0, lt=1)
    """Share of the validation windows that the unknown rule leaves unnamed; 0 always names one.
    0.5 says "about half of a day is nothing in particular"; no label sets it."""
    join_gap_s: float = Field(default=600.0, ge=0)
    """Neighbouring windows of one activity form a segment unless a longer silence lies between them."""
