"""A table with one column per sensor and one row a second (OpenSHS): what changes becomes events.

    fridge,couch,Activity,timestamp
    0,1,leisure,2016-02-01 08:15:00

In: the text of a CSV file with a heading. Out: `StateTable`. An event is a change from one row to the next;
the first row only says how things stand. A row that is more than a minute after the one before it begins a
new stretch: a label does not go on over the jump.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.homes._bytes import all_lines, first_lines

__all__ = ["StateTable", "is_state_table", "read_state_table"]

_TIME_NAMES = ("timestamp", "time", "datetime", "date_time", "date")
_LABEL_NAMES = ("activity", "label", "activities", "adl")
_MIN_SENSORS = 3
_JUMP_US = 60_000_000
_NO_LABEL = ("", "none", "nan", "null")

WRONG_WIDTH = "wrong number of columns"
NO_SUCH_TIME = "no such date or time"
NO_STATE = "a state that is no number"


@dataclass(frozen=True)
class StateTable:
    """Events and labels of such a table.

    Attributes:
        events: time, sensor String, state String (ON, OFF, VALUE), value, line; by time.
        runs: label, begin and end (Datetime us) of each unbroken run of rows with one label.
        rejected: line, reason, text.
        sensors: Names of the sensor columns.
        n_lines, n_blank, n_rows: Lines; blank ones; rows read.
        late: Lines whose time is before that of the row above them.
        jumps: Rows more than a minute after the row above them.
    """

    events: pl.DataFrame
    runs: pl.DataFrame
    rejected: pl.DataFrame
    sensors: tuple[str, ...]
    n_lines: int
    n_blank: int
    n_rows: int
    late: tuple[int, ...]
    jumps: int


def is_state_table(text: bytes) -> bool:
    """A heading with a column of times, and rows of as many cells whose sensor columns are numbers."""
    lines = [line for line in first_lines(text, 20) if line.strip()]
    if len(lines) < 2:
        return False
    header = _header(lines[0])
    if header is None:
        return False
    _, _, sensors, width = header
    row = lines[1].strip().split(_separator(lines[0]))
    return len(row) == width and all(_is_number(row[k]) for k in sensors)


def read_state_table(text: bytes) -> StateTable:
    """Read the table; rows that cannot be read are listed and left out."""
    parts = all_lines(text)
    header = _header(parts[0])
    if header is None:
        raise ValueError("no heading")
    time_at, label_at, sensor_at, width = header
    names = [cell.strip().strip('"') for cell in parts[0].split(_separator(parts[0]))]
    lines = pl.DataFrame(
        {"text": pl.Series(parts[1:], dtype=pl.String).str.strip_chars("\r ")}
    ).with_row_index("line", offset=2)
    blank = lines["text"] == ""
    cells = lines.filter(~blank).with_columns(cell=pl.col("text").str.split(_separator(parts[0])))
    get = [pl.col("cell").list.get(k, null_on_oob=True).str.strip_chars(' "') for k in range(width)]
    when = (
        get[time_at]
        .str.replace("T", " ")
        .str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    )
    numbers = [get[k].cast(pl.Float64, strict=False).alias(f"s{k}") for k in sensor_at]
    label = pl.lit("") if label_at is None else get[label_at].fill_null("")
    table = cells.with_columns(when.alias("time"), label.alias("label"), *numbers)
    values = [pl.col(f"s{k}") for k in sensor_at]
    reason = (
        pl.when(pl.col("cell").list.len() != width)
        .then(pl.lit(WRONG_WIDTH))
        .when(pl.col("time").is_null())
        .then(pl.lit(NO_SUCH_TIME))
        .when(pl.any_horizontal(*(v.is_null() | ~v.is_finite() for v in values)))
        .then(pl.lit(NO_STATE))
    )
    table = table.with_columns(reason=reason)
    rejected = table.filter(pl.col("reason").is_not_null()).select(
        pl.col("line").cast(pl.UInt32), "reason", pl.col("text").str.slice(0, 200)
    )
    rows = table.filter(pl.col("reason").is_null())
    late = rows.filter(pl.col("time") < pl.col("time").shift(1))["line"].to_list()
    rows = rows.sort("time", maintain_order=True)
    times = rows["time"].to_physical().to_numpy()
    return StateTable(
        events=_changes(rows, [(f"s{k}", names[k]) for k in sensor_at]),
        runs=_runs(rows, times),
        rejected=rejected,
        sensors=tuple(names[k] for k in sensor_at),
        n_lines=len(parts),
        n_blank=int(blank.sum()),
        n_rows=len(rows),
        late=tuple(int(line) for line in late),
        jumps=int((np.diff(times) > _JUMP_US).sum()),
    )


def _changes(rows: pl.DataFrame, columns: list[tuple[str, str]]) -> pl.DataFrame:
    parts = []
    for column, name in columns:
        value = rows[column]
        binary = value.is_in([0.0, 1.0]).all()
        changed = rows.filter((value != value.shift(1)).fill_null(value=False))
        state = pl.when(pl.col(column) == 1).then(pl.lit("ON")).otherwise(pl.lit("OFF"))
        parts.append(
            changed.select(
                "time",
                sensor=pl.lit(name),
                state=state if binary else pl.lit("VALUE"),
                value=pl.lit(None, dtype=pl.Float64) if binary else pl.col(column),
                line=pl.col("line").cast(pl.UInt32),
            )
        )
    return pl.concat(parts).sort("time", "line", maintain_order=True)


def _runs(rows: pl.DataFrame, times: NDArray[np.int64]) -> pl.DataFrame:
    label = rows["label"]
    new = (label != label.shift(1)).fill_null(value=True).to_numpy()
    new[1:] |= np.diff(times) > _JUMP_US
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(rows)) - 1
    runs = pl.DataFrame(
        {
            "label": label.gather(first),
            "begin": rows["time"].gather(first),
            "end": rows["time"].gather(last),
        }
    )
    return runs.filter(~pl.col("label").str.to_lowercase().is_in(list(_NO_LABEL)))


def _header(line: str) -> tuple[int, int | None, list[int], int] | None:
    """Numbers of the time column, the label column and the sensor columns, and how many there are."""
    names = [cell.strip().strip('"').lower() for cell in line.split(_separator(line))]
    time_at = next((k for k, name in enumerate(names) if name in _TIME_NAMES), None)
    label_at = next((k for k, name in enumerate(names) if name in _LABEL_NAMES), None)
    sensors = [k for k, name in enumerate(names) if k not in (time_at, label_at)]
    if time_at is None or len(sensors) < _MIN_SENSORS or len(set(names)) < len(names):
        return None
    return time_at, label_at, sensors, len(names)


def _separator(line: str) -> str:
    return max((",", ";", "\t"), key=line.count)


def _is_number(text: str) -> bool:
    try:
        float(text.strip().strip('"'))
    except ValueError:
        return False
    return True
