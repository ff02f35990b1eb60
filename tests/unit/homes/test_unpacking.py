"""Packed logs within limits: small bombs of every format, archives in archives, names that point outside."""

import bz2
import gzip
import io
import lzma
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from discover.core.errors import ConfigError, DataError
from discover.homes import _unpack
from discover.homes._bytes import log_members, read_log_bytes
from discover.homes._unpack_limits import LIMIT_VARIABLE, UnpackLimits

LOG = b"".join(b"2011-03-01 07:%02d:%02d\tM%03d\tON\n" % (k // 60, k % 60, k % 7) for k in range(300))


def tar_of(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name.replace("__", "."))
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def zip_of(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return stream.getvalue()


PACKED: dict[str, Callable[[], bytes]] = {
    "gz": lambda: gzip.compress(LOG),
    "gz of two streams": lambda: gzip.compress(LOG[:40]) + gzip.compress(LOG[40:]) + bytes(64),
    "bz2": lambda: bz2.compress(LOG),
    "bz2 of two streams": lambda: bz2.compress(LOG[:40]) + bz2.compress(LOG[40:]),
    "xz": lambda: lzma.compress(LOG),
    "zip": lambda: zip_of(data__txt=LOG),
    "tar": lambda: tar_of(data__txt=LOG),
    "tar.gz": lambda: gzip.compress(tar_of(data__txt=LOG)),
    "tar.xz": lambda: lzma.compress(tar_of(data__txt=LOG)),
    "gz in zip": lambda: zip_of(data__gz=gzip.compress(LOG)),
    "gz in gz": lambda: gzip.compress(gzip.compress(LOG)),
    "tar.gz in zip": lambda: zip_of(data__tar=gzip.compress(tar_of(data__txt=LOG))),
}


@pytest.mark.parametrize("kind", PACKED)
def test_every_packing_gives_the_same_bytes(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(PACKED[kind]())
    assert read_log_bytes(path) == LOG
    assert [data for _, data in log_members(path)] == [LOG]


@pytest.mark.parametrize("kind", PACKED)
def test_a_cut_off_file_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    whole = PACKED[kind]()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError):
        read_log_bytes(path)


ZEROS = bytes(48 << 20)
BOMBS: dict[str, Callable[[], bytes]] = {
    "gz": lambda: gzip.compress(ZEROS, 1),
    "bz2": lambda: bz2.compress(ZEROS, 1),
    "xz": lambda: lzma.compress(ZEROS, preset=0),
    "zip": lambda: zip_of(data__txt=ZEROS),
    "tar.gz": lambda: gzip.compress(tar_of(data__txt=ZEROS), 1),
    "gz in gz": lambda: gzip.compress(gzip.compress(ZEROS, 1)),
    "zip in zip": lambda: zip_of(data__zip=zip_of(data__txt=ZEROS)),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_ends_early(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(BOMBS[kind]())
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="--max-unpacked GB") as error:
            read_log_bytes(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 90 << 20
    assert "\n" not in str(error.value)


def test_the_total_is_bounded_whatever_the_ratio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_unpack, "unpack_limits", lambda: UnpackLimits(max_bytes=5_000))
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(LOG))
    with pytest.raises(DataError, match="more than"):
        read_log_bytes(path)
    many = tmp_path / "many.zip"
    many.write_bytes(zip_of(a__txt=LOG[:3000], b__txt=LOG[3000:6000]))
    with pytest.raises(DataError, match="more than"):
        log_members(many)


def test_a_larger_size_can_be_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.gz"
    line = b"2011-03-01 07:00:00\tM001\tON\n"
    path.write_bytes(gzip.compress(line * ((40 << 20) // len(line)), 9))
    with pytest.raises(DataError, match="bytes come out of each packed byte"):
        read_log_bytes(path)
    monkeypatch.setenv(LIMIT_VARIABLE, "0.1")
    assert len(read_log_bytes(path)) > 39 << 20
    monkeypatch.setenv(LIMIT_VARIABLE, "0.01")
    with pytest.raises(DataError, match=r"more than 0\.01 GB"):
        read_log_bytes(path)


@pytest.mark.parametrize("value", ["many", "-1", "nan", "0"])
def test_a_wrong_size_is_refused(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, value)
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(LOG))
    with pytest.raises(ConfigError, match="GB"):
        read_log_bytes(path)


def test_too_many_members_and_too_deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_unpack, "unpack_limits", lambda: UnpackLimits(max_members=3))
    members = {f"f{k}__txt": LOG for k in range(4)}
    for name, data in (("many.zip", zip_of(**members)), ("many.tar", tar_of(**members))):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(DataError, match="more than 3 files"):
            log_members(tmp_path / name)
    data = LOG
    for _ in range(6):
        data = zip_of(data__zip=data)
    (tmp_path / "deep.zip").write_bytes(data)
    with pytest.raises(DataError, match="archives are packed in archives"):
        read_log_bytes(tmp_path / "deep.zip")


@pytest.mark.parametrize(
    "name", ["../data.txt", "/etc/data.txt", "a/../../data.txt", "..\\data.txt", "C:data"]
)
def test_names_that_point_outside_are_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(zip_of(**{name.replace(".", "__").replace("____", ".."): LOG}))
    (tmp_path / "x.tar").write_bytes(tar_of(**{name: LOG}))
    for path in (tmp_path / "x.zip", tmp_path / "x.tar"):
        with pytest.raises(DataError, match="points outside"):
            read_log_bytes(path)


def test_links_devices_and_sparse_files_are_never_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_bytes(LOG)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for kind, target in (
            (tarfile.SYMTYPE, str(tmp_path / "secret.txt")),
            (tarfile.LNKTYPE, "other"),
            (tarfile.CHRTYPE, ""),
            (tarfile.FIFOTYPE, ""),
        ):
            info = tarfile.TarInfo(f"data{kind!r}.txt")
            info.type, info.linkname = kind, target
            archive.addfile(info)
    (tmp_path / "x.tar").write_bytes(stream.getvalue())
    with pytest.raises(DataError, match="holds no log"):
        read_log_bytes(tmp_path / "x.tar")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        link = zipfile.ZipInfo("data.txt")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, str(tmp_path / "secret.txt"))
    (tmp_path / "x.zip").write_bytes(out.getvalue())
    with pytest.raises(DataError, match="holds no log"):
        read_log_bytes(tmp_path / "x.zip")


@pytest.mark.parametrize(
    ("magic", "command"), [(b"\x28\xb5\x2f\xfd", "zstd"), (b"7z\xbc\xaf\x27", "7z x"), (b"Rar!\x1a", "unrar")]
)
def test_other_packings_name_the_command(magic: bytes, command: str, tmp_path: Path) -> None:
    path = tmp_path / "log.packed"
    path.write_bytes(magic + bytes(100))
    with pytest.raises(DataError, match=command):
        read_log_bytes(path)
