"""Properties of the CASAS reader: what was written comes back, every line is accounted for, and a slow
second reader, one line after another, agrees."""

import re
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from discover.core.errors import DataError
from discover.homes import ImportedLog, import_log

SENSORS = ["M001", "M002", "D001", "T001", "KitchenASink", "BedroomABedWithAVeryLongName"]
STATES = ["ON", "OFF", "OPEN", "CLOSE", "PRESENT", "21.5", "-3", "0.175393"]
LABELS = ["Sleep", "R1_Sleep", "R2 eat lunch", "Bed_to_Toilet", "3"]
START = datetime(2011, 3, 1, 6)
SETTINGS = settings(max_examples=60, deadline=None)

Event = tuple[datetime, str, str]

events_strategy = st.lists(
    st.tuples(st.integers(1, 3_600_000_000), st.sampled_from(SENSORS), st.sampled_from(STATES)),
    min_size=1,
    max_size=40,
)


def to_events(raw: list[tuple[int, str, str]]) -> list[Event]:
    """Times strictly grow, so no event repeats another."""
    now = START
    out = []
    for step, sensor, state in raw:
        now += timedelta(microseconds=step)
        # numbers come from sensors that say nothing else
        sensor = "T001" if state[-1].isdigit() else "M001" if sensor == "T001" else sensor
        out.append((now, sensor, state))
    return out


def stamp(t: datetime, shape: int) -> str:
    text = f"{t:%Y-%m-%d %H:%M:%S.%f}"
    if shape % 2:
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return text


def write_line(event: Event, label: str, shape: int) -> str:
    t, sensor, state = event
    when = stamp(t, shape)
    match shape // 2:
        case 0:
            return "\t".join([when, sensor, state, *([label] if label else [])])
        case 1:
            return "\t".join([*when.split(" "), sensor, state, label])
        case 2:
            return f"{when} {sensor} {state} {label}".rstrip()
        case 3:
            name, _, kind = label.rpartition(" ")
            return f"{when.replace(' ', ',')},{sensor},{state}," + (f'{name}="{kind}"' if label else "")
        case _:
            return f"{when.replace(' ', 'T')}\t{sensor}\t{state}\t{label}\r"


def read(lines: list[str]) -> ImportedLog:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        path.write_bytes("\n".join(lines).encode() + b"\n")
        return import_log(path)


@given(raw=events_strategy, shape=st.integers(0, 9), data=st.data())
@SETTINGS
def test_valid_logs_come_back_whole(raw: list[tuple[int, str, str]], shape: int, data: st.DataObject) -> None:
    events = to_events(raw)
    spans = data.draw(
        st.lists(
            st.tuples(st.integers(0, len(events) - 1), st.integers(0, len(events) - 1)).map(sorted),
            max_size=len(LABELS),
        )
    )
    labels: dict[int, str] = {}
    wanted = []
    for label, (first, last) in zip(LABELS, spans, strict=False):
        if first == last or first in labels or last in labels:
            continue
        labels[first], labels[last] = f"{label} begin", f"{label} end"
        wanted.append((label, first, last - first + 1))
    imported = read([write_line(e, labels.get(k, ""), shape) for k, e in enumerate(events)])
    table = imported.log.events
    assert table["time"].to_list() == [e[0] for e in events]
    assert table["sensor"].to_list() == [e[1] for e in events]
    assert table["line"].to_list() == list(range(1, len(events) + 1))
    for state, value, (_, _, text) in zip(table["state"], table["value"], events, strict=True):
        assert (state, value) == (("VALUE", float(text)) if text[-1].isdigit() else (text, None))
    found = imported.log.annotations
    assert sorted(found.select("raw_label", "first_event", "n_events").rows()) == sorted(wanted)
    assert set(found["closed_by"].to_list()) <= {"marker"}


DAMAGE = st.one_of(
    st.sampled_from(
        ["", "   ", "C", "\t", "\x0b", "2011-03-01", "M001 ON", "2011-03-01 07:00:00 M001", "é\t\t;;"]
    ),
    st.text(st.characters(blacklist_characters="\n\x00", codec="utf-8"), max_size=60),
    st.builds(lambda n: "x" * n, st.integers(200, 600)),
)
"""Lines that stand anywhere in a damaged file."""


