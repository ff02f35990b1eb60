"""Lines that the fast reader does not take: other separators, quotes, clocks, column orders.

A field ends at its separator or quote, never inside. Which column holds the state is decided from all lines
with the same separator. In: (line number, text) pairs. Out: one `HardRow` or one reason a line.
"""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from discover.homes._date_order import year_day_month
from discover.homes._stamps import (
    DateOrder,
    Stamp,
    find_stamp,
    has_second_time,
    has_time,
    is_day_first,
    stamp_time,
)
from discover.homes._states import VALUE, read_state

__all__ = ["HEADING", "HardRow", "Heading", "find_heading", "read_hard_lines", "split_line"]

HEADING = 21
_MAX_TEXT = 4096
_TIMES = {"time", "timestamp", "datetime", "date_time", "last_changed", "last_updated", "when", "created_at"}
_SENSORS = {"sensor", "sensor_id", "entity_id", "device", "device_id", "id", "name", "sensor_name", "entity"}
_STATES = {"state", "value", "val", "message", "status", "sensor_value", "sensor_state", "event", "reading"}
_LABELS = {"label", "activity", "annotation"}
_FOREIGN = {
    # German, Dutch, French and Spanish column names -> the English one
    word: name
    for name, words in {
        "time": "zeit zeitstempel zeitpunkt uhrzeit tijd tijdstip heure horodatage hora",
        "date": "datum fecha",
        "sensor": "gerät geraet apparaat capteur appareil dispositivo",
        "state": "wert zustand waarde toestand valeur état etat valor estado",
        "activity": "aktivität activiteit activité actividad",
    }.items()
    for word in words.split()
}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SPACED = re.compile(r"\s+")
_BINARY = frozenset({"ON", "OFF", "OPEN", "CLOSE", "TRUE", "FALSE", "PRESENT", "ABSENT"})
_MOST_WORDS = 12


@dataclass(frozen=True)
class Heading:
    """Columns that a file's heading names; `time` has two entries where date and time are apart.

    `columns` is how many there are.
    """

    text: str
    separator: str
    time: tuple[int, ...]
    sensor: int
    state: int
    label: int | None
    columns: int

    @property
    def usual(self) -> bool:
        """Whether the columns stand as in a CASAS log: time, sensor, state."""
        n = len(self.time)
        return self.time == tuple(range(n)) and (self.sensor, self.state) == (n, n + 1)


@dataclass(frozen=True)
class HardRow:
    """A line with a time, a sensor and a state; `problem` is 0 or a key of `REASONS`.

    `zoned`: the time was converted from another zone to the home's.
    """

    line: int
    time: int
    sensor: str
    state: str
    places: str
    tail: str
    shift: int
    problem: int = 0
    zoned: bool = False


def find_heading(lines: Sequence[str]) -> Heading | None:
    """The heading among the first lines of a file; None without one."""
    for text in lines:
        if find_stamp(text):
            return None
        separator = max(",;\t|", key=text.count)
        names = [n.strip().strip('"').lower().replace(" ", "_") for n in split_line(text, separator)]
        where = {_FOREIGN.get(name, name): k for k, name in reversed(list(enumerate(names)))}

        def first(known: set[str], at: dict[str, int] = where) -> int | None:
            return min((k for name, k in at.items() if name in known), default=None)

        time, sensor, state = first(_TIMES), first(_SENSORS), first(_STATES)
        times: tuple[int, ...] = (time,) if time is not None else ()
        if "date" in where and ("time" in where or not times):
            times = (where["date"], where["time"]) if "time" in where else (where["date"],)
        if "last_changed" in where:
            times = (where["last_changed"],)
        if times and sensor is not None and state is not None:
            return Heading(text.strip(), separator, times, sensor, state, first(_LABELS), len(names))
    return None


def split_line(text: str, separator: str) -> list[str]:
    """Fields of one line; a separator inside double quotes does not count, doubled quotes are one."""
    text = text.rstrip("\r\n")
    if '"' not in text:
        return [field.strip() for field in text.split(separator)]
    try:
        rows = list(csv.reader([text], delimiter=separator, skipinitialspace=True))
    except csv.Error:
        return [field.strip() for field in text.split(separator)]
    return [field.strip() for field in rows[0]] if rows else []


def read_hard_lines(
    lines: Sequence[tuple[int, str]],
    *,
    heading: Heading | None,
    zone: ZoneInfo | None,
    swapped: bool | None,
) -> tuple[list[HardRow], list[tuple[int, int]]]:
    """Read lines one by one.

    Args:
        lines: Line number and text, in file order.
        heading: Columns, if the file names them in an unusual order.
        zone: The home's time zone, for times with an offset.
        swapped: Whether dates that begin with the year are year-day-month; None: these lines tell.

    Returns:
        Rows, and (line number, key of `REASONS`) of each line that is none.
    """
    refused: list[tuple[int, int]] = []
    split: list[tuple[int, Stamp, str, list[str]]] = []
    for number, text in lines:
        reason, stamp, fields, separator = _cut(text, heading)
        if stamp is None or reason:
            refused.append((number, reason))
        else:
            split.append((number, stamp, separator, fields))
    day_first = is_day_first(stamp for _, stamp, _, _ in split)
    if swapped is None:
        none = np.empty(0, dtype=np.int64)
        swapped = year_day_month([(k, stamp) for k, stamp, _, _ in split], none, none, False)
    columns = _state_columns(split) if heading is None else {}
    rows: list[HardRow] = []
    for number, stamp, separator, fields in split:
        time, reason = stamp_time(stamp, DateOrder(swapped, day_first), zone)
        if reason:
            refused.append((number, reason))
        elif len(fields) < 2:
            refused.append((number, 5))
        else:
            at = columns.get(separator) if separator != " " else _state_among_words(fields)
            at = 1 if at is None else min(at, len(fields) - 1)
            rows.append(_row(number, time, fields, at, zoned=stamp.is_zoned))
    return rows, refused


