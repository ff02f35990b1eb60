"""A trained model with its index and text encoder: a sentence or a window in, moments or words out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from discover.alignment import LoadedModel, load_model
from discover.core.embeddings import EmbeddingTable, unit_rows
from discover.core.errors import ConfigError
from discover.core.window_set import WindowSet, load_window_set, read_captions
from discover.pipeline.caption_files import CAPTIONS_FILE, find_caption_style, load_caption_vectors
from discover.pipeline.index_folders import no_model, only_index, sampling_of
from discover.recognition import mean_over_prompts, prompts_or_names
from discover.retrieval import (
    MERGE_GAP_S,
    TIME_WEIGHT,
    CaptionHit,
    CaptionPool,
    Hit,
    Index,
    IndexConfig,
    Moment,
    SearchFilters,
    TimeWords,
    caption_index,
    describe_hit,
    find_clustering,
    find_time_words,
    rank_answers,
)
from discover.text_encoders import build_text_encoder
from discover.text_encoders.encoder import TextEncoder

__all__ = ["LabelHit", "SearchSide", "Searcher", "TimeWordsUse"]

SearchSide = Literal["sensors", "captions"]
"""What a query is compared with: window vectors of the model, or the mean of each window's caption vectors in
the text encoder's own space (the baseline without the sensor side)."""

TimeWordsUse = Literal["prefer", "filter", "off"]
"""Time words of a sentence put the named time first, let nothing else through, or are left to the model."""


@dataclass(frozen=True, slots=True)
class LabelHit:
    """One activity and how well its prompts fit: mean cosine over its prompts, and the nearest of them."""

    label: str
    score: float
    prompt: str


