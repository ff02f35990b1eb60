"""What an imported log looks like: what was guessed of every sensor, labels with counts, what training needs.

In: `ImportedLog` or its parts. Out: column names and rows for tables, or sentences. Nothing is decided here.
"""

from pathlib import Path
from typing import get_args

import polars as pl
import yaml

from discover.core.home import UNKNOWN_ROOM, Home, SensorType
from discover.core.window_set import EventLog, HomeEvents
from discover.homes._interval_shapes import read_stamp
from discover.homes._plan import plan_log
from discover.homes._sources import first_time, last_time
from discover.homes.activity_labels import sentence_known
from discover.homes.importing import ImportedLog

__all__ = [
    "ALLOWED_TYPES",
    "file_table",
    "guess_notes",
    "home_file_text",
    "label_table",
    "labels_without_sentence",
    "sensor_table",
    "training_needs",
]

ALLOWED_TYPES: tuple[str, ...] = get_args(SensorType)
"""Types that a sensor of a home's file may have."""

MIN_TRAINING_DAYS = 3
_STATES_SHOWN = 4
_KINDS = {
    "lines": "one event a line",
    "intervals": "tables of intervals",
    "blocks": "blocks of five lines, one an activity",
    "states": "one row a second, one column per sensor",
    "home": "a home that was imported before",
    "recorder": "the database of Home Assistant's recorder",
}

Table = tuple[tuple[str, ...], list[tuple[object, ...]]]


def sensor_table(log: EventLog | HomeEvents) -> Table:
    """One row per sensor that wrote an event, the busiest first: id, type, room, object, states, events."""
    counts = log.events.group_by(pl.col("sensor", "state").cast(pl.String)).len()
    states: dict[str, list[tuple[str, int]]] = {}
    for sensor, state, n in counts.sort("len", "state", descending=[True, False]).iter_rows():
        states.setdefault(sensor, []).append((state, n))
    facts = {s.id: s for s in log.home.sensors}
    rows: list[tuple[object, ...]] = []
    for sensor, seen in states.items():
        s = facts[sensor]
        more = ", ..." if len(seen) > _STATES_SHOWN else ""
        shown = ", ".join(f"{state} {n:,}" for state, n in seen[:_STATES_SHOWN]) + more
        room = "" if s.room == UNKNOWN_ROOM else s.room
        note = "" if s.is_activity else "not in windows"
        rows.append((sensor, s.type, room, s.object or "", shown, sum(n for _, n in seen), note))
    rows.sort(key=lambda row: (-int(str(row[5])), str(row[0])))
    return ("sensor", "type", "room", "what it watches", "states", "events", ""), rows


def guess_notes(home: Home) -> list[str]:
    """What is missing in the description of a home, one sentence each; none where all is known."""
    sensors = [s for s in home.sensors if s.is_activity]
    total = len(sensors)
    if not total:
        return []
    notes = []
    no_room = sum(s.room == UNKNOWN_ROOM for s in sensors)
    no_type = sum(s.type == "unknown" for s in sensors)
    no_object = sum(s.object is None for s in sensors)
    if no_room:
        notes.append(f"{no_room} of {total} sensors without room: captions cannot say where.")
    if no_type:
        notes.append(f"{no_type} of {total} sensors of unknown type (allowed: {', '.join(ALLOWED_TYPES)}).")
    if no_object == total:
        notes.append(f"{total} of {total} sensors without an object: captions name rooms only.")
    return notes


def label_table(log: EventLog) -> Table:
    """One row per label, the commonest first: label, coarse, intervals, hours, events, first sentence."""
    table = (
        log.annotations.with_columns(hours=(pl.col("end") - pl.col("begin")).dt.total_seconds() / 3600)
        .group_by("activity")
        .agg(pl.len().alias("n"), pl.col("hours").sum(), pl.col("n_events").sum())
        .sort("n", "activity", descending=[True, False])
    )
    activities = {a.label: a for a in log.home.activities}
    rows: list[tuple[object, ...]] = []
    for label, n, hours, events in table.iter_rows():
        activity = activities.get(label)
        sentence = activity.described[0] if activity is not None and activity.described else ""
        coarse = activity.coarse if activity is not None else ""
        rows.append((label, coarse, n, round(float(hours), 1), int(events), sentence))
    return ("label", "coarse", "intervals", "hours", "events", "sentence"), rows


