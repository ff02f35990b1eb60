"""What a clustering reads: the windows of a model's index, their vectors in every space, their captions."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.clustering import CaptionPool, FeatureSpace
from discover.core.artifacts import read_manifest
from discover.core.embeddings import EmbeddingTable, mean_caption_vectors, unit_rows
from discover.core.errors import ConfigError
from discover.core.progress import SILENT, Progress
from discover.core.window_set import WindowSet
from discover.evaluation.features import bag_of_sensors
from discover.retrieval import Index
from discover.retrieval.index import unit_window_vectors
from discover.serving.caption_files import find_caption_style, load_caption_vectors, read_style_captions
from discover.serving.index_folders import IndexedHome, only_index
from discover.text_encoders import build_text_encoder
from discover.text_encoders.encoder import TextEncoder

if TYPE_CHECKING:
    from discover.alignment import LoadedModel

__all__ = ["ClusterInputs", "WindowSpace", "captions_by_window", "sensor_columns", "window_vectors"]

# Shape letters: W windows, D width.


class WindowSpace(Protocol):
    """Where the vectors of an index and sentences are compared."""

    @property
    def sha256(self) -> str:
        """Of what made the vectors."""
        ...

    def project_text(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """(N, D) vectors of the text encoder -> (N, P)."""
        ...


@dataclass(frozen=True)
class ClusterInputs:
    """The windows of one index, with their model, captions and folders.

    Attributes:
        model: The aligned model, or what takes its place where none was trained.
        encoder: Its text encoder.
        index: Vectors and facts of all windows.
        window_set: The same windows with their events, in the index's order.
        index_folder, sampling: Folders of the index and of its windows.
        caption_style: Which captions.
        corrections: File of what was said of the windows of a raw log; None for a model's.
    """

    model: "LoadedModel | WindowSpace"
    encoder: TextEncoder
    index: Index
    window_set: WindowSet
    index_folder: Path
    sampling: Path
    caption_style: str
    corrections: Path | None = None

    @classmethod
    def open(
        cls,
        model_folder: Path,
        *,
        index: Path | None = None,
        caption_style: str | None = None,
        home: str | None = None,
    ) -> "ClusterInputs":
        """Load a model folder with one of its indexes (default: its only one of free-running windows).

        Of an index of several homes, `home` says whose windows are clustered.

        Raises:
            ArtifactError: No model, index, windows or captions there, or they do not belong together.
        """
        folder = index or only_index(model_folder)
        from discover.alignment import load_model

        model = load_model(model_folder)
        own = IndexedHome.open(folder, home, model_sha256=model.sha256)
        encoder = build_text_encoder(model.text_encoder_config)
        style = find_caption_style([own.sampling], encoder.config.type, caption_style)
        return cls(model, encoder, own.index, own.window_set, folder, own.sampling, style)

    @property
    def trained(self) -> "LoadedModel":
        """The aligned model.

        Raises:
            ConfigError: None was trained.
        """
        if self.corrections is None:
            return cast("LoadedModel", self.model)
        raise ConfigError(
            "Clusters on 'encoder' and layers that learn with the clusters need a trained model, and this is "
            "a raw log. Take on: sensor, captions or bag, with scan.unfreeze.layers 0."
        )

    @property
    def ids(self) -> NDArray[np.str_]:
        """(W,) window ids, in the order of every array here."""
        return self.index.windows["window_id"].to_numpy().astype(np.str_)

    @property
    def splits(self) -> NDArray[np.str_]:
        """(W,) split of each window."""
        return self.index.windows["split"].to_numpy().astype(np.str_)

    @cached_property
    def spans(self) -> NDArray[np.float64]:
        """(W, 2) seconds of the first and last event."""
        times = [self.index.windows[c].to_physical().to_numpy() / 1e6 for c in ("start", "end")]
        return np.stack(times, axis=1)

    @cached_property
    def caption_table(self) -> EmbeddingTable:
        """One row per caption."""
        return load_caption_vectors([self.sampling], self.caption_style, self.encoder)

    @cached_property
    def caption_means(self) -> NDArray[np.float32]:
        """(W, D) mean caption vector of each window."""
        return mean_caption_vectors(self.caption_table, self.ids)

    def space(self, name: FeatureSpace, progress: Progress = SILENT) -> NDArray[np.float32]:
        """(W, D) vectors of one space."""
        if name == "captions":
            return self.caption_means
        if name == "bag":
            return bag_of_sensors(self.window_set, self.window_set.windows)
        if name == "encoder":
            return window_vectors(self.trained, self.window_set, name, progress)
        return self.index.vectors.astype(np.float32)

    def caption_pool(self, rows: NDArray[np.int64]) -> CaptionPool:
        """Captions of some windows (rows of the index), with their vectors."""
        table = self.caption_table
        captions = read_style_captions([self.sampling], self.caption_style)
        vectors = pl.DataFrame(
            {"window_id": table.sample_ids, "caption_index": table.caption_indices}
        ).with_row_index("vector")
        windows = pl.DataFrame({"window_id": self.ids[rows]}).with_row_index("window")
        joined = (
            windows.join(captions, on="window_id", how="left", maintain_order="left")
            .join(vectors, on=["window_id", "caption_index"], how="inner", maintain_order="left")
            .with_columns(text=pl.col("caption").rank("dense") - 1)
        )
        distinct = joined.unique("text", keep="first", maintain_order=True).sort("text")
        return CaptionPool(
            texts=distinct["caption"].to_list(),
            vectors=unit_rows(table.vectors[distinct["vector"].to_numpy()]),
            window_rows=joined["window"].to_numpy().astype(np.int64),
            text_rows=joined["text"].to_numpy().astype(np.int64),
            n_windows=len(rows),
        )

    def first_captions(self, windows: pl.DataFrame) -> dict[str, str]:
        """The first caption of each of some windows, by window id."""
        captions = read_style_captions([self.sampling], self.caption_style)
        return captions_by_window(captions, windows)

    @property
    def caption_settings(self) -> dict[str, Any] | None:
        """Settings the captions were made with, to describe other windows alike; None where unknown."""
        for ending in ("", "_p"):
            manifest = read_manifest(self.sampling / f"manifest_caption{ending}.json")
            if manifest is not None and manifest.config.get("style") == self.caption_style:
                return manifest.config
        return None


def captions_by_window(captions: pl.DataFrame, windows: pl.DataFrame) -> dict[str, str]:
    """The first caption of each of some windows, by window id."""
    own = captions.filter(pl.col("window_id").is_in(windows["window_id"].implode()))
    # Of equal keys the last one stays.
    return dict(own.sort("caption_index", descending=True).select("window_id", "caption").iter_rows())


def sensor_columns(window_set: WindowSet) -> tuple[str, ...]:
    """The sensor of each column of `evaluation.features.bag_of_sensors`."""
    kind = window_set.events.schema["sensor"]
    return tuple(kind.categories.to_list()) if isinstance(kind, pl.Enum) else ()


def window_vectors(
    model: "LoadedModel", window_set: WindowSet, space: FeatureSpace, progress: Progress = SILENT
) -> NDArray[np.float32]:
    """(W, D) unit vectors of windows by the model: space "sensor", or "encoder" from before its head."""
    table = model.embed_windows(window_set, progress, projected=space == "sensor")
    if space == "encoder":
        return unit_rows(table.vectors)
    ids = window_set.windows["window_id"].to_numpy().astype(np.str_)
    # Rounded as an index keeps them, so that a window has the same cluster whether it comes from the index or
    # from a log.
    return unit_window_vectors(table, ids, model_sha256=model.sha256).astype(np.float32)