def _cut(text: str, heading: Heading | None) -> tuple[int, Stamp | None, list[str], str]:
    """Reason (0: none), stamp, fields from the sensor on, separator."""
    if len(text) > _MAX_TEXT:
        return 6, None, [], ""
    if _CONTROL.search(text):
        return 14, None, [], ""
    if heading is not None:
        return _cut_by_heading(text, heading)
    stamp = find_stamp(text)
    if stamp is None:
        return (HEADING if find_heading([text]) else 2), None, [], ""
    rest = text[stamp.end :].strip("\r\n")
    if has_second_time(stamp, rest):
        return 13, None, [], ""
    body = rest.lstrip(" ")
    separator = body[:1] if body[:1] in (",", ";", "|", "\t") else ""
    if separator:
        body = body.strip(" ").removeprefix(separator)
    else:
        separator = next((s for s in "\t;|" if s in body), " ")
        if separator == " " and "," in body and ('"' in body or " " not in body.split(",")[0]):
            separator = ","
    if separator == " ":
        if '"' in body:
            return 0, stamp, [f for f in split_line(body.strip(), " ") if f], separator
        return 0, stamp, body.split(), separator
    return 0, stamp, [f for f in split_line(body, separator) if f], separator


def _cut_by_heading(text: str, heading: Heading) -> tuple[int, Stamp | None, list[str], str]:
    if text.strip() == heading.text:
        return HEADING, None, [], ""
    fields = split_line(text, heading.separator)
    if len(fields) <= max(*heading.time, heading.sensor, heading.state):
        return 5, None, [], ""
    written = " ".join(fields[k] for k in heading.time)
    stamp = find_stamp(written)
    if stamp is None:
        return 2, None, [], ""
    if written[stamp.end :].strip() or any(find_stamp(cell) for cell in fields[heading.columns :]):
        return 13, None, [], ""
    cells = [fields[heading.sensor], fields[heading.state]]
    if any(has_time(cell) for cell in cells):
        return 13, None, [], ""
    if heading.label is not None and heading.label < len(fields) and fields[heading.label]:
        cells.append(fields[heading.label])
    if not cells[0] or not cells[1]:
        return 5, None, [], ""
    return 0, stamp, cells, heading.separator


def _state_columns(split: list[tuple[int, Stamp, str, list[str]]]) -> dict[str, int]:
    """Per separator the column whose fields are states in most lines; words count before numbers."""
    states: dict[str, Counter[int]] = {}
    words: dict[str, Counter[int]] = {}
    seen: dict[str, str] = {}
    for _, _, separator, fields in split:
        for k, text in enumerate(fields[1:6], start=1):
            if text not in seen:
                seen[text] = read_state(text).state
            state = seen[text]
            if state:
                states.setdefault(separator, Counter())[k] += 1
                if state in _BINARY and not text[0].isdigit():
                    words.setdefault(separator, Counter())[k] += 1
    found = {}
    for separator, counts in states.items():
        most = max(counts.values())
        by_words = words.get(separator, Counter())
        wordy = [k for k in sorted(by_words) if by_words[k] > 0.5 * most]
        found[separator] = wordy[0] if wordy else min(k for k, n in counts.items() if n >= 0.9 * most)
    return found


def _state_among_words(fields: list[str]) -> int | None:
    """The first word that is a state; a number counts only if no ON, OFF, OPEN ... stands right behind it."""
    for k in range(1, min(len(fields), _MOST_WORDS)):
        reading = read_state(fields[k])
        if not reading.state or (reading.rule.startswith("read") and not _known_word(fields[k])):
            continue
        if reading.state == VALUE and k + 1 < len(fields) and read_state(fields[k + 1]).state in _BINARY:
            continue
        return k
    return None


def _known_word(text: str) -> bool:
    return read_state(text).state in _BINARY and len(text) > 1


def _row(number: int, time: int, fields: list[str], at: int, *, zoned: bool) -> HardRow:
    sensor = "_".join(fields[0].split())
    state, places, tail = fields[at], ["_".join(f.split()) for f in fields[1:at]], "\t".join(fields[at + 1 :])
    problem = 6 if sum(map(len, fields)) > 256 else 0
    places_text = "\t".join(places)
    return HardRow(number, time, sensor, _SPACED.sub(" ", state), places_text, tail, at - 1, problem, zoned)
