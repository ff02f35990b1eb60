"""The bytes of a log, whatever it is packed in: plain text, gzip, bzip2, xz, zip or tar.

In: a path. Out: bytes whose lines end in a line feed, without byte-order mark. Anything that cannot be a
text log (missing, empty, binary, damaged archive) is refused here, with one paragraph that says what
was found.
"""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from discover.core.errors import DataError
from discover.homes._unpack import Choose, unpack

__all__ = ["all_lines", "decode", "first_lines", "log_members", "read_log_bytes"]

_KNOWN_BINARY = (
    (b"PAR1", "a Parquet file"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x80\x04", "a Python pickle"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x7fELF", "a program"),
    (b"<!DOCTYPE html", "a web page (often the answer of a site that asks for a login)"),
    (b"<html", "a web page (often the answer of a site that asks for a login)"),
)

_HEAD_BYTES = 20_000
_TEXT_BYTES = bytes([9, 10, 12, 13, *range(32, 256)])

_ALSO_CALLED = {"kyoto": ("twor.2009", "twor2009")}

_WHAT_IS_READ = (
    "Give a CASAS text log (date, time, sensor and value on each line, separated by TABs, spaces or "
    "commas), plain or packed as .gz, .zip or .tar.gz."
)


def read_log_bytes(path: Path, *, home_name: str | None = None) -> bytes:
    """Unpack and check a log file.

    Args:
        path: The file; how it is packed is read from its first bytes, not from its name.
        home_name: Prefers the files of this home where an archive holds several homes.

    Raises:
        DataError: Missing file, folder, empty, binary, damaged archive, or one that grows too large.
    """
    found = _read(path, lambda names: _only_one(names, path, home_name))
    data = decode(found[0][1], path) if found else b""
    if not data or data.isspace():
        raise DataError(f"{path} is empty: no line holds anything. {_WHAT_IS_READ}")
    return data


def log_members(path: Path, *, home_name: str | None = None) -> list[tuple[str, bytes]]:
    """Every log that a file holds, decoded: one for plain text, several for an archive of session files.

    Args:
        path: Plain text or packed.
        home_name: Prefers the files of this home where an archive holds several homes.

    Raises:
        DataError: As `read_log_bytes`; several logs are no error here.
    """
    found = _read(path, lambda names: _candidates(names, path, home_name))
    logs = [(name, decode(data, path)) for name, data in found]
    filled = [(name, data) for name, data in logs if data and not data.isspace()]
    if not filled:
        raise DataError(f"{path} is empty: no line holds anything. {_WHAT_IS_READ}")
    return filled


def _read(path: Path, choose: Choose) -> list[tuple[str, bytes]]:
    if path.is_dir():
        raise DataError(f"{path} is a folder, not a log. Name the log file inside it.")
    try:
        return unpack(path, choose)
    except FileNotFoundError as error:
        raise DataError(
            f"No log at {path}. Check the path; `discover homes fetch NAME` downloads a public home and "
            "`discover homes simulate --like NAME` writes a made-up log of it."
        ) from error
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}. Check its permissions.") from error


def _candidates(names: Sequence[str], path: Path, home_name: str | None) -> list[str]:
    """The files of an archive that are its best candidates for a log, in order of name."""
    ranks = {name: rank for name in names if (rank := _member_rank(name)) is not None}
    if not ranks:
        shown = ", ".join(names[:5]) or "nothing"
        raise DataError(f"{path} holds no log: found {shown}. {_WHAT_IS_READ}")
    if home_name is not None:
        names_here = {home_name.lower(), *_ALSO_CALLED.get(home_name, ())}
        ranks = {name: rank for name, rank in ranks.items() if names_here & _words(name)} or ranks
    best = min(ranks.values())
    return sorted(name for name, rank in ranks.items() if rank == best)


def _only_one(names: Sequence[str], path: Path, home_name: str | None) -> list[str]:
    found = _candidates(names, path, home_name)
    if len(found) > 1:
        shown = ", ".join(found[:5])
        raise DataError(f"{path} holds several logs ({shown}). Unpack it and give the one you mean.")
    return found


def _words(name: str) -> set[str]:
    path = PurePosixPath(name.lower())
    return {*path.parts, path.name.split(".")[0], path.stem}


def _member_rank(name: str) -> int | None:
    """How likely an archive member is the log: 0 best, None never."""
    path = PurePosixPath(name.lower())
    base = path.name
    if base.startswith((".", "readme", "license")) or "__macosx" in path.parts or "features" in base:
        return None
    if path.suffix in {".png", ".jpg", ".pdf", ".translate", ".html", ".htm", ".md", ".py", ".yaml", ".json"}:
        return None
    if base.split(".")[0] == "data":
        return 0
    if base.endswith(".ann.txt"):
        return 1
    return 2 if path.suffix in {".txt", ".csv", ".tsv", ".log", ".gz"} else 3


def decode(data: bytes, path: Path) -> bytes:
    """Drop byte-order marks, turn UTF-16 into UTF-8 and other line ends into newlines; refuse binary."""
    start = data[:200].lstrip().lower()
    for magic, what in _KNOWN_BINARY:
        if start.startswith(magic.lower()):
            raise DataError(f"{path} is {what}, not a text log. {_WHAT_IS_READ}")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", errors="replace").encode()
    data = data.removeprefix(b"\xef\xbb\xbf")
    lines = data[:65536].split(b"\n")
    damaged = sum(bool(line.translate(None, _TEXT_BYTES)) for line in lines)
    if damaged * 2 > len(lines):
        raise DataError(f"{path} is a binary file, not a text log. {_WHAT_IS_READ}")
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        # a line ends at \r\n, \n or a lone \r; \r\r\n comes of a file converted twice
        data = re.sub(rb"\r(?!\n)", b"\n", re.sub(rb"\r+\n", b"\n", data))
    return data


def all_lines(text: bytes) -> list[str]:
    """The lines of a decoded log; the newline that ends the last one begins no other."""
    lines = text.decode("utf-8", errors="replace").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def first_lines(text: bytes, most: int | None = None) -> list[str]:
    """Lines at the begin of a decoded log, enough to see how it is kept; the last one may be cut off."""
    return text[:_HEAD_BYTES].decode("utf-8", errors="replace").split("\n")[:most]
