"""Unpack a log within limits: gzip, bzip2, xz, zip and tar, nested too; nothing is written to disk.

In: a path. Out: the chosen files as (name, bytes). A small file can unpack to terabytes, so every byte that
comes out is counted while it comes out: `UnpackLimits` bounds the total, the ratio to the packed bytes, the
number of members and the depth of archives in archives. The first limit that is passed ends the work.
Members with absolute names or `..` are refused; links and devices of a tar archive are never followed.
"""

import bz2
import io
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from discover.core.errors import DataError
from discover.homes._unpack_limits import RATIO_FLOOR, Budget, unpack_limits

__all__ = ["Choose", "unpack"]

_BLOCK = 1 << 20
_XZ_MEMORY = 200 << 20
_HEAD = 512
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")

Choose = Callable[[Sequence[str]], Sequence[str]]
"""Names of an archive's files -> those to read."""

_UNREADABLE = (
    (b"\x28\xb5\x2f\xfd", "Zstandard", "`zstd -d FILE`"),
    (b"\x04\x22\x4d\x18", "LZ4", "`lz4 -d FILE`"),
    (b"7z\xbc\xaf", "7-Zip", "`7z x FILE`"),
    (b"Rar!", "RAR", "`unrar x FILE`"),
    (b"\x1f\x9d", "compress (.Z)", "`uncompress FILE`"),
)


def unpack(path: Path, choose: Choose) -> list[tuple[str, bytes]]:
    """Read a file, unpacking it as often as it is packed.

    Args:
        path: How it is packed is read from its first bytes, not from its name.
        choose: Which files of an archive to read, in which order. May raise to refuse them all.

    Returns:
        (name, bytes) of each chosen file; one for a file that is no archive.

    Raises:
        DataError: A damaged or locked archive, a format that cannot be unpacked, or a passed limit.
        OSError: The file cannot be opened.
    """
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        budget = Budget(path, size, unpack_limits())
        try:
            return list(_contents(path.name, stream, budget, choose, depth=0))
        except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError) as error:
            raise _damaged(path, error) from error
        except (RuntimeError, NotImplementedError, struct.error, ValueError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path} is a damaged or locked archive ({error}). The download may have been cut off: "
        "fetch it again, or unpack it yourself and give the text file."
    )


class _Source(Protocol):
    """Where packed bytes come from."""

    def read(self, size: int, /) -> bytes: ...


def _contents(
    name: str, stream: BinaryIO, budget: Budget, choose: Choose, *, depth: int
) -> Iterator[tuple[str, bytes]]:
    """The chosen files of one stream, whatever it is packed in."""
    head = _peek(stream, _HEAD)
    for magic, what, command in _UNREADABLE:
        if head.startswith(magic):
            raise DataError(
                f"{budget.path} is packed with {what}, which is not read here. Unpack it with {command} and "
                "give the text file."
            )
    layer = _layer_of(head)
    if _is_packed(head) and depth >= budget.limits.max_depth:
        budget.refuse_depth()
    if layer is not None:
        inner = _Layer(stream, layer, budget)
        yield from _inside(_without_suffix(name), inner, budget, choose, depth=depth + 1)
    elif head[:4] in _ZIP:
        yield from _zip_members(stream, budget, choose, depth=depth + 1)
    elif _is_tar(head):
        yield from _tar_members(stream, budget, choose, depth=depth + 1)
    else:
        yield name, stream.read()


def _inside(
    name: str, inner: "_Layer", budget: Budget, choose: Choose, *, depth: int
) -> Iterator[tuple[str, bytes]]:
    """What one layer of compression holds. It is read whole: its size is counted as it comes."""
    out = io.BytesIO()
    while block := inner.read(_BLOCK):
        out.write(block)
    head = out.getbuffer()[:_HEAD].tobytes()
    if _is_packed(head):
        out.seek(0)
        yield from _contents(name, out, budget, choose, depth=depth)
    else:
        yield name, out.getvalue()


def _zip_members(
    stream: BinaryIO, budget: Budget, choose: Choose, *, depth: int
) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(stream) as archive:
        infos = archive.infolist()
        if len(infos) > budget.limits.max_members:
            budget.refuse_members()
        _refuse_paths(budget.path, [info.filename for info in infos])
        # the upper half of external_attr is the Unix mode: 0o120000 marks a link
        links = [info.external_attr >> 16 & 0o170000 == 0o120000 for info in infos]
        files = {
            info.filename: info
            for info, link in zip(infos, links, strict=True)
            if not info.is_dir() and not link and info.file_size
        }
        for name in choose(list(files)):
            with archive.open(files[name]) as member:
                data = _bounded(member, budget, packed=files[name].compress_size)
            yield from _member(name, data, budget, choose, depth=depth)


