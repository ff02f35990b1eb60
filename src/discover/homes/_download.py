"""One file over HTTP, resumed where an earlier attempt stopped. Standard library only."""

import contextlib
import http.client
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from discover.core.artifacts import read_json
from discover.core.errors import ArtifactError
from discover.core.progress import SILENT, Progress
from discover.core.reading import mapping_of

__all__ = ["DownloadError", "download"]

_BLOCK = 1 << 18
_TIMEOUT_S = 30
_MAX_BYTES = 20 << 30
_ATTEMPTS = 4
_PAUSE_S = 0.5
_AGENT = {"User-Agent": "discover-homes-fetch"}


class DownloadError(Exception):
    """This address did not give the file; another may."""


class _BrokenOffError(DownloadError):
    """The answer ended early: worth another attempt, which goes on where it ended."""


def download(
    url: str,
    partial: Path,
    *,
    expected_size: int | None = None,
    progress: Progress = SILENT,
    description: str = "download",
) -> None:
    """Download `url` into `partial`, going on from what is there if it is a part of the same file.

    A broken connection is tried again, each time from where it broke. `partial` keeps what has arrived if
    all attempts fail.

    Raises:
        DownloadError: The address is wrong, or the file did not come whole.
        ArtifactError: The disk cannot be written.
    """
    _refuse_plain_http(url)
    for attempt in range(_ATTEMPTS):
        try:
            _attempt(url, partial, expected_size, progress, description)
        except _BrokenOffError:
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(_PAUSE_S * attempt)
        else:
            _note_path(partial).unlink(missing_ok=True)
            return


def _refuse_plain_http(url: str) -> None:
    """Anyone on the way can change what plain http brings; only this machine itself is trusted with it."""
    parts = urllib.parse.urlsplit(url)
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise DownloadError(f"not an https address ({parts.scheme or 'no scheme'}); plain http is never used")


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    """Follows no redirect from https to something else."""

    def redirect_request(
        self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """As the standard library's, after the address is looked at."""
        _refuse_plain_http(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = urllib.request.build_opener(_OnlyHttps)


def _attempt(
    url: str, partial: Path, expected_size: int | None, progress: Progress, description: str
) -> None:
    have, tag = _resume_point(url, partial)
    headers = dict(_AGENT)
    if have:
        headers["Range"] = f"bytes={have}-"
        if tag:
            headers["If-Range"] = tag
    try:
        answer = _OPENER.open(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and have:  # what is here does not fit the file any more, or is all of it
            if _total(error.headers.get("Content-Range")) == have and expected_size in (None, have):
                return
            partial.unlink(missing_ok=True)
            raise _BrokenOffError("the file changed between two attempts") from error
        raise DownloadError(f"the server answered {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(_reason(error)) from error
    with contextlib.closing(answer):
        _receive(answer, url, partial, have, expected_size, progress, description)


def _receive(
    answer: Any,
    url: str,
    partial: Path,
    have: int,
    expected_size: int | None,
    progress: Progress,
    description: str,
) -> None:
    content_range = answer.headers.get("Content-Range")
    goes_on = answer.status == 206 and _start(content_range) == have
    if answer.status == 206 and not goes_on:
        partial.unlink(missing_ok=True)
        raise _BrokenOffError("the server sent another part than asked for")
    have = have if goes_on else 0
    length = answer.headers.get("Content-Length")
    total = _total(content_range) if goes_on else (int(length) if length else expected_size)
    if expected_size is not None and total is not None and total != expected_size:
        raise DownloadError(f"the file has {total:,} bytes there, expected {expected_size:,}")
    _write_note(partial, url, answer.headers.get("ETag") or answer.headers.get("Last-Modified") or "")
    progress.start(description, total)
    progress.advance(have)
    try:
        with partial.open("r+b" if goes_on else "wb") as stream:
            stream.seek(have)
            stream.truncate()
            while block := _read(answer):
                stream.write(block)
                have += len(block)
                if have > (total if total is not None else _MAX_BYTES):
                    raise DownloadError(f"more bytes come than announced (more than {have:,})")
                progress.advance(len(block))
    except OSError as error:
        raise ArtifactError(
            f"Cannot write {partial} ({error.strerror}). Free some space and run again."
        ) from error
    finally:
        progress.finish()
    if total is not None and have != total:
        raise _BrokenOffError(f"the connection broke off after {have:,} of {total:,} bytes")


def _read(answer: Any) -> bytes:
    try:
        return bytes(answer.read(_BLOCK))
    except http.client.IncompleteRead as error:
        return bytes(error.partial)
    except (OSError, http.client.HTTPException):
        return b""  # the size check that follows calls it broken off


def _resume_point(url: str, partial: Path) -> tuple[int, str]:
    """Bytes that are here already and the server's mark of that version; (0, "") to begin anew."""
    try:
        note = mapping_of(read_json(_note_path(partial)), _note_path(partial))
        have = partial.stat().st_size
    except (OSError, ArtifactError):
        return 0, ""
    if note.get("url") != url or not note.get("tag"):
        return 0, ""
    return have, str(note["tag"])


def _write_note(partial: Path, url: str, tag: str) -> None:
    # weak marks ("W/...") may not be used to join parts (RFC 9110, 13.1.5)
    tag = "" if tag.startswith("W/") else tag
    try:
        _note_path(partial).write_text(json.dumps({"url": url, "tag": tag}), encoding="utf-8")
    except OSError as error:
        raise ArtifactError(
            f"Cannot write in {partial.parent} ({error.strerror}). Choose another folder."
        ) from error


def _note_path(partial: Path) -> Path:
    return partial.with_name(partial.name + ".json")


def _start(content_range: str | None) -> int | None:
    found = re.match(r"bytes (\d+)-", content_range or "")
    return int(found[1]) if found else None


def _total(content_range: str | None) -> int | None:
    found = re.search(r"/(\d+)$", content_range or "")
    return int(found[1]) if found else None


def _reason(error: BaseException) -> str:
    inner = getattr(error, "reason", None)
    return " ".join(str(inner or error or type(error).__name__).split())
