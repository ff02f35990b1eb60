"""Exports of the history as CSV, and the REST interface of a stub server on this machine."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlparse

import pytest

from discover.core.errors import ConfigError, DataError
from discover.core.window_set import load_event_log
from discover.homes.home_assistant import ImportOptions, import_home_assistant, sync_home
from discover.homes.home_assistant.server import TOKEN_VARIABLE

BERLIN = ImportOptions(time_zone="Europe/Berlin")
EXPORT = """entity_id,state,last_changed
binary_sensor.kitchen_motion,off,2024-03-01T06:00:00.000Z
binary_sensor.kitchen_motion,on,2024-03-01T06:30:00.125Z
binary_sensor.kitchen_motion,unavailable,2024-03-01T06:31:00.000Z
binary_sensor.kitchen_motion,on,2024-03-01T06:32:00.000Z
sensor.kettle_power,3.5,2024-03-01T06:29:00.000Z
sensor.kettle_power,1830,2024-03-01T08:29:30.5+02:00
sensor.kettle_power,nonsense,2024-03-01T06:29:40.000Z
cover.bedroom,opening,2024-03-01T06:40:00.000Z
cover.bedroom,open,2024-03-01T06:40:20.000Z
"""


def told(folder: Path) -> list[tuple[str, str, str]]:
    events = load_event_log(folder).events
    return [
        (f"{t:%H:%M:%S.%f}"[:12], s, state)
        for t, s, state in events.select("time", "sensor", "state").iter_rows()
    ]


def test_an_export_becomes_a_home_and_grows(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text(EXPORT)
    done = import_home_assistant(str(path), tmp_path / "home", BERLIN)
    first = [
        ("07:00:00.000", "binary_sensor.kitchen_motion", "OFF"),
        ("07:29:00.000", "sensor.kettle_power", "OFF"),
        ("07:29:30.500", "sensor.kettle_power", "ON"),
        ("07:30:00.125", "binary_sensor.kitchen_motion", "ON"),
        ("07:40:20.000", "cover.bedroom", "OPEN"),
    ]
    assert told(tmp_path / "home") == first
    assert {p.problem: p.count for p in done.report.problems} == {
        "rows whose state did not change": 1,
        "health of devices (unavailable, unknown)": 1,
        "on the way from one state to another (opening, locking, buffering)": 1,
        "a state that nobody knows": 1,
    }
    # An export is sorted by entity, so its last row need not be its latest.
    later = "binary_sensor.kitchen_motion,off,2024-03-01T07:00:00.000Z\n"
    for _ in range(2):
        path.write_text(EXPORT.replace("sensor.kettle_power,3.5", later + "sensor.kettle_power,3.5"))
        done = sync_home(tmp_path / "home")
    assert (done.new_rows, done.report.lines) == (0, 10)
    assert told(tmp_path / "home") == [*first, ("08:00:00.000", "binary_sensor.kitchen_motion", "OFF")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,value\n1,2\n", "lacks the column entity_id, state, last_changed"),
        ("", "readable CSV|no line|empty"),
    ],
)
def test_a_file_that_is_no_export_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError, match=said):
        import_home_assistant(str(tmp_path / "a.csv"), tmp_path / "home", BERLIN)


class Stub(BaseHTTPRequestHandler):
    """Answers as Home Assistant does."""

    states: ClassVar[list[tuple[str, str, datetime]]] = []
    asked: ClassVar[list[str]] = []
    redirect = ""

    def do_GET(self) -> None:
        url = urlparse(self.path)
        type(self).asked.append(url.path)
        if self.redirect:
            self.send_response(302)
            self.send_header("Location", self.redirect)
            self.end_headers()
            return
        if self.headers["Authorization"] != "Bearer secret-token":
            self.send_response(401)
            self.end_headers()
            return
        answer: Any
        if url.path == "/api/config":
            answer = {"time_zone": "Europe/Berlin"}
        elif url.path == "/api/states":
            answer = [
                {"entity_id": e, "state": "off", "attributes": {"device_class": "motion"}}
                for e in sorted({e for e, *_ in self.states})
            ]
        else:
            answer = self.history(
                unquote(url.path.rpartition("/")[2]), parse_qs(url.query, keep_blank_values=True)
            )
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def history(self, begin: str, query: dict[str, list[str]]) -> list[list[dict[str, str]]]:
        first, end = datetime.fromisoformat(begin), datetime.fromisoformat(query["end_time"][0])
        lists = []
        for entity in query["filter_entity_id"][0].split(","):
            found = [
                {"state": state, "last_changed": time.isoformat()}
                for e, state, time in self.states
                if e == entity and first <= time < end
            ]
            if found:
                lists.append([{"entity_id": entity, **found[0]}, *found[1:]])
        return lists

    def log_message(self, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv(TOKEN_VARIABLE, "secret-token")
    Stub.asked, Stub.redirect = [], ""
    now = datetime.now(UTC).replace(microsecond=250_000)
    Stub.states = [
        ("binary_sensor.hall_motion", state, now - timedelta(hours=50 - k))
        for k, state in enumerate(["on", "off", "on", "off"])
    ]
    running = HTTPServer(("127.0.0.1", 0), Stub)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    thread.join()
    running.server_close()


def test_a_server_is_asked_and_the_token_is_kept_nowhere(server: str, tmp_path: Path) -> None:
    import_home_assistant(server, tmp_path / "home")
    log = load_event_log(tmp_path / "home")
    assert log.home.time_zone == "Europe/Berlin"
    assert log.events["state"].to_list() == ["ON", "OFF", "ON", "OFF"]
    Stub.states.append(("binary_sensor.hall_motion", "on", datetime.now(UTC) - timedelta(seconds=5)))
    asked = len(Stub.asked)
    with pytest.raises(ConfigError, match=f"cannot ask for the network.*--from {server}"):
        sync_home(tmp_path / "home")
    assert len(Stub.asked) == asked
    assert sync_home(tmp_path / "home", server).new_events == 1
    assert sync_home(tmp_path / "home", server).new_events == 0
    assert not any(b"secret-token" in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())


def test_a_server_that_refuses_or_sends_elsewhere(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Stub.redirect = server + "/elsewhere"
    with pytest.raises(DataError, match="answered 302"):
        import_home_assistant(server, tmp_path / "home")
    assert "/elsewhere" not in Stub.asked
    Stub.redirect = ""
    monkeypatch.setenv(TOKEN_VARIABLE, "wrong")
    with pytest.raises(DataError, match=f"answered 401.*Check the token in {TOKEN_VARIABLE}"):
        import_home_assistant(server, tmp_path / "home")
    monkeypatch.delenv(TOKEN_VARIABLE)
    with pytest.raises(ConfigError, match="needs an access token"):
        import_home_assistant(server, tmp_path / "home")
    assert not (tmp_path / "home").exists()
