"""Download a public home's log: several mirrors, resumed after a break, checked before it is opened.

The only code of the project that touches the network. In: a home's name and a folder. Out: the log file in
that folder, and `fetch.json` beside it with its origin, size and sha256. A file appears under its name only
when it is whole and checked; until then it is `.<name>.partial`.
"""

import hashlib
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from discover.core.artifacts import atomic_path, file_sha256, read_json, write_json
from discover.core.errors import ArtifactError, DataError
from discover.core.home import Home
from discover.core.progress import SILENT, Progress
from discover.homes._download import DownloadError, download
from discover.homes._plan import plan_log
from discover.homes._unpack import unpack
from discover.homes.mirrors import Mirror, is_archived_home, mirrors_of
from discover.homes.registry import load_home

__all__ = ["FETCH_RECORD", "fetch_log"]

FETCH_RECORD = "fetch.json"


def fetch_log(
    home_name: str,
    folder: Path,
    *,
    from_file: Path | None = None,
    progress: Progress = SILENT,
    mirrors: Sequence[Mirror] | None = None,
) -> Path:
    """Put a home's log into `folder`, downloading it if it is not there.

    Args:
        home_name: A shipped home, or a CASAS home of the archive of 2025 such as hh101.
        folder: Where the log belongs, `Workspace.raw(...)`.
        from_file: Take this copy instead of downloading.
        progress: Told the bytes as they come.
        mirrors: Other places than the built-in ones.

    Returns:
        Path of the log.

    Raises:
        ConfigError: Unknown home.
        DataError: No mirror answered, a checksum differs, or the file is no log. No existing
            file is ever replaced.
        ArtifactError: The folder cannot be written.
    """
    home = Home(name=home_name) if is_archived_home(home_name) else load_home(home_name)
    record = _read_record(folder)
    present = _present(folder, record)
    if from_file is not None:
        return _take_file(Path(from_file), folder, home.name, present, record)
    if present is not None:
        return present
    places = tuple(mirrors_of(home.name) if mirrors is None else mirrors)
    if not places:
        raise DataError(
            f"No public download of '{home.name}' is known. Get its log from its owner, then run "
            f"`discover homes fetch {home.name} --from-file FILE`."
        )
    failures = []
    for mirror in places:
        try:
            return _from_mirror(mirror, folder, home.name, record, progress)
        except DownloadError as error:
            failures.append(f"{mirror.url}: {error}")
    raise DataError(
        f"Could not download '{home.name}'. Tried "
        + "; ".join(failures)
        + ". What has arrived is kept: run the "
        f"same command again to go on, or take a copy of your own with "
        f"`discover homes fetch {home.name} --from-file FILE`."
    )


def _from_mirror(
    mirror: Mirror, folder: Path, home_name: str, record: dict[str, Any], progress: Progress
) -> Path:
    if mirror.members:
        return _from_archive(mirror, folder, progress)
    name = mirror.file_name
    partial = folder / f".{name}.partial"
    sha256 = _checked_download(mirror, partial, record, progress)
    try:
        plan_log(partial, home_name)
    except DataError as error:
        partial.unlink(missing_ok=True)
        raise DownloadError(str(error).replace(str(partial), "the answer")) from error
    path = folder / name
    partial.replace(path)
    _write_record(folder, path, mirror.url, sha256)
    return path


def _checked_download(mirror: Mirror, partial: Path, record: dict[str, Any], progress: Progress) -> str:
    """Download to `partial` and check size and checksums before anything opens it; its sha256."""
    _make_folder(partial.parent)
    download(
        mirror.url,
        partial,
        expected_size=mirror.size,
        progress=progress,
        description=f"fetch {mirror.file_name}",
    )
    sha256 = file_sha256(partial)
    try:
        _check_digests(partial, mirror.url, sha256, mirror.sha256, mirror.md5, record)
    except DataError as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, _ChangedFileError):
            raise
        raise DownloadError(str(error)) from error
    return sha256


