"""From begin/end markers and bare labels to intervals over the event table.

Rules (docs/formats_logs.md tells them to the user):

- An end closes the last open begin of the same label; intervals of different labels may overlap or nest.
- A begin that is never ended, or whose end lies beyond a recording hole or more than a day later, is closed
  at the earliest of: the event before the next begin of any label of the same resident, the last event before
  the hole, the last event of that calendar day.
- An end without an open begin is dropped and listed.
- Bare labels on every line make one interval per unbroken run of equal labels.
"""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.homes._clean import CleanRows
from discover.homes._labels_in_lines import LineLabel, label_key, read_tail, split_resident
from discover.homes._lines import Rows

__all__ = ["Intervals", "build_intervals", "interval_table"]

_DAY_US = 86_400_000_000
_MIN_BARE_SHARE = 0.1
_MIN_BARE_LINES = 20


@dataclass
class Intervals:
    """Annotated intervals and what was wrong with their markers.

    Attributes:
        label: Raw label of each interval as spelled at its begin.
        first, last: Event numbers of its ends, both inside.
        closed_by: "marker" or the rule that closed it.
        ends_alone: Lines of ends without a begin.
        begins_alone: Lines of begins closed by a rule.
        stray_labels: Lines whose text after the state is not a marker, in a log with markers.
    """

    label: list[str] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    closed_by: list[str] = field(default_factory=list)
    ends_alone: list[int] = field(default_factory=list)
    begins_alone: list[int] = field(default_factory=list)
    stray_labels: list[int] = field(default_factory=list)
    label_per_line: bool = False


@dataclass(frozen=True)
class _Markers:
    """In time order: label key, resident, raw label, whether it begins, event number, line."""

    key: tuple[str, ...]
    resident: tuple[str | None, ...]
    label: tuple[str, ...]
    begin: tuple[bool, ...]
    event: tuple[int, ...]
    line: tuple[int, ...]


def build_intervals(rows: Rows, clean: CleanRows, times: NDArray[np.int64]) -> Intervals:
    """All intervals of a log.

    Args:
        rows, clean: The log.
        times: Microseconds of each event, ascending.
    """
    out = Intervals()
    if not rows.tails or not len(times):
        return out
    labels = [read_tail(text) for text in rows.tails]
    markers = _marker_table(rows, clean, labels, len(times))
    _pair(markers, times, clean.holes, out)
    _runs_of_bare_labels(rows, clean, labels, out, {*markers.key})
    return out


def _marker_table(rows: Rows, clean: CleanRows, labels: list[LineLabel], n_events: int) -> _Markers:
    marked = np.array([bool(label.markers) for label in labels] + [False])
    at = np.flatnonzero(marked[rows.tail[clean.order]] & ~clean.is_repeat)
    before = np.cumsum(clean.is_event) - 1
    # A marker on a line that is no event sits on the next event if it begins, on the one before if it ends.
    event = np.where(clean.is_event, before, np.minimum(before + 1, n_events - 1))[at]
    event_of_end = np.maximum(before, 0)[at]
    spelled = [
        [(label_key(m.label), split_resident(m.label)[0], m.label, m.kind == "begin") for m in label.markers]
        for label in labels
    ]
    tails = rows.tail[clean.order[at]].tolist()
    lines = rows.line[clean.order[at]].tolist()
    found = [
        (*marker, e_begin if marker[3] else e_end, line)
        for tail, line, e_begin, e_end in zip(
            tails, lines, event.tolist(), event_of_end.tolist(), strict=True
        )
        for marker in spelled[tail]
    ]
    if not found:
        return _Markers((), (), (), (), (), ())
    return _Markers(*zip(*found, strict=True))


def _pair(m: _Markers, times: NDArray[np.int64], holes: NDArray[np.int64], out: Intervals) -> None:
    hole_before = np.searchsorted(holes, np.asarray(m.event, dtype=np.int64), side="right").tolist()
    time_of = times[np.asarray(m.event, dtype=np.int64)].tolist()
    open_at: dict[str, int] = {}
    found: list[tuple[int, int, int, str]] = []
    unended: list[int] = []
    for k, key in enumerate(m.key):
        b = open_at.pop(key, None)
        if m.begin[k]:
            if b is not None:
                unended.append(b)
            open_at[key] = k
        elif b is not None and hole_before[b] == hole_before[k] and time_of[k] - time_of[b] <= _DAY_US:
            found.append((m.event[b], m.event[k], b, "marker"))
        else:
            if b is not None:
                unended.append(b)
            out.ends_alone.append(m.line[k])
    unended += open_at.values()
    found += _close_by_rule(m, sorted(unended), times, holes)
    out.begins_alone += [m.line[b] for b in sorted(unended)]
    for first, last, b, rule in sorted(found):
        out.first.append(first)
        out.last.append(max(first, last))
        out.label.append(m.label[b])
        out.closed_by.append(rule)


