"""Who is refused: strangers, other pages, foreign hosts, bodies without end; what every answer carries."""

import gzip
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from app_served import BASE, KNOWN, PORT, TOKEN, Served, wait_until_opened

from discover.app.security import CONTENT_POLICY
from discover.app.server import STATIC

BEARER = {"Authorization": f"Bearer {TOKEN}"}


def test_without_the_token_nothing_is_shown(served: Served) -> None:
    stranger = served.other()
    for path in ("/", "/app.js", "/api/app", served.home, "/api/progress", "/?token=wrong", "/?token="):
        answer = stranger.get(path)
        assert answer.status_code == 401, path
        assert "Open the address" in answer.json()["error"]
        assert "set-cookie" not in answer.headers
    for wrong in (f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer ü"):
        answer = stranger.get("/api/app", headers={"Authorization": wrong.encode()})
        assert answer.status_code == 401, wrong


def test_the_token_becomes_a_cookie_that_no_script_and_no_other_site_gets(served: Served) -> None:
    browser = served.other()
    answer = browser.get(f"/?token={TOKEN}&view=map")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?view=map")
    cookie = answer.headers["set-cookie"]
    assert cookie == f"discover_{PORT}={TOKEN}; HttpOnly; SameSite=Strict; Path=/"
    assert browser.get("/api/app").status_code == 200
    assert TOKEN not in browser.get("/api/app").text


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1:1", "127.0.0.1.evil.example", "[::1]", ""]
)
def test_a_name_that_only_resolves_to_this_machine_is_refused(served: Served, host: str) -> None:
    for path in ("/", f"/?token={TOKEN}", "/api/app"):
        answer = served.client.get(path, headers={"Host": host})
        assert answer.status_code == 421
        assert "set-cookie" not in answer.headers
    assert served.client.get("/api/app", headers={"Host": f"LOCALHOST:{PORT}"}).status_code == 200


def test_other_pages_can_neither_ask_nor_change_anything(served: Served) -> None:
    plan = f"{served.home}/plan"
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"https://127.0.0.1:{PORT}"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert served.client.get("/api/app", headers=headers).status_code == 403, headers
        assert served.client.put(plan, json={}, headers=headers).status_code == 403, headers
    own = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}
    assert served.client.get("/api/app", headers=own).status_code == 200
    # A form of another page can send neither this header nor a preflight that is granted.
    signed_in = served.other(writable=True)
    signed_in.get(f"/?token={TOKEN}")
    for method, path in (("PUT", plan), ("POST", "/api/upload"), ("POST", f"{served.home}/search")):
        assert signed_in.request(method, path, content=b"{}").status_code == 403, path
    refused = signed_in.options(plan, headers={"Origin": BASE, "Access-Control-Request-Method": "PUT"})
    assert refused.status_code == 403
    assert not any(name.startswith("access-control") for name in refused.headers)
    # Following the link of another page may open the app, and only that.
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert signed_in.get(f"/?token={TOKEN}", headers=link).status_code == 303
    assert signed_in.get("/api/app", headers=link).status_code == 403


def test_every_answer_carries_the_headers(served: Served) -> None:
    stranger = served.other()
    for answer in (
        served.client.get("/"),
        served.client.get("/api/app"),
        served.client.get(f"{served.home}/density"),
        served.client.get("/api/none"),
        stranger.get("/api/app"),
    ):
        assert answer.headers["content-security-policy"] == CONTENT_POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
    assert "unsafe" not in CONTENT_POLICY
    assert CONTENT_POLICY.startswith("default-src 'none'")


@pytest.mark.parametrize(
    "path",
    [
        "/../server.py",
        "/..%2fserver.py",
        "/%2e%2e/server.py",
        "/static/../../server.py",
        "/....//server.py",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/app.js/../../../etc/passwd",
        "/..\\server.py",
        "/%00",
        "/.hidden",
        "/api/homes/..%2f..%2fetc",
        "/api/homes/%2e%2e",
        "/docs",
        "/openapi.json",
    ],
)
def test_no_name_leads_outside(served: Served, path: str) -> None:
    answer = served.client.request("GET", f"{BASE}{path}")
    assert answer.status_code in (404, 422), answer.text
    assert b"create_app" not in answer.content
    assert b"root:" not in answer.content


def test_only_listed_files_are_served(served: Served) -> None:
    for name in (p.name for p in STATIC.iterdir() if p.suffix in (".html", ".js", ".css")):
        answer = served.client.get(f"/{name}")
        assert answer.content == (STATIC / name).read_bytes()
        assert answer.headers["content-type"].split(";")[0] in ("text/html", "text/javascript", "text/css")


def test_read_only_refuses_every_change_and_changes_nothing(served: Served) -> None:
    reader = served.other()
    before = {p: p.stat().st_mtime_ns for p in served.view.opened.prepared.workspace.rglob("*")}
    correction = {"kind": "activity", "text": "sleeping", "rows": [1]}
    for method, path, body in (
        ("POST", f"{served.home}/corrections", correction),
        ("DELETE", f"{served.home}/corrections/x", None),
        ("PUT", f"{served.home}/plan", {}),
        ("POST", "/api/upload?name=a.txt", None),
    ):
        answer = reader.request(method, path, json=body, headers=KNOWN)
        assert answer.status_code == 403, path
        assert "--writable" in answer.json()["error"]
    assert reader.get("/api/app", headers=KNOWN).json()["writable"] is False
    assert {p: p.stat().st_mtime_ns for p in served.view.opened.prepared.workspace.rglob("*")} == before


