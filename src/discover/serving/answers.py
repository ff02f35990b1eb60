"""What a search answers: moments with how they were found, and activities near a window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from discover.core.window_set import WindowSet
from discover.query import PREDICATE_WEIGHT, ParsedQuery
from discover.retrieval import Episode, Hit, Moment, describe_hit

__all__ = ["Answer", "LabelHit"]


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
        queries: By home, what the parser read from the sentence.
        note: A remark where no window meets every condition, or nothing was understood; else "".
        ranked_by_words: Whether the conditions took part in the ranking, not only in filtering.
    """

    question: str
    found: tuple[Hit | Moment, ...]
    how: str
    queries: Mapping[str, ParsedQuery] = field(default_factory=dict)
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
    def query(self) -> ParsedQuery:
        """What was read for the first home; without conditions where nothing was."""
        return next(iter(self.queries.values()), ParsedQuery(text=""))

    @property
    def readings(self) -> list[tuple[tuple[str, ...], ParsedQuery]]:
        """The different readings of the sentence, each with the homes that it holds for."""
        grouped: dict[tuple[str, ...], tuple[list[str], ParsedQuery]] = {}
        for home, query in self.queries.items():
            grouped.setdefault((query.embedded, *(m for _, m in query.conditions())), ([], query))[0].append(
                home
            )
        return [(tuple(homes), query) for homes, query in grouped.values()]

    @property
    def shares(self) -> tuple[float, ...]:
        """Per answer, how far its best window meets the conditions of its home, in [0, 1]."""
        return tuple(self._share(hit) for hit in self.found)

    def as_json(self, window_set: WindowSet) -> dict[str, Any]:
        """The question and its answers as plain data; `window_set` holds their events."""
        several = len(window_set.logs) > 1
        answers = [describe_hit(hit, window_set) for hit in self.found]
        if self.ranked_by_words:
            for one, share in zip(answers, self.shares, strict=True):
                one["query_words_met"] = round(share, 3)
        return {
            "query": self.question,
            "search": self.how,
            "query_words": [
                {"words": words, "meaning": meaning} | ({"homes": list(homes)} if several else {})
                for homes, query in self.readings
                for words, meaning in query.conditions()
            ],
            "embedded": {home: query.embedded for home, query in self.queries.items()}
            if several
            else self.query.embedded,
            "note": self.note,
            "answers": answers,
        }

    def _share(self, hit: Hit | Moment) -> float:
        query = self.queries[hit.home] if self.queries else ParsedQuery(text="")
        if isinstance(hit, Episode):
            return 1 - 1 / max(len(query.describe()), 1) if hit.missed else 1.0
        count = query.count if self.ranked_by_words else 0
        return hit.preference / (PREDICATE_WEIGHT * count) if count else 1.0
