"""Tables of intervals in any shape -> the one shape that `interval_reader` reads: start TAB end TAB fields.

    start,end,sensor                    commas, semicolons or bars; a heading in any order, quotes
    2023-10-28 06:00:07,2023-10-28 06:00:12,Kitchen_Door
    1698472807<TAB>5<TAB>M001           seconds since 1970, then a second time or a duration
    26.01.2023 10:00:00;26.01.2023 11:00:00;cleaning

In: the lines of a table. Out: `TableShape` and the lines rewritten, one for one, so that line numbers hold.
A line that is no row of the table stays as it is. Tables in the reader's own shape are left alone.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from discover.core.errors import DataError
from discover.homes._clock_parts import hour_of_day, micros_of, month_of, offset_of

__all__ = [
    "SEPARATORS",
    "STAMP",
    "TableShape",
    "is_zoned",
    "read_stamp",
    "rewrite_rows",
    "shape_of",
    "with_dates",
]

STAMP = r"\d{1,4}-(?:\d{1,2}|[A-Za-z]{3})-\d{1,4}[ T]+\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?"
"""A date and a time of day, `25-Feb-2008 00:20:14` or `2011-11-28 02:27:59`."""

SEPARATORS = "TABs, spaces, commas, semicolons or vertical bars"

_ROW = re.compile(rf"\s*{STAMP}\s+{STAMP}(.*)")
_SAMPLE = 400
_NO_TIME = "0000-00-00 00:00:00"
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_CLOCK = (
    r"[ T,]+(?P<h>\d{1,2}):(?P<m>\d{1,2})(?::(?P<s>\d{1,2})(?:[.,](?P<f>\d+))?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?"
)
_ZONE_AT_END = re.compile(r":\d{1,2}(?:[.,]\d+)?\s*(?:[AaPp]\.?[Mm]\.?)?\s*(?:Z|UTC|[+-]\d{2}:?\d{2})$")
_YEAR_FIRST = re.compile(rf"(?P<y>\d{{4}})[-/.](?P<mo>\d{{1,2}})[-/.](?P<d>\d{{1,2}}){_CLOCK}")
_NAMED_MONTH = re.compile(rf"(?P<d>\d{{1,2}})[-/. ](?P<name>[A-Za-z]{{3,9}})[-/., ]+(?P<y>\d{{4}}){_CLOCK}")
_YEAR_LAST = re.compile(rf"(?P<a>\d{{1,2}})(?P<sep>[-/.])(?P<b>\d{{1,2}})[-/.](?P<y>\d{{4}}){_CLOCK}")

_HEADINGS = {
    "begin": "start begin starttime begintime timestart from on onset startdate started ontime "
    "starttimestamp timestampstart startdatetime starts startedat beginning startts intervalstart",
    "end": "end stop endtime stoptime timeend to off offset until enddate ended finish offtime "
    "endtimestamp timestampend enddatetime ends endedat finished endts intervalend",
    "duration": "duration seconds durations length durationsec durationseconds",
    "sensor": "sensor sensorid device deviceid entity entityid id item sensorname devicename name object",
    "activity": "activity activities adl label activityname activityid activitylabel task behavior "
    "behaviour annotation class",
    "location": "location",
    "type": "type",
    "place": "place",
    "value": "value val state status",
}
_ROLES = {word: role for role, words in _HEADINGS.items() for word in words.split()}
"""Words of a heading, small letters only -> what the column holds."""

Epoch = Literal["", "s", "ms", "us", "ns"]
_UNITS: dict[str, int] = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


@dataclass(frozen=True)
class TableShape:
    """How a table is written.

    Attributes:
        separator: Between its cells; "" for the reader's own shape (runs of TABs or spaces).
        columns: Numbers of the columns: begin, end or duration, then the fields.
        is_duration: The second one is a duration in seconds.
        kind: "sensor" or "activity" where the heading says it, else "".
        fields: How many columns stand behind the times.
        day_first: Dates like 03/04/2023 give the day first; None where none occurs.
        ignored: Names of the heading's columns that are not read.
    """

    separator: str
    columns: tuple[int, ...]
    is_duration: bool
    kind: str
    fields: int
    day_first: bool | None
    ignored: tuple[str, ...] = ()


def shape_of(lines: Sequence[str]) -> TableShape | None:
    """How a table is written, judged by its first lines that are not blank; None if it is no table."""
    sample = [line for line in lines if line.strip()][:_SAMPLE]
    for line in sample:
        found = _ROW.match(line)
        if found:
            # house B writes an empty value column, "id<TAB>", in its sensor table only
            fields = len(re.split(r"\t+", found[1].strip(" \r\n").lstrip("\t")))
            return TableShape("", (), False, "", fields, None)
    best: tuple[int, TableShape] | None = None
    for separator in (",", ";", "|", "\t", " "):
        found_shape = _with_separator([_cells(line, separator) for line in sample], separator)
        if found_shape is not None and (best is None or found_shape[0] > best[0]):
            best = found_shape
    return None if best is None else best[1]


def with_dates(shape: TableShape, lines: Sequence[str], source: str) -> TableShape:
    """The shape, with the order of day and month that all lines of the table leave open to no doubt.

    Raises:
        DataError: Its dates can be read day first and month first.
    """
    if not shape.separator:
        return shape
    cells = [cell for line in lines for cell in _cells(line, shape.separator)]
    return replace(shape, day_first=_day_first(cells, source))


def rewrite_rows(lines: Sequence[str], shape: TableShape, *, sensors: bool, time_zone: str = "") -> list[str]:
    """Every row of the table in the reader's own shape; other lines as they are.

    Args:
        lines: Of the table.
        shape: From `shape_of`.
        sensors: Spaces in fields become underscores, since an id holds none.
        time_zone: Wall clock to read times in that name a zone or count from 1970. "" keeps a time with an
            offset as it is written, and reads seconds since 1970 as UTC.
    """
    if not shape.separator:
        return list(lines)
    zone = ZoneInfo(time_zone) if time_zone else None
    out = []
    for line in lines:
        row = _row(line, shape, sensors=sensors, zone=zone)
        out.append(line if row is None else row)
    return out


def is_zoned(line: str, shape: TableShape) -> bool:
    """Whether a time of a row says which moment it is: `Z`, an offset, or a count since 1970."""
    if not shape.separator:
        return False
    cells = _cells(line, shape.separator)
    times = [cells[k] for k in shape.columns[: 1 if shape.is_duration else 2] if k < len(cells)]
    return any(_epoch_unit(cell) or _ZONE_AT_END.search(cell) for cell in times)


def read_stamp(text: str) -> str | None:
    """A date and a time, whatever stands between them, as text that sorts by time; None if there is none."""
    when = _read_time(re.sub(r"[\"'\s,;|T]+", " ", text).strip(), True, None)
    return None if when is None else when.isoformat(" ")


def _row(line: str, shape: TableShape, *, sensors: bool, zone: ZoneInfo | None) -> str | None:
    others = [sign for sign in (",", ";", "|", "\t") if sign != shape.separator and sign in line]
    for separator in (shape.separator, *others):
        cells = _cells(line, separator)
        if len(cells) <= max(shape.columns[:3], default=0) or not _time_like(cells[shape.columns[0]]):
            continue
        begin = _read_time(cells[shape.columns[0]], shape.day_first, zone)
        second = cells[shape.columns[1]]
        if shape.is_duration:
            if not _NUMBER.fullmatch(second):
                continue
            end = None if begin is None or float(second) > 1e8 else begin + timedelta(seconds=float(second))
        elif _time_like(second):
            end = _read_time(second, shape.day_first, zone)
        else:
            continue
        wanted = shape.columns[2:]
        fields = [cells[k] if k < len(cells) else "" for k in wanted]
        if not shape.kind:  # without a heading a row may be longer than most
            fields += cells[max(shape.columns) + 1 :]
        while fields and not fields[-1]:
            fields.pop()
        clean = [re.sub(r"\s+", "_" if sensors else " ", field) for field in fields]
        return "\t".join((_text(begin), _text(end), *clean))
    return None


def _text(when: datetime | None) -> str:
    return _NO_TIME if when is None else when.strftime("%Y-%m-%d %H:%M:%S.%f").rjust(26, "0")


def _with_separator(rows: list[list[str]], separator: str) -> tuple[int, TableShape] | None:
    heading = next((found for row in rows if (found := _heading(row)) is not None), None)
    body = [row for row in rows if len(row) >= 3 and any(_time_like(cell) for cell in row)]
    if not body:
        return None
    if heading is not None:
        names, roles = heading
        return _headed(body, names, roles, separator)
    width = max((len(row) for row in body), key=[len(row) for row in body].count)
    same = [row for row in body if len(row) == width]
    at = [k for k in range(width) if 2 * sum(_time_like(row[k]) for row in same) > len(same)]
    duration = len(at) == 1 and all(_NUMBER.fullmatch(row[at[0] + 1]) for row in same if at[0] + 1 < width)
    if duration and at[0] + 2 < width and separator in ("\t", " "):
        times = (at[0], at[0] + 1)
    elif len(at) >= 2:
        duration, times = False, (at[0], at[1])
    else:
        return None
    if not duration:
        backwards = sum(_later(row[times[0]], row[times[1]]) for row in same)
        times = times if 2 * backwards <= len(same) else (times[1], times[0])
    rest = tuple(k for k in range(width) if k not in times)
    return len(same), TableShape(separator, (*times, *rest), duration, "", len(rest), None)


def _headed(
    body: list[list[str]], names: list[str], roles: list[str], separator: str
) -> tuple[int, TableShape] | None:
    first = roles.index("begin")
    is_duration = "end" not in roles
    second = roles.index("duration" if is_duration else "end")
    good = sum(
        len(row) > max(first, second)
        and _time_like(row[first])
        and (_NUMBER.fullmatch(row[second]) is not None if is_duration else _time_like(row[second]))
        for row in body
    )
    if 2 * good <= len(body):
        return None
    kind = "activity" if "activity" in roles else "sensor"
    if kind == "activity":
        wanted = [roles.index("activity")]
    elif all(role in roles for role in ("location", "type", "place")):
        wanted = [roles.index(role) for role in ("location", "type", "place")]
    elif "sensor" in roles:
        wanted = [roles.index("sensor"), *([roles.index("value")] if "value" in roles else [])]
    else:
        wanted = [k for k, role in enumerate(roles) if k not in (first, second) and role != "duration"][:1]
    if not wanted:
        return None
    columns = (first, second, *wanted)
    ignored = tuple(name for k, name in enumerate(names) if k not in columns and name)
    return good, TableShape(separator, columns, is_duration, kind, len(wanted), None, ignored)


def _heading(row: list[str]) -> tuple[list[str], list[str]] | None:
    if len(row) < 2 or any(_time_like(cell) for cell in row):
        return None
    roles = [_ROLES.get(re.sub(r"[^a-z]", "", cell.lower()), "") for cell in row]
    if "begin" in roles and ("end" in roles or "duration" in roles):
        return row, roles
    return None


def _cells(line: str, separator: str) -> list[str]:
    line = line.strip("\r\n ")
    if separator == " ":
        return line.split()
    if '"' not in line:
        return [cell.strip() for cell in line.split(separator)]
    try:
        found = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in found]


def _epoch_unit(cell: str) -> Epoch:
    """Unit of a count since 1970 that falls between 1990 and 2100, "" for any other text."""
    if not _NUMBER.fullmatch(cell):
        return ""
    whole = len(cell.partition(".")[0])
    units: dict[int, Epoch] = {9: "s", 10: "s", 12: "ms", 13: "ms", 15: "us", 16: "us", 18: "ns", 19: "ns"}
    unit = units.get(whole, "")
    if unit and not 631_152_000 <= float(cell) / _UNITS[unit] < 4_102_444_800:
        return ""
    return unit


def _time_like(cell: str) -> bool:
    return _epoch_unit(cell) != "" or any(
        pattern.fullmatch(cell) for pattern in (_YEAR_FIRST, _NAMED_MONTH, _YEAR_LAST)
    )


def _later(first: str, second: str) -> bool:
    a, b = _read_time(first, True, None), _read_time(second, True, None)
    return a is not None and b is not None and a > b


def _day_first(cells: Sequence[str], source: str) -> bool | None:
    day_first = month_first = False
    example = ""
    for cell in cells:
        found = _YEAR_LAST.fullmatch(cell)
        if not found:
            continue
        if found["sep"] == ".":
            return True  # points are written in countries that put the day first
        example = example or cell
        day_first |= int(found["a"]) > 12
        month_first |= int(found["b"]) > 12
    if not example:
        return None
    if day_first != month_first:
        return day_first
    raise DataError(
        f"{source}: the date of '{example}' can be read day first and month first, and "
        f"{'the table holds dates of both kinds' if day_first else 'no date of the table decides it'}. Write "
        "the dates as YYYY-MM-DD and try again."
    )


def _read_time(cell: str, day_first: bool | None, zone: ZoneInfo | None) -> datetime | None:
    """The wall-clock time of a cell, None for a date or time that does not exist."""
    unit = _epoch_unit(cell)
    if unit:
        whole, _, part = cell.partition(".")
        micros = int(whole) * 1_000_000 // _UNITS[unit]
        micros += micros_of(part) if unit == "s" else 0
        when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
        return when.astimezone(zone or UTC).replace(tzinfo=None)
    found = _YEAR_FIRST.fullmatch(cell) or _NAMED_MONTH.fullmatch(cell) or _YEAR_LAST.fullmatch(cell)
    if found is None:
        return None
    parts = found.groupdict()
    if parts.get("name"):
        month, day = month_of(parts["name"]), int(parts["d"])
    elif parts.get("a"):
        day, month = (int(parts["a"]), int(parts["b"])) if day_first else (int(parts["b"]), int(parts["a"]))
    else:
        month, day = int(parts["mo"]), int(parts["d"])
    hour = hour_of_day(int(parts["h"]), parts["half"])
    offset = offset_of(parts["zone"]) if parts["zone"] else None
    if hour is None or (parts["zone"] and offset is None):
        return None
    micros = micros_of(parts["f"])
    try:
        when = datetime(int(parts["y"]), month, day, hour, int(parts["m"]), int(parts["s"] or 0), micros)
        if offset is not None and zone is not None:
            when = when.replace(tzinfo=offset).astimezone(zone).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    return when
