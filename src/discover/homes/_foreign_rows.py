"""Exports of other systems, rewritten as lines of events that the line reader takes: time, sensor, state.

In: a `Source`. Out: a `Source` of the same file with other text, line for line as far as a line is one event:

- a CSV whose columns the user names (`time=When,sensor=Device,state=Value`),
- InfluxDB, where openHAB keeps its items: annotated CSV, CSV of the `influx` program, and line protocol,
- MQTT messages as JSON, one a line, as zigbee2mqtt sends them.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from discover.core.errors import ConfigError, DataError
from discover.core.reading import parse_json
from discover.homes._bytes import first_lines
from discover.homes._sources import Source

__all__ = ["named_columns", "rewritten", "with_columns"]

_NAMES = ("time", "sensor", "state")
_HEADING = "\t".join(_NAMES)
_PROTOCOL = re.compile(
    r"(?P<name>(?:\\.|[^,\s\\])+)(?:,\S+)? (?P<field>\w+)=(?P<value>\"[^\"]*\"|\S+) (?P<time>\d{19})"
)
_PLAIN_MESSAGE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d[T ]\S+|\d{10}(?:\.\d+)?) (?P<topic>\S+/\S+) (?P<payload>.+)"
)
_TIMES = ("tst", "timestamp", "time", "ts")
_WORDS = frozenset({"state", "action"})
_NO_NEWS = ("bridge", "set", "get", "availability")
_LOOK = 20


def named_columns(text: str) -> dict[str, str]:
    """`time=When,sensor=Room+Device,state=Value` as a mapping.

    Raises:
        ConfigError: A part is missing, or there is another one.
    """
    parts = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
    found = {name.strip(): column.strip() for name, column in parts.items()}
    if set(found) != set(_NAMES) or not all(found.values()) or text.count(",") != len(_NAMES) - 1:
        raise ConfigError(
            f"The columns '{text}' do not name a time, a sensor and a state. Write them as "
            "time=COLUMN,sensor=COLUMN,state=COLUMN; A+B joins two columns."
        )
    return found


def with_columns(source: Source, columns: Mapping[str, str]) -> Source:
    """A CSV file with a heading, of which some columns are events.

    Raises:
        ConfigError: The heading lacks a column.
    """
    text = source.text.decode("utf-8", errors="replace")
    heading = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text), delimiter=max(",;\t|", key=heading.count))
    names = [name.strip().lstrip("\ufeff") for name in next(rows, [])]
    places = {}
    for name in _NAMES:
        wanted = [part.strip() for part in columns[name].split("+")]
        missing = [part for part in wanted if part not in names]
        if missing:
            raise ConfigError(
                f"{source.name} has no column '{missing[0]}'. Its columns are {', '.join(names[:20])}."
            )
        places[name] = [names.index(part) for part in wanted]
    lines = [_HEADING]
    for row in rows:
        fields = {n: [row[k].strip() for k in ks if k < len(row)] for n, ks in places.items()}
        lines.append(_line(" ".join(fields["time"]), "_".join(fields["sensor"]), " ".join(fields["state"])))
    return replace(source, data=("\n".join(lines) + "\n").encode())


def rewritten(source: Source) -> Source | None:
    """The source as lines of events if it is of InfluxDB or of MQTT; None if it is not."""
    head = [line for line in first_lines(source.text, _LOOK) if line.strip()]
    read = _reader_of(head)
    if read is None:
        return None
    text = source.text.decode("utf-8", errors="replace")
    return replace(source, data=("\n".join(read(text.split("\n"))) + "\n").encode())


def _reader_of(head: Sequence[str]) -> Any:
    if not head:
        return None
    if any(_is_influx_heading(line.split(",")) for line in head):
        return _influx_lines
    if 2 * sum(_PROTOCOL.fullmatch(line.strip()) is not None for line in head) > len(head):
        return _protocol_lines
    if 2 * sum(_message(line) is not None for line in head) > len(head):
        return _message_lines
    return None


def _line(time: str, sensor: str, state: str) -> str:
    """One event; what would break the line becomes a space."""
    return "\t".join(re.sub(r"[\t\r\n]+", " ", field).strip() for field in (time, sensor, state))


def _is_influx_heading(names: Sequence[str]) -> bool:
    plain = [name.strip().strip('"') for name in names]
    return {"_time", "_value", "_measurement"} <= set(plain) or (
        plain[:1] == ["name"] and {"time", "value"} <= set(plain)
    )


def _influx_lines(lines: Sequence[str]) -> Iterator[str]:
    """Annotated CSV has a heading before each table; a line that is none of its rows becomes a blank one."""
    place: dict[str, int] = {}
    for row in csv.reader(lines):
        if _is_influx_heading(row):
            place = {name.strip(): k for k, name in enumerate(row)}
        if not place or _is_influx_heading(row) or len(row) < len(place) or row[0].startswith("#"):
            yield ""
            continue
        cell = {name: row[k].strip() for name, k in place.items()}
        sensor = cell.get("item") or cell.get("_measurement") or cell.get("name", "")
        if cell.get("_field", "value") != "value":
            sensor = f"{sensor}_{cell['_field']}"
        yield _line(
            _short(cell.get("_time") or cell.get("time", "")),
            sensor,
            cell.get("_value", cell.get("value", "")),
        )


def _short(time: str) -> str:
    """Nanoseconds since 1970 as microseconds."""
    return time[:16] if re.fullmatch(r"\d{19}", time) else time


def _protocol_lines(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        found = _PROTOCOL.fullmatch(line.strip())
        if found is None:
            yield line
            continue
        name = re.sub(r"\\(.)", r"\1", found["name"])
        field = "" if found["field"] == "value" else f"_{found['field']}"
        value = re.sub(r"^(-?\d+)[iu]$", r"\1", found["value"].strip('"'))
        yield _line(
            _short(found["time"]), name + field, {"t": "true", "f": "false"}.get(value.lower(), value)
        )


def _message(line: str) -> tuple[str, str, Any] | None:
    """Time, topic and payload of a message; None if the line is none."""
    line = line.strip()
    plain = _PLAIN_MESSAGE.fullmatch(line)
    if plain is not None:
        return plain["time"], plain["topic"], _payload(plain["payload"])
    if not line.startswith("{"):
        return None
    content = _payload(line)
    if not isinstance(content, dict) or not isinstance(content.get("topic"), str) or "payload" not in content:
        return None
    payload = content["payload"]
    payload = _payload(payload) if isinstance(payload, str) else payload
    seen = payload.get("last_seen") if isinstance(payload, dict) else None
    time = next((content[name] for name in _TIMES if content.get(name) is not None), seen)
    return ("" if time is None else str(time)), content["topic"], payload


def _payload(text: str) -> Any:
    """JSON, or the text itself."""
    try:
        return parse_json(text, "a message", error=DataError)
    except DataError:
        return text


def _message_lines(lines: Sequence[str]) -> Iterator[str]:
    """Each value of a message is a line of its own; a line that is no message stays, to be refused."""
    for line in lines:
        found = _message(line)
        if found is None:
            yield line
            continue
        time, topic, payload = found
        parts = topic.split("/")[1:] or [topic]
        if any(part in _NO_NEWS for part in (parts[0], parts[-1])):
            continue
        device = "_".join(part for part in parts if part != "state")
        for name, value in payload.items() if isinstance(payload, dict) else [("", payload)]:
            state = _state_of(name, value)
            if state is not None:
                yield _line(time, f"{device}_{name}" if name not in ("", "state") else device, state)


def _state_of(name: str, value: Any) -> str | None:
    """A value as a state; None for settings, and for what a device says of its firmware."""
    if isinstance(value, bool) and name == "contact":  # true: the contact is closed
        return "CLOSE" if value else "OPEN"
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return str(value)
    if name == "action":
        return "ON" if isinstance(value, str) and value else None
    return value if isinstance(value, str) and (name in _WORDS or not name) else None