@dataclass(frozen=True)
class Searcher:
    """What a search needs, loaded once for many questions.

    Attributes:
        model: The aligned model.
        index: Its window vectors.
        encoder: The text encoder the model was trained with.
        window_set: The indexed windows with their events, for timelines.
        folder: The model's folder, where clusterings lie.
        sampling: Folder of the windows, where captions lie.
        caption_style: Which captions, where there are several styles.
    """

    model: LoadedModel
    index: Index
    encoder: TextEncoder
    window_set: WindowSet
    folder: Path = Path()
    sampling: Path = Path()
    caption_style: str | None = None

    @classmethod
    def open(
        cls,
        model_folder: Path,
        *,
        index: Path | None = None,
        config: IndexConfig | None = None,
        caption_style: str | None = None,
    ) -> "Searcher":
        """Load a model folder with one of its indexes (default: its only one of free-running windows).

        Args:
            model_folder: Holds best_model.pt.
            index: Another index folder.
            config: Exact or approximate search; None as the index was made.
            caption_style: Which captions to use where windows have several styles.

        Raises:
            ArtifactError: No model or index there, or the index is of another model.
        """
        checkpoint = model_folder / "best_model.pt"
        if not checkpoint.is_file():
            raise no_model(model_folder)
        folder = index or only_index(model_folder)
        model = load_model(checkpoint)
        loaded = Index.load(folder, model_sha256=model.sha256, config=config)
        sampling = sampling_of(folder)
        encoder = build_text_encoder(model.text_encoder_config)
        windows = load_window_set(sampling)
        return cls(model, loaded, encoder, windows, model_folder, sampling, caption_style)

    def search(
        self,
        text: str,
        *,
        top_k: int,
        filters: SearchFilters | None = None,
        merge: bool = True,
        mmr: float | None = None,
        by: SearchSide = "sensors",
        time_words: TimeWordsUse = "prefer",
        clustering: str | None = None,
    ) -> Sequence[Hit | Moment]:
        """The `top_k` best windows for a sentence, or moments if hits are merged.

        Args:
            text: What to look for. Explicit time words ("at night", "before 7") are also read by rule.
            top_k: Number of answers.
            filters: Which windows may be returned.
            merge: Join neighbouring hits into moments.
            mmr: Balance between relevance (1) and difference (0) of the answers; None: relevance alone.
            by: Compare with the sensor side, or with captions only.
            time_words: What explicit time words do.
            clustering: Which clustering `filters.clusters` means, where there are several.

        Raises:
            ConfigError: The sentence is empty, or a setting does not fit.
        """
        return self.search_many(
            [text],
            top_k=top_k,
            filters=filters,
            merge=merge,
            mmr=mmr,
            by=by,
            time_words=time_words,
            clustering=clustering,
        )[0]

    def search_many(
        self,
        texts: Sequence[str],
        *,
        top_k: int,
        filters: SearchFilters | None = None,
        merge: bool = True,
        mmr: float | None = None,
        by: SearchSide = "sensors",
        time_words: TimeWordsUse = "prefer",
        clustering: str | None = None,
    ) -> list[Sequence[Hit | Moment]]:
        """`search` for several sentences, encoded together."""
        side = self._side(by, filters, clustering)
        mask = side.mask(filters)
        answers = []
        for text, query in zip(texts, self.query_vectors(texts, by=by), strict=True):
            words = find_time_words(text) if time_words != "off" else TimeWords()
            bonus, allowed = None, mask
            if words and time_words == "prefer":
                bonus = TIME_WEIGHT * words.preference(side.week_minutes)
            elif words:
                in_time = words.mask(side.week_minutes)
                allowed = in_time if mask is None else mask & in_time
            answers.append(rank_answers(side, query, top_k, mask=allowed, bonus=bonus, merge=merge, mmr=mmr))
        return answers

    def similar(
        self,
        window_id: str,
        *,
        top_k: int,
        filters: SearchFilters | None = None,
        merge: bool = True,
        mmr: float | None = None,
        by: SearchSide = "sensors",
        clustering: str | None = None,
    ) -> Sequence[Hit | Moment]:
        """Windows or moments like a window, without itself and the windows that overlap it.

        Where hits are merged, windows close enough to become one moment with it are left out too.

        Raises:
            JoinError: The window is not in the index.
        """
        side = self._side(by, filters, clustering)
        other = ~side.overlapping(window_id, margin_s=MERGE_GAP_S if merge else 0.0)
        mask = side.mask(filters)
        query = side.vectors_of([window_id])
        return rank_answers(
            side, query, top_k, mask=other if mask is None else mask & other, merge=merge, mmr=mmr
        )

    def captions_of(
        self,
        window_id: str,
        *,
        top_k: int,
        filters: SearchFilters | None = None,
        by: SearchSide = "sensors",
        clustering: str | None = None,
    ) -> list[CaptionHit]:
        """The captions nearest to a window, among those of all windows that pass the filters.

        Raises:
            JoinError: The window is not in the index.
        """
        side = self._side(by, filters, clustering)
        mask = side.mask(filters)
        ids = None if mask is None else side.windows["window_id"].filter(mask)
        pool = self._joint_captions if by == "sensors" else self._plain_captions
        return pool.nearest(side.vectors_of([window_id]), top_k, window_id=window_id, window_ids=ids)

    def labels_of(self, start: str, *, top_k: int, by: SearchSide = "sensors") -> list[LabelHit]:
        """The activities whose prompts are nearest to a window (its id) or to a caption (any sentence).

        Nothing here reads a label of the log: prompts are the home's sentences per activity.

        Raises:
            ConfigError: The home has no activities.
            JoinError: `start` is one word and no window of the index.
        """
        home = self.window_set.home
        labels = [activity.label for activity in home.activities]
        if not labels:
            raise ConfigError(f"Home {home.name} has no activities. Add them to its YAML (docs/formats.md).")
        prompts = prompts_or_names(home, "described", labels)
        sentences, owners = prompts.sentences, prompts.owners
        if " " in start.strip():
            query = self.query_vectors([start], by=by)
        else:
            query = (self.index if by == "sensors" else self.caption_side).vectors_of([start])
        scores = unit_rows(query) @ unit_rows(self.query_vectors(sentences, by=by)).T
        means = mean_over_prompts(scores, owners)[0]
        found = []
        for k in np.argsort(-means, kind="stable")[:top_k].tolist():
            nearest = max(np.flatnonzero(owners == k).tolist(), key=lambda i: float(scores[0, i]))
            found.append(LabelHit(labels[k], float(means[k]), sentences[nearest]))
        return found

    def query_vectors(self, texts: Sequence[str], *, by: SearchSide = "sensors") -> NDArray[np.float32]:
        """(N, P) vectors of sentences, to compare with the chosen side.

        Raises:
            ConfigError: A sentence is empty.
        """
        if any(not text.strip() for text in texts):
            raise ConfigError(
                'The search text is empty. Write a sentence such as "someone opens the fridge".'
            )
        vectors = self.encoder.encode(texts, kind="query")
        return self.model.project_text(vectors) if by == "sensors" else vectors

    @cached_property
    def caption_side(self) -> Index:
        """The caption-only index over the same windows."""
        return caption_index(self.index.windows, self._caption_vectors)

    def as_json(
        self,
        text: str,
        found: Sequence[Hit | Moment],
        *,
        by: SearchSide = "sensors",
        time_words: TimeWordsUse = "prefer",
    ) -> dict[str, Any]:
        """A query and its answers as plain data."""
        words = find_time_words(text) if time_words != "off" else TimeWords()
        answers = [describe_hit(hit, self.window_set) for hit in found]
        if words and time_words == "prefer":
            for answer, hit in zip(answers, found, strict=True):
                answer["time_match"] = round(hit.preference / TIME_WEIGHT, 3)
        note = self.index.search_note if by == "sensors" else "captions only, exact search"
        return {
            "query": text,
            "search": note,
            "time_words": [{"words": said, "meaning": meaning} for said, meaning in words.found],
            "answers": answers,
        }

    @cached_property
    def _style(self) -> str:
        return find_caption_style(self.sampling, self.encoder.config.type, self.caption_style)

    @cached_property
    def _caption_vectors(self) -> EmbeddingTable:
        return load_caption_vectors(self.sampling, self._style, self.encoder)

    @cached_property
    def _joint_captions(self) -> CaptionPool:
        captions = read_captions(self.sampling / CAPTIONS_FILE.format(style=self._style))
        return CaptionPool.build(captions, self._caption_vectors, self.model.project_text)

    @cached_property
    def _plain_captions(self) -> CaptionPool:
        captions = read_captions(self.sampling / CAPTIONS_FILE.format(style=self._style))
        return CaptionPool.build(captions, self._caption_vectors)

    def _side(self, by: SearchSide, filters: SearchFilters | None, clustering: str | None) -> Index:
        side = self.index if by == "sensors" else self.caption_side
        if filters is None or not filters.clusters:
            return side
        ids = side.windows["window_id"]
        found = find_clustering(self.folder, self.sampling.name, ids, clustering)
        return side.with_clusters(found.assignments)
