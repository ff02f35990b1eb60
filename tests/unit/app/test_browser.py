"""A real Chromium drives the real app: upload, search, open, correct, export; every view is looked at.

Skipped only where no browser or no playwright is found.
"""

import base64
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from app_served import TOKEN, Served, wait_until_opened

from discover.app.jobs import Jobs
from discover.app.notebook import Routes
from discover.app.security import GateConfig
from discover.app.server import STATIC, AppConfig, create_app
from discover.app.shelf import Shelf

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra dev)")
AXE = Path(__file__).resolve().parents[3] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
VIEWS = ("search", "timeline", "map", "clusters", "changes", "days", "plan", "homes")
QUESTION = "someone opens the fridge in the morning"


@pytest.fixture(scope="module")
def address(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app on a port of its own, over a copy of the shared home: what is stored here disturbs nobody."""
    made = tmp_path_factory.mktemp("browser")
    shutil.copytree(served.log.parent / "made", made / "made")
    jobs = Jobs()
    shelf = Shelf(jobs, layout="demo", workspace=made / "made")
    wait_until_opened(shelf, shelf.add(served.log).id)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        gate = GateConfig(port=port, token=TOKEN, max_upload_bytes=2**20)
        app = create_app(shelf, AppConfig(gate, writable=True, uploads=True, workspace=made / "uploads"))
        settings = uvicorn.Config(app, log_level="error", ws="none", timeout_graceful_shutdown=1)
        server = uvicorn.Server(settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}/?token={TOKEN}"
        server.should_exit = True
        thread.join(timeout=10)
    jobs.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    with sync_api.sync_playwright() as play:
        started = play.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


class Watched:
    """A page that remembers what the browser complained about."""

    def __init__(
        self, browser: Any, address: str, *, width: int = 1400, scheme: str = "light", locale: str = "en-GB"
    ) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, locale=locale,
            reduced_motion="reduce",
        )  # fmt: skip
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("response", lambda r: r.status >= 400 and self.complaints.append(f"{r.status} {r.url}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective))"
        )
        self.page.goto(address)
        self.page.wait_for_selector("#search")

    def _heard(self, message: Any) -> None:
        # The answer itself is written down, with its address.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)

    def show(self, view: str) -> None:
        home = self.page.evaluate("location.hash").split("/")[1]
        self.page.evaluate("hash => { location.hash = hash }", f"#/{home}/{view}")
        self.page.wait_for_selector(f'nav a[aria-current="page"][href*="/{view.split("?")[0]}"]')
        self.until("!document.querySelector('main [role=progressbar]') && document.querySelector('main > *')")

    def until(self, expression: str) -> None:
        """Wait until an expression holds. Playwright's own way needs `eval`, which the page forbids."""
        for _ in range(2_400):
            if self.page.evaluate(f"Boolean({expression})"):
                return
            self.page.wait_for_timeout(25)
        raise AssertionError(f"not within a minute: {expression}")


@pytest.fixture
def watched(browser: Any, address: str) -> Iterator[Watched]:
    page = Watched(browser, address)
    yield page
    page.context.close()
    assert page.complaints == []


def test_search_open_correct_export_undo(watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    page.keyboard.press("/")
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    page.wait_for_selector(".hit")
    chips = page.locator(".chip .text").all_inner_texts()
    assert any("in the morning" in chip and "5:00" in chip for chip in chips), chips

    page.get_by_role("button", name="Remove the condition “in the morning”").click()
    page.wait_for_selector(".chip.off")
    assert "without=" in page.url, "a condition that was taken away is part of the address"

    page.locator(".hit").first.click()
    page.wait_for_selector("article canvas")
    painted = """() => { const c = document.querySelector('article canvas');
        return new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size }"""
    watched.until(f"({painted})() > 20")
    assert "kitchen" in page.locator("article canvas").first.get_attribute("aria-label")
    assert page.locator(".lines li").count() > 0
    assert page.get_by_text("Why it matched").is_visible()

    page.get_by_role("button", name="Correct", exact=True).click()
    page.get_by_label("Activity").fill("feeding the cat")
    page.get_by_role("button", name="Store", exact=True).click()
    page.get_by_text("Stored: feeding the cat").wait_for()
    watched.show("homes")
    row = page.get_by_role("row").filter(has_text="feeding the cat")
    row.wait_for()
    with page.expect_download() as started:
        page.locator('a[href*="what=corrections"][href*="format=csv"]').click()
    started.value.save_as(tmp_path / "corrections.csv")
    assert "feeding the cat" in (tmp_path / "corrections.csv").read_text()
    row.get_by_role("button", name="Undo").click()
    page.get_by_text("None yet.").wait_for()


def test_an_uploaded_log_answers_and_a_name_of_it_has_no_power(
    watched: Watched, served: Served, tmp_path: Path
) -> None:
    page = watched.page
    log = tmp_path / "<img src=x onerror=alert(1)>.txt"
    log.write_text("\n".join(served.log.read_text().splitlines()[500:900]) + "\n")
    watched.show("homes")
    page.set_input_files("input[type=file]", log)
    page.get_by_text("is taken and being read").wait_for()
    watched.until("document.querySelectorAll('.cards .panel a[href*=\"/search\"]').length === 2")
    assert page.locator("img[src=x]").count() == 0
    page.locator('.cards .panel a[href*="/search"]').last.click()
    page.get_by_label("What happened in this home?").fill("someone moves")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hit")


def test_the_timeline_goes_by_keyboard_to_a_moment(watched: Watched) -> None:
    page = watched.page
    watched.show("timeline")
    canvas = page.locator(".timeline canvas")
    canvas.focus()
    before = canvas.get_attribute("aria-label")
    for key in ("ArrowRight", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    watched.until("location.hash.includes('from=')")
    assert canvas.get_attribute("aria-label") != before
    page.keyboard.press("Enter")
    page.wait_for_selector("article canvas")
    assert "/moment?begin=" in page.url


@pytest.mark.parametrize(
    ("width", "scheme", "locale", "said"),
    [
        (1400, "light", "en-GB", "distances between groups mean little"),
        (390, "dark", "de-DE", "Abstände zwischen Gruppen sagen wenig"),
    ],
)
def test_every_view_fits_and_is_accessible(
    browser: Any, address: str, width: int, scheme: str, locale: str, said: str
) -> None:
    watched = Watched(browser, address, width=width, scheme=scheme, locale=locale)
    page = watched.page
    if AXE.is_file():
        page.evaluate(AXE.read_text())
    faults = []
    for view in (*VIEWS, f"search?q={QUESTION.replace(' ', '+')}&row=3"):
        watched.show(view)
        if view == "changes":
            assert "days" in page.get_by_role("alert").inner_text()
        if view == "map":
            assert said in page.locator(".map").inner_text(), (
                "the server's fixed words in the page's language"
            )
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{view}: wider than the screen")
        if AXE.is_file():
            found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            faults += [
                f"{view}: {one['id']} {[node['html'][:120] for node in one['nodes'][:3]]}"
                for one in found["violations"]
                if one["impact"] in ("serious", "critical")
            ]
    watched.context.close()
    # Two days are too few to compare periods; the view says so in words.
    assert faults + [c for c in watched.complaints if "/changes?" not in c] == []
    if not AXE.is_file():
        pytest.skip("widths and complaints hold; axe-core is missing (`npm ci` in frontend/)")


HOST_PAGE = """<!doctype html><meta charset="utf-8"><style>button { color: red }</style>
<body><div id="cell"></div>
<script type="module">
  import widget from "./widget.js";
  let listener = () => {};
  const model = {
    get: (name) => ({ home: "demo", view: "timeline" })[name],
    on: (event, to) => { listener = to; }, off: () => {},
    send: async (asked) => {
      const { told, content } = await window.answer(asked);
      const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
      listener(told, [new DataView(bytes.buffer)]);
    },
  };
  widget.render({ model, el: document.getElementById("cell") });
</script>"""


def test_the_widget_shows_the_timeline_and_a_moment_in_a_page_of_others(
    browser: Any, served: Served, tmp_path: Path
) -> None:
    """As a notebook does: a page of its own address and styles, and messages instead of a server."""
    routes = Routes(served.view.opened, served.view.name)
    asked_elsewhere: list[str] = []
    complaints: list[str] = []
    with browser.new_context(viewport={"width": 1400, "height": 900}, locale="en-GB") as context:
        page = context.new_page()
        page.on("console", lambda m: m.type == "error" and complaints.append(m.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))

        def give(route: Any) -> None:
            if route.request.url.endswith("widget.js"):
                route.fulfill(path=STATIC / "widget.js", content_type="text/javascript")
            elif route.request.url == "http://notebook.test/":
                route.fulfill(body=HOST_PAGE, content_type="text/html")
            else:
                asked_elsewhere.append(route.request.url)
                route.abort()

        def answer(asked: dict[str, Any]) -> dict[str, Any]:
            told, content = routes.answer(asked)
            return {"told": told, "content": base64.b64encode(content).decode()}

        context.route("**/*", give)
        page.expose_function("answer", answer)
        page.goto("http://notebook.test/")
        canvas = page.locator(".timeline canvas")
        canvas.wait_for()
        # The page's styles stay outside, the widget's inside.
        assert (
            page.locator(".widget button").first.evaluate("b => getComputedStyle(b).color")
            != "rgb(255, 0, 0)"
        )
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgba(0, 0, 0, 0)"
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as started:
            page.get_by_role("link", name="Events · CSV").click()
        started.value.save_as(tmp_path / "events.csv")
        assert started.value.suggested_filename == "demo_events.csv"
        assert len((tmp_path / "events.csv").read_text().splitlines()) == len(served.events) + 1
        canvas.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        page.locator("article canvas").first.wait_for()
        assert page.url == "http://notebook.test/", "the address is the notebook's"
        page.get_by_role("link", name="Map", exact=True).click()
        page.locator(".map canvas").wait_for(timeout=60_000)
    routes.jobs.close()
    assert (complaints, asked_elsewhere) == ([], [])
