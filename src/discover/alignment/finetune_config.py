"""How an encoder is fine-tuned with labels; free of torch, so that a run's YAML is read quickly."""

from pydantic import Field

from discover.core.config import StrictModel

__all__ = ["FineTuneConfig"]


class FineTuneConfig(StrictModel):
    """How an encoder is trained with labels."""

    layers: int = Field(default=2, ge=-1, le=1_024)
    """Transformer blocks that learn, counted from the last; -1 trains everything, embeddings included."""
    epochs: int = Field(default=8, ge=1, le=100_000)
    """Most passes over the labelled windows; the one best on validation windows is kept."""
    batch_size: int = Field(default=128, ge=1, le=65_536)
    """Windows per step."""
    learning_rate: float = Field(default=1e-4, gt=0, le=10)
    """Highest learning rate of the encoder's layers."""
    head_learning_rate: float = Field(default=1e-3, gt=0, le=10)
    """Highest learning rate of the classifier."""
    weight_decay: float = Field(default=0.01, ge=0, le=100)
    """AdamW weight decay."""
