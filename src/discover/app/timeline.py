"""Columns of the timeline: counts, events, states and activities of a visible stretch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.app.columns import pack_columns
from discover.app.event_arrays import Grouping, Range
from discover.app.home_view import HomeView, Recognised
from discover.app.sunrise import daylight

__all__ = ["activities", "density", "events", "states", "sun"]


def density(view: HomeView, part: Range, bins: int, by: Grouping) -> bytes:
    """Events per group and bin."""
    found = view.events.density(part, bins=bins, by=by)
    names, _ = view.events.groups(by)
    total = int(found["count"].sum())
    meta = {"begin": part.begin, "end": part.end, "bins": bins, "groups": names, "total": total}
    return pack_columns(found, meta)


def events(view: HomeView, part: Range, limit: int) -> bytes:
    """Every event, where there are at most `limit`."""
    own = view.events
    rows = own.rows(part)
    total = len(rows)
    rows = rows if total <= limit else rows[:0]
    columns: dict[str, NDArray[Any]] = {
        "time": own.time[rows],
        "sensor": own.sensor[rows],
        "state": own.state[rows],
        "kind": own.kind[rows],
        "person": own.person[rows].astype(np.uint8),
        "value": own.value[rows],
        "row": rows.astype(np.uint32),
    }
    return pack_columns(columns, {"total": total, "exact": total <= limit})


def states(view: HomeView, part: Range, bins: int) -> bytes:
    """Stretches in which sensors are on."""
    return pack_columns(view.events.states_in(part, bins=bins), {"begin": part.begin, "end": part.end})


def sun(view: HomeView) -> bytes:
    """When the sun is up, day by day; no row where the home's place is not known."""
    spans = daylight(view.home, view.events.begin, view.events.end)
    return pack_columns({"begin": spans[:, 0].copy(), "end": spans[:, 1].copy()}, {})


def activities(found: Recognised, part: Range, names: Sequence[str]) -> bytes:
    """Recognised segments that share a moment with the range; of some activities where they are named."""
    keep = (found.begin < part.end) & (found.end >= part.begin)
    if names:
        keep &= np.isin(found.activity, [k for k, name in enumerate(found.names) if name in names])
    columns: dict[str, NDArray[Any]] = {
        "activity": found.activity[keep],
        "begin": found.begin[keep],
        "end": found.end[keep],
        "confidence": found.confidence[keep],
        "windows": found.windows[keep],
    }
    return pack_columns(columns, {"activities": list(found.names), "how": found.how, "note": found.note})
