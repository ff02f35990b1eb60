"""Settings of clustering."""

from typing import Literal

from pydantic import Field, model_validator

from discover.core.config import StrictModel

__all__ = [
    "ClusterMethod",
    "ClusteringConfig",
    "FeatureSpace",
    "MiningConfig",
    "SCANConfig",
    "SelfLabelConfig",
    "UnfreezeConfig",
]

ClusterMethod = Literal["scan", "temi", "kmeans", "gmm", "hdbscan"]
FeatureSpace = Literal["sensor", "encoder", "captions", "bag"]


class MiningConfig(StrictModel):
    """Which pairs of windows should share a cluster."""

    k: int = Field(default=50, ge=1, le=10_000)
    """Nearest windows by cosine taken per window."""
    min_gap_s: float = Field(default=0.0, ge=0, le=31_622_400)
    """Windows that overlap in time, or lie closer than this many seconds, are no neighbours."""
    twin: Literal["off", "weighted", "intersection"] = "off"
    """With captions as a second space: `weighted` mines by the mean of both cosines, `intersection` keeps
    pairs that are among the nearest in both spaces."""
    temporal_s: float = Field(default=0.0, ge=0, le=31_622_400)
    """Windows that begin at most this many seconds after a window ends are its neighbours too; 0: off."""
    temporal_share: float = Field(default=0.5, ge=0, le=1)
    """Share of drawn pairs that come from time instead of similarity, where both exist."""


class SelfLabelConfig(StrictModel):
    """The second step: learn from the clusters' own confident windows."""

    epochs: int = Field(default=10, ge=0, le=100_000)
    """Passes over the windows; 0 leaves the step out."""
    threshold: float = Field(default=0.95, gt=0, le=1)
    """Smallest assignment that counts as confident."""
    noise: float = Field(default=0.3, ge=0, le=100)
    """Size of the random change of a unit vector in training, as a share of its length."""
    learning_rate: float = Field(default=1e-4, gt=0, le=10)
    """Step size of Adam."""


class UnfreezeConfig(StrictModel):
    """Training the sensor encoder together with the clusters, after heads were found with it frozen."""

    layers: int = Field(default=0, ge=-1, le=1_024)
    """Transformer blocks that learn, counted from the last; 0: the encoder stays frozen; -1: all of it."""
    epochs: int = Field(default=5, ge=1, le=100_000)
    """Most passes over the windows; they end early by scan.patience, and self-labelling comes after them."""
    learning_rate: float = Field(default=1e-4, gt=0, le=10)
    """Step size of Adam for the encoder; its cluster head keeps that of its step."""
    batch_size: int = Field(default=256, ge=2, le=1_000_000)
    """Pairs per step; both windows of each pass through the encoder."""
    event_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Probability that an event is dropped from a training window of the encoder."""


class SCANConfig(StrictModel):
    """How SCAN or TEMI heads are trained on window vectors."""

    n_clusters: int = Field(default=20, ge=2, le=10_000)
    """Number of clusters."""
    objective: Literal["scan", "temi"] = "scan"
    """The loss: neighbours agree and clusters are used (scan), or weighted mutual information (temi)."""
    mining: MiningConfig = MiningConfig()
    """Which pairs are drawn."""
    n_heads: int = Field(default=10, ge=1, le=1_000)
    """Heads trained side by side; the best one by validation loss is kept."""
    hidden_dim: int = Field(default=0, ge=0, le=65_536)
    """Width of a hidden layer in each head; 0: linear heads, as in the paper."""
    entropy_weight: float = Field(default=2.0, ge=0, le=1_000_000)
    """Weight of the entropy term (scan); higher makes clusters more equal in size."""
    beta: float = Field(default=0.6, gt=0.5, le=1)
    """Exponent of the mutual information (temi)."""
    temperature: float = Field(default=0.1, gt=0, le=100)
    """Divides the heads' logits."""
    momentum: float = Field(default=0.99, ge=0, lt=1)
    """How slowly the teacher follows the student, and the marginal the teacher (temi)."""
    epochs: int = Field(default=60, ge=1, le=100_000)
    """Passes over the windows at most."""
    patience: int = Field(default=10, ge=1, le=100_000)
    """Training stops after this many epochs without a better validation loss."""
    batch_size: int = Field(default=512, ge=2, le=1_000_000)
    """Pairs per step."""
    learning_rate: float = Field(default=1e-3, gt=0, le=10)
    """Step size of Adam."""
    weight_decay: float = Field(default=1e-4, ge=0, le=100)
    """Decoupled weight decay."""
    validation_share: float = Field(default=0.1, gt=0, lt=1)
    """Share of windows held out in stretches of time when no validation windows are given."""
    max_fit_windows: int = Field(default=100_000, ge=10, le=100_000_000)
    """More training windows than this are thinned at random first: mining compares all pairs."""
    self_label: SelfLabelConfig = SelfLabelConfig()
    """The second step."""
    unfreeze: UnfreezeConfig = UnfreezeConfig()
    """Whether the sensor encoder learns too."""
    seed: int = Field(default=0, ge=0, le=4_294_967_295)
    """Same seed, same clusters."""

    @model_validator(mode="after")
    def _combinations(self) -> "SCANConfig":
        smallest = min(self.batch_size, self.unfreeze.batch_size if self.unfreeze.layers else self.batch_size)
        if smallest < 2 * self.n_clusters:
            raise ValueError(
                f"batch_size {smallest} is below twice the number of clusters ({self.n_clusters}): "
                "the entropy of such a batch is a poor estimate. Take larger batches or fewer clusters"
            )
        return self