def _close_by_rule(
    m: _Markers, unended: list[int], times: NDArray[np.int64], holes: NDArray[np.int64]
) -> list[tuple[int, int, int, str]]:
    next_begin: dict[int, int] = {}
    upcoming: dict[str | None, int] = {}
    wanted = set(unended)
    for k in range(len(m.key) - 1, -1, -1):
        if m.begin[k]:
            if k in wanted and m.resident[k] in upcoming:
                next_begin[k] = upcoming[m.resident[k]]
            upcoming[m.resident[k]] = m.event[k]
    closed = []
    for b in unended:
        first = m.event[b]
        midnight = (int(times[first]) // _DAY_US + 1) * _DAY_US
        hole = int(np.searchsorted(holes, first, side="right"))
        limits = [(int(np.searchsorted(times, midnight)) - 1, "end_of_day"), (len(times) - 1, "end_of_log")]
        if hole < len(holes):
            limits.append((int(holes[hole]) - 1, "hole"))
        if b in next_begin:
            limits.append((next_begin[b] - 1, "next_begin"))
        last = min(limit for limit, _ in limits)
        # of rules that stop at the same event, the one nearest to the annotator's hand names the reason
        rank = {"next_begin": 0, "hole": 1, "end_of_log": 2, "end_of_day": 3}
        rule = min((r for limit, r in limits if limit == last), key=rank.__getitem__)
        closed.append((first, last, b, rule))
    return closed


def _runs_of_bare_labels(
    rows: Rows, clean: CleanRows, labels: list[LineLabel], out: Intervals, marker_keys: set[str]
) -> None:
    """A label on (nearly) every line instead of begin and end."""
    codes: dict[str, int] = {}
    names: list[str] = []
    of_tail = np.full(len(labels) + 1, -1, dtype=np.int64)
    for tail, label in enumerate(labels):
        if not label.bare:
            continue
        key = label_key(label.bare)
        of_tail[tail] = codes.setdefault(key, len(names))
        if of_tail[tail] == len(names):
            names.append(label.bare)
    if not names:
        return
    at = clean.order[clean.is_event]
    code = of_tail[rows.tail[at]]
    free = np.array([label_key(name) not in marker_keys for name in names] + [False])
    n_free = int(free[code].sum())
    if not (n_free > _MIN_BARE_SHARE * len(code) or (n_free >= _MIN_BARE_LINES and not marker_keys)):
        out.stray_labels += np.sort(rows.line[at[code >= 0]]).tolist()
        return
    out.label_per_line = True
    code = np.where(free[code], code, -1)
    new = np.ones(len(code), dtype=np.bool_)
    new[1:] = code[1:] != code[:-1]
    new[clean.holes] = True
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(code)) - 1
    labelled = code[first] >= 0
    after_hole = np.isin(last + 1, clean.holes)
    out.first += first[labelled].tolist()
    out.last += last[labelled].tolist()
    out.label += [names[c] for c in code[first][labelled].tolist()]
    rule = np.where(last == len(code) - 1, "end_of_log", np.where(after_hole, "hole", "label_change"))
    out.closed_by += rule[labelled].tolist()


def interval_table(
    intervals: Intervals, times: NDArray[np.int64], activity_of: dict[str, str]
) -> pl.DataFrame:
    """Intervals as `core.tables.ANNOTATIONS`, sorted by begin; `activity_of` maps raw to scored labels."""
    first = np.asarray(intervals.first, dtype=np.int64)
    last = np.asarray(intervals.last, dtype=np.int64)
    table = pl.DataFrame(
        {
            "activity": pl.Series([activity_of[label] for label in intervals.label], dtype=pl.String),
            "raw_label": pl.Series(intervals.label, dtype=pl.String),
            "resident": pl.Series([split_resident(label)[0] for label in intervals.label], dtype=pl.String),
            "first_event": first,
            "n_events": last - first + 1,
            "begin": pl.Series(times[first], dtype=pl.Int64).cast(pl.Datetime("us")),
            "end": pl.Series(times[last], dtype=pl.Int64).cast(pl.Datetime("us")),
            "closed_by": pl.Series(intervals.closed_by, dtype=pl.String),
        }
    )
    return table.sort("begin", "first_event", "n_events", maintain_order=True)
