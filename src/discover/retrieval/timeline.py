"""A hit in words: its events as a short timeline, motion runs merged into one line each."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from discover.core.errors import DataError
from discover.core.event_semantics import event_meaning, person_mask
from discover.core.home import UNKNOWN_ROOM, Home, Sensor
from discover.core.window_set import WindowSet
from discover.retrieval.hits import Episode, Hit, Moment

__all__ = ["describe_hit", "format_hit", "timeline"]

_TYPE_WORDS = {"door": "door", "item": "item", "light": "light", "power": "appliance", "phone": "phone"}


@dataclass
class _Line:
    """One line of the timeline while it is being built."""

    start: datetime
    end: datetime
    room: str
    what: str
    n_events: int = 1
    near: list[str] = field(default_factory=list)

    def text(self) -> str:
        place = f"{self.room.replace('_', ' ')}: " if self.room != UNKNOWN_ROOM else ""
        when = f"{self.start:%H:%M:%S}"
        if self.what != "motion":
            times = f" ({self.n_events}×)" if self.n_events > 1 else ""
            return f"{when} {place}{self.what}{times}"
        if self.end.replace(microsecond=0) > self.start.replace(microsecond=0):
            when += f"–{self.end:%H:%M:%S}"
        near = f" near {', '.join(self.near)}" if self.near else ""
        return f"{when} {place}motion{near}" + (f" ({self.n_events}×)" if self.n_events > 1 else "")


def timeline(hit: Hit | Moment, window_set: WindowSet, *, max_lines: int = 12) -> list[str]:
    """The events of a hit as lines such as `07:12:03 kitchen: fridge opened`.

    Consecutive motion in one room is one line; events that need no person (motion that ends,
    thermometers) are left out unless there is nothing else.

    Args:
        hit: A hit or moment of a home of this window set.
        window_set: Where its events are.
        max_lines: Longest result; the middle of a longer one is replaced by "… n more".

    Raises:
        DataError: The hit belongs to another home or another event table.
    """
    log = window_set.logs.get(hit.home)
    if log is None or hit.first_event + hit.n_events > len(log.events):
        given = ", ".join(f"{len(one.events):,} of home {name}" for name, one in window_set.logs.items())
        raise DataError(
            f"Window {hit.window_id} is of home {hit.home}; the events given are {given}. "
            "Load the log this hit was found in."
        )
    events = log.events.slice(hit.first_event, hit.n_events)
    kept = events.filter(person_mask(events, log.home))
    lines = [line.text() for line in _condense(kept if len(kept) else events, log.home)]
    if len(lines) <= max_lines:
        return lines
    head, tail = max_lines // 2, (max_lines - 1) // 2
    left_out = len(lines) - head - tail
    return [*lines[:head], f"… {left_out} more", *(lines[-tail:] if tail else [])]


def describe_hit(hit: Hit | Moment, window_set: WindowSet, *, max_lines: int = 12) -> dict[str, Any]:
    """A hit as plain data for JSON: ids, score, times (ISO, local), rooms, objects, timeline."""
    described: dict[str, Any] = {
        "window_id": hit.window_id,
        "score": round(hit.score, 4),
        "home": hit.home,
        "split": hit.split,
        "start": hit.start.isoformat(),
        "end": hit.end.isoformat(),
        "duration_s": round(hit.duration_s, 3),
        "unit": hit.unit,
        "n_events": hit.n_events,
        "rooms": list(hit.rooms),
        "objects": list(hit.objects),
        "timeline": timeline(hit, window_set, max_lines=max_lines),
    }
    if isinstance(hit, Episode):
        described["shown_by"] = list(hit.how)
    if isinstance(hit, Moment):
        described["windows"] = [h.window_id for h in hit.hits]
    return described


def format_hit(
    hit: Hit | Moment,
    window_set: WindowSet,
    *,
    max_lines: int = 8,
    note: str = "",
    with_home: bool = False,
) -> str:
    """A hit as text for a terminal: one headline (with `note` at its end), then the timeline, indented.

    `with_home` puts the name of the home before the rooms.
    """
    rooms = " → ".join(room.replace("_", " ") for room in _shortened(hit.rooms)) or "no known room"
    minutes, seconds = divmod(round(hit.duration_s), 60)
    short = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    lasted = f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else short
    where = f"{hit.home}: {rooms}" if with_home else rooms
    head = f"{hit.start:%a %Y-%m-%d %H:%M:%S}  {lasted}  {where}  score {hit.score:.3f}  [{hit.window_id}]"
    head += f"  {note}" if note else ""
    return "\n".join([head, *(f"    {line}" for line in timeline(hit, window_set, max_lines=max_lines))])


def _shortened(rooms: tuple[str, ...], longest: int = 7) -> tuple[str, ...]:
    return rooms if len(rooms) <= longest else (*rooms[: longest - 2], "…", rooms[-1])


def _condense(events: pl.DataFrame, home: Home) -> list[_Line]:
    by_id = {s.id: s for s in home.sensors}
    lines: list[_Line] = []
    for event in events.iter_rows(named=True):
        sensor = by_id.get(event["sensor"]) or Sensor(id=event["sensor"])
        what = _what(sensor, event["state"], event["value"])
        last = lines[-1] if lines else None
        if last is None or (last.room, last.what) != (sensor.room, what):
            last = _Line(event["time"], event["time"], sensor.room, what)
            lines.append(last)
        else:
            last.end, last.n_events = event["time"], last.n_events + 1
        if what == "motion" and sensor.object and sensor.object not in last.near:
            last.near.append(sensor.object)
    return lines


def _what(sensor: Sensor, state: str | None, value: float | None) -> str:
    status = event_meaning(sensor, state or "", value).status
    if sensor.type == "motion" and value is None:
        return status
    if sensor.type == "unknown" and state in ("ON", "OFF"):
        return f"{sensor.id} {state.lower()}"
    name = sensor.object or f"{_TYPE_WORDS.get(sensor.type, sensor.type)} {sensor.id}"
    if value is not None:
        return f"{name} {value:g}"
    return f"{name} {status or (state or 'changed').lower()}"
