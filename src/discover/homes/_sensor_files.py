"""A folder with one table per sensor, as hubs export it: each change of a reading is an event.

    DAY_1/Contact/c1.csv        time,battery,contact,device_class_str,linkquality,state,temperature,value
                                2022-05-14 15:54:36.865828+00:00,100.0,1.0,door,255.0,off,28.0,0.0
    DAY_1/Activities/activity_user_1.csv    time,activity_user_1

In: the files. Out: `SensorFiles`. A sensor is the name of its file; files of one name (one per day) are one
sensor. A device writes many columns; the first known one below says what it senses, the others (battery,
signal) are left out. A row that repeats the reading before it is no event. A table of an activity says from
when on it holds.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

import polars as pl

from discover.core.errors import DataError
from discover.core.home import Home, Sensor, SensorType
from discover.homes._bytes import all_lines, first_lines
from discover.homes._local_time import wall_clock
from discover.homes._sources import Source
from discover.homes._zones import checked_zone
from discover.homes.casas_reader import TELL_ZONE
from discover.homes.places import guess_sensor

__all__ = ["SensorFiles", "is_sensor_file", "read_sensor_files"]

_DAY = pl.duration(days=1)

WRONG_WIDTH = "wrong number of columns"
NO_SUCH_TIME = "no such date or time"
NO_READING = "no reading"


class _Column(NamedTuple):
    """What a column of readings says of its device: the type, and the states of 1 and 0 (None: a number)."""

    type: SensorType | None
    on: str | None = None
    off: str | None = None


_READINGS = {
    "occupancy": _Column("motion", "ON", "OFF"),
    # zigbee2mqtt writes true while the two halves of a contact touch.
    "contact": _Column("door", "CLOSE", "OPEN"),
    "vibration": _Column("item", "ON", "OFF"),
    "presence": _Column("motion", "ON", "OFF"),
    "water_leak": _Column("water", "ON", "OFF"),
    "power": _Column("power"),
    "temperature": _Column("temperature"),
    "illuminance": _Column("light"),
    "state": _Column(None),
    "value": _Column(None),
}
"""In order of preference. The names are those of zigbee2mqtt's exposed features."""

_TIME_NAMES = ("time", "timestamp", "_time", "last_changed", "datetime")
_OTHER_SHAPE = {"sensor", "sensor_id", "entity_id", "device", "end", "start", "end_time", "start_time"}
"""A table with such a column holds many sensors, or intervals."""
_ACTIVITY = re.compile(r"activity(?:_.*)?|label")
_PREDICTED = re.compile(r".*predict.*")


@dataclass(frozen=True)
class SensorFiles:
    """What the tables hold.

    Attributes:
        home: The home, with the sensors that the tables add.
        events: time, sensor, state (String), value, line; sorted by time. Lines count through all files.
        activities: begin, end, label.
        rejected: line, reason, text, file.
        n_lines, n_blank, n_headings, n_rows: Lines of all files; blank ones; headings; rows read.
        repeats: Rows that repeat the reading before them.
    """

    home: Home
    events: pl.DataFrame
    activities: pl.DataFrame
    rejected: pl.DataFrame
    n_lines: int
    n_blank: int
    n_headings: int
    n_rows: int
    repeats: int


def is_sensor_file(source: Source) -> bool:
    """A heading with a column of times, and a known reading, an activity, or nothing else."""
    names = _names(first_lines(source.text, 1)[0])
    if names[0] not in _TIME_NAMES or _OTHER_SHAPE & set(names):
        return False
    return len(names) == 1 or _reading(names) is not None or _is_activity(names)


