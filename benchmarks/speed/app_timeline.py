"""How long the timeline of the app takes: an answer of the server, a frame of the browser while dragged.

    python -m benchmarks app_timeline [-- --events 500000 5000000]

A simulated day is repeated until there are so many events. Times are processor time, so other work on the
machine counts little: of the server per request, of the browser's main thread per frame (60 frames a second
leave 16.7 ms). Without playwright or Chromium the browser's column stays empty.
"""

import dataclasses
import shutil
import socket
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn

from benchmarks.harness import BenchmarkParser, markdown_table
from discover.app import timeline
from discover.app.event_arrays import Range
from discover.app.home_view import HomeView
from discover.app.jobs import Jobs
from discover.app.security import GateConfig
from discover.app.server import AppConfig, create_app
from discover.app.shelf import Shelf
from discover.homes import load_home
from discover.simulator import SimulatorConfig, write_simulated

__all__ = ["run"]

_DAY = 86_400_000.0
_FRAMES = 120
_DRAG = """async (frames) => {
  const canvas = document.querySelector('.timeline canvas'), box = canvas.getBoundingClientRect();
  const send = (type, x) => canvas.dispatchEvent(new PointerEvent(type,
    {pointerId: 1, clientX: box.left + x, clientY: box.top + 100, bubbles: true}));
  canvas.setPointerCapture = () => {};
  send('pointerdown', 900);
  for (let i = 0; i < frames; i++) {
    send('pointermove', 900 - 3 * i);
    await new Promise((next) => requestAnimationFrame(next));
  }
  send('pointerup', 900 - 3 * frames);
}"""


def run(sizes: tuple[int, ...]) -> None:
    """Print a table of milliseconds."""
    rows: list[tuple[object, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        jobs = Jobs()
        shelf = Shelf(jobs, layout="demo", workspace=Path(folder))
        log = Path(folder) / "day.txt"
        write_simulated(log, load_home("demo"), SimulatorConfig(days=1, seed=4))
        key = shelf.add(log).id
        while (job := jobs.job(key, "open")) is None or job.state not in ("ready", "failed"):
            time.sleep(0.1)
        day = shelf.view(key).events
        for size in sizes:
            repeats = -(-size // len(day.time))
            view = _repeated(shelf.view(key), day, repeats)
            for days in sorted({repeats, min(repeats, 30), 1}, reverse=True):
                part = Range(view.events.begin, view.events.begin + days * _DAY, None)
                server = [_server_ms(view, part, by) for by in ("room", "sensor")]
                browser = _frame_ms(shelf, key, part)
                shown = "" if browser is None else f"{browser:.1f}"
                rows.append(
                    (f"{len(view.events.time):,}", f"{days:,}", *(f"{ms:.0f}" for ms in server), shown)
                )
        jobs.close()
    columns = ("events", "days shown", "answer by room, ms", "by sensor, ms", "frame while dragged, ms")
    print(markdown_table(columns, rows))


def _repeated(view: HomeView, day: Any, repeats: int) -> HomeView:
    """The home with its day so many times, one after the other."""
    several = {
        name: np.tile(getattr(day, name), repeats) for name in ("sensor", "state", "kind", "person", "value")
    }
    times = np.concatenate([day.time + k * _DAY for k in range(repeats)])
    view.__dict__["events"] = dataclasses.replace(day, time=times, **several)
    view.__dict__.pop("_facts", None)
    return view


def _server_ms(view: HomeView, part: Range, by: Any) -> float:
    took = []
    for _ in range(5):
        begun = time.process_time()
        timeline.density(view, part, 3_072, by)
        took.append(1000 * (time.process_time() - begun))
    return statistics.median(took)


def _frame_ms(shelf: Shelf, key: str, part: Range) -> float | None:
    """Milliseconds of the main thread per frame while the timeline is dragged."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if chromium is None:
        return None
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        gate = GateConfig(port=bound.getsockname()[1])
        app = create_app(shelf, AppConfig(gate, writable=False, uploads=False))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        with sync_playwright() as play:
            page = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"]).new_page(
                viewport={"width": 1400, "height": 900}
            )
            page.goto(f"http://127.0.0.1:{gate.port}/?token={gate.token}")
            page.wait_for_selector("#search")
            hash_ = f"#/{key}/timeline?from={part.begin:.0f}&to={part.end:.0f}"
            page.evaluate("hash => { location.hash = hash }", hash_)
            page.wait_for_selector(".timeline canvas")
            page.wait_for_timeout(5_000)
            tools = page.context.new_cdp_session(page)
            tools.send("Performance.enable", {"timeDomain": "threadTicks"})
            before = _busy_s(tools)
            page.evaluate(_DRAG, _FRAMES)
            took = 1000 * (_busy_s(tools) - before) / _FRAMES
        server.should_exit = True
        thread.join(timeout=10)
    return took


def _busy_s(tools: Any) -> float:
    found = tools.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in found if one["name"] == "TaskDuration"))


def main() -> None:
    """Read the sizes and measure."""
    parser = BenchmarkParser(__doc__, writes=False)
    parser.add_argument("--events", type=int, nargs="+", default=[500_000, 5_000_000])
    run(tuple(parser.parse_args().events))


if __name__ == "__main__":
    main()