def _from_archive(mirror: Mirror, folder: Path, progress: Progress) -> Path:
    """One home out of an archive of many. The archive is kept beside the homes, for the next one."""
    archive = folder.parent / mirror.file_name
    if not (archive.is_file() and mirror.md5 is not None and _md5(archive) == mirror.md5):
        partial = archive.with_name(f".{archive.name}.partial")
        _checked_download(mirror, partial, {}, progress)
        partial.replace(archive)
    listed: list[str] = []

    def choose(names: Sequence[str]) -> list[str]:
        listed.extend(names)
        mine = [n for n in names if PurePosixPath(n.lower()).name.split(".csv")[0] in mirror.members]
        return mine[:1]

    try:
        found = unpack(archive, choose)
    except DataError as error:
        raise DownloadError(str(error)) from error
    if not found:
        homes = sorted({PurePosixPath(n).name.split(".csv")[0] for n in listed if n.lower().endswith(".csv")})
        raise DownloadError(
            f"the archive {archive} holds no home {' or '.join(mirror.members)} (it holds "
            f"{', '.join(homes) or 'no home'})"
        )
    name, data = found[0]
    _make_folder(folder)
    path = folder / PurePosixPath(name).name
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
    _write_record(folder, path, f"{mirror.url}#{name}", file_sha256(path))
    return path


def _md5(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


class _ChangedFileError(DataError):
    """Another file than the one recorded before; trying further mirrors would not make it right."""


def _check_digests(
    path: Path, url: str, sha256: str, expected: str | None, md5: str | None, record: dict[str, Any]
) -> None:
    if expected is not None and sha256 != expected:
        raise DataError(f"wrong sha256: expected {expected}, got {sha256}")
    if md5 is not None:
        found = _md5(path)
        if found != md5:
            raise DataError(f"wrong MD5: expected {md5}, got {found}")
    before = record.get("sha256")
    if before is not None and record.get("url") == url and sha256 != before:
        raise _ChangedFileError(
            f"{url} gives another file than at the first download: sha256 was {before}, is {sha256}. If its "
            f"owner published a new version, delete {FETCH_RECORD} beside it and fetch again."
        )


def _take_file(
    source: Path, folder: Path, home_name: str, present: Path | None, record: dict[str, Any]
) -> Path:
    plan_log(source, home_name)
    sha256 = file_sha256(source)
    if present is not None:
        if file_sha256(present) == sha256:
            return present
        raise DataError(
            f"{present} is there already and differs from {source}. Nothing was changed: delete it first if "
            "you want the other one."
        )
    path = folder / source.name
    if path.exists() and file_sha256(path) != sha256:
        raise DataError(f"{path} is there already and differs from {source}. Nothing was changed.")
    with atomic_path(path) as temporary:
        shutil.copyfile(source, temporary)
    _write_record(folder, path, source.resolve().as_uri(), sha256)
    return path


def _present(folder: Path, record: dict[str, Any]) -> Path | None:
    """The log recorded in the folder, if it is still there and unchanged."""
    name = record.get("file")
    if not name or not (folder / name).is_file():
        return None
    path = folder / str(name)
    if file_sha256(path) != record.get("sha256"):
        raise DataError(
            f"{path} is not the file that was fetched: its sha256 differs from {FETCH_RECORD}. Delete it to "
            f"fetch again, or delete {FETCH_RECORD} to keep it as it is."
        )
    return path


def _read_record(folder: Path) -> dict[str, Any]:
    path = folder / FETCH_RECORD
    if not path.is_file():
        return {}
    record = read_json(path)
    if not isinstance(record, dict):
        raise ArtifactError(f"{path} is damaged. Delete it and fetch again.")
    return record


def _write_record(folder: Path, path: Path, url: str, sha256: str) -> None:
    write_json(
        folder / FETCH_RECORD,
        {
            "file": path.name,
            "url": url,
            "size": path.stat().st_size,
            "sha256": sha256,
            "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"Cannot write in {folder} ({error.strerror}). Choose another folder.") from error
