"""Corrections and the drawn plan: stored, undone, drawn again, taken away as files."""

import io

import polars as pl
import pytest
import yaml
from app_served import Served, wait_for

from discover.app.plan_file import read_plan
from discover.core.home import Home


def test_a_correction_is_stored_listed_exported_and_undone(served: Served) -> None:
    client, home = served.client, served.home
    windows = served.view.windows
    begin, end = float(served.view.begin[3]), float(served.view.end[5])
    before = columns_of(served)
    said = {"kind": "activity", "text": " =1+1  sleeping ", "begin": begin, "end": end}
    made = client.post(f"{home}/corrections", json=said)
    assert made.status_code == 201, made.text
    one = made.json()
    assert one["text"] == "=1+1 sleeping"
    assert one["windows"] == windows["window_id"][3:6].to_list()
    assert (one["begin"], one["end"]) == (pytest.approx(begin), pytest.approx(end))
    named = client.post(f"{home}/corrections", json={"kind": "name", "text": "tea", "rows": [7, 9]}).json()
    assert named["windows"] == [windows["window_id"][7], windows["window_id"][9]]
    assert (named["begin"], named["end"]) == (float(served.view.begin[7]), float(served.view.end[9]))
    listed = client.get(f"{home}/corrections").json()["corrections"]
    assert [c["id"] for c in listed] == [one["id"], named["id"]]
    assert [c.id for c in served.view.opened.corrections] == [one["id"], named["id"]], "one store for all"

    wait_for(served, "recognise")
    after = columns_of(served)
    assert after[3:6] == ["=1+1_sleeping"] * 3, "recognition follows what was said"
    assert client.get(f"{home}/corrections").json()["learned"] is True

    csv = client.get(f"{home}/export", params={"what": "corrections", "format": "csv"})
    assert csv.headers["content-disposition"] == 'attachment; filename="demo_corrections.csv"'
    table = pl.read_csv(io.BytesIO(csv.content))
    assert table["text"].to_list() == ["'=1+1 sleeping", "tea"], "a spreadsheet must not compute it"
    calendar = client.get(f"{home}/export", params={"what": "corrections", "format": "ics"}).text
    start = windows["start"][3]
    assert f"DTSTART:{start:%Y%m%dT%H%M%S}\r\n" in calendar
    assert calendar.count("BEGIN:VEVENT") == calendar.count("END:VEVENT") == 2
    assert "SUMMARY:tea\r\n" in calendar

    left = client.delete(f"{home}/corrections/{one['id']}").json()["corrections"]
    assert [c["id"] for c in left] == [named["id"]]
    assert client.delete(f"{home}/corrections/{one['id']}").status_code == 400
    client.delete(f"{home}/corrections/{named['id']}")
    wait_for(served, "recognise")
    assert columns_of(served) == before, "taking it back gives the answers from before"


def columns_of(served: Served) -> list[str]:
    """The recognised activity of each window."""
    served.client.get(f"{served.home}/activities")
    wait_for(served, "recognise")
    found = served.shelf.recognised(served.view)
    assert found is not None
    return [found.names[code] for code in found.of_window.tolist()]


def test_wrong_corrections_are_refused(served: Served) -> None:
    for body, status in (
        ({"kind": "activity", "text": ""}, 422),
        ({"kind": "mood", "text": "x"}, 422),
        ({"kind": "name", "text": "x", "rows": [-1]}, 400),
        ({"kind": "name", "text": "x", "begin": 5, "end": 3}, 400),
        ({"kind": "name", "text": "x", "begin": 5, "end": 6}, 400),
        ({"kind": "name", "text": "x" * 201, "rows": [1]}, 422),
        ({"kind": "activity", "text": "that was Dad, not Mum", "rows": [1]}, 400),
        ({"kind": "activity", "text": "this is the dishwasher", "rows": [1]}, 400),
    ):
        answer = served.client.post(f"{served.home}/corrections", json=body)
        assert answer.status_code == status, answer.text
        assert answer.json()["error"]
    assert served.client.get(f"{served.home}/corrections").json()["corrections"] == []


def test_a_drawn_plan_moves_sensors_and_becomes_a_home_file(served: Served) -> None:
    client, home = served.client, served.home
    square = [[0.1, 0.1], [0.3, 0.1], [0.3, 0.3], [0.1, 0.3]]
    drawn = {"sensors": {"M005": {"x": 0.25, "y": 0.75}}, "outlines": {"kitchen": square}}
    facts = client.put(f"{home}/plan", json=drawn).json()
    try:
        assert facts["plan"] == "drawn"
        moved = next(s for s in facts["sensors"] if s["sensor"] == "M005")
        assert (moved["x"], moved["y"], moved["placed"]) == (0.25, 0.75, True)
        kitchen = next(r for r in facts["rooms"] if r["room"] == "kitchen")
        assert (round(kitchen["x"], 6), round(kitchen["y"], 6)) == (0.2, 0.2)
        assert kitchen["outline"] == square
        text = client.get(f"{home}/export", params={"what": "plan", "format": "yaml"}).text
        made = Home.model_validate(yaml.safe_load(text))
        sensor = made.sensor("M005")
        assert made.floor_plan is not None
        assert sensor.x == 250
        assert abs(sensor.y / made.floor_plan.height - 0.75) < 1e-3  # type: ignore[operator]
        assert read_plan(served.view.plan_file) == served.view.plan
        strange = client.put(f"{home}/plan", json={"sensors": {"M05": {"x": 0, "y": 0}}})
        assert strange.status_code == 400
        assert client.put(f"{home}/plan", json={"sensors": {"M005": {"x": 2, "y": 0}}}).status_code == 422
    finally:
        client.put(f"{home}/plan", json={})
    assert client.get(home).json()["plan"] == "known"


def test_windows_and_events_are_exported_as_they_are(served: Served) -> None:
    body = {"what": "windows", "format": "parquet", "rows": [2, 5]}
    table = pl.read_parquet(io.BytesIO(served.client.post(f"{served.home}/export", json=body).content))
    assert table["window_id"].to_list() == served.view.windows["window_id"][[2, 5]].to_list()
    assert table["captions"].to_list() == [served.view.captions[r] for r in (2, 5)]
    part = {"what": "events", "format": "csv", "begin": float(served.view.events.time[10])}
    events = pl.read_csv(io.BytesIO(served.client.get(f"{served.home}/export", params=part).content))
    assert len(events) == len(served.events) - 10
    assert events["sensor"][0] == served.events["sensor"][10]
    for wrong in ({"what": "plan", "format": "csv"}, {"what": "events", "format": "ics"}):
        assert served.client.get(f"{served.home}/export", params=wrong).status_code == 400