class ClusteringConfig(StrictModel):
    """One clustering of a model's windows: `discover cluster`."""

    method: ClusterMethod = "scan"
    """How clusters are found."""
    on: FeatureSpace = "sensor"
    """What they are found in: the model's window vectors (sensor), those before its projection head
    (encoder), caption vectors (captions), or counts per sensor (bag)."""
    k: int = Field(default=20, ge=2, le=10_000)
    """Number of clusters (hdbscan finds at most this many)."""
    merge_from: int = Field(default=60, ge=0, le=10_000)
    """Find this many small clusters first and merge them to k; 0: find k at once."""
    transition_weight: float = Field(default=0.0, ge=0, le=1)
    """Weight of "follows in time" against "looks alike" when small clusters are merged."""
    scan: SCANConfig = SCANConfig()
    """Training of scan and temi; its n_clusters, objective and seed follow from the settings here."""
    seed: int = Field(default=0, ge=0, le=4_294_967_295)
    """Same seed, same clusters."""

    @model_validator(mode="after")
    def _merges(self) -> "ClusteringConfig":
        if 0 < self.merge_from < self.k:
            raise ValueError(
                f"merge_from {self.merge_from} is below k {self.k}, and small clusters are merged to k: take "
                f"at least k (--set merge_from={self.k}), or 0 to find k at once (--set merge_from=0)"
            )
        fixed = {"n_clusters", "objective", "seed"} & self.scan.model_fields_set
        if fixed:
            raise ValueError(f"scan.{sorted(fixed)[0]} follows from method, k and seed: leave it out")
        if self.scan.unfreeze.layers != 0:
            self._can_unfreeze()
        if self.transition_weight > 0 and self.merge_from == 0:
            raise ValueError("transition_weight is used when merging: set merge_from too")
        return self

    def _can_unfreeze(self) -> None:
        if self.method not in ("scan", "temi"):
            raise ValueError(
                f"method '{self.method}' trains nothing, so no layer of the encoder can learn from it: "
                "take scan or temi, or scan.unfreeze.layers 0"
            )
        if self.on not in ("sensor", "encoder"):
            raise ValueError(
                f"clusters on '{self.on}' do not pass through the sensor encoder: take on: sensor or "
                "encoder, or scan.unfreeze.layers 0"
            )
