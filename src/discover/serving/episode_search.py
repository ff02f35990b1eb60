"""Episodes in a search: moments of any length that meet a question, beside windows."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.query import ParsedQuery, activities
from discover.retrieval import Episode, Hit, Index, Moment, SearchFilters, SearchOptions
from discover.retrieval.episodes import Spans
from discover.retrieval.ranking import spread_days, with_each_home
from discover.serving import answer_words as words
from discover.serving.likeness import HomeWindows, Likeness, Project
from discover.serving.moments import DAY_S, Period, asked_spans, asks_of_nights, period_of, select_moments
from discover.serving.occurrences import Occurrences

__all__ = [
    "FILL_TIMES", "NEAREST_EPISODE", "NO_EPISODE", "HomeMoments", "beyond_windows", "episodes_first",
    "episodes_of_homes", "find_episodes", "names_episode",
]  # fmt: skip

# Shape letters: W windows of a home, S spans, K probes of a span.

NO_EPISODE = "No moment of any length meets all of it: the nearest windows come first."
NEAREST_EPISODE = "No moment of any length meets all of it: the nearest come first."
WINDOW_S = 60.0
"""A length above this is that of an episode."""
NEAR_S = 1_200.0
"""Of two moments less than this apart the better one comes first, the other one after all others."""
FILL_TIMES = 5
"""Among so many times `top_k` windows those are looked for that follow the episodes."""
_SHOWN = 60
"""An episode tells at most so many rooms and objects."""
_DAY_STEP = 0.2
"""A moment counts so many deviations less for each better one of its day."""
_POOL, _SPREAD = 40, 3
"""Among so many times `top_k` spans the best are looked for; so many times `top_k` are spread over days."""
_SLACK, _SLACK_TIMES, _PER_AMOUNT = 1.5, 2.0, 4.0
"""Lengths and numbers may miss their bounds by these factors; the weight of what they miss, in logarithms."""
_OTHER_AMOUNT, _SEEN_IN_PART = 1, 2
_QUESTION, _UNWANTED, _TOUCHED = 0.5, 0.5, 10.0
"""Weights of the whole sentence, of what is unwanted, and of each time that a sensor shows what is absent."""
_SIMPLE = frozenset({"at", "not at", "used", "opened", "lasts", "through", "route"})
"""Conditions on windows that a moment of any length meets as well."""


_MISSED = ("", "not quite so long or so often", "sensors show a part of it only",
           "not quite so long or so often, and sensors show a part of it only")  # fmt: skip
_Fitted = tuple[Spans, NDArray[np.floating], NDArray[np.int64], tuple[str, ...]]
"""Spans, their fit (S,), how much each misses of what is asked (S,), and what showed them."""


@dataclass(frozen=True)
class HomeMoments:
    """What finds the moments of one home.

    Attributes:
        happened: What happens in it.
        likeness: How like sentences its windows are.
        now: Nothing after it counts.
    """

    happened: Occurrences
    likeness: Likeness
    now: dt.datetime

    @classmethod
    def of(
        cls, index: Index, seen: Occurrences, events: pl.DataFrame, project: Project, now: dt.datetime
    ) -> "HomeMoments":
        """Moments of a home in which activities without a sensor of their own are known by their windows.

        Args:
            index: Holds the windows.
            seen: The home's events and words.
            events: The home's event table.
            project: Sentences to vectors in the space of the index.
            now: Nothing after it counts.
        """
        windows = HomeWindows.of(
            index, seen.stream.home.name, events["time"].dt.timestamp("us").to_numpy() / 1e6
        )
        likeness = Likeness(windows, index.vectors, project, seen.stream)
        return cls(Occurrences(seen.stream, seen.lexicon, likeness.moments, by_rooms=False), likeness, now)


def beyond_windows(query: ParsedQuery) -> bool:
    """Whether a question names a length, a night, an outing, a count, company, an order or an absence.

    Conditions on windows do not tell these, nor an activity that no place shows.
    """
    things = [t.name for t in (*query.wanted, *query.unwanted) if t.kind == "activity"]
    long = query.lasts is not None and query.lasts.high > WINDOW_S
    absent = query.empty or bool(query.unwanted and not query.wanted)
    if long or absent or query.ordered or query.times or query.people:
        return True
    return not query.clauses or any(activities()[n].episode for n in things)


def names_episode(query: ParsedQuery) -> bool:
    """Whether a question names something that happens, a length, a count, company, an order or an absence.

    What only a window can meet (few signs of movement, one room only) stays with windows, unless the question
    names an episode beside it.
    """
    happens = bool(
        query.wanted or query.unwanted or query.empty or query.lasts or query.times or query.people
    )
    return happens and (beyond_windows(query) or all(clause.kind in _SIMPLE for clause in query.clauses))


def episodes_of_homes(
    queries: Mapping[str, ParsedQuery],
    homes: Mapping[str, HomeMoments],
    index: Index,
    vectors: Mapping[str, NDArray[np.floating]],
    options: SearchOptions,
) -> list[Episode]:
    """Episodes of several homes, the best first; mappings are by home, `vectors` by embedded text."""
    filters = options.filters
    mask = index.mask(filters.model_copy(update={"min_duration_s": 0.0, "max_duration_s": None}))
    found = [
        find_episodes(
            query, homes[home], index, vectors[query.embedded], options.top_k, mask=mask, filters=filters
        )
        for home, query in queries.items()
    ]
    best = sorted((one for own in found for one in own), key=lambda one: -one.rank_score)
    ranked = best if len(queries) > 1 else [one for own in found for one in own]
    return list(with_each_home(ranked, [own[0] for own in found if own], options.top_k))


def find_episodes(
    query: ParsedQuery,
    home: HomeMoments,
    index: Index,
    vector: NDArray[np.floating],
    top_k: int,
    *,
    mask: NDArray[np.bool_] | None = None,
    filters: SearchFilters | None = None,
) -> list[Episode]:
    """The best episodes of one home, spread over time.

    All meet the conditions on time and place. How like the wanted activities and the sentence their windows
    are orders them, how unlike the unwanted ones, and how near to the length asked for. Times without
    something are all days or hours asked about, those with the least sign of it first.

    Args:
        query: The question.
        home: Where.
        index: Holds its windows.
        vector: (P,) of the question.
        top_k: How many.
        mask: Windows of the index that pass the filters; an episode needs one of them.
        filters: Their bounds on durations hold for episodes.
    """
    windows = home.likeness.windows
    if query.refused is not None or not len(windows.rows):
        return []
    period = period_of(query.days, home.happened.stream, home.now, nights=asks_of_nights(query))
    if period is None:
        return []
    absent = bool(query.unwanted) and not query.wanted and not query.empty
    spans, fit, missed, how = (_absent if absent else _present)(query, home, period)
    keep = np.ones(len(spans), dtype=bool)
    if filters is not None:
        longest = float("inf") if filters.max_duration_s is None else filters.max_duration_s
        keep &= (spans.length_s >= filters.min_duration_s) & (spans.length_s <= longest)
    if mask is not None and len(spans):
        passing = np.append(0, np.cumsum(mask[windows.rows]))
        first, last = windows.inside(spans)
        keep &= passing[last] > passing[first]
    spans, fit, missed = spans.where(keep), fit[keep], missed[keep]
    if not len(spans):
        return []
    probes = windows.probes(spans)
    score, cosines = home.likeness.of_question(vector, probes)
    fit = fit + _QUESTION * _typical(score)
    best = windows.rows[probes[np.arange(len(probes)), cosines.argmax(axis=1)]]
    return [
        _told(
            float(spans.begin_s[k]), float(spans.end_s[k]), float(fit[k]), float(cosines[k].mean()),
            int(best[k]), index, home, how,
            f"signs of it: {missed[k]}" if absent and missed[k] else "" if absent else _MISSED[missed[k]],
        )
        for k in _spread(spans, fit, top_k, 0.0 if absent else NEAR_S)
    ]  # fmt: skip


def _typical(scores: NDArray[np.floating]) -> NDArray[np.floating]:
    """(S,) half the mean, half the highest of (S, K) scores."""
    found: NDArray[np.floating] = (scores.mean(axis=1) + scores.max(axis=1)) / 2
    return found


def _present(query: ParsedQuery, home: HomeMoments, period: Period) -> _Fitted:
    """Spans in which what is wanted happens."""
    seen = _what_is_seen(query, home.happened)
    partly = _SEEN_IN_PART if seen is not query else 0
    found = select_moments(_loosened(seen), home.happened, period)
    spans, likeness = found.spans, home.likeness
    fit, off = np.zeros(len(spans)), np.full(len(spans), partly)
    if not len(spans):
        return spans, fit, off, found.how
    probes = likeness.windows.probes(spans)
    wanted = [likeness.of_activity(t.name)[probes] for t in query.wanted if t.kind == "activity"]
    if query.either or len(query.wanted) == 1:
        fit += np.max([_typical(scores) for scores in wanted], axis=0) if wanted else 0.0
    elif wanted:
        # Where several things happen, each shows in a part of the moment only.
        fit += np.mean([scores.max(axis=1) for scores in wanted], axis=0)
    for thing in query.unwanted:
        if thing.kind == "activity":
            fit -= _UNWANTED * likeness.of_activity(thing.name)[probes].max(axis=1)
    if query.times is not None:
        fit += np.log(np.maximum(spans.count, 1))
    for bounds, amount in ((query.lasts, spans.length_s), (query.times, spans.count)):
        if bounds is not None:
            log = np.log(np.maximum(amount, 1.0))
            missed = np.maximum(np.log(max(bounds.low, 1.0)) - log, log - np.log(max(bounds.high, 1.0)))
            fit -= _PER_AMOUNT * np.maximum(missed, 0.0)
            off[missed > 0] |= _OTHER_AMOUNT
    return spans, fit, off, found.how


def _what_is_seen(query: ParsedQuery, happened: Occurrences) -> ParsedQuery:
    """The question without things that nothing in the home shows, if something of it is left; else itself."""
    wanted, unwanted = (
        tuple(thing for thing in things if happened.of(thing, query).kind != "none")
        for things in (query.wanted, query.unwanted)
    )
    same = (wanted, unwanted) == (query.wanted, query.unwanted)
    return query if same or not wanted else query.model_copy(update={"wanted": wanted, "unwanted": unwanted})


def _loosened(query: ParsedQuery) -> ParsedQuery:
    """The question with wider bounds on length and number; the fit tells what lies within its own."""
    wider = {
        name: bounds.model_copy(update={"low": bounds.low / slack, "high": bounds.high * slack})
        for name, bounds, slack in (("lasts", query.lasts, _SLACK), ("times", query.times, _SLACK_TIMES))
        if bounds is not None
    }
    return query.model_copy(update=wider) if wider else query


def _absent(query: ParsedQuery, home: HomeMoments, period: Period) -> _Fitted:
    """Days, hours or gaps without something."""
    found = [home.happened.of(thing, query) for thing in query.unwanted]
    spans = asked_spans(query, [f.spans for f in found], period, home.happened.stream)
    if all(f.kind == "none" and t.kind != "activity" for f, t in zip(found, query.unwanted, strict=True)):
        spans = spans.where(np.zeros(len(spans), dtype=bool))
    fit, signs = np.zeros(len(spans)), np.zeros(len(spans), dtype=np.int64)
    windows = home.likeness.windows
    first, last = (np.searchsorted(windows.begin_s, edge) for edge in (spans.begin_s, spans.end_s))
    for thing, one in zip(query.unwanted, found, strict=True):
        if one.kind not in ("none", "recognised"):
            signs += _touches(spans, one.spans)
        if thing.kind == "activity":
            scores = home.likeness.of_activity(thing.name)
            fit -= [
                np.sort(scores[a:b])[-3:].mean() if b > a else 0.0 for a, b in zip(first, last, strict=True)
            ]
    if query.lasts is not None and len(signs):
        signs -= signs.min()  # a gap touches what is before and after it
    return spans, fit - _TOUCHED * np.minimum(signs, 9), signs, tuple(dict.fromkeys(f.how for f in found))


def _touches(spans: Spans, others: Spans) -> NDArray[np.int64]:
    """(S,) how many others, sorted by their begin, each span meets."""
    begun = np.searchsorted(others.begin_s, spans.end_s, side="right")
    over = np.searchsorted(np.sort(others.end_s), spans.begin_s, side="left")
    return np.asarray(begun - over, dtype=np.int64)


def _spread(spans: Spans, fit: NDArray[np.floating], top_k: int, gap_s: float) -> list[int]:
    """The best spans: none overlaps a better one, those near a better one come after all others."""
    order = np.argsort(-fit, kind="stable")[: _POOL * top_k].tolist()
    kept: list[int] = []
    near: list[int] = []
    for k in order:
        others = [*kept, *near]
        apart = np.maximum(spans.begin_s[others] - spans.end_s[k], spans.begin_s[k] - spans.end_s[others])
        if (apart[: len(kept)] >= gap_s).all() and (apart >= 0).all():
            kept.append(k)
        elif (apart >= 0).all():
            near.append(k)
        if len(kept) == _SPREAD * top_k:
            break
    days = np.floor(spans.begin_s[kept] / DAY_S).tolist()
    return [*(kept[i] for i in spread_days(fit[kept].tolist(), days, _DAY_STEP)), *near][:top_k]


def _told(
    begin: float, end: float, fit: float, score: float, best: int, index: Index, home: HomeMoments,
    how: tuple[str, ...], missed: str,
) -> Episode:  # fmt: skip
    """A span as an episode, with its events, rooms and objects; `best` is the row of its best window."""
    stream, event_s = home.happened.stream, home.likeness.windows.event_s
    # What ends a stay happens elsewhere.
    seen = slice(*np.searchsorted(stream.time_s, [begin, max(end, np.nextafter(begin, np.inf))]))
    rooms = [stream.rooms[code] for code in stream.room[seen] if code >= 0]
    things = {s.id: s.object for s in stream.home.sensors}
    objects = [things.get(stream.sensors[code]) for code in stream.sensor[seen]]
    event, after = np.searchsorted(event_s, [begin, np.nextafter(end, np.inf)]).tolist()
    fact = index.windows.row(best, named=True)
    return Episode(
        window_id=fact["window_id"], score=score, home=fact["home"], split=fact["split"],
        start=words.time(begin), end=words.time(end), first_event=event, n_events=after - event,
        rooms=tuple(room for room, _ in groupby(rooms))[:_SHOWN],
        objects=tuple(dict.fromkeys(filter(None, objects)))[:_SHOWN], preference=fit - score, how=how,
        missed=missed,
    )  # fmt: skip


def episodes_first(
    episodes: list[Episode], windows: Sequence[Hit | Moment], top_k: int
) -> list[Hit | Moment | Episode]:
    """One list: episodes that meet the question, then windows that are not near what comes before them."""
    if not episodes:
        return list(windows[:top_k])
    near, found = dt.timedelta(seconds=NEAR_S), list[Hit | Moment | Episode](episodes)
    for one in windows:
        if len(found) >= top_k:
            break
        if not any(
            f.home == one.home and f.start <= one.end + near and one.start <= f.end + near for f in found
        ):
            found.append(one)
    return found[:top_k]
