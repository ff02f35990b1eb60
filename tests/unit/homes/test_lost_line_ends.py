"""Property: a log that loses some of its line ends loses events, and never gains any."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discover.core.errors import DataError
from discover.core.home import UNKNOWN_ROOM, Home
from discover.homes import import_log

_START = datetime(2024, 3, 14, 11, 30)
_STAMPS = (
    "%Y-%m-%d{sep}%H:%M:%S.%f",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%d/%m/%Y %H:%M:%S",
    "%Y-%m-%d %I:%M:%S %p",
    "%b %d, %Y %H:%M:%S",
    "seconds",
    "last_changed",
)
_SENSORS = {
    "M001": ("ON", "OFF"),
    "D002": ("OPEN", "CLOSE"),
    "T003": ("20.5", "21.25", "7"),
    "KitchenMotion": ("ON", "OFF"),
    "L4": ("ON", "OFF"),
}


@dataclass(frozen=True)
class Case:
    """A well-formed log and the same log with other joints between its lines."""

    events: tuple[tuple[datetime, str, str], ...]
    labels: frozenset[str]
    text: str


@st.composite
def cases(draw: st.DrawFn) -> Case:
    sep = draw(st.sampled_from(["\t", " ", ",", ";"]))
    kind = draw(st.sampled_from(_STAMPS))
    stamp = kind.format(sep=sep if sep in "\t," else " ")
    quoted = sep in ",;" and "{sep}" not in kind and draw(st.booleans())
    sep = "," if kind == "last_changed" or (kind.startswith("%b") and sep == " ") else sep
    labelled = kind != "last_changed" and draw(st.booleans())
    n = draw(st.integers(2, 12))
    events, text = [], "entity_id,state,last_changed\n" if kind == "last_changed" else ""
    time = _START
    for k in range(n):
        time += timedelta(seconds=draw(st.integers(1, 3000)))
        sensor = draw(st.sampled_from(sorted(_SENSORS)))
        state = draw(st.sampled_from(_SENSORS[sensor]))
        events.append((time, sensor, state))
        cells = [time.strftime(stamp), sensor, state]
        if kind == "seconds":
            cells[0] = str(int(time.replace(tzinfo=UTC).timestamp()))
        elif kind == "last_changed":
            cells = [sensor, state, f"{time:%Y-%m-%dT%H:%M:%SZ}"]
        if quoted:
            cells = [f'"{cell}"' for cell in cells]
        if labelled and k % 5 in (1, 3):
            cells.append("Sleep begin" if k % 5 == 1 else "Sleep end")
        joint = draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", "", "\t", " ", ","]))
        text += sep.join(cells) + joint
    return Case(tuple(events), frozenset({"sleep"} if labelled else ()), text)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=cases())
def test_no_event_is_made_up(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(case.text.encode())
    try:
        imported = import_log(path, home=Home(name="h", time_zone="UTC"))
    except DataError:
        return  # no line is left whole
    rows = imported.log.events.select("time", "sensor", "state", "value").rows()
    read = [(t, sensor, state if value is None else f"{value:g}") for t, sensor, state, value in rows]
    assert set(read) <= set(case.events)
    assert len(read) == len(set(read))
    lost = set(case.events) - set(read)
    lines = case.text.replace("\r\n", "\n").replace("\r", "\n").splitlines()
    refused = " ".join(lines[k - 1] for k in imported.rejected["line"].to_list())
    for _, sensor, _ in lost:
        assert sensor in refused
    assert {s.id for s in imported.log.home.sensors} <= set(_SENSORS)
    assert {s.room for s in imported.log.home.sensors} <= {UNKNOWN_ROOM, "kitchen"}
    assert set(imported.log.annotations["activity"].to_list()) <= case.labels
    assert set(imported.report.annotation_counts) <= case.labels
    # the account itself adds up, or ImportReport could not have been made
    assert imported.report.lines == len(lines)


def test_one_line_end_in_a_hundred(tmp_path: Path) -> None:
    """A long log: what is whole is read, what is joined is refused, for every way of joining."""
    times = [_START + timedelta(seconds=7 * k) for k in range(2000)]
    lines = [f"{t:%Y-%m-%d %H:%M:%S}\tM{k % 7:03d}\t{'ON' if k % 2 else 'OFF'}" for k, t in enumerate(times)]
    for joint in ("", "\t", " ", "\x0b"):
        text = "".join(line + (joint if k % 100 == 50 else "\n") for k, line in enumerate(lines))
        path = tmp_path / "log.txt"
        path.write_text(text)
        imported = import_log(path)
        assert imported.log.events["time"].to_list() == [
            t for k, t in enumerate(times) if k % 100 not in (50, 51)
        ]
        assert imported.report.rejected_lines == 20
        assert imported.log.annotations.is_empty()
        assert len(imported.log.home.sensors) == 7
