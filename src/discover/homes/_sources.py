"""The files of a log: one file, the files of a folder, or those of an archive; and what each of them is.

In: a path. Out: `Source`s in order of name. A folder is looked through with its subfolders; hidden files,
pictures, tables of this program and documents are no sources.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from discover.core.artifacts import file_sha256
from discover.core.errors import DataError
from discover.homes._bytes import first_lines, log_members, read_log_bytes

__all__ = [
    "Source",
    "archive_sources",
    "first_time",
    "folder_sources",
    "is_sqlite",
    "last_time",
    "looks_like_events",
]

_SQLITE = b"SQLite format 3\0"
_NEVER = {
    *(".json", ".lock", ".png", ".jpg", ".jpeg", ".pdf", ".mat", ".m", ".md", ".yaml", ".yml", ".parquet"),
    *(".html", ".htm", ".py", ".sql", ".translate", ".npz", ".db", ".partial"),
}
_MAX_FILES = 20_000
_TIME = re.compile(
    r"[\"'\s]*(\d{1,4}[-/.](?:\d{1,2}|[A-Za-z]{3})[-/.]\d{1,4}[\"']?[\sT,;|]+[\"']?\d{1,2}:\d{1,2}(?::\d{1,2})?)"
)


@dataclass(frozen=True)
class Source:
    """One file of a log.

    Attributes:
        name: Its name below the folder or in the archive.
        path: The file on disk that holds it.
        data: Its text if it has been read already.
    """

    name: str
    path: Path
    data: bytes | None = None

    @cached_property
    def text(self) -> bytes:
        """Decoded text, lines end in a newline sign; DataError if it is no text."""
        return read_log_bytes(self.path) if self.data is None else self.data

    @property
    def plain_name(self) -> str:
        """The last part of the name, without the ending of a packed file."""
        return re.sub(r"\.(?:gz|bz2|xz|zip)$", "", PurePosixPath(self.name).name, flags=re.IGNORECASE)

    def is_text(self) -> bool:
        """Whether the file can be read as text."""
        try:
            return bool(self.text)
        except DataError:
            return False

    def sha256(self) -> str:
        """Of the file on disk."""
        return file_sha256(self.path)


def folder_sources(folder: Path) -> tuple[list[Source], tuple[str, ...]]:
    """The files of a folder and its subfolders that may belong to a log, and the names of the others.

    Raises:
        DataError: More files than any log has.
    """
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    if len(paths) > _MAX_FILES:
        raise DataError(
            f"{folder} holds {len(paths):,} files, more than a log has. Give the folder of one home."
        )
    named = [(p.relative_to(folder), p) for p in paths]
    named = [(name, p) for name, p in named if not any(part.startswith(".") for part in name.parts)]
    sources = [Source(name.as_posix(), p) for name, p in named if p.suffix.lower() not in _NEVER]
    return sources, tuple(name.as_posix() for name, p in named if p.suffix.lower() in _NEVER)


def archive_sources(path: Path, home_name: str | None) -> list[Source]:
    """The logs in a file: one, or several for an archive.

    Raises:
        DataError: No log is in it, or it cannot be unpacked.
    """
    return [Source(name, path, data) for name, data in log_members(path, home_name=home_name)]


def is_sqlite(path: Path) -> bool:
    """Whether a file begins as a SQLite database does."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(len(_SQLITE)) == _SQLITE


def looks_like_events(source: Source) -> bool:
    """Whether most of the first lines begin with a date and a time."""
    head = first_lines(source.text, 60)
    filled = [line for line in head if line.strip()]
    return bool(filled) and 2 * sum(_TIME.match(line) is not None for line in filled) > len(filled)


def first_time(source: Source) -> str:
    """Text of the first date and time of a file, "" if it has none."""
    for line in first_lines(source.text):
        found = _TIME.match(line)
        if found:
            return found[1]
    return ""


def last_time(source: Source) -> str:
    """Text of the date and time that begins the last such line of a file, "" if it has none."""
    for line in reversed(source.text[-20_000:].decode("utf-8", errors="replace").split("\n")):
        found = _TIME.match(line)
        if found:
            return found[1]
    return ""
