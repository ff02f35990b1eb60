"""The end of the log: what is done, and whether the day so far is unlike the others."""

import datetime as dt
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from app_served import Served, wait_for, wait_until_opened
from recorder_database import Row, add_rows, recorder_database, stamp, storage_folder

from discover.app.contract_patterns import Now
from discover.app.home_view import Recognised
from discover.app.jobs import Jobs
from discover.app.log_end import now
from discover.app.shelf import Shelf
from discover.changes.grid import BIN_H, BINS_PER_DAY, TimeGrid
from discover.core.errors import ConfigError, DataError
from discover.homes.home_assistant import ImportOptions, import_home_assistant

MONDAY = dt.date(2024, 3, 4)


def days_of(n: int, last: slice) -> TimeGrid:
    """Weekdays with an hour and a little more or less in the kitchen from 8:00; the last in the bedroom."""
    whole = np.zeros((2, n, BINS_PER_DAY))
    for day in range(n - 1):
        whole[0, day, 32 : 36 + day % 3] = BIN_H
        whole[0, day, 72:80] = BIN_H
    whole[1, n - 1, last] = BIN_H
    nothing = np.zeros((2, n * BINS_PER_DAY))
    observed = np.full(n * BINS_PER_DAY, BIN_H)
    return TimeGrid(MONDAY, ("kitchen", "bed_room"), observed, whole.reshape(2, -1), nothing)


def asked(monkeypatch: pytest.MonkeyPatch, grid: TimeGrid, hour: float, day: int) -> Now:
    monkeypatch.setattr("discover.app.log_end.grid_of", lambda view, by, recognised: grid)
    midnight = np.datetime64(MONDAY + dt.timedelta(days=day), "ms").astype(np.int64)
    end = float(midnight) + hour * 3_600_000
    recognised = Recognised(
        ("sleep", "unknown"), np.array([0.0, 5.0]), np.array([end - 9, end - 5]),
        np.array([1, 0], dtype=np.uint16),
        np.array([0.2, 0.8], dtype=np.float32), np.ones(2, np.uint32), np.zeros(2, np.uint16), "", "",
    )  # fmt: skip
    return now(SimpleNamespace(events=SimpleNamespace(end=end)), recognised)  # type: ignore[arg-type]


def test_a_day_is_compared_with_the_same_hours_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = days_of(12, slice(0, 44))
    found = asked(monkeypatch, grid, 11.5, 11)
    assert (found.activity, found.since, found.confidence) == ("sleep", 5.0, 0.8)
    assert (found.day, found.unusual) == ("2024-03-15", True)
    assert found.p_value is not None
    assert found.p_value < 0.05
    assert "more “bed room” in the" in found.reason
    # The eleventh day is like the others until noon: that it has no evening yet says nothing.
    half = days_of(12, slice(0, 44))
    half.time_TB[0, 10 * BINS_PER_DAY + 48 : 11 * BINS_PER_DAY] = 0
    assert asked(monkeypatch, half.between(MONDAY, MONDAY + dt.timedelta(days=10)), 12.0, 10).unusual is False


def test_what_cannot_be_said_has_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    early = asked(monkeypatch, days_of(12, slice(0, 8)), 2.0, 11)
    assert (early.unusual, early.reason) == (None, "The day has 2 whole hours; from 4 on it is compared.")
    few = asked(monkeypatch, days_of(4, slice(0, 44)), 11.5, 3)
    assert few.unusual is None
    assert "fewer than four other days" in few.reason

    def nowhere(*_: object) -> TimeGrid:
        raise DataError("no rooms")

    monkeypatch.setattr("discover.app.log_end.grid_of", nowhere)
    assert "home file" in now(served_end(), nobody()).reason


def served_end() -> SimpleNamespace:
    return SimpleNamespace(events=SimpleNamespace(end=float(12 * 3_600_000)))


def nobody() -> Recognised:
    none = np.zeros(0)
    return Recognised((), none, none, none.astype(np.uint16), none.astype(np.float32), none.astype(np.uint32),
                      none.astype(np.uint16), "", "")  # fmt: skip


def test_the_route_waits_for_recognition(served: Served) -> None:
    answer = served.client.get(f"{served.home}/now")
    if answer.status_code == 202:
        wait_for(served, "recognise")
        answer = served.client.get(f"{served.home}/now")
    found = Now.model_validate(answer.json())
    assert found.day == "2024-01-02"
    assert found.time == pytest.approx(served.facts.span.end)
    assert found.activity is None or found.activity in served.facts.activities
    assert (found.unusual, "fewer than four" in found.reason) == (None, True)


def test_what_is_new_in_the_source_is_opened_while_the_home_answers(tmp_path: Path) -> None:
    first = stamp("2024-03-01 06:00:00")
    rows = [Row("binary_sensor.kitchen_motion", ("on", "off")[k % 2], first + 20 * k) for k in range(120)]
    storage_folder(tmp_path)
    link = recorder_database(tmp_path / "home-assistant_v2.db", rows)
    import_home_assistant(str(tmp_path / "home-assistant_v2.db"), tmp_path / "home", ImportOptions())
    jobs = Jobs()
    shelf = Shelf(jobs, workspace=tmp_path / "made")
    key = shelf.add(tmp_path / "home").id
    wait_until_opened(shelf, key)
    before = shelf.view(key)
    shelf.sync(key)
    wait_until_opened(shelf, key)
    assert shelf.view(key) is before, "nothing was new"
    jobs.start(key, "map", lambda progress: "old")
    add_rows(link, [Row("binary_sensor.kitchen_motion", "on", first + 20 * k) for k in range(200, 204)])
    shelf.sync(key)
    for _ in range(1_000):
        if shelf.view(key) is not before:
            break
        time.sleep(0.05)
    assert shelf.view(key).events.end > before.events.end
    assert jobs.made(key, "map") is None, "what was made of the earlier state is gone"
    jobs.close()


def test_only_homes_with_a_source_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from discover.app.running import RunConfig, run_app

    (tmp_path / "log.txt").write_text("2024-01-01 00:00:00\tM001\tON\n")
    with pytest.raises(ConfigError, match=r"--sync-every.*log\.txt is none"):
        run_app([tmp_path / "log.txt"], RunConfig(sync_minutes=5), lambda address: pytest.fail(address))
    monkeypatch.setenv("DISCOVER_APP_TOKEN", "short")
    with pytest.raises(ConfigError, match=r"DISCOVER_APP_TOKEN must be 16.*got 5"):
        run_app([], RunConfig(), lambda address: pytest.fail(address))
