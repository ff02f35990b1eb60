"""A database of Home Assistant dropped on the page."""

from pathlib import Path

from app_served import KNOWN, Served, wait_until_opened
from recorder_database import Row, recorder_database, stamp


def test_a_database_takes_the_time_zone_of_the_browser(served: Served, tmp_path: Path) -> None:
    first = stamp("2024-03-01 06:00:00")
    names = ["binary_sensor.fridge_door", *["binary_sensor.kitchen_motion"] * 4]
    states = ("on", 0.0), ("off", 5.0)
    rows = [Row(names[k % 5], state, first + 20 * k + off) for k in range(60) for state, off in states]
    database = tmp_path / "home-assistant_v2.db"
    link = recorder_database(database, rows, wal=False)
    link.commit()
    link.close()
    app = served.other(uploads=True, workspace=tmp_path)
    upload = {"name": database.name, "zone": "Europe/Berlin"}
    made = app.post("/api/upload", params=upload, content=database.read_bytes(), headers=KNOWN).json()
    wait_until_opened(served.shelf, made["id"])
    home = f"/api/homes/{made['id']}"
    facts = app.get(home, headers=KNOWN).json()
    assert facts["name"] == "home-assistant_v2"
    assert facts["time_zone"] == "Europe/Berlin"
    assert facts["events"] == len(rows)
    assert facts["span"]["begin"] == (first + 3600) * 1000, "the wall clock of the home, an hour ahead of UTC"
    assert {s["room"] for s in facts["sensors"] if s["events"]} == {"kitchen"}
    found = app.post(f"{home}/search", json={"query": "the fridge is opened", "k": 1}, headers=KNOWN).json()
    assert "fridge opened" in " ".join(found["hits"][0]["lines"])
    without = app.post("/api/upload?name=x.db", content=database.read_bytes(), headers=KNOWN).json()
    wait_until_opened(served.shelf, without["id"])
    error = app.get(f"/api/homes/{without['id']}", headers=KNOWN).json()["error"]
    assert "time zone" in error
    assert "--time-zone" in error
