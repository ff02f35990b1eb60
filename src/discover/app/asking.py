"""Questions: a sentence or a window in, moments with their reasons out."""

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from discover.app.contract import (
    Answered,
    AskRequest,
    Chip,
    ChipKind,
    Filters,
    Hit,
    Hits,
    Moment,
    MomentEvent,
    SearchRequest,
    Span,
    Stay,
    Why,
)
from discover.app.event_arrays import KINDS, Range, datetime_ms, ms_datetime
from discover.app.home_view import HomeView, Recognised
from discover.core.config import config_from_mapping
from discover.query import ParsedQuery, WindowTimes, check_question, window_scores
from discover.retrieval import SearchFilters, SearchOptions
from discover.retrieval.day_clock import day_numbers
from discover.retrieval.hits import Moment as FoundMoment
from discover.retrieval.timeline import timeline
from discover.serving.answers import Answer
from discover.serving.reasons import reason_of

__all__ = ["answer_question", "ask", "like", "moment"]

_MOST_EVENTS = 5_000
_LINES = 12

_KINDS: dict[str, ChipKind] = {
    "not at": "absence", "not opened": "absence", "not switched on": "absence",
    "silence before": "absence", "silence afterwards": "absence", "lasts": "duration", "long": "duration",
    "brief": "duration", "route": "movement", "moves": "movement", "only": "movement", "rooms": "count",
    "little movement": "stillness", "silence": "stillness",
}  # fmt: skip
"""Of clauses; the others are places."""


def ask(view: HomeView, request: SearchRequest, recognised: Recognised | None) -> Hits:
    """The moments that match a sentence, with the conditions that were read from it."""
    begun = time.perf_counter()
    options = SearchOptions(
        top_k=request.k, filters=_filters(request.filters), query_words=request.query_words
    )
    whole = view.searcher.parse(request.query, options)[view.name]
    kept = _without(whole, request.without)
    (answer,) = view.searcher.search_parsed([(request.query, {view.name: kept})], options)
    chips = _chips(whole, request.without)
    found = _hits(view, answer, recognised)
    if kept.count and answer.ranked_by_words:
        found = _explained(view, found, kept, [chip.id for chip in chips if chip.active])
    return _listed(
        view, answer, found, begun, query=request.query, compared=kept.embedded, chips=tuple(chips)
    )


def like(view: HomeView, row: int, k: int, recognised: Recognised | None) -> Hits:
    """The moments that are like a window."""
    begun = time.perf_counter()
    window = view.windows["window_id"][view.row(row)]
    answer = view.searcher.similar(window, SearchOptions(top_k=k))
    return _listed(view, answer, _hits(view, answer, recognised), begun)


def answer_question(view: HomeView, request: AskRequest) -> Answered:
    """The answer to a question: a number, a time of day, a comparison, or moments."""
    reply = view.asker.ask(check_question(request.question), top_k=request.k)
    query, per_day = reply.query, reply.per_day
    return Answered(
        asks=query.asks,
        understood=tuple(query.describe()),
        unread=query.unread,
        said=reply.said,
        refusal=reply.refusal,
        read_from=reply.how,
        notes=(*query.notes, *reply.notes),
        value=reply.value,
        low=reply.low,
        high=reply.high,
        unit="" if per_day is None else per_day.unit,
        days=() if per_day is None else tuple(str(day) for day in per_day.days),
        values=() if per_day is None else tuple(None if np.isnan(v) else v for v in per_day.values.tolist()),
        moments=tuple(Span(begin=datetime_ms(m.begin), end=datetime_ms(m.end)) for m in reply.moments),
        n_moments=reply.n_moments,
    )


def moment(view: HomeView, begin: float, end: float, recognised: Recognised | None) -> Moment:
    """What happened in a stretch of time."""
    events = view.events
    rows = events.rows(Range(begin, end))
    inside = view.rows_in(begin, end)
    middle = (begin + end) / 2
    nearest = min(inside, key=lambda r: abs((view.begin[r] + view.end[r]) / 2 - middle), default=None)
    captions = dict.fromkeys(
        c for r in ([] if nearest is None else [nearest, *inside]) for c in view.captions[r]
    )
    return Moment(
        begin=begin,
        end=end,
        row=nearest,
        rows=tuple(inside[:_MOST_EVENTS]),
        events=tuple(
            MomentEvent(
                t=float(events.time[r]),
                sensor=int(events.sensor[r]),
                state=events.states[events.state[r]],
                value=None if np.isnan(events.value[r]) else float(events.value[r]),
                kind=KINDS[events.kind[r]],
                person=bool(events.person[r]),
                row=int(r),
            )
            for r in rows[:_MOST_EVENTS].tolist()
        ),
        total=len(rows),
        path=tuple(_path(view, rows)),
        lines=tuple(_lines(view, rows)),
        captions=tuple(list(captions)[:20]),
        activities=() if recognised is None else _activities(recognised, begin, end),
    )


