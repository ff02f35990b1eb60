"""The bytes of a log, whatever it is packed in: plain text, gzip, bzip2, xz or zip.

In: a path. Out: bytes whose lines end in "\\n", without byte-order mark. Anything that cannot be a
text log (missing, empty, binary, damaged archive) is refused here, with one paragraph that says what
was found.
"""

import bz2
import gzip
import lzma
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from discover.core.errors import DataError

__all__ = ["read_log_bytes"]

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

_ALSO_CALLED = {"kyoto": ("twor.2009", "twor2009")}

_WHAT_IS_READ = (
    "Give a CASAS text log (date, time, sensor and value on each line, separated by TABs, spaces or "
    "commas), plain or packed as .gz or .zip."
)


def read_log_bytes(path: Path, *, home_name: str | None = None) -> bytes:
    """Unpack and check a log file.

    Args:
        path: The file; how it is packed is read from its first bytes, not from its name.
        home_name: Prefers a zip member of this home where an archive holds several.

    Raises:
        DataError: Missing file, folder, empty, binary, or damaged archive.
    """
    if path.is_dir():
        raise DataError(f"{path} is a folder, not a log. Name the log file inside it.")
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(
            f"No log at {path}. Check the path; `discover homes fetch NAME` downloads a public home and "
            "`discover homes simulate --like NAME` writes a made-up log of it."
        ) from error
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}. Check its permissions.") from error
    data = _decode(_unpack(raw, path, home_name), path)
    if not data or data.isspace():
        raise DataError(f"{path} is empty: no line holds anything. {_WHAT_IS_READ}")
    return data


def _unpack(raw: bytes, path: Path, home_name: str | None) -> bytes:
    try:
        if raw[:2] == b"\x1f\x8b":
            return _gunzip(raw)
        if raw[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
            return _unzip(path, home_name)
        if raw[:3] == b"BZh":
            return bz2.decompress(raw)
        if raw[:6] == b"\xfd7zXZ\x00":
            return lzma.decompress(raw)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError) as error:
        raise DataError(
            f"{path} is a damaged or locked archive ({error}). The download may have been cut off: "
            "fetch it again, or unpack it yourself and give the text file."
        ) from error
    return raw


def _gunzip(raw: bytes) -> bytes:
    # zlib in one call is about 1.3 times as fast as gzip.open; files of several members take the slow road.
    unpacker = zlib.decompressobj(wbits=31)
    data = unpacker.decompress(raw)
    if unpacker.eof and not unpacker.unused_data:
        return data
    return gzip.decompress(raw)


def _unzip(path: Path, home_name: str | None) -> bytes:
    with zipfile.ZipFile(path) as archive:
        members = [m for m in archive.infolist() if not m.is_dir() and m.file_size > 0]
        candidates = [m for m in members if _member_rank(m.filename) is not None]
        if not candidates:
            names = ", ".join(m.filename for m in members[:5]) or "nothing"
            raise DataError(f"{path} holds no log: found {names}. {_WHAT_IS_READ}")
        if home_name is not None:
            names_here = {home_name.lower(), *_ALSO_CALLED.get(home_name, ())}
            mine = [m for m in candidates if names_here & _words(m.filename)]
            candidates = mine or candidates
        first = min(_member_rank(m.filename) or 0 for m in candidates)
        best, *others = [m for m in candidates if (_member_rank(m.filename) or 0) == first]
        if others:
            names = ", ".join(m.filename for m in (best, *others[:4]))
            raise DataError(f"{path} holds several logs ({names}). Unpack it and give the one you mean.")
        data = archive.read(best)
    return _gunzip(data) if data[:2] == b"\x1f\x8b" else data


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


def _decode(data: bytes, path: Path) -> bytes:
    """Drop byte-order marks, turn UTF-16 into UTF-8 and other line ends into newlines; refuse binary."""
    start = data[:200].lstrip().lower()
    for magic, what in _KNOWN_BINARY:
        if start.startswith(magic.lower()):
            raise DataError(f"{path} is {what}, not a text log. {_WHAT_IS_READ}")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", errors="replace").encode()
    if data[257:262] == b"ustar":
        raise DataError(f"{path} is a tar archive. Unpack it and give the log inside. {_WHAT_IS_READ}")
    data = data.removeprefix(b"\xef\xbb\xbf")
    head = data[:65536]
    control = sum(head.count(bytes([c])) for c in range(32) if c not in (9, 10, 12, 13))
    if head and (b"\x00" in head or control > len(head) // 50):
        raise DataError(f"{path} is a binary file, not a text log. {_WHAT_IS_READ}")
    if b"\r" in head and b"\n" not in head:
        data = data.replace(b"\r", b"\n")
    return data