@given(
    raw=events_strategy,
    shape=st.integers(0, 9),
    damage=st.lists(st.tuples(st.integers(0, 40), DAMAGE), max_size=12),
    cuts=st.lists(st.tuples(st.integers(0, 39), st.integers(0, 60)), max_size=6),
    order=st.randoms(use_true_random=False),
)
@example(raw=[(1, "M001", "ON")], shape=0, damage=[(0, "\r")], cuts=[], order=None)
@SETTINGS
def test_every_line_is_accounted_for(
    raw: list[tuple[int, str, str]],
    shape: int,
    damage: list[tuple[int, str]],
    cuts: list[tuple[int, int]],
    order: object,
) -> None:
    lines = [write_line(e, "", shape) for e in to_events(raw)]
    lines = [line for line in lines for _ in range(1 + (len(line) % 7 == 0))]
    for at, length in cuts:
        if at < len(lines):
            lines[at] = lines[at][:length]
    for at, text in damage:
        lines.insert(min(at, len(lines)), text)
    if order is not None:
        order.shuffle(lines)  # type: ignore[attr-defined]
    written = "\n".join(lines) + "\n"
    try:
        imported = read(lines)
    except DataError:
        return
    report = imported.report
    # The report itself refuses counts that do not add up; here its input is checked.
    assert report.lines == written.count("\n")
    assert report.events == len(imported.log.events)
    assert report.rejected_lines == len(imported.rejected)
    times = imported.log.events["time"]
    assert times.is_sorted()
    kept = {*imported.log.events["line"].to_list(), *imported.rejected["line"].to_list()}
    assert len(kept) == report.events + report.rejected_lines
    blank = {
        n for n, line in enumerate(written.split("\n")[:-1], start=1) if not re.search(r"[^\x00-\x20]", line)
    }
    assert report.blank_lines == len(blank)
    assert not kept & blank


def twin_reader(text: str) -> tuple[list[tuple[datetime, str, str]], list[tuple[str, datetime, datetime]]]:
    """The TAB shape, read the obvious way. Knows of markers, repeats and order, of no damage."""
    rows = []
    for line in text.split("\n"):
        if not line.strip():
            continue
        when, sensor, state, *label = line.split("\t")
        pattern = "%Y-%m-%d %H:%M:%S.%f" if "." in when else "%Y-%m-%d %H:%M:%S"
        rows.append((datetime.strptime(when, pattern), sensor, state, label[0] if label else ""))
    rows.sort(key=lambda row: row[0])
    rows = [row for k, row in enumerate(rows) if k == 0 or row != rows[k - 1]]
    started: dict[str, datetime] = {}
    intervals = []
    for when, _, _, label in rows:
        name, _, kind = label.rpartition(" ")
        if kind == "begin":
            started[name] = when
        elif kind == "end":
            intervals.append((name, started.pop(name), when))
    return [row[:3] for row in rows], sorted(intervals)


@given(raw=events_strategy, seed=st.randoms(use_true_random=False))
@SETTINGS
def test_agrees_with_a_slow_reader(raw: list[tuple[int, str, str]], seed: object) -> None:
    events = [e for e in to_events(raw) if e[2] in ("ON", "OFF")] or [(START, "M001", "ON")]
    lines = []
    for k, event in enumerate(events):
        label = f"Act{k // 4} begin" if k % 4 == 0 and k + 1 < len(events) else ""
        if k % 4 == 3 or (k == len(events) - 1 and k % 4):
            label = f"Act{k // 4} end"
        lines += [write_line(event, label, k % 2)] * (1 + k % 3 // 2)
    seed.shuffle(lines)  # type: ignore[attr-defined]
    text = "\n".join(lines)
    wanted_events, wanted_intervals = twin_reader(text)
    log = read(lines).log
    assert log.events.select("time", "sensor", "state").rows() == wanted_events
    found = log.annotations.select("raw_label", "begin", "end").rows()
    assert sorted(found) == wanted_intervals