def _listed(
    view: HomeView,
    answer: Answer,
    found: Sequence[Hit],
    begun: float,
    *,
    query: str = "",
    compared: str = "",
    chips: tuple[Chip, ...] = (),
) -> Hits:
    return Hits(
        query=query,
        how=answer.how,
        compared=compared,
        note=answer.note,
        ranked_by_words=answer.ranked_by_words,
        chips=chips,
        hits=tuple(found),
        windows=len(view.windows),
        took_ms=round(1000 * (time.perf_counter() - begun), 1),
    )


def _filters(given: Filters) -> SearchFilters:
    values = given.model_dump(exclude_defaults=True)
    for name in ("after", "before"):
        if name in values:
            values[name] = ms_datetime(values[name])
    return config_from_mapping(values, SearchFilters, source="search filters")


def _without(whole: ParsedQuery, left_out: Sequence[str]) -> ParsedQuery:
    """A query with some conditions taken away (ids as `_chips` gives them)."""
    clauses = tuple(one for k, one in enumerate(whole.clauses) if f"p{k}" not in left_out)
    untimed = {"hours": (), "weekdays": (), "days": None, "wanted": ()} if "t0" in left_out else {}
    return whole.model_copy(update={"clauses": clauses, **untimed})


def _chips(query: ParsedQuery, left_out: Sequence[str]) -> list[Chip]:
    """One chip per condition, in the order of `ParsedQuery.conditions`."""
    kinds = [_KINDS.get(one.kind, "place") for one in query.clauses] + ["time"]
    return [
        Chip(id=key, words=words, meaning=meaning, kind=kind, active=key not in left_out)
        for k, ((words, meaning), kind) in enumerate(zip(query.conditions(), kinds, strict=False))
        for key in (f"p{k}" if k < len(query.clauses) else "t0",)
    ]


def _hits(view: HomeView, answer: Answer, recognised: Recognised | None) -> list[Hit]:
    found = []
    for rank, (hit, share) in enumerate(zip(answer.found, answer.shares, strict=True), start=1):
        row = view.row_of[hit.window_id]
        found.append(
            Hit(
                rank=rank,
                row=row,
                window=hit.window_id,
                begin=datetime_ms(hit.start),
                end=datetime_ms(hit.end) + 1.0,
                score=round(float(hit.score), 4),
                met=min(max(float(share), 0.0), 1.0),
                why=(),
                captions=tuple(view.captions[row]),
                rooms=hit.rooms,
                objects=hit.objects,
                lines=tuple(timeline(hit, view.window_set, max_lines=_LINES)),
                split=hit.split,
                activity=_name(recognised, row),
                unit=hit.unit,
                reason=reason_of(hit, answer.query.embedded, view.captions[row]),
            )
        )
    return found


def _explained(view: HomeView, hits: list[Hit], query: ParsedQuery, chips: Sequence[str]) -> list[Hit]:
    """The hits with how far each meets every condition."""
    rows = [hit.row for hit in hits]
    searcher = view.searcher
    activations = searcher.activations[view.name] if query.clauses else None
    times = WindowTimes(searcher.index.week_minutes, day_numbers(searcher.index.windows["start"]))
    scores = [s[rows] for s in window_scores(query, searcher.lexicons[view.name], activations, times)]
    return [
        hit.model_copy(
            update={
                "why": tuple(
                    # An episode is chosen by its conditions: it meets all.
                    Why(chip=chip, met=1.0 if hit.unit == "episode" else min(max(float(score[k]), 0.0), 1.0))
                    for chip, score in zip(chips, scores, strict=True)
                )
            }
        )
        for k, hit in enumerate(hits)
    ]


def _path(view: HomeView, rows: NDArray[np.int64]) -> list[Stay]:
    events = view.events
    stays: list[Stay] = []
    for r in rows[events.person[rows]].tolist():
        room, t = events.sensors[events.sensor[r]].room, float(events.time[r])
        if stays and stays[-1].room == room:
            stays[-1] = stays[-1].model_copy(update={"end": t, "events": stays[-1].events + 1})
        else:
            stays.append(Stay(room=room, begin=t, end=t, events=1))
    return stays


def _lines(view: HomeView, rows: NDArray[np.int64]) -> list[str]:
    if not len(rows):
        return []
    first, last = int(rows[0]), int(rows[-1])
    times = view.window_set.events["time"]
    whole = FoundMoment(
        window_id="", score=0.0, home=view.name, split="", start=times[first], end=times[last],
        first_event=first, n_events=last - first + 1, rooms=(), objects=(),
    )  # fmt: skip
    return timeline(whole, view.window_set, max_lines=40)


def _activities(recognised: Recognised, begin: float, end: float) -> tuple[str, ...]:
    overlap = np.minimum(recognised.end, end) - np.maximum(recognised.begin, begin)
    hours: dict[int, float] = {}
    for k in np.flatnonzero(overlap >= 0).tolist():
        code = int(recognised.activity[k])
        hours[code] = hours.get(code, 0.0) + float(overlap[k])
    return tuple(recognised.names[code] for code in sorted(hours, key=lambda c: (-hours[c], c)))


def _name(recognised: Recognised | None, row: int) -> str:
    if recognised is None or recognised.of_window[row] >= len(recognised.names):
        return ""
    return recognised.names[int(recognised.of_window[row])]
