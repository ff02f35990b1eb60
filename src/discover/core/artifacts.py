"""Files that are whole or absent, and manifests that say what made them.

A stage writes its outputs to temporary names and renames them into place, then writes its manifest
last. So a killed stage leaves either the old state or an output without a matching manifest, which
makes the stage run again.
"""

import contextlib
import errno
import fcntl
import glob
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from discover.core.errors import AlteredError, ArtifactError, DiscoverError
from discover.core.failures import failure_reason
from discover.core.reading import MAX_JSON_BYTES, parse_json, read_text
from discover.core.version import __version__

__all__ = [
    "MANIFEST_FORMAT",
    "Manifest",
    "atomic_path",
    "check_files",
    "file_sha256",
    "folder_lock",
    "is_current",
    "mapping_sha256",
    "read_json",
    "read_manifest",
    "remove_partials",
    "require_manifest",
    "write_json",
    "write_manifest",
    "write_text",
]

MANIFEST_FORMAT = 1


class Manifest(BaseModel):
    """What made an artefact: stage, config, and hashes of every input and output."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = MANIFEST_FORMAT
    stage: str
    stage_version: int
    """Raised by a stage's author whenever the same inputs would give other outputs."""
    config: dict[str, Any]
    inputs: dict[str, str]
    """Input name -> sha256."""
    outputs: dict[str, str]
    """File name relative to the manifest's folder -> sha256."""
    earlier: dict[str, str] = {}
    """The same of files that this stage wrote before, with other settings, and that are still there."""
    rows: dict[str, int] = {}
    code_version: str = __version__

    @field_validator("outputs", "earlier")
    @classmethod
    def _inside_the_folder(cls, outputs: dict[str, str]) -> dict[str, str]:
        for name in outputs:
            path = PurePosixPath(name.replace("\\", "/"))
            if not path.parts or path.is_absolute() or ".." in path.parts or ":" in name or "\0" in name:
                raise ValueError(f"output '{name[:80]}' is not inside the manifest's folder")
        return outputs

    commit: str | None = None
    """Source revision that computed the outputs, where the caller knows it; decides nothing."""


