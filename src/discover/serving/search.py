"""A trained model with its index and text encoder: a sentence or a window in, moments or words out."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.embeddings import EmbeddingTable
from discover.core.window_set import WindowSet
from discover.query import Lexicon, ParsedQuery, QueryParser, check_question, parse_question
from discover.retrieval import (
    MERGE_GAP_S,
    Activations,
    Asked,
    CaptionHit,
    CaptionPool,
    Index,
    IndexConfig,
    SearchOptions,
    SearchSide,
    build_activations,
    caption_index,
    find_clustering,
    rank_answers,
)
from discover.retrieval.episodes import EventStream
from discover.serving.absent_things import absent_note, absent_of_homes, nothing_left, stand_in
from discover.serving.answers import Answer, LabelHit
from discover.serving.caption_files import find_caption_style, load_caption_vectors, read_style_captions
from discover.serving.episode_search import (
    FILL_TIMES,
    NEAREST_EPISODE,
    NO_EPISODE,
    HomeMoments,
    episodes_first,
    episodes_of_homes,
    names_episode,
)
from discover.serving.foreign_words import foreign_note
from discover.serving.home_lexicon import home_lexicon
from discover.serving.home_matching import ask_of_home, match_home, meeting_homes
from discover.serving.index_folders import (
    indexed_windows,
    no_model,
    only_index,
    samplings_of,
    search_defaults_of,
)
from discover.serving.nearest_labels import nearest_labels
from discover.serving.occurrences import Occurrences
from discover.serving.replies import REFUSALS
from discover.text_encoders import build_text_encoder
from discover.text_encoders.encoder import TextEncoder

__all__ = ["Answer", "LabelHit", "Searcher", "TextSide"]


class TextSide(Protocol):
    """What brings sentences to the vectors of an index: a trained model, or a space without one."""

    def project_text(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """(N, D) vectors of the text encoder -> (N, P)."""
        ...


@dataclass(frozen=True)
class Searcher:
    """What a search needs, loaded once for many questions.

    Attributes:
        model: The aligned model, or what takes its place on the side of the sentences.
        index: Window vectors in its space.
        encoder: The text encoder that belongs to it.
        window_set: The indexed windows with their events, for timelines.
        folder: The model's folder, where clusterings lie.
        samplings: Folders of the windows, one per home, where captions lie.
        caption_style: Which captions, where there are several styles.
        defaults: How to answer where a question brings no options.
        parser: Reads a question.
    """

    model: TextSide
    index: Index
    encoder: TextEncoder
    window_set: WindowSet
    folder: Path = Path()
    samplings: tuple[Path, ...] = (Path(),)
    caption_style: str | None = None
    defaults: SearchOptions = field(default_factory=SearchOptions)
    parser: QueryParser = parse_question

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
        from discover.alignment import load_model

        model = load_model(checkpoint)
        loaded = Index.load(folder, model_sha256=model.sha256, config=config)
        samplings = samplings_of(folder)
        encoder = build_text_encoder(model.text_encoder_config)
        defaults = SearchOptions(**search_defaults_of(folder).model_dump())
        return cls(model, loaded, encoder, windows, model_folder, samplings, caption_style, defaults)

    def of_home(self, name: str) -> "Searcher":
        """The same over one home of the index.

        Raises:
            ConfigError: There is no home of that name.
        """
        part = self.window_set.of_home(name)
        number = list(self.window_set.logs).index(name)
        return replace(
            self,
            index=self.index.of_home(name),
            window_set=part,
            samplings=self.samplings[number : number + 1],
        )

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
        return self.search_parsed([(text, self.parse(text, options)) for text in texts], options)

    def search_parsed(
        self,
        asked: Sequence[tuple[str, Mapping[str, ParsedQuery]]],
        options: SearchOptions | None = None,
    ) -> list[Answer]:
        """`search_many` for sentences with what was read from them by home, as `parse` gives it."""
        options = self.defaults if options is None else options
        embedded = list(dict.fromkeys(query.embedded for _, read in asked for query in read.values()))
        sentences = self._encoded(embedded)
        vectors = dict(zip(embedded, self._projected(sentences, options.by), strict=True))
        of_moments = dict(zip(embedded, self._projected(sentences, options.by, moments=True), strict=True))
        side = self._side(options)
        mask = side.mask(options.filters)
        return [
            self._answer(text, queries, vectors, of_moments, side, mask, options) for text, queries in asked
        ]

    def _answer(
        self,
        text: str,
        queries: Mapping[str, ParsedQuery],
        vectors: Mapping[str, NDArray[np.float32]],
        of_moments: Mapping[str, NDArray[np.float32]],
        side: Index,
        mask: NDArray[np.bool_] | None,
        options: SearchOptions,
    ) -> Answer:
        absent = {} if options.query_words == "off" else absent_of_homes(queries, self.lexicons)
        able = {home: q for home, q in queries.items() if q.clauses or not nothing_left(absent.get(home, ()))}
        said = absent_note(absent, asked=queries, able=able)
        activations = self.activations if any(query.clauses for query in able.values()) else None
        matches = meeting_homes(
            {
                home: match_home(
                    query, options.query_words, self.lexicons[home], activations, side, home, mask
                )
                for home, query in able.items()
            }
        )
        asked = [ask_of_home(vectors[able[home].embedded], side, home, m) for home, m in matches.items()]
        read = {home: stand_in(query, absent.get(home, ())) for home, query in able.items()}
        wanted = options.merge and options.episodes
        named = {home: query for home, query in read.items() if wanted and names_episode(query)}
        finders = self._moments(options.by) if named else {}
        episodes = episodes_of_homes(named, finders, side, of_moments, options)
        many = options.top_k * (FILL_TIMES if episodes else 1)
        windows = rank_answers(side, asked, many, merge=options.merge, mmr=options.mmr)
        found = episodes_first(episodes, windows, options.top_k)
        notes = [match.note for match in matches.values() if match.note]
        note = "" if episodes or any(match.n_met for match in matches.values()) else (notes or [""])[0]
        if named and (not episodes or episodes[0].missed):
            note = NEAREST_EPISODE if episodes else NO_EPISODE
        told = [*dict.fromkeys(n for query in queries.values() for n in query.notes)]
        told += {REFUSALS[q.refused] for q in queries.values() if q.refused == "language"}
        if able and not told and not any(q.count for q in able.values()) and options.query_words != "off":
            note = foreign_note(text, self.encoder.count_pieces(text)) or note
        note = " ".join(part for part in (*told, said, note) if part)
        ranked = any(match.bonus is not None for match in matches.values())
        return Answer(text, tuple(found), self._how(options), queries, note, ranked)

    def parse(
        self, text: str, options: SearchOptions | None = None, parser: QueryParser | None = None
    ) -> dict[str, ParsedQuery]:
        """By home, what a sentence asks; nothing where `query_words` is off.

        Days count from the end of the log. Only homes that the filters name are read, where they name any.
        `parser` takes the place of the searcher's own.

        Raises:
            ConfigError: The sentence is empty or no valid text.
        """
        text = check_question(text)
        options = self.defaults if options is None else options
        wanted = options.filters.homes
        homes = [name for name in self.window_set.logs if not wanted or name in wanted]
        if options.query_words == "off":
            return {home: ParsedQuery(text=text) for home in homes}
        read = parser or self.parser
        return {home: read(text, self.lexicons[home], self.log_ends[home]) for home in homes}

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
        asked = [Asked(query, allowed)]
        found = rank_answers(side, asked, options.top_k, merge=options.merge, mmr=options.mmr)
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

        Nothing here reads a label of the log: prompts are the home's sentences per activity, those of the
        window's home, or of the first home that has the activity.

        Raises:
            ConfigError: No home has activities.
            JoinError: `start` is one word and no window of the index.
        """
        homes = self.window_set.homes
        if " " in start.strip():
            query = self.query_vectors([start], by=by)
        else:
            side = self.index if by == "sensors" else self.caption_side
            query = side.vectors_of([start])
            own = side.windows["home"][int(side.rows_of([start])[0])]
            homes = {own: homes[own]}
        head = self.model.project_text if by == "sensors" else None
        return nearest_labels(homes, query, self._encoded, head, top_k)

    def query_vectors(self, texts: Sequence[str], *, by: SearchSide = "sensors") -> NDArray[np.float32]:
        """(N, P) vectors of sentences, to compare with the chosen side.

        Raises:
            ConfigError: A sentence is empty or no valid text.
        """
        for text in texts:
            check_question(text)
        return self._projected(self._encoded(texts), by)

    def _encoded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.asarray(self.encoder.encode(texts, kind="query"), dtype=np.float32)

    def _projected(
        self, sentences: NDArray[np.float32], by: SearchSide, *, moments: bool = False
    ) -> NDArray[np.float32]:
        if by != "sensors":
            return sentences
        own = getattr(self.model, "project_moments", None) if moments else None
        return (own or self.model.project_text)(sentences)

    @cached_property
    def caption_side(self) -> Index:
        """The caption-only index over the same windows."""
        return caption_index(self.index.windows, self._caption_vectors)

    @cached_property
    def activations(self) -> Mapping[str, Activations]:
        """By home, the activations of its windows; made here where an older index was saved without."""
        if self.index.activations is not None:
            return self.index.activations
        return build_activations(replace(self.window_set, windows=self.index.windows))

    @cached_property
    def log_ends(self) -> dict[str, dt.datetime]:
        """By home, the time of its last event."""
        return {name: _last_time(log.events) for name, log in self.window_set.logs.items()}

    @cached_property
    def occurrences(self) -> dict[str, Occurrences]:
        """By home, what happens in it."""
        return {
            name: Occurrences(EventStream.read(log.events, log.home), self.lexicons[name])
            for name, log in self.window_set.logs.items()
        }

    def _moments(self, by: SearchSide) -> dict[str, HomeMoments]:
        """By home, what finds its moments; kept, because it compares all windows with all activities."""
        if by not in self._kept:
            index = self.index if by == "sensors" else self.caption_side

            def project(texts: Sequence[str]) -> NDArray[np.float32]:
                return self._projected(self._encoded(texts), by, moments=True)

            self._kept[by] = {
                name: HomeMoments.of(index, self.occurrences[name], log.events, project, self.log_ends[name])
                for name, log in self.window_set.logs.items()
            }
        return self._kept[by]

    @cached_property
    def _kept(self) -> dict[SearchSide, dict[str, HomeMoments]]:
        return {}

    @cached_property
    def lexicons(self) -> dict[str, Lexicon]:
        """By home, its words."""
        return {name: home_lexicon(home) for name, home in self.window_set.homes.items()}

    def _how(self, options: SearchOptions) -> str:
        return self.index.search_note if options.by == "sensors" else "captions only, exact search"

    @cached_property
    def _style(self) -> str:
        return find_caption_style(self.samplings, self.encoder.config.type, self.caption_style)

    @cached_property
    def _caption_vectors(self) -> EmbeddingTable:
        return load_caption_vectors(self.samplings, self._style, self.encoder)

    @cached_property
    def _joint_captions(self) -> CaptionPool:
        captions = read_style_captions(self.samplings, self._style)
        return CaptionPool.build(captions, self._caption_vectors, self.model.project_text)

    @cached_property
    def _plain_captions(self) -> CaptionPool:
        captions = read_style_captions(self.samplings, self._style)
        return CaptionPool.build(captions, self._caption_vectors)

    def _side(self, options: SearchOptions) -> Index:
        side = self.index if options.by == "sensors" else self.caption_side
        if not options.filters.clusters:
            return side
        ids = side.windows["window_id"]
        found = find_clustering(self.folder, self.samplings[0].name, ids, options.clustering)
        return side.with_clusters(found.assignments)


def _last_time(events: pl.DataFrame) -> dt.datetime:
    last = events["time"].max()
    return last if isinstance(last, dt.datetime) else dt.datetime(1970, 1, 1)
