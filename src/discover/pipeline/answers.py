"""A trained model with its index and text encoder: sentence in, moments out."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discover.alignment import LoadedModel, load_model
from discover.core.artifacts import read_json, write_json
from discover.core.errors import ArtifactError, ConfigError
from discover.core.window_set import WindowSet, load_window_set
from discover.retrieval import Hit, Index, Moment, SearchFilters, describe_hit, merge_moments
from discover.text_encoders import build_text_encoder
from discover.text_encoders.encoder import TextEncoder

__all__ = ["INDEX_PREFIX", "Searcher", "note_source", "only_index", "sampling_of"]

INDEX_PREFIX = "index_"
"""Index folders inside a model's folder are called `index_<sampling>`."""

_SOURCE = "source.json"


def note_source(index_folder: Path, sampling: Path) -> Path:
    """Write beside an index where its windows are, relative to it, so that a workspace can be moved."""
    path = index_folder / _SOURCE
    write_json(path, {"sampling": os.path.relpath(sampling, index_folder)})
    return path


def sampling_of(index_folder: Path) -> Path:
    """The sampling folder whose windows an index holds, as `note_source` wrote it; it may be gone."""
    return Path(os.path.normpath(index_folder / read_json(index_folder / _SOURCE)["sampling"]))


@dataclass(frozen=True)
class Searcher:
    """What a search needs, loaded once for many sentences.

    Attributes:
        model: The aligned model.
        index: Its window vectors.
        encoder: The text encoder the model was trained with.
        window_set: The indexed windows with their events, for timelines.
    """

    model: LoadedModel
    index: Index
    encoder: TextEncoder
    window_set: WindowSet

    @classmethod
    def open(cls, model_folder: Path, *, index: Path | None = None) -> "Searcher":
        """Load a model folder with one of its indexes (default: its only one of free-running windows).

        Raises:
            ArtifactError: No model or index there, or the index is of another model.
        """
        checkpoint = model_folder / "best_model.pt"
        if not checkpoint.is_file():
            raise ArtifactError(
                f"No trained model in {model_folder} (best_model.pt is missing). "
                "Train one with `discover run --config configs/pipelines/demo.yaml`."
            )
        folder = index or only_index(model_folder)
        model = load_model(checkpoint)
        loaded = Index.load(folder, model_sha256=model.sha256)
        encoder = build_text_encoder(model.text_encoder_config)
        return cls(model, loaded, encoder, load_window_set(sampling_of(folder)))

    def search(
        self, text: str, *, top_k: int, filters: SearchFilters | None = None, merge: bool = True
    ) -> Sequence[Hit | Moment]:
        """The `top_k` best windows for a sentence, or moments if hits are merged.

        Raises:
            ConfigError: The sentence is empty.
        """
        if not text.strip():
            raise ConfigError(
                'The search text is empty. Write a sentence such as "someone opens the fridge".'
            )
        query = self.model.project_text(self.encoder.encode([text], kind="query"))
        if not merge:
            return self.index.search(query, top_k, filters=filters)
        wanted = top_k
        while True:
            # Neighbouring windows share moments: ask for more windows until there are enough moments.
            wanted = min(len(self.index), wanted * 4)
            hits = self.index.search(query, wanted, filters=filters)
            moments = merge_moments(hits)
            if len(moments) >= top_k or len(hits) < wanted or wanted == len(self.index):
                return moments[:top_k]

    def as_json(self, text: str, found: Sequence[Hit | Moment]) -> dict[str, Any]:
        """A query and its answers as plain data."""
        return {"query": text, "answers": [describe_hit(hit, self.window_set) for hit in found]}


def only_index(model_folder: Path) -> Path:
    """The model's only index of free-running windows (of any windows, where there is no such).

    Raises:
        ArtifactError: There is none, or there are several.
    """
    found = sorted(p for p in model_folder.glob(f"{INDEX_PREFIX}*") if (p / "manifest.json").is_file())
    free = [p for p in found if not p.name.endswith("_p")] or found
    if len(free) == 1:
        return free[0]
    if not free:
        raise ArtifactError(
            f"{model_folder} has a model but no search index. Run `discover run` (or `discover evaluate`) "
            "with its config to embed the windows."
        )
    names = ", ".join(p.name for p in free)
    raise ArtifactError(f"{model_folder} has several indexes ({names}). Choose one with --index.")
