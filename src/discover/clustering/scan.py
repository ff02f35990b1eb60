"""`SCANClusterer`: clusters of windows whose neighbours agree, with scikit-learn's interface."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClusterMixin

from discover.clustering.config import SCANConfig
from discover.clustering.heads import ClusterHeads
from discover.clustering.health import ClusterHealth, cluster_health
from discover.clustering.pairs import build_pairs
from discover.clustering.state_file import restore_state, save_state
from discover.clustering.training import TrainingData, TrainingState, start_training, train_heads
from discover.clustering.views import Unfrozen, WindowNetwork, embed_rows
from discover.core.embeddings import unit_rows
from discover.core.errors import ConfigError, DataError, ShapeError
from discover.core.progress import SILENT, Progress
from discover.core.seeds import derive_seed

# Shape letters: N windows, V validation windows, D width, T width of the twin, C clusters.

__all__ = ["SCANClusterer"]

_BLOCK_ROWS = 65_536


class SCANClusterer(ClusterMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is not typed
    """SCAN or TEMI heads on window vectors; the encoder behind them is frozen or trained.

    1. Mine each window's nearest neighbours (never one that overlaps in time).
    2. Train several heads so that neighbours agree and all clusters are used; stop and choose the head by
       the loss on validation windows, without labels.
    3. With `unfreeze.layers` and an encoder passed to `fit`: train the best head and the encoder's last
       layers by the same loss, on pairs that both pass through the encoder with some events left out.
    4. Self-label: train the best head (and the encoder) on its own confident windows, again watched by
       the validation loss.

    Attributes:
        labels_: Cluster of each window passed to `fit`, (N,) int32.
        health_: Spread of these labels; `health_.collapsed` says whether the clusters are worth a look.
        history_: One row per epoch: step, epoch, best head, validation loss.
        best_at_: Step, epoch and head of the weights kept.
        best_loss_: Their validation loss.
        n_features_in_: D.
        vectors_: The windows passed to `fit` in the space of the clusters, (N, D): X itself, or what the
            trained encoder makes of them. `predict` takes vectors of this space.
        encoder_weights_: Weights of the encoder that were trained, by name; empty where it stayed frozen.

    References:
        Van Gansbeke et al. 2020, https://arxiv.org/abs/2005.12320; objective "temi": Adaloglou et al. 2023,
        https://arxiv.org/abs/2303.17896.
    """

    def __init__(self, config: SCANConfig | None = None) -> None:
        """Keep the settings; nothing is computed before `fit`."""
        self.config = config

    @property
    def settings(self) -> SCANConfig:
        """The config, or the defaults."""
        return self.config if self.config is not None else SCANConfig()

    def fit(
        self,
        X: NDArray[np.floating],
        y: object = None,
        *,
        spans: NDArray[np.float64] | None = None,
        twin: NDArray[np.floating] | None = None,
        validation: NDArray[np.floating] | None = None,
        validation_spans: NDArray[np.float64] | None = None,
        validation_twin: NDArray[np.floating] | None = None,
        unfrozen: Unfrozen | None = None,
        state_path: Path | None = None,
        progress: Progress = SILENT,
    ) -> Self:
        """Find clusters.

        Args:
            X: Window vectors of any length, shape (N, D).
            y: Ignored; part of scikit-learn's interface.
            spans: First and last second of each window, (N, 2), so that overlapping ones are no neighbours.
            twin: Vectors of the same windows in a second space (captions), shape (N, T).
            validation: Vectors of validation windows, shape (V, D); None holds out a stretch of X.
            validation_spans: As `spans`, of the validation windows.
            validation_twin: As `twin`, of the validation windows.
            unfrozen: The encoder that made the vectors, its rows of X and of the validation windows, for
                settings with `unfreeze.layers`. It is left with the weights that were chosen.
            state_path: Where to keep the state after each epoch. A file of the same data and settings that is
                there already is gone on from; it is removed by nobody but you.
            progress: Where to report.

        Raises:
            ShapeError: Numbers of rows or widths disagree.
            DataError: Too few windows, or no window has a neighbour.
            ConfigError: `unfreeze.layers` without an encoder, or an encoder without it.
            ArtifactError: The state file is damaged or of another fit.
        """
        del y
        config = self.settings
        _check_unfrozen(unfrozen, config, validation is not None)
        rows = (None, None) if unfrozen is None else (unfrozen.train, unfrozen.validation)
        train = _Part(X, spans, twin, rows[0])
        val = None if validation is None else _Part(validation, validation_spans, validation_twin, rows[1])
        _check(train, val, config)
        chosen = _thin(train, config)
        if val is None:
            chosen, val = _hold_out(chosen, config)
        seed = derive_seed(config.seed, "clustering", config.objective, config.n_clusters)
        network = None if unfrozen is None else unfrozen.network
        data, state = _prepare(chosen, val, config, seed, network)
        if state_path is not None:
            restore_state(state_path, state, data, config)

        def keep(reached: TrainingState) -> None:
            if state_path is not None:
                save_state(state_path, reached, data, config)

        self.head_ = train_heads(state, data, config, progress=progress, after_epoch=keep).eval()
        self.history_ = state.history
        self.best_at_, self.best_loss_ = state.best_at, state.best_loss
        self.n_features_in_ = int(train.vectors.shape[1])
        self.encoder_weights_ = state.best_encoder
        self.vectors_ = X if unfrozen is None else embed_rows(unfrozen.network, unfrozen.train)
        self.labels_ = self.predict(self.vectors_)
        self.health_: ClusterHealth = cluster_health(self.labels_, config.n_clusters)
        return self

    def predict_proba(self, X: NDArray[np.floating]) -> NDArray[np.float32]:
        """Assignment of each window to each cluster, (N, C), rows sum to 1."""
        head = self._fitted(X)
        out = np.empty((len(X), self.settings.n_clusters), dtype=np.float32)
        with torch.no_grad():
            for begin in range(0, len(X), _BLOCK_ROWS):
                block = torch.from_numpy(np.asarray(X[begin : begin + _BLOCK_ROWS], dtype=np.float32))
                out[begin : begin + len(block)] = head(head.prepare(block))[:, 0].softmax(-1).numpy()
        return out

    def predict(self, X: NDArray[np.floating]) -> NDArray[np.int32]:
        """Most likely cluster of each window, (N,)."""
        clusters: NDArray[np.int32] = self.predict_proba(X).argmax(axis=1).astype(np.int32)
        return clusters

    def fit_predict(self, X: NDArray[np.floating], y: object = None, **options: Any) -> NDArray[np.int32]:
        """`fit`, then the labels of the same windows."""
        return self.fit(X, y, **options).labels_

    def _fitted(self, X: NDArray[np.floating]) -> ClusterHeads:
        if not hasattr(self, "head_"):
            raise DataError("This SCANClusterer has no clusters yet. Call fit first.")
        if X.ndim != 2 or X.shape[1] != self.n_features_in_:
            raise ShapeError(f"Clusters were found in vectors of width {self.n_features_in_}, got {X.shape}.")
        head: ClusterHeads = self.head_
        return head


class _Part:
    """Vectors, times and second vectors of some windows, one row each."""

    def __init__(
        self,
        vectors: NDArray[np.floating],
        spans: NDArray[np.float64] | None,
        twin: NDArray[np.floating] | None,
        rows: NDArray[np.int64] | None = None,
    ) -> None:
        self.vectors, self.spans, self.twin, self.rows = np.asarray(vectors), spans, twin, rows
        if self.vectors.ndim != 2:
            raise ShapeError(f"Window vectors must be a matrix (windows, width), got {self.vectors.shape}.")
        for name, other in (("spans", spans), ("twin", twin), ("rows of unfrozen", rows)):
            if other is not None and len(other) != len(self.vectors):
                raise ShapeError(
                    f"{name} has {len(other):,} rows for {len(self.vectors):,} windows; one each is needed."
                )
        bad = int((~np.isfinite(self.vectors).all(axis=1)).sum())
        if bad:
            raise DataError(f"{bad:,} of {len(self.vectors):,} window vectors are not finite. Embed again.")

    def take(self, rows: NDArray[np.int64]) -> "_Part":
        return _Part(
            self.vectors[rows],
            None if self.spans is None else self.spans[rows],
            None if self.twin is None else self.twin[rows],
            None if self.rows is None else self.rows[rows],
        )


def _check_unfrozen(unfrozen: Unfrozen | None, config: SCANConfig, validation: bool) -> None:
    wanted = config.unfreeze.layers != 0
    if wanted and unfrozen is None:
        raise ConfigError(
            f"unfreeze.layers is {config.unfreeze.layers}, but no encoder was given to train. "
            "Pass unfrozen=..., or set it to 0."
        )
    if unfrozen is None:
        return
    if not wanted:
        raise ConfigError("An encoder was given, but unfreeze.layers is 0. Set it, or leave unfrozen out.")
    if validation != (unfrozen.validation is not None):
        raise ConfigError("Validation windows need their rows in unfrozen.validation: give both or neither.")


def _check(train: _Part, val: _Part | None, config: SCANConfig) -> None:
    if len(train.vectors) < 2 * config.n_clusters:
        raise DataError(
            f"{len(train.vectors):,} windows cannot fill {config.n_clusters} clusters. "
            "Use more days, shorter windows or fewer clusters."
        )
    if val is None:
        return
    if val.vectors.shape[1] != train.vectors.shape[1]:
        raise ShapeError(
            f"Training vectors have width {train.vectors.shape[1]}, validation vectors "
            f"{val.vectors.shape[1]}. Both must come from one model."
        )
    if len(val.vectors) < 2:
        raise DataError("At least two validation windows are needed. Pass validation=None to hold some out.")


def _thin(train: _Part, config: SCANConfig) -> _Part:
    n = len(train.vectors)
    if n <= config.max_fit_windows:
        return train
    generator = np.random.default_rng(derive_seed(config.seed, "thin"))
    return train.take(np.sort(generator.choice(n, config.max_fit_windows, replace=False)))


def _hold_out(train: _Part, config: SCANConfig) -> tuple[_Part, _Part]:
    """The last stretch of time (or of rows) becomes the validation windows."""
    n = len(train.vectors)
    order = np.arange(n) if train.spans is None else np.argsort(train.spans[:, 0], kind="stable")
    n_val = min(n - 2, max(2, round(n * config.validation_share)))
    return train.take(np.sort(order[: n - n_val])), train.take(np.sort(order[n - n_val :]))


def _prepare(
    train: _Part, val: _Part, config: SCANConfig, seed: int, network: WindowNetwork | None
) -> tuple[TrainingData, TrainingState]:
    mean = torch.from_numpy(unit_rows(train.vectors).mean(axis=0))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        heads = ClusterHeads(
            mean,
            config.n_heads,
            config.n_clusters,
            hidden_dim=config.hidden_dim,
            temperature=config.temperature,
        )
    prepared = [heads.prepare(torch.from_numpy(unit_rows(part.vectors))) for part in (train, val)]
    pairs = [
        build_pairs(x.numpy(), part.twin, part.spans, config.mining)
        for x, part in zip(prepared, (train, val), strict=True)
    ]
    rows = [None if part.rows is None else torch.from_numpy(part.rows) for part in (train, val)]
    data = TrainingData(prepared[0], pairs[0], prepared[1], pairs[1], network, rows[0], rows[1])
    return data, start_training(heads, config, seed, network)