def file_sha256(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def mapping_sha256(values: Mapping[str, Any]) -> str:
    """Hex sha256 of plain values, independent of key order."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder; rename it onto `path` if the block succeeds.

    The bytes are on disk before the rename, so a crash leaves the old file or the new one. Temporary files
    that a killed writer of the same path left are deleted; those of a living one are locked and stay.

    Raises:
        ArtifactError: The folder cannot be written or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    except OSError as error:
        raise ArtifactError(
            f"Cannot write in {path.parent} ({error.strerror}). "
            "Choose another folder or change its permissions."
        ) from error
    temporary = Path(name)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        # mkstemp files are private; give the result the permissions an ordinary new file would have.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except DiscoverError:
        raise
    except Exception as error:
        # polars and safetensors have errors of their own for a full disk.
        reason = failure_reason(error)
        if reason is None:
            raise
        raise ArtifactError(f"Could not write {path}: {reason}. Nothing was changed.") from error
    finally:
        os.close(handle)
        temporary.unlink(missing_ok=True)


def _remove_leftovers(path: Path) -> None:
    """Delete temporary files of `path` whose writer is dead: the kernel has freed its lock."""
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.????????.partial"):
        with contextlib.suppress(OSError), leftover.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            leftover.unlink()


def write_text(path: Path, text: str) -> None:
    """Write text atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically, keys in the order given."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        ArtifactError: Missing or damaged.
    """
    if not path.is_file():
        raise ArtifactError(f"No file at {path}. Run the stage that makes it first.")
    return parse_json(read_text(path, limit=MAX_JSON_BYTES), str(path))


def write_manifest(
    path: Path,
    *,
    stage: str,
    stage_version: int,
    config: Mapping[str, Any],
    inputs: Mapping[str, str],
    outputs: Sequence[Path],
    rows: Mapping[str, int] | None = None,
    commit: str | None = None,
    before: Manifest | None = None,
) -> Manifest:
    """Hash `outputs` (which must be inside the manifest's folder) and write the manifest atomically.

    `before` is the manifest that this one replaces: hashes of files that it alone lists are kept.
    """
    hashed = {str(p.relative_to(path.parent)): file_sha256(p) for p in outputs}
    noted = {**before.earlier, **before.outputs} if before is not None else {}
    manifest = Manifest(
        stage=stage,
        stage_version=stage_version,
        config=json.loads(json.dumps(dict(config), default=str)),
        inputs=dict(inputs),
        outputs=hashed,
        earlier={k: v for k, v in noted.items() if k not in hashed and (path.parent / k).is_file()},
        rows=dict(rows or {}),
        commit=commit or None,
    )
    empty = {name for name in ("commit", "earlier") if not getattr(manifest, name)}
    write_text(path, manifest.model_dump_json(indent=1, exclude=empty) + "\n")
    return manifest


def read_manifest(path: Path) -> Manifest | None:
    """The manifest, or None where there is none or it is not readable (the stage then runs again)."""
    try:
        return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError):
        return None


def require_manifest(
    path: Path,
    *,
    stage: str,
    stage_version: int | None = None,
    needs: Collection[str] = (),
    checked: Collection[str] | None = None,
    remedy: str,
) -> Manifest:
    """The manifest of what is about to be read, with the files it lists checked.

    Args:
        path: The manifest.
        stage: Who must have written it.
        stage_version: The version of that stage; None: any.
        needs: Names of outputs that must be among those it lists.
        checked: Names of those outputs whose hashes are compared; None: all.
        remedy: A sentence that says how to make the files again.

    Raises:
        ArtifactError: There is no manifest, it is damaged or of another format, or a file is not the one that
            was written with it.
    """
    if not path.is_file():
        raise ArtifactError(f"{path} is missing, so the files in its folder cannot be checked. {remedy}")
    manifest = read_manifest(path)
    if manifest is None:
        raise ArtifactError(f"{path} is damaged or of another version. {remedy}")
    if manifest.format != MANIFEST_FORMAT or manifest.stage != stage:
        raise ArtifactError(
            f"{path} has format {manifest.format} of stage '{manifest.stage[:40]}'; this version reads "
            f"format {MANIFEST_FORMAT} of stage '{stage}'. {remedy}"
        )
    if stage_version is not None and manifest.stage_version != stage_version:
        raise ArtifactError(
            f"{path} is of version {manifest.stage_version} of stage '{stage}'; this one reads version "
            f"{stage_version}. {remedy}"
        )
    absent = sorted(set(needs) - set(manifest.outputs))
    if absent:
        raise ArtifactError(f"{path} does not list {', '.join(absent)}. {remedy}")
    digests = {n: d for n, d in manifest.outputs.items() if checked is None or n in checked}
    check_files({path.parent / name: digest for name, digest in digests.items()}, remedy=remedy)
    return manifest


def check_files(digests: Mapping[Path, str], *, remedy: str) -> None:
    """Compare files with the sha256 noted when they were written.

    Raises:
        AlteredError: One is missing, or holds other bytes.
    """
    for path, digest in digests.items():
        if not path.is_file():
            raise AlteredError(f"{path} is missing. {remedy}")
        if file_sha256(path) != digest:
            raise AlteredError(f"{path} was altered since it was written. {remedy}")


def is_current(
    path: Path,
    *,
    stage: str,
    stage_version: int,
    config: Mapping[str, Any],
    inputs: Mapping[str, str],
    not_compared: Collection[str] = (),
) -> tuple[bool, str]:
    """Whether the manifest at `path` matches and all outputs are present and unchanged; and why not.

    Args:
        path: The manifest.
        stage, stage_version, config, inputs: What a run of the stage would note, as for `write_manifest`.
        not_compared: Settings that decide nothing, although a manifest may name them: the places of files
            whose contents are compared as inputs. So a folder counts as current wherever it was moved.
    """
    manifest = read_manifest(path)
    if manifest is None:
        return False, "not made yet"
    if manifest.format != MANIFEST_FORMAT or manifest.stage != stage:
        return False, "made by another format or stage"
    if manifest.stage_version != stage_version:
        return False, "the stage itself changed"
    wanted = json.loads(json.dumps(dict(config), default=str))
    changed = sorted(_differing(manifest.config, wanted) - set(not_compared))
    if changed:
        return False, "settings changed: " + ", ".join(changed)
    changed = sorted(_differing(manifest.inputs, inputs))
    if changed:
        return False, "input changed: " + ", ".join(changed)
    for name, digest in manifest.outputs.items():
        output = path.parent / name
        if not output.is_file():
            return False, f"output missing: {name}"
        if file_sha256(output) != digest:
            return False, f"output altered: {name}"
    return True, "up to date"


def _differing(noted: Mapping[str, Any], wanted: Mapping[str, Any]) -> set[str]:
    """Keys that one side lacks or that hold different values."""
    absent = object()
    return {k for k in {*noted, *wanted} if noted.get(k, absent) != wanted.get(k, absent)}


@contextlib.contextmanager
def folder_lock(folder: Path, *, shared: bool = False, wait: bool = True) -> Iterator[None]:
    """Hold `folder` against other runs; the kernel frees it when the process dies, however it dies.

    Args:
        folder: Made if absent.
        shared: Readers share; a writer (shared=False) excludes everyone else. Where nothing can be written,
            readers hold the lock that is there, or none: nobody writes there. A writer that fails before it
            writes anything leaves no empty folder.
        wait: Wait for the other run, or refuse at once.

    Raises:
        ArtifactError: `wait` is false and another run holds the folder; or it cannot be written.
    """
    lock = folder / ".lock"
    try:
        stream = _locked_file(
            lock, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
        )
    except BlockingIOError as error:
        raise ArtifactError(
            f"Another run is working in {folder}. Wait for it, or use another workspace."
        ) from error
    except OSError as error:
        if shared and error.errno in (errno.EROFS, errno.EACCES) and folder.is_dir():
            if lock.is_file():
                with lock.open("r") as readable:
                    fcntl.flock(readable, fcntl.LOCK_SH | (0 if wait else fcntl.LOCK_NB))
                    yield
            else:
                yield
            return
        raise ArtifactError(
            f"Cannot write in {folder} ({error.strerror}). Choose another folder or change its permissions."
        ) from error
    with stream:
        try:
            yield
        except BaseException:
            with contextlib.suppress(OSError):
                if not shared and os.listdir(folder) == [lock.name]:
                    lock.unlink()
                    folder.rmdir()
            raise


def _locked_file(lock: Path, how: int) -> IO[str]:
    """The lock file, held; made anew where the run that held it before has removed it."""
    while True:
        lock.parent.mkdir(parents=True, exist_ok=True)
        stream = lock.open("a")
        try:
            fcntl.flock(stream, how)
            if lock.is_file() and lock.stat().st_ino == os.fstat(stream.fileno()).st_ino:
                return stream
        except BaseException:
            stream.close()
            raise
        stream.close()


def remove_partials(folder: Path) -> int:
    """Delete temporary files that a killed run left in `folder` (call under its lock); their number."""
    count = 0
    for leftover in folder.rglob(".*.partial"):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink(missing_ok=True)
        count += 1
    return count
