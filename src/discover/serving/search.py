"""A trained model with its index and text encoder: a sentence or a window in, moments or words out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from discover.alignment import load_model
from discover.core.embeddings import EmbeddingTable, unit_rows
from discover.core.errors import ConfigError
from discover.core.window_set import WindowSet
from discover.query import (
    PREDICATE_WEIGHT,
    Lexicon,
    ParsedQuery,
    QueryParser,
    check_question,
    match_query,
    parse_query,
)
from discover.retrieval import (
    MERGE_GAP_S,
    Activations,
    CaptionHit,
    CaptionPool,
    Hit,
    Index,
    IndexConfig,
    Moment,
    SearchOptions,
    SearchSide,
    build_activations,
    caption_index,
    describe_hit,
    find_clustering,
    rank_answers,
)
from discover.serving.absent_things import absent_things
from discover.serving.caption_files import find_caption_style, load_caption_vectors, read_style_captions
from discover.serving.foreign_words import foreign_note
from discover.serving.home_lexicon import home_lexicon
from discover.serving.index_folders import (
    indexed_windows,
    no_model,
    only_index,
    sampling_of,
    search_defaults_of,
)
from discover.text_encoders import build_text_encoder
from discover.text_encoders.encoder import TextEncoder

__all__ = ["Answer", "LabelHit", "Searcher", "TextSide"]


class TextSide(Protocol):
    """What brings sentences to the vectors of an index: a trained model, or a space without one."""

    def project_text(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """(N, D) vectors of the text encoder -> (N, P)."""
        ...


@dataclass(frozen=True, slots=True)
class LabelHit:
    """One activity and how well its prompts fit: mean cosine over its prompts, and the nearest of them."""

    label: str
    score: float
    prompt: str


@dataclass(frozen=True)
class Answer(Sequence[Hit | Moment]):
    """The answers to one question, best first; a sequence of hits or moments.

    Attributes:
        question: The sentence of the user.
        found: The hits or moments.
        how: How they were found: "exact search".
        query: The conditions that the parser read from the sentence.
        note: A remark where no window meets every condition, or nothing was understood; else "".
        ranked_by_words: Whether the conditions of `query` took part in the ranking, not only in filtering.
    """

    question: str
    found: tuple[Hit | Moment, ...]
    how: str
    query: ParsedQuery = field(default_factory=lambda: ParsedQuery(""))
    note: str = ""
    ranked_by_words: bool = False

    @overload
    def __getitem__(self, at: int) -> Hit | Moment: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Hit | Moment]: ...
    def __getitem__(self, at: int | slice) -> Hit | Moment | Sequence[Hit | Moment]:
        return self.found[at]

    def __len__(self) -> int:
        return len(self.found)

    @property
    def shares(self) -> tuple[float, ...]:
        """Per answer, how far its best window meets the query words, in [0, 1]."""
        whole = PREDICATE_WEIGHT * self.query.count
        return tuple(hit.preference / whole if self.ranked_by_words else 1.0 for hit in self.found)


@dataclass(frozen=True)
class Searcher:
    """What a search needs, loaded once for many questions.

    Attributes:
        model: The aligned model, or what takes its place on the side of the sentences.
        index: Window vectors in its space.
        encoder: The text encoder that belongs to it.
        window_set: The indexed windows with their events, for timelines.
        folder: The model's folder, where clusterings lie.
        sampling: Folder of the windows, where captions lie.
        caption_style: Which captions, where there are several styles.
        defaults: How to answer where a question brings no options.
        parser: Reads a sentence into conditions on windows.
    """

    model: TextSide
    index: Index
    encoder: TextEncoder
    window_set: WindowSet
    folder: Path = Path()
    sampling: Path = Path()
    caption_style: str | None = None
    defaults: SearchOptions = field(default_factory=SearchOptions)
    parser: QueryParser = parse_query

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
        # Files are checked first: nothing is loaded for an answer that cannot be given.
        windows = indexed_windows(folder)
        model = load_model(checkpoint)
        loaded = Index.load(folder, model_sha256=model.sha256, config=config)
        sampling = sampling_of(folder)
        encoder = build_text_encoder(model.text_encoder_config)
        defaults = SearchOptions(**search_defaults_of(folder).model_dump())
        return cls(model, loaded, encoder, windows, model_folder, sampling, caption_style, defaults)

    def search(self, text: str, options: SearchOptions | None = None) -> Answer:
        """The best windows for a sentence, or moments if hits are merged.

        Args:
            text: What to look for. The parser also reads its places, negations, durations, movements and
                times; what it negates is not embedded.
            options: How to answer; None: as the index's run set it (`defaults`).

        Raises:
            ConfigError: The sentence is empty or no valid text, or a setting does not fit.
        """
        return self.search_many([text], options)[0]

    def search_many(self, texts: Sequence[str], options: SearchOptions | None = None) -> list[Answer]:
        """`search` for several sentences, encoded together."""
        texts = [check_question(text) for text in texts]
        options = self.defaults if options is None else options
        side = self._side(options)
        mask = side.mask(options.filters)
        parsed = [self.parse(text, options) for text in texts]
        answers = []
        vectors = self.query_vectors([query.text for query in parsed], by=options.by)
        for text, query, vector in zip(texts, parsed, vectors, strict=True):
            bonus, allowed, note = None, mask, ""
            nothing_to_show, missing = self._missing(query, options)
            # The nearest windows to a thing that no sensor observes would look like an answer.
            if nothing_to_show:
                answers.append(Answer(text, (), self._how(options), query, missing))
                continue
            if query:
                # Activations are built from all events where an old index has none; times need none.
                activations = self.activations if query.predicates else None
                match = match_query(query, options.query_words, activations, side.week_minutes, mask)
                bonus, allowed, note = match.bonus, match.mask, match.note
            found = rank_answers(
                side, vector, options.top_k, mask=allowed, bonus=bonus, merge=options.merge, mmr=options.mmr
            )
            if not query and options.query_words != "off":
                note = foreign_note(text, self.encoder.count_pieces(text))
            note = " ".join(part for part in (missing, note) if part)
            answers.append(Answer(text, tuple(found), self._how(options), query, note, bonus is not None))
        return answers

    def _missing(self, query: ParsedQuery, options: SearchOptions) -> tuple[bool, str]:
        """(whether there is nothing to show, a note on rooms and objects without a sensor)."""
        absent = [] if options.query_words == "off" else absent_things(query.text, self._lexicon)
        if not absent:
            return False, ""
        names = " or ".join(f"{'an' if a.name[0] in 'aeiou' else 'a'} {a.name}" for a in absent)
        missing = f"No sensor of this home is near {names}."
        if query.predicates or any(a.room for a in absent):
            return False, f"{missing} The answers fit the rest of the question."
        return True, f"{missing} --query-words off shows what the text model finds nearest."

    def parse(self, text: str, options: SearchOptions | None = None) -> ParsedQuery:
        """The conditions that a sentence puts on windows; none where `query_words` is off."""
        options = self.defaults if options is None else options
        return ParsedQuery(text) if options.query_words == "off" else self.parser(text, self._lexicon)

    def similar(self, window_id: str, options: SearchOptions | None = None) -> Answer:
        """Windows or moments like a window, without itself and the windows that overlap it.

        Where hits are merged, windows close enough to become one moment with it are left out too.

        Raises:
            JoinError: The window is not in the index.
        """
        options = self.defaults if options is None else options
        side = self._side(options)
        other = ~side.overlapping(window_id, margin_s=MERGE_GAP_S if options.merge else 0.0)
        mask = side.mask(options.filters)
        allowed = other if mask is None else mask & other
        query = side.vectors_of([window_id])
        found = rank_answers(side, query, options.top_k, mask=allowed, merge=options.merge, mmr=options.mmr)
        return Answer(f"like {window_id}", tuple(found), self._how(options))

    def captions_of(self, window_id: str, options: SearchOptions | None = None) -> list[CaptionHit]:
        """The captions nearest to a window, among those of all windows that pass the filters.

        Raises:
            JoinError: The window is not in the index.
        """
        options = self.defaults if options is None else options
        side = self._side(options)
        mask = side.mask(options.filters)
        ids = None if mask is None else side.windows["window_id"].filter(mask)
        pool = self._joint_captions if options.by == "sensors" else self._plain_captions
        return pool.nearest(side.vectors_of([window_id]), options.top_k, window_id=window_id, window_ids=ids)

    def labels_of(self, start: str, *, top_k: int, by: SearchSide = "sensors") -> list[LabelHit]:
        """The activities whose prompts are nearest to a window (its id) or to a caption (any sentence).

        Nothing here reads a label of the log: prompts are the home's sentences per activity.

        Raises:
            ConfigError: The home has no activities.
            JoinError: `start` is one word and no window of the index.
        """
        # Recognition loads scipy and scikit-learn, which a search by sentence does without.
        from discover.recognition import mean_over_prompts, prompts_or_names

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
            ConfigError: A sentence is empty or no valid text.
        """
        for text in texts:
            check_question(text)
        vectors = self.encoder.encode(texts, kind="query")
        return self.model.project_text(vectors) if by == "sensors" else vectors

    @cached_property
    def caption_side(self) -> Index:
        """The caption-only index over the same windows."""
        return caption_index(self.index.windows, self._caption_vectors)

    def as_json(self, answer: Answer) -> dict[str, Any]:
        """A question and its answers as plain data."""
        answers = [describe_hit(hit, self.window_set) for hit in answer.found]
        if answer.ranked_by_words:
            for one, share in zip(answers, answer.shares, strict=True):
                one["query_words_met"] = round(share, 3)
        return {
            "query": answer.question,
            "search": answer.how,
            "query_words": [
                {"words": words, "meaning": meaning} for words, meaning in answer.query.conditions()
            ],
            "embedded": answer.query.text,
            "note": answer.note,
            "answers": answers,
        }

    @cached_property
    def activations(self) -> Activations:
        """Facts of the indexed windows; made here where an older index was saved without."""
        if self.index.activations is not None:
            return self.index.activations
        return build_activations(self.window_set, self.index.windows)

    @cached_property
    def _lexicon(self) -> Lexicon:
        return home_lexicon(self.window_set.home)

    def _how(self, options: SearchOptions) -> str:
        return self.index.search_note if options.by == "sensors" else "captions only, exact search"

    @cached_property
    def _style(self) -> str:
        return find_caption_style(self.sampling, self.encoder.config.type, self.caption_style)

    @cached_property
    def _caption_vectors(self) -> EmbeddingTable:
        return load_caption_vectors(self.sampling, self._style, self.encoder)

    @cached_property
    def _joint_captions(self) -> CaptionPool:
        captions = read_style_captions(self.sampling, self._style)
        return CaptionPool.build(captions, self._caption_vectors, self.model.project_text)

    @cached_property
    def _plain_captions(self) -> CaptionPool:
        captions = read_style_captions(self.sampling, self._style)
        return CaptionPool.build(captions, self._caption_vectors)

    def _side(self, options: SearchOptions) -> Index:
        side = self.index if options.by == "sensors" else self.caption_side
        if not options.filters.clusters:
            return side
        ids = side.windows["window_id"]
        found = find_clustering(self.folder, self.sampling.name, ids, options.clustering)
        return side.with_clusters(found.assignments)
