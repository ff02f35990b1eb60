"""The app over one simulated log, shared by all tests of its routes."""

from collections.abc import Iterator

import polars as pl
import pytest
from app_served import BASE, KNOWN, PORT, TOKEN, Served, wait_until_opened
from starlette.testclient import TestClient

from discover.app.jobs import Jobs
from discover.app.security import GateConfig
from discover.app.server import AppConfig, create_app
from discover.app.shelf import Shelf
from discover.homes import load_home
from discover.simulator import SimulatorConfig, write_simulated


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A simulated morning and night of the demo home, opened once."""
    folder = tmp_path_factory.mktemp("app")
    log = folder / "two_days.txt"
    whole = folder / "whole.txt"
    write_simulated(whole, load_home("demo"), SimulatorConfig(days=2, seed=4))
    # A morning and the night after it: encoding captions is most of the time of these tests.
    lines = whole.read_text().splitlines(keepends=True)
    spans = ("2024-01-01 00", "2024-01-01 11:30"), ("2024-01-02 00", "2024-01-02 05:30")
    log.write_text("".join(line for line in lines if any(a <= line < b for a, b in spans)))
    jobs = Jobs()
    shelf = Shelf(jobs, layout="demo", workspace=folder / "made")
    key = shelf.add(log).id
    wait_until_opened(shelf, key)
    view = shelf.view(key)
    gate = GateConfig(port=PORT, token=TOKEN, max_upload_bytes=2**20)
    app = create_app(shelf, AppConfig(gate, writable=True, uploads=True, workspace=folder / "uploads"))
    client = TestClient(app, base_url=BASE, headers=KNOWN, follow_redirects=False)
    rows = [line.split("\t") for line in log.read_text().splitlines()]
    events = pl.DataFrame(
        {"time": [r[0] for r in rows], "sensor": [r[1] for r in rows], "state": [r[2] for r in rows]}
    ).with_columns(
        pl.col("time").str.to_datetime(time_unit="us"),
        pl.col("state").cast(pl.Float64, strict=False).alias("value"),
    )
    yield Served(shelf, client, view, log, events)
    jobs.close()
