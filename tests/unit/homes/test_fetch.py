"""Fetching against a server on 127.0.0.1 that cuts off, changes, lies or refuses."""

import hashlib
import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from discover.cli.homes import homes_app
from discover.core.errors import ArtifactError, ConfigError, DataError
from discover.homes import _download, fetch, fetch_log
from discover.homes.mirrors import Mirror, known_mirrors, mirrors_of

LOG = b"".join(b"2011-03-01 07:%02d:%02d\tM%03d\tON\n" % (k // 60 % 60, k % 60, k % 30) for k in range(9000))
SHA = hashlib.sha256(LOG).hexdigest()


class Site:
    """What the server answers, and what it was asked."""

    def __init__(self) -> None:
        self.body = LOG
        self.tag = '"v1"'
        self.cut_after: list[int] = []
        self.ranges = True
        self.requests: list[str | None] = []
        self.url = ""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(_download, "_PAUSE_S", 0.0)
    monkeypatch.setattr(_download, "_BLOCK", 4096)
    state = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/elsewhere":
                self.send_response(302)
                self.send_header("Location", "http://example.org/a.zip")
                self.send_header("Content-Length", "0")
                return self.end_headers()
            if self.path != "/log.txt":
                return self.send_error(404, "Not Found")
            state.requests.append(self.headers.get("Range"))
            body, code, headers = state.body, 200, {"ETag": state.tag} if state.tag else {}
            asked = re.match(r"bytes=(\d+)-", self.headers.get("Range") or "")
            same = self.headers.get("If-Range") in (None, state.tag)
            if asked and state.ranges and same:
                start = int(asked[1])
                if start >= len(body):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(body)}")
                    self.send_header("Content-Length", "0")
                    return self.end_headers()
                headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
                body, code = body[start:], 206
            return self._send(body, code, headers)

        def _send(self, body: bytes, code: int, headers: dict[str, str]) -> None:
            self.send_response(code)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            cut = state.cut_after.pop(0) if state.cut_after else None
            self.wfile.write(body if cut is None else body[:cut])
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def mirror(site: Site, **options: Any) -> list[Mirror]:
    return [Mirror(f"{site.url}/log.txt", "log.txt", **options)]


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def test_download_is_recorded_and_not_repeated(site: Site, tmp_path: Path) -> None:
    path = fetch_log("milan", tmp_path, mirrors=mirror(site))
    assert path.read_bytes() == LOG
    record = json.loads((tmp_path / "fetch.json").read_text())
    assert (record["sha256"], record["size"], record["file"]) == (SHA, len(LOG), "log.txt")
    assert names(tmp_path) == ["fetch.json", "log.txt"]
    assert fetch_log("milan", tmp_path, mirrors=mirror(site)) == path
    assert len(site.requests) == 1


def test_broken_connection_is_resumed_where_it_broke(site: Site, tmp_path: Path) -> None:
    site.cut_after = [10_000, 50_000]
    assert fetch_log("milan", tmp_path, mirrors=mirror(site, sha256=SHA)).read_bytes() == LOG
    assert site.requests == [None, "bytes=10000-", "bytes=60000-"]


def test_what_arrived_is_kept_for_the_next_run(site: Site, tmp_path: Path) -> None:
    site.cut_after = [10_000, 0, 0, 0]
    with pytest.raises(DataError, match="run the same command again"):
        fetch_log("milan", tmp_path, mirrors=mirror(site))
    assert (tmp_path / ".log.txt.partial").stat().st_size == 10_000
    assert not (tmp_path / "log.txt").exists()
    assert fetch_log("milan", tmp_path, mirrors=mirror(site)).read_bytes() == LOG
    assert site.requests[-1] == "bytes=10000-"
    assert names(tmp_path) == ["fetch.json", "log.txt"]


def test_a_file_that_changed_in_between_is_not_joined(site: Site, tmp_path: Path) -> None:
    site.cut_after = [10_000, 0, 0, 0]
    with pytest.raises(DataError):
        fetch_log("milan", tmp_path, mirrors=mirror(site))
    site.body, site.tag = LOG.replace(b"ON", b"OFF"), '"v2"'
    assert fetch_log("milan", tmp_path, mirrors=mirror(site)).read_bytes() == site.body


@pytest.mark.parametrize("tag", ["", 'W/"weak"'])
def test_without_a_strong_mark_parts_are_not_joined(tag: str, site: Site, tmp_path: Path) -> None:
    site.tag = tag
    site.cut_after = [10_000]
    assert fetch_log("milan", tmp_path, mirrors=mirror(site)).read_bytes() == LOG
    assert site.requests == [None, None]


def test_server_without_ranges(site: Site, tmp_path: Path) -> None:
    site.ranges = False
    site.cut_after = [10_000]
    assert fetch_log("milan", tmp_path, mirrors=mirror(site)).read_bytes() == LOG


def test_whole_partial_is_taken_over(site: Site, tmp_path: Path) -> None:
    (tmp_path / ".log.txt.partial").write_bytes(LOG)
    (tmp_path / ".log.txt.partial.json").write_text(
        json.dumps({"url": f"{site.url}/log.txt", "tag": site.tag})
    )
    assert fetch_log("milan", tmp_path, mirrors=mirror(site)).read_bytes() == LOG
    assert site.requests == [f"bytes={len(LOG)}-"]


def test_wrong_sha256_is_refused_and_leaves_nothing(site: Site, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="wrong sha256"):
        fetch_log("milan", tmp_path, mirrors=mirror(site, sha256="0" * 64))
    assert names(tmp_path) == []


def test_next_mirror_is_tried(site: Site, tmp_path: Path) -> None:
    places = [Mirror(f"{site.url}/gone.zip", "gone.zip"), Mirror("http://127.0.0.1:9/x", "x"), *mirror(site)]
    assert fetch_log("milan", tmp_path, mirrors=places).name == "log.txt"


def test_all_mirrors_fail_with_one_paragraph(site: Site, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="404") as error:
        fetch_log("milan", tmp_path / "new", mirrors=[Mirror(f"{site.url}/gone.zip", "gone.zip")])
    assert "--from-file" in str(error.value)
    assert "\n" not in str(error.value)


def test_login_page_is_no_log(site: Site, tmp_path: Path) -> None:
    site.body = b"<!DOCTYPE html><html>please log in</html>"
    with pytest.raises(DataError, match="web page"):
        fetch_log("milan", tmp_path, mirrors=mirror(site))
    assert names(tmp_path) == []


def test_changed_publication_is_reported(site: Site, tmp_path: Path) -> None:
    path = fetch_log("milan", tmp_path, mirrors=mirror(site))
    path.unlink()
    site.body = LOG + b"2011-03-02 07:00:00\tM001\tON\n"
    with pytest.raises(DataError, match="another file than at the first download"):
        fetch_log("milan", tmp_path, mirrors=mirror(site))
    assert names(tmp_path) == ["fetch.json"]
    (tmp_path / "fetch.json").unlink()
    assert fetch_log("milan", tmp_path, mirrors=mirror(site)).read_bytes() == site.body


def test_altered_file_is_not_taken_for_the_fetched_one(site: Site, tmp_path: Path) -> None:
    path = fetch_log("milan", tmp_path, mirrors=mirror(site))
    path.write_bytes(b"something else")
    with pytest.raises(DataError, match=r"differs from fetch\.json"):
        fetch_log("milan", tmp_path, mirrors=mirror(site))
    assert path.read_bytes() == b"something else"


def archive(**homes: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in homes.items():
            packed.writestr(f"labeled_data/{name}.csv", text)
    return stream.getvalue()


def archive_mirror(site: Site, name: str, **options: Any) -> list[Mirror]:
    md5 = hashlib.md5(site.body, usedforsecurity=False).hexdigest()
    values = {"size": len(site.body), "md5": md5, **options}
    return [Mirror(f"{site.url}/log.txt", "labeled_data.zip", members=(name,), **values)]


def test_one_home_out_of_an_archive_of_many(site: Site, tmp_path: Path) -> None:
    other = LOG.replace(b"M0", b"K0")
    site.body = archive(hh101=LOG, hh102=other)
    folder = tmp_path / "casas" / "hh101"
    path = fetch_log("hh101", folder, mirrors=archive_mirror(site, "hh101"))
    assert (path.name, path.read_bytes()) == ("hh101.csv", LOG)
    assert names(tmp_path / "casas") == ["hh101", "labeled_data.zip"]
    record = json.loads((folder / "fetch.json").read_text())
    assert record["sha256"] == SHA
    assert record["url"].endswith("#labeled_data/hh101.csv")
    # the archive is there and unchanged: the second home needs no download
    second = fetch_log("hh102", tmp_path / "casas" / "hh102", mirrors=archive_mirror(site, "hh102"))
    assert second.read_bytes() == other
    assert len(site.requests) == 1


def test_an_archive_is_checked_before_it_is_opened(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.body = archive(hh101=LOG)
    opened: list[object] = []
    monkeypatch.setattr(fetch, "unpack", lambda *args: opened.append(args))
    for options in ({"md5": "0" * 32}, {"sha256": "0" * 64}, {"size": 5}):
        with pytest.raises(DataError, match=r"wrong MD5|wrong sha256|expected 5"):
            fetch_log("hh101", tmp_path / "h", mirrors=archive_mirror(site, "hh101", **options))
    assert opened == []
    assert not (tmp_path / "labeled_data.zip").exists()


def test_a_home_that_the_archive_lacks(site: Site, tmp_path: Path) -> None:
    site.body = archive(hh101=LOG, hh103=LOG)
    with pytest.raises(DataError, match=r"no home hh102 \(it holds hh101, hh103\)"):
        fetch_log("hh102", tmp_path / "hh102", mirrors=archive_mirror(site, "hh102"))
    assert names(tmp_path / "hh102") == []


@pytest.mark.parametrize("url", ["http://example.org/a.zip", "ftp://example.org/a.zip", "file:///etc/passwd"])
def test_plain_http_is_never_used(url: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="plain http is never used"):
        fetch_log("milan", tmp_path, mirrors=[Mirror(url, "a.zip")])
    assert names(tmp_path) == []


def test_a_redirect_to_plain_http_is_not_followed(site: Site, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="plain http is never used"):
        fetch_log("milan", tmp_path, mirrors=[Mirror(f"{site.url}/elsewhere", "a.zip")])


def test_every_mirror_is_https_and_the_archive_has_its_checksum() -> None:
    found = known_mirrors()
    assert all(m.url.startswith("https://") for _, m in found)
    zenodo = mirrors_of("hh101")[0]
    assert (zenodo.size, zenodo.md5) == (236_037_656, "ec37d679e85a6ae39e84994888afd514")
    assert "CC BY 4.0" in zenodo.terms
    result = CliRunner().invoke(homes_app, ["fetch", "--list"])
    assert result.exit_code == 0
    assert "CC BY 4.0" in " ".join(result.output.split())


def test_from_file(tmp_path: Path) -> None:
    source = tmp_path / "mine.txt"
    source.write_bytes(LOG)
    folder = tmp_path / "raw"
    path = fetch_log("milan", folder, from_file=source)
    assert path.read_bytes() == LOG
    assert fetch_log("milan", folder, from_file=source) == path
    assert fetch_log("milan", folder) == path  # no mirror is asked
    source.write_bytes(LOG + b"\n")
    with pytest.raises(DataError, match="differs"):
        fetch_log("milan", folder, from_file=source)
    assert path.read_bytes() == LOG


def test_from_file_must_be_a_log(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No log at"):
        fetch_log("milan", tmp_path / "raw", from_file=tmp_path / "absent")
    assert not (tmp_path / "raw").exists()


def test_unknown_home_and_home_without_mirrors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="milan"):
        fetch_log("millan", tmp_path)
    with pytest.raises(DataError, match="--from-file"):
        fetch_log("tm000", tmp_path)
    assert len(mirrors_of("milan")) >= 2


def test_unwritable_folder(site: Site, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ArtifactError, match="Cannot write"):
        fetch_log("milan", blocked / "raw", mirrors=mirror(site))
