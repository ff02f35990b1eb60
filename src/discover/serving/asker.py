"""What answers the questions of one home: its event stream, its words, and a recogniser of activities."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.captions.objects import OBJECT_PHRASES
from discover.captions.words import room_phrases
from discover.core.embeddings import unit_rows
from discover.query import Lexicon, activities, parse_question
from discover.query.parsed_query import ParsedQuery
from discover.query.rules import Nearest
from discover.recognition.config import RecognitionConfig
from discover.retrieval.episodes import Spans
from discover.serving.absent_things import absent_things
from discover.serving.answering import answer_question
from discover.serving.index_folders import one_home
from discover.serving.occurrences import Occurrences
from discover.serving.replies import AskedMoment, Reply
from discover.serving.search import Searcher

__all__ = ["Asker"]

NEAR = 0.6
"""Words that no rule knows mean an activity from this cosine on."""


_PLACE_WORDS = frozenset(
    word for phrase in (*OBJECT_PHRASES, *room_phrases(), *room_phrases().values()) for word in phrase.split()
)


class Asker:
    """Answers questions about one home of an index."""

    def __init__(self, searcher: Searcher, home: str | None = None) -> None:
        """Read the events of a home.

        Args:
            searcher: Its index, text encoder, space and parser.
            home: Which home, where there are several.

        Raises:
            ConfigError: There are several homes and none is named.
        """
        self.home = one_home(list(searcher.window_set.logs), home, what="This")
        self.searcher = searcher
        self.stream = searcher.occurrences[self.home].stream
        self.lexicon: Lexicon = searcher.lexicons[self.home]
        self._segments = cache(self._read_segments)
        self.happened = Occurrences(self.stream, self.lexicon, cache(self._recognised))

    @property
    def log_end(self) -> dt.datetime:
        """Time of the last event."""
        return self.searcher.log_ends[self.home]

    def read(self, question: str, now: dt.datetime) -> ParsedQuery:
        """What a question asks; the text encoder helps the rules with words that they do not know."""
        if self.searcher.parser is not parse_question:
            return self.searcher.parser(question, self.lexicon, now)
        return parse_question(question, self.lexicon, now, nearest=self._nearest())

    def ask(self, question: str, *, now: dt.datetime | None = None, top_k: int = 5) -> Reply:
        """The answer to a question; `now` None: the end of the log."""
        at = now or self.log_end
        query = self.read(question, at)
        # A thing without a sensor must not drop out of the question: the rest would be another one.
        unread = " ".join(query.unread)
        absent = [a.name for a in absent_things(question, self.lexicon) if a.name.split()[-1] in unread]
        if absent and query.refused is None:
            return Reply(query, "", refusal=f"No sensor of this home is near the {' or the '.join(absent)}.")
        reply = answer_question(query, self.happened, now=at, top_k=top_k)
        named = query.wanted or query.unwanted or query.empty or query.refused
        return self._nearest_windows(reply, top_k) if query.unread and not named and top_k else reply

    def _nearest_windows(self, reply: Reply, top_k: int) -> Reply:
        """Where the rules know no thing of a question: the windows that are nearest to it in meaning."""
        searcher = self.searcher.of_home(self.home) if len(self.searcher.index.homes) > 1 else self.searcher
        options = searcher.defaults.model_copy(update={"top_k": top_k})
        found = searcher.search(reply.query.text, options)
        if found.note or not len(found):
            return reply
        said = "The rules know nothing of this; the moments nearest in meaning, as in search:"
        moments = tuple(AskedMoment(hit.start, hit.end) for hit in found)
        return replace(
            reply, said=said, refusal="", moments=moments, n_moments=len(moments), how=(found.how,)
        )

    def _nearest(self) -> Nearest:
        @cache
        def nearest(words: str) -> str:
            # A place that the home lacks stays a place: "in the kitchen" does not mean cooking.
            if not _PLACE_WORDS.isdisjoint(words.split()):
                return ""
            names = list(activities())
            sentences = [f"someone {name}" for name in names]
            vectors = unit_rows(self.searcher.encoder.encode([f"someone {words}", *sentences], kind="query"))
            cosines = vectors[1:] @ vectors[0]
            return names[int(cosines.argmax())] if cosines.max() >= NEAR else ""

        return nearest

    def _recognised(self, name: str) -> Spans:
        # A meal has its hours and happens once in them, so that no window need be left unnamed.
        segments = self._segments(0.0 if activities()[name].hours else RecognitionConfig().unknown_share)
        own = segments.filter(pl.col("activity") == name)
        begin, end = (own[c].dt.timestamp("us").to_numpy() / 1e6 for c in ("start", "end"))
        return Spans.of(begin, end)

    def _read_segments(self, unknown_share: float) -> pl.DataFrame:
        """Segments of the activities of the inventory, from the windows of the index and their sentences."""
        from discover.core.window_set import window_middles_s
        from discover.recognition import PromptSet, Recogniser, to_segments, window_timeline

        searcher = self.searcher
        own = searcher.index.of_home(self.home) if len(searcher.index.homes) > 1 else searcher.index
        names = tuple(activities())
        prompts = PromptSet("described", names, tuple(activities()[n].sentences for n in names))

        def encode(texts: Sequence[str]) -> NDArray[np.float32]:
            return searcher.encoder.encode(texts, kind="query")

        config = RecognitionConfig(method="prompts", centring=0.0, unknown_share=unknown_share)
        recogniser = Recogniser(prompts, encode, searcher.model.project_text, config)
        vectors = own.vectors.astype(np.float32)
        recogniser.fit(vectors, middles_s=window_middles_s(own.windows))
        return to_segments(window_timeline(recogniser, vectors, own.windows))
