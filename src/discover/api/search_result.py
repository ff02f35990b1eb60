"""The answers to one question, as they are shown."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, overload

import polars as pl

from discover.api.shown import Part, Shown, Table
from discover.core.window_set import WindowSet
from discover.retrieval import CaptionHit, Hit, Moment, describe_hit, format_hit
from discover.serving.episode_search import beyond_windows
from discover.serving.reasons import reason_of
from discover.serving.search import Answer, LabelHit

__all__ = ["NearestResult", "SearchResult", "named_homes"]


@dataclass(frozen=True)
class SearchResult(Shown, Sequence[Hit | Moment]):
    """The moments (or windows) that answer a question, best first; a sequence of them.

    Attributes:
        answer: The moments, with what was read from the sentence.
        window_set: The windows with their events, for timelines.
        searched: Number of windows searched.
        captions: Reads the captions of the windows; None where there are none.
    """

    answer: Answer
    window_set: WindowSet
    searched: int
    captions: Callable[[], pl.DataFrame] | None = None

    @overload
    def __getitem__(self, at: int) -> Hit | Moment: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Hit | Moment]: ...
    def __getitem__(self, at: int | slice) -> Hit | Moment | Sequence[Hit | Moment]:
        return self.answer.found[at]

    def __len__(self) -> int:
        return len(self.answer)

    @property
    def table(self) -> pl.DataFrame:
        """One row per answer: rank, score, home, start, end, duration_s, rooms, objects, timeline, id."""
        columns = ("score", "home", "start", "end", "duration_s", "rooms", "objects", "timeline", "window_id")
        told = [describe_hit(hit, self.window_set) for hit in self]
        rows = [{"rank": i, **{name: one[name] for name in columns}} for i, one in enumerate(told, start=1)]
        return pl.DataFrame(rows).with_columns(pl.col("start", "end").str.to_datetime()) if rows else _NOTHING

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        """Per answer, what showed an episode, and the words of its captions that the question shares."""
        captions: dict[str, list[str]] = {}
        if self.captions is not None and len(self):
            wanted = [hit.window_id for hit in self]
            own = (
                self.captions().filter(pl.col("window_id").is_in(wanted)).group_by("window_id").agg("caption")
            )
            captions = dict(own.iter_rows())
        text = self.answer.query.embedded
        return tuple(reason_of(hit, text, captions.get(hit.window_id, ())) for hit in self)

    def parts(self) -> Iterator[Part]:
        """The question and what was read from it, then each answer with its timeline."""
        yield from self._heading()
        rows = zip(self, self.answer.shares, self.reasons, strict=True)
        for rank, (hit, share, reason) in enumerate(rows, start=1):
            short = "" if share > 0.995 else f"meets {share:.0%} of it"
            note = f"({told})" if (told := "; ".join(filter(None, [short, reason]))) else ""
            told = format_hit(hit, self.window_set, note=note, with_home=len(self.window_set.logs) > 1)
            yield f"\n{rank}. {told}"

    def _notebook_parts(self) -> Iterator[Part]:
        yield from self._heading()
        if len(self):
            rows = [_row(rank, hit, self.window_set) for rank, hit in enumerate(self, start=1)]
            yield Table(("", "when", "seconds", "where", "what happened", "score", "window"), rows)

    def _heading(self) -> Iterator[str]:
        answer, homes = self.answer, named_homes(tuple(self.window_set.logs))
        episodes = any(hit.unit == "episode" for hit in self)
        yield f'"{answer.question}" in {self.searched:,} windows of {homes} ({answer.how}):'
        for of, query in answer.readings:
            if not query.count and not episodes:
                continue
            effect = "these first" if answer.ranked_by_words or episodes else "nothing else"
            where = f" in {named_homes(of)}" if len(of) < len(answer.queries) else ""
            told = [f"{words} = {meaning}" for words, meaning in query.conditions()]
            understood = "; ".join(query.describe() if episodes and beyond_windows(query) else told)
            yield f"Understood{where}: {understood} ({effect}; --query-words off ignores it)."
            if query.embedded != answer.question:
                yield f'Compared by meaning: "{query.embedded}".'
            if query.unread and episodes:
                yield f"Not understood: {', '.join(map(repr, query.unread))}."
        if answer.note:
            yield answer.note
        if not len(answer) and not answer.note:
            yield "No window passes the filters."


@dataclass(frozen=True)
class NearestResult(Shown):
    """The captions, or the activities, that are nearest to a window or a sentence.

    Attributes:
        start: The window's id, or the sentence.
        hits: Best first.
    """

    start: str
    hits: Sequence[CaptionHit | LabelHit]

    def as_json(self) -> list[dict[str, Any]]:
        """The hits as plain data."""
        return [{**asdict(hit), "score": round(hit.score, 4)} for hit in self.hits]

    def parts(self) -> Iterator[Part]:
        """One table of either kind."""
        captions = [hit for hit in self.hits if isinstance(hit, CaptionHit)]
        if captions:
            rows = [(h.score, "own" if h.own else "", h.n_windows, h.caption) for h in captions]
            yield Table(("cosine", "", "windows", "caption"), rows, f"Captions nearest to {self.start}")
        labels = [hit for hit in self.hits if isinstance(hit, LabelHit)]
        if labels:
            columns = ("mean cosine", "activity", "nearest prompt")
            rows_of_labels = [(h.score, h.label, h.prompt) for h in labels]
            yield Table(columns, rows_of_labels, f"Activities nearest to {self.start}")


def named_homes(homes: Sequence[str]) -> str:
    """Homes as they are listed in a sentence; many of them by their number."""
    return ", ".join(homes) if len(homes) <= 5 else f"{len(homes)} homes"


_NOTHING = pl.DataFrame(
    schema={
        "rank": pl.Int64,
        "score": pl.Float64,
        "home": pl.String,
        "start": pl.Datetime,
        "end": pl.Datetime,
        "duration_s": pl.Float64,
        "rooms": pl.List(pl.String),
        "objects": pl.List(pl.String),
        "timeline": pl.List(pl.String),
        "window_id": pl.String,
    }
)


def _row(rank: int, hit: Hit | Moment, window_set: WindowSet) -> tuple[Any, ...]:
    told = describe_hit(hit, window_set, max_lines=8)
    rooms = " → ".join(room.replace("_", " ") for room in dict.fromkeys(told["rooms"])) or "no known room"
    rooms = f"{hit.home}: {rooms}" if len(window_set.logs) > 1 else rooms
    when = f"{hit.start:%a %Y-%m-%d %H:%M:%S}"
    return rank, when, round(hit.duration_s), rooms, "\n".join(told["timeline"]), hit.score, hit.window_id
