"""Stream the items of one list in a large JSON file, with errors that say where."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import ijson

from discover.core.errors import ArtifactError, DataError

__all__ = ["head_values", "stream_items"]

_BUFFER = 64 * 1024


def stream_items(path: Path, key: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of the top-level list `key` one by one; memory does not grow with the file.

    Raises:
        ArtifactError: No such file.
        DataError: Not JSON (with the position), no such list, or an item that is no object.
    """
    count = 0
    with _open(path) as stream:
        try:
            for item in ijson.items(stream, f"{key}.item", use_float=True, buf_size=_BUFFER):
                if not isinstance(item, dict):
                    raise DataError(
                        f"{path}: entry {count} of '{key}' is {type(item).__name__}, not an object."
                    )
                yield item
                count += 1
        except (ijson.JSONError, UnicodeDecodeError) as error:
            raise _damaged(path, count, stream, error) from error
        if not count and not _has_list(stream, key):
            raise DataError(f"{path} has no list '{key}', so it is not discover-v2's file. Check the path.")


def head_values(path: Path, stop: str) -> dict[str, Any]:
    """Plain values at the top level of a file, read up to the entry `stop`."""
    values: dict[str, Any] = {}
    with _open(path) as stream:
        try:
            for prefix, event, value in ijson.parse(stream, use_float=True, buf_size=4096):
                if prefix == stop:
                    break
                if prefix and "." not in prefix and event in ("string", "number", "boolean"):
                    values[prefix] = value
        except (ijson.JSONError, UnicodeDecodeError) as error:
            raise _damaged(path, 0, stream, error) from error
    return values


def _has_list(stream: BinaryIO, key: str) -> bool:
    stream.seek(0)
    return any(p == key and e == "start_array" for p, e, _ in ijson.parse(stream, use_float=True))


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise ArtifactError(f"No file at {path}. Correct the path.") from error
    except OSError as error:
        raise ArtifactError(f"Cannot read {path}: {error.strerror}.") from error


def _damaged(path: Path, count: int, stream: BinaryIO, error: Exception) -> DataError:
    text = str(error)
    position = _position(text, stream)
    reason = text.split("\n", 1)[0].removeprefix("b'").split("\\n")[0] or type(error).__name__
    return DataError(
        f"{path} is damaged JSON: {position}, after {count:,} complete entries ({reason}). "
        "Was it copied in full? Write it again."
    )


def _position(text: str, stream: BinaryIO) -> str:
    """Where the parser stopped. Its message quotes the bytes around; find them in the last buffer read."""
    read = stream.tell()
    lines = text.split("\n")
    if len(lines) >= 3 and "^" in lines[2] and lines[1].strip():
        quoted = lines[1].strip().encode()
        begin = max(0, read - _BUFFER - 200)
        stream.seek(begin)
        found = stream.read(read - begin).rfind(quoted)
        if found >= 0:
            caret = lines[2].index("^") - (len(lines[1]) - len(lines[1].lstrip()))
            return f"at byte {begin + found + min(max(caret, 0), len(quoted)):,}"
    return f"at or before byte {read:,}"