def read_sensor_files(files: Sequence[Source], home: Home) -> SensorFiles:
    """Read the tables of one home.

    Raises:
        DataError: Times have an offset from UTC, and the home has no time zone.
    """
    columns = {f.name: tuple(_names(first_lines(f.text, 1)[0])) for f in files}
    ids = _ids(files, columns)
    events, labels, rejected, sensors = [], [], [], {}
    line = blank = rows = 0
    for file in files:
        names = columns[file.name]
        table, refused, empty, n_lines = _rows(file, names, home, line)
        blank, line = blank + empty, line + n_lines
        if not _is_activity(names) and (column := _reading(names)) is not None:
            sensor = ids[file.name]
            read, unread = _states(table, column)
            refused = pl.concat([refused, unread])
            sensors[sensor] = _sensor(sensor, column)
            events.append(read.with_columns(sensor=pl.lit(sensor)))
        elif _is_activity(names):
            labels.append(table.select("time", label=table.columns[1], of=pl.lit(_stem(file))))
        rows += n_lines - 1 - empty - len(refused)
        rejected.append(refused.with_columns(file=pl.lit(file.name)))
    readings = pl.concat(events).sort("sensor", "time", maintain_order=True)
    changed = (pl.struct("state", "value") != pl.struct("state", "value").shift(1)).over("sensor")
    kept = readings.filter(changed.fill_null(value=True) | (pl.col("sensor") != pl.col("sensor").shift(1)))
    known = {s.id for s in home.sensors}
    added = tuple(s for name, s in sorted(sensors.items()) if name not in known)
    return SensorFiles(
        home=home.model_copy(update={"sensors": (*home.sensors, *added)}),
        events=kept.sort("time", "line", maintain_order=True),
        activities=_intervals(labels, kept["time"]),
        rejected=pl.concat(rejected),
        n_lines=line,
        n_blank=blank,
        n_headings=len(files),
        n_rows=rows,
        repeats=len(readings) - len(kept),
    )


def _names(heading: str) -> list[str]:
    return [cell.strip().strip('"').lower() for cell in heading.split(",")]


def _reading(names: Sequence[str]) -> str | None:
    return next((name for name in _READINGS if name in names), None)


def _is_activity(names: Sequence[str]) -> bool:
    return len(names) == 2 and _ACTIVITY.fullmatch(names[1]) is not None


def is_prediction(source: Source) -> bool:
    """A table of activities that a program guessed; no annotation."""
    names = _names(first_lines(source.text, 1)[0])
    return _is_activity(names) and _PREDICTED.fullmatch(names[1]) is not None


