"""The MIT homes (Tapia): blocks of five lines, one an activity, with the sensors that fired during it.

    Toileting,4/1/2003,17:30:36,17:46:41        label, month/day/year, start, end
    100,68                                      sensors
    Toilet Flush,Sink faucet - hot              what they are fixed to
    17:39:37,17:39:46                           on
    18:10:57,17:39:52                           off

In: the lines, and `sensors.csv` (id, room, object) where there is one. Out: `Blocks`. Times count from the
block's date; one that is earlier than the block's start, or an off earlier than its on, is on the next day.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import polars as pl

from discover.homes._bytes import all_lines, first_lines

__all__ = ["Blocks", "is_blocks", "read_blocks", "read_sensor_list"]

_HEAD = re.compile(
    r"(?P<label>[^,]+),(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4}),"
    r"(?P<start>\d{1,2}:\d{1,2}:\d{1,2}),(?P<end>\d{1,2}:\d{1,2}:\d{1,2})"
)
_BLOCK_LINES = 5
_DAY = timedelta(days=1)
_LATE_H = 6


@dataclass(frozen=True)
class Blocks:
    """What the blocks of one home hold.

    Attributes:
        activations: line UInt32 (of its block's first line), begin, end Datetime(us), fields List(String):
            the sensor; in the order of the file, each once.
        activities: line, begin, end, fields: the label; one row per block.
        rejected: line, reason, text of every line of a block that cannot be read.
        rows_read, n_blank, n_lines: Lines of good blocks; blank lines; all lines.
        repeated: Activations that a further block lists again.
        objects: Sensor id -> what the blocks say it is fixed to.
    """

    activations: pl.DataFrame
    activities: pl.DataFrame
    rejected: pl.DataFrame
    rows_read: int
    n_blank: int
    n_lines: int
    repeated: int
    objects: dict[str, str]


def is_blocks(text: bytes) -> bool:
    """Whether a file holds such blocks: a first line of a block, and four lines to the next one."""
    lines = first_lines(text, 200)
    heads = [k for k, line in enumerate(lines) if _HEAD.fullmatch(line.strip())]
    return bool(heads) and (len(heads) > 1 or len(lines) >= _BLOCK_LINES) and heads[0] <= 1


def read_blocks(text: bytes) -> Blocks:
    """Read all blocks; one with a wrong date, time or number of columns is refused whole."""
    lines = [(number, line.strip()) for number, line in enumerate(all_lines(text), start=1)]
    filled = [(number, line) for number, line in lines if line]
    starts = [k for k, (_, line) in enumerate(filled) if _HEAD.fullmatch(line)]
    activations: dict[tuple[datetime, datetime, str], int] = {}
    activities, rejected, objects = [], [], {}
    read = repeated = 0
    edges = [0, *starts, len(filled)] if not starts or starts[0] else [*starts, len(filled)]
    for begin, stop in pairwise(edges):
        block = filled[begin:stop]
        if not block:
            continue
        found = _one_block([line for _, line in block])
        if isinstance(found, str):
            rejected += [(number, found, line[:200]) for number, line in block]
            continue
        label, start, end, fired, things = found
        read += len(block)
        activities.append((block[0][0], start, end, [label]))
        for sensor, on, off in fired:
            repeated += (on, off, sensor) in activations
            activations.setdefault((on, off, sensor), block[0][0])
        objects.update({sensor: thing for sensor, thing in things.items() if sensor not in objects})
    return Blocks(
        activations=_rows((line, on, off, [sensor]) for (on, off, sensor), line in activations.items()),
        activities=_rows(activities),
        rejected=pl.DataFrame(
            rejected, schema={"line": pl.UInt32, "reason": pl.String, "text": pl.String}, orient="row"
        ),
        rows_read=read,
        n_blank=len(lines) - len(filled),
        n_lines=len(lines),
        repeated=repeated,
        objects=objects,
    )


def read_sensor_list(text: bytes) -> dict[str, tuple[str, str]]:
    """Sensor id -> (room, object) of `sensors.csv`; other lines are left out."""
    cells = (line.split(",") for line in text.decode("utf-8", errors="replace").splitlines())
    return {
        c[0].strip(): (c[1].strip(), c[2].strip()) for c in cells if len(c) == 3 and c[0].strip().isalnum()
    }


_Block = tuple[str, datetime, datetime, list[tuple[str, datetime, datetime]], dict[str, str]]


def _one_block(lines: list[str]) -> _Block | str:
    """Label, start, end, (sensor, on, off) and objects of a block, or why it cannot be read."""
    head = _HEAD.fullmatch(lines[0])
    if head is None or len(lines) != _BLOCK_LINES:
        return f"not a block of {_BLOCK_LINES} lines: label, sensors, objects, times on, times off"
    try:
        day = datetime(int(head["year"]), int(head["month"]), int(head["day"]))
        start, end = day + _clock(head["start"]), day + _clock(head["end"])
        ids, things, on, off = ([cell.strip() for cell in line.split(",")] for line in lines[1:])
        if not len(ids) == len(on) == len(off):
            return "a block whose lines differ in their number of sensors and times"
        end += _DAY if end < start else timedelta()
        fired = []
        for sensor, first, last in zip(ids, on, off, strict=True):
            begin, stop = day + _clock(first), day + _clock(last)
            # an activity over midnight: what is hours before its start belongs to the next day
            begin += (
                _DAY if end.date() > day.date() and start - begin > timedelta(hours=_LATE_H) else timedelta()
            )
            while stop < begin:
                stop += _DAY
            fired.append((sensor, begin, stop))
    except ValueError:
        return "no such date or time"
    named = dict(zip(ids, things, strict=True)) if len(things) == len(ids) else {}
    return head["label"].strip(), start, end, fired, named


def _clock(text: str) -> timedelta:
    hours, minutes, seconds = (int(part) for part in text.split(":"))
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError(text)
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _rows(rows: Iterable[tuple[int, datetime, datetime, list[str]]]) -> pl.DataFrame:
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "line": pl.UInt32,
        "begin": pl.Datetime("us"),
        "end": pl.Datetime("us"),
        "fields": pl.List(pl.String),
    }
    return pl.DataFrame(list(rows), schema=pl.Schema(schema), orient="row")