def test_a_body_without_end_is_cut(served: Served, tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    app = served.other(limit=100_000, uploads=True, workspace=folder)
    pieces = (b"2024-01-01 00:00:00\tM001\tON\n" * 400 for _ in range(1_000))
    claimed = app.post("/api/upload?name=a.txt", content=b"x" * 100_001, headers=KNOWN)
    endless = app.post("/api/upload?name=a.txt", content=pieces, headers=KNOWN)
    for answer in (claimed, endless):
        assert answer.status_code == 413
        assert "larger than" in answer.json()["error"]
    assert [p for p in folder.rglob("*") if p.is_file()] == []
    search = app.post(f"{served.home}/search", content=b'{"query": "' + b"x" * 9_000_000, headers=KNOWN)
    assert search.status_code == 413


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("../../../etc/cron.d/evil", "evil"), ("C:\\Windows\\evil.txt", "evil.txt"), ("..", "log"),
        (".bashrc", "bashrc"), ("a b<script>.txt", "a_b_script_.txt"), ("\x00x\n.csv", "_x_.csv"),
        ("Ü" * 200, "_"),
    ],
)  # fmt: skip
def test_an_upload_stays_in_its_folder_whatever_its_name(
    served: Served, tmp_path: Path, name: str, stored: str
) -> None:
    app = served.other(uploads=True, workspace=tmp_path)
    answer = app.post("/api/upload", params={"name": name}, content=b"not a log\n", headers=KNOWN)
    assert answer.status_code == 201
    path = Path(answer.json()["source"])
    assert path.name == stored
    assert path.parent.parent == tmp_path / "uploads"
    key = answer.json()["id"]
    wait_until_opened(served.shelf, key)
    failed = app.get(f"/api/homes/{key}", headers=KNOWN)
    assert failed.status_code == 409
    assert failed.json()["error"]
    assert [p for p in tmp_path.rglob("*") if p.name == stored] == [], "what is no log is not kept"


def test_an_uploaded_log_becomes_a_home_that_answers(served: Served, tmp_path: Path) -> None:
    app = served.other(uploads=True, workspace=tmp_path)
    hour = "".join(
        line
        for line in served.log.read_text().splitlines(keepends=True)
        if "2024-01-01 08" <= line < "2024-01-01 09"
    )
    packed = gzip.compress(hour.encode())
    made = app.post("/api/upload?name=One hour.txt.gz", content=packed, headers=KNOWN).json()
    assert made["state"] in ("waiting", "working")
    wait_until_opened(served.shelf, made["id"])
    facts = app.get(f"/api/homes/{made['id']}", headers=KNOWN).json()
    assert facts["events"] == len(hour.splitlines())
    assert facts["plan"] == "graph", "its sensors are unknown, so nothing is placed"
    asked = {"query": "someone is there in the morning", "k": 2}
    found = app.post(f"/api/homes/{made['id']}/search", json=asked, headers=KNOWN).json()
    assert len(found["hits"]) == 2
    first = served.client.get("/api/app").json()["homes"][0]
    assert first["id"] == served.view.key, "the homes before it stay"


def test_a_zip_bomb_is_refused_in_words(served: Served, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("log.txt", b"2024-01-01 00:00:00\tM001\tON\n" * 3_000_000)
    app = served.other(uploads=True, workspace=tmp_path, limit=2**22)
    answer = app.post("/api/upload?name=bomb.zip", content=packed.getvalue(), headers=KNOWN)
    assert answer.status_code == 201
    wait_until_opened(served.shelf, answer.json()["id"])
    error = app.get(f"/api/homes/{answer.json()['id']}", headers=KNOWN).json()["error"]
    assert "times" in error or "larger" in error or "unpack" in error, error


def test_html_in_names_comes_back_as_text(served: Served) -> None:
    bad = "<img src=x onerror=alert(1)>"
    for answer in (
        served.client.get(f"/api/homes/{bad}"),
        served.client.get(f"{served.home}/density", params={"rooms": bad}),
        served.client.get(f"/{bad}"),
        served.client.post(f"{served.home}/search", json={"query": bad}),
    ):
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_hundred_clients_at_once_get_their_own_answers(served: Served) -> None:
    whole = served.events.height
    questions = ["someone is in the kitchen", "someone opens the fridge", "someone is in the bathroom"]
    alone = [
        served.client.post(f"{served.home}/search", json={"query": q, "k": 3}).json()["hits"]
        for q in questions
    ]

    search = f"{served.home}/search"

    def one(k: int) -> bool:
        if k % 2:
            found = served.client.post(search, json={"query": questions[k % 3], "k": 3})
            return found.status_code == 200 and found.json()["hits"] == alone[k % 3]
        found = served.client.get(f"{served.home}/density?bins={k + 10}&by=all")
        return found.status_code == 200 and f'"total": {whole}'.encode() in found.content

    with ThreadPoolExecutor(100) as clients:
        assert all(clients.map(one, range(100)))