def labels_without_sentence(home: Home) -> tuple[str, ...]:
    """Labels that stand for themselves: their sentence is their own words and the table knows none."""
    return tuple(
        a.label
        for a in home.activities
        if a.described in ((), (a.name,)) and not sentence_known(a.raw[0] if a.raw else a.label)
    )


def training_needs(events: pl.DataFrame) -> str:
    """What a log lacks before a model can be trained on it; "" if it lacks nothing.

    Training, validation and test each need whole days of their own, so fewer than three calendar days with
    events cannot be split.

    Args:
        events: `core.tables.EVENTS`.
    """
    if not len(events):
        return "The log holds no event, so nothing can be trained on it."
    days = events["time"].dt.date().n_unique()
    hours = (events["time"][-1] - events["time"][0]).total_seconds() / 3600
    if days < MIN_TRAINING_DAYS:
        span = f"{hours:.1f} hours" if hours < 48 else f"{days} days"
        return (
            f"The log covers {span} on {days} calendar day{'s' if days > 1 else ''}. Training needs at least "
            f"{MIN_TRAINING_DAYS} days with events, one each to train, to choose and to test on; two "
            "weeks are a good start. Searching and recognising need no training: `discover search LOG`."
        )
    return ""


def file_table(path: Path, imported: ImportedLog) -> Table:
    """How the file is written, as far as its first and last lines show: kind, separator, clock, order."""
    plan = plan_log(path, imported.log.home.name)
    files = plan.read()
    if not files:
        known: list[tuple[object, ...]] = [("kept as", _KINDS[plan.kind])]
        return ("the file", ""), [*known, ("time zone", imported.log.home.time_zone)]
    first, last = first_time(files[0]), last_time(files[0])
    begin, end = read_stamp(first), read_stamp(last)
    events, given = imported.log.events["time"], imported.log.home.model_fields_set
    what = _KINDS[plan.kind] if len(plan.files) < 2 else f"{len(plan.files)} files of one home, joined"
    if plan.activities is not None:
        what += f", with activities in {plan.activities.name}"
    if begin is not None and end is not None and len(plan.files) < 2:
        order = "newest first" if begin > end else "oldest first"
    else:
        order = "by file"
    rows: list[tuple[object, ...]] = [
        ("kept as", what),
        ("separator", _separator(files[0].text)),
        ("first time as written", " ".join(first.split()) or "(none at the begin of a line)"),
        ("times as read", f"{events[0]} .. {events[-1]}" if len(events) else ""),
        ("order of lines", order),
        ("time zone", imported.log.home.time_zone if "time_zone" in given else "(not given)"),
    ]
    return ("the file", ""), rows


def _separator(text: bytes) -> str:
    lines = [line for line in text[:20_000].split(b"\n")[:100] if line.strip()]
    found = {
        name: sum(sign in line for line in lines)
        for sign, name in ((b"\t", "TAB"), (b",", "comma"), (b";", "semicolon"), (b"|", "vertical bar"))
    }
    usual = [name for name, n in found.items() if 2 * n > len(lines)]
    return " and ".join(usual) if usual else "space"


def home_file_text(home: Home) -> str:
    """A home's YAML file with every guess filled in, one line per sensor, ready to be corrected by hand."""
    values = home.model_dump(mode="json", exclude_defaults=True)
    sensors = values.pop("sensors", [])
    activities = values.pop("activities", [])
    if "time_zone" in home.model_fields_set:
        values["time_zone"] = home.time_zone
    lines = [
        "# What is known of this home. Everything here is a guess from the log: correct it by hand.",
        f"# type: one of {', '.join(ALLOWED_TYPES)}.",
        "# room: a name in snake_case (unknown_room: not known). object: what it watches, in plain words.",
        "# described: sentences that stand for a label. time_zone: an IANA name such as Europe/Berlin.",
        "# Without a time_zone, times with Z or an offset are refused.",
        yaml.safe_dump(values, sort_keys=False, allow_unicode=True).rstrip(),
        "sensors:" if sensors else "sensors: []",
    ]
    for sensor in sensors:
        full = {
            "id": sensor["id"],
            "type": sensor.get("type", "unknown"),
            "room": sensor.get("room", UNKNOWN_ROOM),
        }
        full.update({key: value for key, value in sensor.items() if key not in full})
        flow = yaml.safe_dump(
            full, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000
        )
        lines.append(f"  - {flow.strip()}")
    if activities:
        lines.append(yaml.safe_dump({"activities": activities}, sort_keys=False, allow_unicode=True).rstrip())
    return "\n".join(lines) + "\n"