def _ids(files: Sequence[Source], columns: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """File name -> sensor. One stem with two readings is two sensors, which their folders tell apart."""
    stems = {f.name: _stem(f) for f in files}
    readings: dict[str, set[str]] = {}
    for name, stem in stems.items():
        readings.setdefault(stem, set()).update(filter(None, [_reading(columns[name])]))
    return {
        name: stem if len(readings[stem]) < 2 else f"{PurePosixPath(name).parent.name}_{stem}"
        for name, stem in stems.items()
    }


def _stem(file: Source) -> str:
    return file.plain_name.rsplit(".", 1)[0]


def _sensor(name: str, column: str) -> Sensor:
    guessed, kind = guess_sensor(name), _READINGS[column].type
    if kind is None:
        return guessed
    return guessed.model_copy(update={"type": kind, "is_activity": kind not in ("battery", "control")})


def _rows(
    file: Source, names: Sequence[str], home: Home, before: int
) -> tuple[pl.DataFrame, pl.DataFrame, int, int]:
    """Rows that can be read (time, line, text columns by name), refused ones, blank lines, all lines."""
    parts = all_lines(file.text)
    lines = pl.DataFrame({"text": pl.Series(parts[1:], dtype=pl.String).str.strip_chars("\r ")})
    lines = lines.with_row_index("line", offset=before + 2).with_columns(pl.col("line").cast(pl.UInt32))
    filled = lines.filter(pl.col("text") != "")
    cells = filled.with_columns(cell=pl.col("text").str.split(","))
    get = {
        name: pl.col("cell").list.get(k, null_on_oob=True).str.strip_chars(' "')
        for k, name in enumerate(names)
    }
    table = cells.with_columns(_clock(cells.select(get[names[0]]).to_series(), home, file).alias("time"))
    reason = (
        pl.when(pl.col("cell").list.len() != len(names))
        .then(pl.lit(WRONG_WIDTH))
        .when(pl.col("time").is_null())
        .then(pl.lit(NO_SUCH_TIME))
    )
    table = table.with_columns(reason=reason)
    refused = table.filter(pl.col("reason").is_not_null()).select(
        "line", "reason", pl.col("text").str.slice(0, 200)
    )
    kept = table.filter(pl.col("reason").is_null())
    kept = kept.select("time", *(get[name].alias(name) for name in names[1:]), "line", "text")
    return kept, refused, len(lines) - len(filled), len(parts)


def _clock(text: pl.Series, home: Home, file: Source) -> pl.Series:
    """Times on the home's wall clock."""
    plain = text.str.replace("T", " ", literal=True).str.replace("Z$", "+00:00")
    zoned = plain.str.contains(r"[+-]\d\d:?\d\d$").fill_null(value=False)
    wall = plain.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    if not zoned.any():
        return wall
    if "time_zone" not in home.model_fields_set:  # the default is no statement
        raise DataError(
            f"{file.path} has times with a time zone ('{text[0]}'), and the home has no time_zone. "
            + TELL_ZONE
        )
    moment = plain.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%z", time_unit="us", time_zone="UTC", strict=False)
    local = wall_clock(moment.dt.replace_time_zone(None), checked_zone(home.time_zone))
    return local.zip_with(zoned, wall)


def _states(table: pl.DataFrame, column: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """time, state, value, line of rows with a reading, and the rows without one."""
    text, kind = pl.col(column), _READINGS[column]
    number = text.str.to_lowercase().replace({"true": "1", "false": "0"}).cast(pl.Float64, strict=False)
    word = text.filter(~text.is_in(["", "None", "nan", "null"])).is_not_null().any()
    numbers = table.select(n=number)["n"]
    state: pl.Expr
    if kind.on is not None:
        state = pl.when(number == 1).then(pl.lit(kind.on)).when(number == 0).then(pl.lit(kind.off))
        value = pl.lit(None, dtype=pl.Float64)
    elif kind.type is None and numbers.null_count() == len(numbers) and table.select(word).item():
        state = pl.when(~text.is_in(["", "None", "nan", "null"])).then(text)
        value = pl.lit(None, dtype=pl.Float64)
    else:
        state, value = pl.when(number.is_finite()).then(pl.lit("VALUE")), number
    read = table.select("time", state=state, value=value, line="line", text="text")
    missing = read.filter(pl.col("state").is_null())
    return read.filter(pl.col("state").is_not_null()).drop("text"), missing.select(
        "line", pl.lit(NO_READING).alias("reason"), pl.col("text").str.slice(0, 200)
    )


def _intervals(labels: Sequence[pl.DataFrame], times: pl.Series) -> pl.DataFrame:
    """A label holds until the next row of its kind; without one in 24 hours, until its day's last event."""
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "begin": pl.Datetime("us"),
        "end": pl.Datetime("us"),
        "label": pl.String,
    }
    if not labels:
        return pl.DataFrame(schema=schema)
    rows = pl.concat(labels).sort("of", "time", maintain_order=True)
    soon = pl.col("time").shift(-1).over("of")
    rows = rows.with_columns(next=pl.when(soon <= pl.col("time") + _DAY).then(soon))
    days = pl.DataFrame({"last": times}).group_by(day=pl.col("last").dt.date()).agg(pl.col("last").max())
    rows = rows.with_columns(day=pl.col("time").dt.date()).join(days, on="day", how="left")
    ends = rows.with_columns(end=pl.coalesce("next", pl.max_horizontal("last", "time")))
    return ends.select(begin="time", end="end", label="label").sort("begin", maintain_order=True)
