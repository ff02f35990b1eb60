"""Windows that were not there when a clustering was found, and their vectors in its space."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.captions import caption_windows
from discover.captions.config import CaptionConfig
from discover.clustering import SavedClustering
from discover.core.embeddings import mean_caption_vectors
from discover.core.errors import ArtifactError, DataError
from discover.core.home import Home
from discover.core.progress import Progress
from discover.core.window_set import WindowSet
from discover.evaluation.features import bag_of_sensors
from discover.retrieval import Index
from discover.sampling import SamplingConfig
from discover.serving.cluster_inputs import captions_by_window, sensor_columns, window_vectors
from discover.serving.index_folders import IndexedHome
from discover.serving.log_windows import sample_log
from discover.text_encoders import build_text_encoder, encode_captions

if TYPE_CHECKING:
    from discover.alignment import LoadedModel

__all__ = ["NewWindows"]

# Shape letters: W windows, D width, S sensors.


@dataclass(frozen=True)
class NewWindows:
    """Windows to assign, and how to make the vectors the clustering takes.

    Attributes:
        name: Of the log or of the sampling.
        window_set: The windows.
        model: The model the clustering belongs to.
        clustering: What they will be assigned to.
        index: The index that holds their vectors; None for a log.
    """

    name: str
    window_set: WindowSet
    model: "LoadedModel"
    clustering: SavedClustering
    index: Index | None

    @classmethod
    def of_log(
        cls,
        log: Path,
        home: Home,
        settings: SamplingConfig,
        model: "LoadedModel",
        clustering: SavedClustering,
    ) -> Self:
        """Windows of a raw log, cut as the settings say.

        Raises:
            DataError: The log is not readable, or no window is left.
        """
        window_set = sample_log(log, home, settings)
        if not len(window_set.windows):
            raise DataError(f"No window is left of {log}: it has too few events in every window.")
        return cls(log.name, window_set, model, clustering, None)

    @classmethod
    def of_index(
        cls, folder: Path, model: "LoadedModel", clustering: SavedClustering, home: str | None = None
    ) -> Self:
        """Windows of one home of an index of the model, in its order.

        Raises:
            ArtifactError: No index there, or it is of another model, or its windows are gone.
            ConfigError: The index is of several homes and none is chosen.
        """
        own = IndexedHome.open(folder, home, model_sha256=model.sha256)
        return cls(own.sampling.name, own.window_set, model, clustering, own.index)

    def vectors(self, progress: Progress) -> NDArray[np.float32]:
        """(W, D) vectors in the clustering's space, made as those it was found in."""
        space = self.clustering.space
        if space == "bag":
            return self._bag()
        if space == "captions":
            encoder = build_text_encoder(self.model.text_encoder_config)
            table = encode_captions(self._captions(self.window_set), encoder, progress=progress)
            return mean_caption_vectors(table, self._ids)
        if self.clustering.encoder:
            model = self.model.with_weights(self.clustering.encoder)
            return window_vectors(model, self.window_set, space, progress)
        if space == "sensor" and self.index is not None:
            return self.index.vectors.astype(np.float32)
        return window_vectors(self.model, self.window_set, space, progress)

    def captions(self, windows: pl.DataFrame) -> dict[str, str]:
        """A caption for each of some windows, by window id; none where the captions' settings are unknown."""
        if self.caption_config is None or not len(windows):
            return {}
        rows = self.window_set.windows.filter(pl.col("window_id").is_in(windows["window_id"].implode()))
        few = replace(self.window_set, windows=rows)
        return captions_by_window(self._captions(few), windows)

    @cached_property
    def caption_config(self) -> CaptionConfig | None:
        """Settings of the captions that the clustering was named with; None where none are noted."""
        settings = self.clustering.about.get("captions")
        return None if settings is None else CaptionConfig.model_validate(settings)

    @property
    def _ids(self) -> NDArray[np.str_]:
        return self.window_set.windows["window_id"].to_numpy().astype(np.str_)

    def _captions(self, window_set: WindowSet) -> pl.DataFrame:
        if self.caption_config is None:
            raise ArtifactError(
                "These clusters were found in captions, and the settings of those captions were not there "
                "when they were saved. Run `discover caption` and `discover cluster` again."
            )
        return caption_windows(window_set, self.caption_config)

    def _bag(self) -> NDArray[np.float32]:
        """(W, S) counts in the columns the clusters were found in; other sensors have no column."""
        own = sensor_columns(self.window_set)
        counts = bag_of_sensors(self.window_set, self.window_set.windows)
        place = {sensor: i for i, sensor in enumerate(own)}
        taken = [(j, place[s]) for j, s in enumerate(self.clustering.columns) if s in place]
        bag = np.zeros((len(counts), len(self.clustering.columns)), dtype=np.float32)
        if taken:
            to, source = np.array(taken).T
            bag[:, to] = counts[:, source]
        if not bag.any():
            raise DataError(
                "These clusters were found in counts per sensor, and none of these sensors fires in these "
                "windows. For another home, use a clustering with --on sensor, captions or encoder."
            )
        return bag