def _tar_members(
    stream: BinaryIO, budget: Budget, choose: Choose, *, depth: int
) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=stream, mode="r:") as archive:
        files: dict[str, tarfile.TarInfo] = {}
        for seen, info in enumerate(archive, start=1):
            if seen > budget.limits.max_members:
                budget.refuse_members()
            _refuse_paths(budget.path, [info.name])
            # a sparse member writes zeros that are not in the archive
            if info.isreg() and not info.issparse() and info.size:
                files[str(PurePosixPath(info.name))] = info
        for name in choose(list(files)):
            member = archive.extractfile(files[name])
            if member is None:
                continue
            with member:
                data = member.read()  # never more than the archive itself, which is counted if it was packed
            if depth == 1:
                budget.add(len(data))
            if len(data) != files[name].size:
                raise EOFError(f"{name} is cut off")
            yield from _member(name, data, budget, choose, depth=depth)


def _member(
    name: str, data: bytes, budget: Budget, choose: Choose, *, depth: int
) -> Iterator[tuple[str, bytes]]:
    head = data[:_HEAD]
    if _is_packed(head):
        yield from _contents(name, io.BytesIO(data), budget, choose, depth=depth)
    else:
        yield name, data


def _bounded(member: _Source, budget: Budget, *, packed: int) -> bytes:
    out = io.BytesIO()
    count = 0
    while block := member.read(_BLOCK):
        count += len(block)
        budget.add(len(block))
        if count > RATIO_FLOOR and count > budget.limits.max_ratio * max(packed, 1):
            budget.refuse_ratio()
        out.write(block)
    return out.getvalue()


def _refuse_paths(path: Path, names: Sequence[str]) -> None:
    for name in names:
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if ".." in parts or name.startswith(("/", "\\")) or (len(name) > 1 and name[1] == ":"):
            raise DataError(
                f"{path} holds a file named '{name[:80]!a}', which points outside the archive. No log needs "
                "that: do not trust this archive. Get it again from its publisher."
            )


class _Unpacker(Protocol):
    """What bz2 and lzma offer; `_Gunzip` makes zlib offer it too."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gunzip:
    """zlib with the interface of bz2 and lzma."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self.needs_input = True
        self.eof = False
        self.unused_data = b""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        out = self._inner.decompress(self._inner.unconsumed_tail + data, max(max_length, 0))
        self.eof = self._inner.eof
        self.unused_data = self._inner.unused_data
        self.needs_input = not self._inner.unconsumed_tail and len(out) < max_length
        return out


class _Layer:
    """Bytes of one compressed stream, counted while they come out. Several streams in a row are joined."""

    def __init__(self, source: BinaryIO, make: Callable[[], _Unpacker], budget: Budget) -> None:
        self._source: _Source = source
        self._make = make
        self._budget = budget
        self._inner: _Unpacker | None = make()
        self._taken = 0
        self._given = 0

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, b"" at the end; EOFError if the stream is cut off."""
        while self._inner is not None:
            inner = self._inner
            data = b""
            if inner.needs_input:
                data = self._source.read(_BLOCK)
                self._taken += len(data)
                if not data:
                    raise EOFError("it ends before its end mark")
            out = inner.decompress(data, size)
            if inner.eof:
                self._inner = self._next_stream(inner.unused_data)
            if out:
                self._count(len(out))
                return out
        return b""

    def _next_stream(self, rest: bytes) -> _Unpacker | None:
        while True:
            rest = rest.lstrip(b"\x00")  # some writers pad with zeros between and behind streams
            if len(rest) < 6:
                more = self._source.read(_BLOCK)
                self._taken += len(more)
                rest += more
                if more:
                    continue
            break
        if not rest:
            return None
        if _layer_of(rest) is None:
            raise EOFError("other bytes follow its end mark")
        self._source = _Joined(rest, self._source)
        return self._make()

    def _count(self, count: int) -> None:
        self._given += count
        self._budget.add(count)
        if self._given > RATIO_FLOOR and self._given > self._budget.limits.max_ratio * max(self._taken, 1):
            self._budget.refuse_ratio()


class _Joined:
    """Bytes already taken, then the rest of the stream."""

    def __init__(self, first: bytes, rest: _Source) -> None:
        self._first = first
        self._rest = rest

    def read(self, size: int, /) -> bytes:
        if self._first:
            out, self._first = self._first[:size], self._first[size:]
            return out
        return self._rest.read(size)


def _layer_of(head: bytes) -> Callable[[], _Unpacker] | None:
    if head[:2] == b"\x1f\x8b":
        return _Gunzip
    if head[:3] == b"BZh":
        return bz2.BZ2Decompressor
    if head[:6] == b"\xfd7zXZ\x00":
        return lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
    return None


def _is_packed(head: bytes) -> bool:
    return _layer_of(head) is not None or head[:4] in _ZIP or _is_tar(head)


def _is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


def _peek(stream: BinaryIO, count: int) -> bytes:
    head = stream.read(count)
    stream.seek(0)
    return head


def _without_suffix(name: str) -> str:
    lower = name.lower()
    for suffix in (".tgz", ".tbz2", ".txz"):
        if lower.endswith(suffix):
            return name[: -len(suffix)] + ".tar"
    for suffix in (".gz", ".bz2", ".xz"):
        if lower.endswith(suffix):
            return name[: -len(suffix)]
    return name
