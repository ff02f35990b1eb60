"""A trained model ready for use: windows and text in, unit vectors of the joint space out."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from discover.alignment.checkpoint import refuse_other_sizes
from discover.alignment.config import AlignmentConfig
from discover.alignment.model import AlignmentModel
from discover.alignment.planned import without_memory
from discover.alignment.run_folder import portable_settings
from discover.alignment.sensor_vectors import sensor_vectors
from discover.core.embeddings import EmbeddingTable
from discover.core.errors import CheckpointError, ConfigError, ShapeError
from discover.core.home import Home, homes_from_plain, homes_to_plain
from discover.core.progress import SILENT, Progress
from discover.core.vocabulary import Vocabulary
from discover.core.window_set import WindowSet
from discover.encoders.features import build_event_features, gather_batch
from discover.text_encoders.config import TextEncoderConfig

__all__ = ["LoadedModel"]

_TOKENS_PER_BATCH = 16384


class LoadedModel:
    """An aligned model with everything it needs to read windows of its own or another home.

    Attributes:
        config: The run it comes from.
        vocabulary: Values it was trained on; anything else is read as unknown.
        homes: The homes it was trained on, by name.
        model: The network, in evaluation mode.
        path, sha256: The checkpoint file and its hash.
        step: Training step of the weights.
        text_meta: Encoder metadata of the text embeddings it was trained with.
    """

    def __init__(
        self, content: Mapping[str, Any], path: Path, sha256: str, device: torch.device | str
    ) -> None:
        self.config = AlignmentConfig.from_stored(content["config"])
        self.vocabulary = Vocabulary.from_dict(content["vocabulary"])
        self.homes = homes_from_plain(content["home"])
        self.text_dim = int(content["text_dim"])
        self.sensor_text_dim: int | None = content["sensor_text_dim"]
        self.text_meta: Mapping[str, Any] = dict(content["text_meta"])
        self.step = int(content["step"])
        self.path, self.sha256 = path, sha256
        self.device = torch.device(device)
        with without_memory():
            planned = AlignmentModel(
                self.config.model_settings, self.vocabulary, self.text_dim, self.sensor_text_dim
            )
        refuse_other_sizes(planned.state_dict(), content["model"], path)
        self.model = AlignmentModel(
            self.config.model_settings, self.vocabulary, self.text_dim, self.sensor_text_dim
        )
        self.model.load_state_dict(content["model"])
        self.model.to(self.device).eval().requires_grad_(False)

    def to_content(self) -> dict[str, Any]:
        """Everything a copy of this model needs, as plain data and CPU tensors."""
        return {
            "config": portable_settings(self.config),
            "vocabulary": self.vocabulary.to_dict(),
            "home": homes_to_plain(self.homes),
            "text_dim": self.text_dim,
            "sensor_text_dim": self.sensor_text_dim,
            "text_meta": dict(self.text_meta),
            "step": self.step,
            "model": {k: v.detach().cpu() for k, v in self.model.state_dict().items()},
        }

    @property
    def home(self) -> Home:
        """The home of a model that was trained on one.

        Raises:
            ConfigError: It was trained on several.
        """
        if len(self.homes) != 1:
            raise ConfigError(
                f"This model was trained on {len(self.homes)} homes ({', '.join(self.homes)}). "
                "Say which one with --home."
            )
        return next(iter(self.homes.values()))

    @property
    def text_encoder_config(self) -> TextEncoderConfig:
        """Settings of the text encoder whose vectors `project_text` takes."""
        return self.config.text_encoder

    @property
    def dim(self) -> int:
        """Width P of the joint space."""
        return self.config.sensor_projection.dim

    @torch.no_grad()
    def embed_windows(
        self,
        window_set: WindowSet,
        progress: Progress = SILENT,
        *,
        sensor_texts: Mapping[str, NDArray[np.floating]] | None = None,
        projected: bool = True,
    ) -> EmbeddingTable:
        """Unit vectors of all windows, (W, P) float32, in the order of the window table.

        Args:
            window_set: Windows of these or other homes.
            progress: Where to report.
            sensor_texts: By home, vectors of its sensors' descriptions for a model that reads them; None
                encodes them with the model's text encoder.
            projected: False gives the encoder's pooled vectors from before the projection head, of its
                width and any length. They cannot be compared with text.
        """
        embed = self.model.embed_windows if projected else self.model.pool_windows
        width = self.dim if projected else self.model.encoder.dim
        if sensor_texts is None:
            sensor_texts = sensor_vectors(self.config, window_set.homes)
        features = build_event_features(
            window_set, self.vocabulary, self.config.encoder, sensor_texts=sensor_texts
        ).to(self.device)
        out = np.empty((features.n_windows, width), np.float32)
        progress.start("Embedding windows", features.n_windows)
        order = torch.argsort(features.length, stable=True)
        begin = 0
        while begin < len(order):
            # Windows in order of length, as many as fill a fixed number of event slots.
            take = max(1, _TOKENS_PER_BATCH // int(features.length[order[min(begin + 1024, len(order)) - 1]]))
            rows = order[begin : begin + min(take, 1024)]
            out[rows.numpy()] = embed(gather_batch(features, rows)).cpu().numpy()
            begin += len(rows)
            progress.advance(len(rows))
        progress.finish()
        ids = window_set.windows["window_id"].to_numpy().astype(np.str_)
        meta = {
            "encoder_type": "aligned_sensor" if projected else "sensor",
            "model_name": self.config.experiment_name,
            "embedding_dim": width,
            "normalize": projected,
            "checkpoint_sha256": self.sha256,
        }
        return EmbeddingTable(out, ids, np.zeros(len(ids), np.int16), meta)

    def with_weights(self, weights: Mapping[str, NDArray[np.floating]]) -> "LoadedModel":
        """A copy of this model in which some weights are others, such as those of `UnfrozenEncoder`.

        Raises:
            CheckpointError: A weight this model does not have, or of another shape.
        """
        changed = copy.copy(self)
        changed.model = copy.deepcopy(self.model)
        own = changed.model.state_dict()
        for name, value in weights.items():
            if name not in own or tuple(own[name].shape) != value.shape:
                raise CheckpointError(
                    f"The weight '{name}' of shape {value.shape} is not one of the model in {self.path}. "
                    "Use the model these weights were trained in."
                )
            own[name].copy_(torch.from_numpy(np.array(value)))
        return changed

    @torch.no_grad()
    def project_text(self, vectors: ArrayLike) -> NDArray[np.float32]:
        """Unit vectors of text embeddings in the joint space, (N, text_dim) -> (N, P) float32.

        Raises:
            ShapeError: Another width than the model was trained with.
        """
        text = np.asarray(vectors, dtype=np.float32)
        if text.ndim != 2 or text.shape[1] != self.text_dim:
            raise ShapeError(
                f"This model takes text embeddings of width {self.text_dim}, got {text.shape}. "
                f"Encode with its text encoder ({self.text_meta.get('model_name', 'see config.yaml')})."
            )
        unit = torch.nn.functional.normalize(torch.from_numpy(text).to(self.device), dim=1, eps=1e-12)
        return np.asarray(self.model.embed_text(unit).cpu().numpy(), dtype=np.float32)

    def refuse_other_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Check that windows were sampled with the vocabulary this model was trained on.

        Raises:
            CheckpointError: They were not.
        """
        ours, theirs = self.vocabulary.to_dict(), vocabulary.to_dict()
        fields = self.config.encoder.metadata.fields
        other = [f for f in fields if ours.get(f) != theirs.get(f)]
        if other:
            raise CheckpointError(
                f"{self.path} was trained with another vocabulary (fields {', '.join(other)}). "
                "Use the windows it was trained on, or train again with these."
            )
