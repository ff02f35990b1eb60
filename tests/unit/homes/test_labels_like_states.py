"""An activity called `unknown`, or by a number, is a label where it stands behind a state. Invented lines."""

from collections.abc import Callable

import pytest

from discover.homes import ImportedLog

Import = Callable[..., ImportedLog]
FIRST = [f"M00{k % 3}" for k in range(12)]


def log(shape: str, on: str, off: str, label: str, heading: str = "") -> str:
    lines = (
        shape.format(k=k, sensor=FIRST[k], state=on if k % 2 else off, label=label) for k in range(len(FIRST))
    )
    return heading + "\n".join(lines) + "\n"


SHAPES = {
    "tabs": "2020-01-01 10:00:{k:02d}\t{sensor}\t{state}\t{label}",
    "spaces": "2020-01-01 10:00:{k:02d} {sensor} {state} {label}",
    "commas": "2020-01-01,10:00:{k:02d},{sensor},{state},{label}",
    "12 hours": "2020-01-01 10:00:{k:02d} AM\t{sensor}\t{state}\t{label}",
}


@pytest.mark.parametrize("label", ["unknown", "Unknown", "3"])
@pytest.mark.parametrize(("on", "off"), [("ON", "OFF"), ("detected", "clear"), ("ON", "OF")])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_label_on_every_line(shape: str, on: str, off: str, label: str, import_text: Import) -> None:
    imported = import_text(log(SHAPES[shape], on, off, label))
    events = imported.log.events
    assert events["sensor"].to_list() == FIRST
    assert events["state"].to_list() == ["OFF", "ON"] * 6
    rows = imported.log.annotations.select("activity", "raw_label", "n_events").rows()
    assert rows == [(label.lower(), label, 12)]
    assert imported.report.health_lines == imported.report.rejected_lines == 0


@pytest.mark.parametrize("heading", ["time,sensor,state,activity\n", "activity,time,state,sensor\n"])
def test_a_label_in_a_column_of_its_own(heading: str, import_text: Import) -> None:
    names = {
        "time": "2020-01-01 10:00:{k:02d}", "sensor": "{sensor}", "state": "{state}", "activity": "{label}",
    }  # fmt: skip
    shape = ",".join(names[name] for name in heading.strip().split(","))
    imported = import_text(log(shape, "detected", "clear", "unknown", heading))
    assert imported.log.events["state"].to_list() == ["OFF", "ON"] * 6
    assert imported.log.annotations.select("activity", "n_events").rows() == [("unknown", 12)]


def test_markers(import_text: Import) -> None:
    text = "".join(
        f"2020-01-01 10:00:{k:02d}\tM001\t{'ON' if k % 2 else 'OFF'}{tail}\n"
        for k, tail in enumerate(["", "\tUnknown begin", "", "", "\tUnknown end", ""])
    )
    annotations = import_text(text).log.annotations
    assert annotations.select("activity", "first_event", "n_events").rows() == [("unknown", 1, 4)]
    home = import_text(text).log.home
    assert [(a.label, a.coarse, len(a.described)) for a in home.activities] == [("unknown", "other", 2)]


def test_a_device_that_says_unknown_is_no_event(import_text: Import) -> None:
    text = "".join(
        f"2020-01-01 10:00:{k:02d}\tM001\tKitchen\tHome\t{'unknown' if k % 2 else 'ON'}\tSleep\n"
        for k in range(12)
    )
    imported = import_text(text)
    assert imported.report.health_lines == 6
    assert imported.log.events["state"].to_list() == ["ON"] * 6
