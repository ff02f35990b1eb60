"""The facts of every window in an index: times, rooms in order of visit, objects.

A room counts as visited when a person caused an event there (`core.event_semantics`): motion that
starts, a door or an item that moves, a lamp that is switched. Motion that ends and thermometer readings
do not count, because they also arrive after the person has left.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.event_semantics import person_mask, sensors_of
from discover.core.home import UNKNOWN_ROOM
from discover.core.window_set import WindowSet

__all__ = [
    "WINDOW_FACTS",
    "build_window_facts",
    "event_pieces",
]

WINDOW_FACTS: dict[str, object] = {
    "window_id": pl.String,
    "home": pl.String,
    "split": pl.String,
    "start": pl.Datetime("us"),
    "end": pl.Datetime("us"),
    "first_event": pl.Int64,
    "n_events": pl.Int64,
    "rooms": pl.List(pl.String),
    "objects": pl.List(pl.String),
}
"""One row per window. rooms: in order of visit, a room again when someone came back to it; objects: each
once, in order of first use. Both empty where the home's sensors name none."""

# Windows are expanded to events in pieces, so that memory does not grow with their number.
_EVENTS_PER_PIECE = 4_000_000


def build_window_facts(window_set: WindowSet) -> pl.DataFrame:
    """`WINDOW_FACTS` of a window set, in the order of its windows."""
    parts = list(window_set.by_home())
    facts = pl.concat([_facts_of_home(part) for _, part in parts])
    return facts[np.argsort(np.concatenate([rows for rows, _ in parts]))]


def _facts_of_home(window_set: WindowSet) -> pl.DataFrame:
    windows = window_set.windows
    room_code, rooms = _codes(window_set, "room")
    object_code, objects = _codes(window_set, "object")
    present = person_mask(window_set.events, window_set.home)
    room_code = np.where(present, room_code, -1)
    object_code = np.where(present, object_code, -1)
    pieces_rooms: list[pl.DataFrame] = []
    pieces_objects: list[pl.DataFrame] = []
    for window_row, event_row in event_pieces(windows):
        pieces_rooms.append(_runs(window_row, room_code[event_row]))
        pieces_objects.append(_firsts(window_row, object_code[event_row]))
    facts = windows.select(
        "window_id", "home", pl.col("split").cast(pl.String), "start", "end", "first_event",
        pl.col("n_events").cast(pl.Int64),
    )  # fmt: skip
    return facts.with_columns(
        _lists(pieces_rooms, rooms, len(windows)).alias("rooms"),
        _lists(pieces_objects, objects, len(windows)).alias("objects"),
    )


def _codes(window_set: WindowSet, field: str) -> tuple[NDArray[np.int64], list[str]]:
    """Code per event of its sensor's room or object (-1: none), and the names."""
    named = [getattr(s, field) for s in sensors_of(window_set.events, window_set.home)]
    names = sorted({n for n in named if n and n != UNKNOWN_ROOM})
    index = {n: i for i, n in enumerate(names)}
    per_sensor = np.array([index.get(n or "", -1) for n in named] or [-1], dtype=np.int64)
    sensor = window_set.events["sensor"].to_physical().to_numpy()
    return per_sensor[sensor], names


def event_pieces(windows: pl.DataFrame) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """(window row, event row) of every event of every window, in pieces."""
    first = windows["first_event"].to_numpy().astype(np.int64)
    count = windows["n_events"].to_numpy().astype(np.int64)
    ends = np.cumsum(count)
    begin = 0
    while begin < len(windows):
        done = int(ends[begin - 1]) if begin else 0
        stop = max(begin + 1, int(np.searchsorted(ends, done + _EVENTS_PER_PIECE, side="right")))
        part = count[begin:stop]
        rows = np.repeat(np.arange(begin, stop), part)
        inside = np.arange(len(rows)) - np.repeat(np.cumsum(part) - part, part)
        yield rows, first[rows] + inside
        begin = stop


def _runs(rows: NDArray[np.int64], codes: NDArray[np.int64]) -> pl.DataFrame:
    keep = codes >= 0
    rows, codes = rows[keep], codes[keep]
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (rows[1:] != rows[:-1]) | (codes[1:] != codes[:-1])
    return pl.DataFrame({"row": rows[new], "code": codes[new]})


def _firsts(rows: NDArray[np.int64], codes: NDArray[np.int64]) -> pl.DataFrame:
    keep = codes >= 0
    return pl.DataFrame({"row": rows[keep], "code": codes[keep]}).unique(maintain_order=True)


def _lists(pieces: list[pl.DataFrame], names: list[str], n_windows: int) -> pl.Series:
    empty = pl.DataFrame(schema={"row": pl.Int64, "code": pl.Int64})
    pairs = pl.concat([empty, *pieces])
    lookup = pl.DataFrame(
        {"code": range(len(names)), "name": names}, schema={"code": pl.Int64, "name": pl.String}
    )
    named = pairs.join(lookup, on="code", how="left", maintain_order="left")
    grouped = named.group_by("row", maintain_order=True).agg("name")
    every = pl.DataFrame({"row": np.arange(n_windows)}, schema={"row": pl.Int64})
    joined = every.join(grouped, on="row", how="left", maintain_order="left")
    return joined["name"].fill_null(pl.lit([], dtype=pl.List(pl.String)))
