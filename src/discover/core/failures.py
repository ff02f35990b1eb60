"""Where an error becomes a sentence: ours as they are, and a bounded list of those that others raise.

An error that is not on the list is a bug of ours: it keeps its traceback.
"""

import errno
import zipfile
import zlib
from collections.abc import Iterator

from discover.core.errors import DiscoverError
from discover.core.runtime import without_torch

__all__ = ["failure_reason", "failure_sentence"]

_ADVICE = {
    errno.ENOSPC: "Free some space, or choose another folder.",
    errno.EDQUOT: "Free some space, or choose another folder.",
    errno.EROFS: "Choose a folder on another disk.",
    errno.EACCES: "Change its permissions, or choose another path.",
    errno.EPERM: "Change its permissions, or choose another path.",
    errno.ENOENT: "Correct the path.",
    errno.ENOTDIR: "Correct the path.",
    errno.EISDIR: "Correct the path.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
    errno.EMFILE: "Close other programs, or raise the limit of open files.",
}
_MARKS = (
    ("No space left on device", errno.ENOSPC),
    ("StorageFull", errno.ENOSPC),
    ("Read-only file system", errno.EROFS),
    ("ReadOnlyFilesystem", errno.EROFS),
    ("Permission denied", errno.EACCES),
    ("PermissionDenied", errno.EACCES),
)
_LIBRARIES = ("polars", "safetensors", "safetensors_rust", "ijson")
"""Libraries that read and write files and raise classes of their own."""


def failure_sentence(error: BaseException) -> str | None:
    """What to print for an error, in one paragraph; None for one that is a bug and needs its traceback."""
    if isinstance(error, DiscoverError):
        return str(error)
    missing = without_torch(error)
    if missing is not None:
        return missing
    reason = failure_reason(error)
    if reason is None:
        return None
    if isinstance(error, MemoryError) or _out_of_memory(error):
        return f"There is not enough memory: {reason}. Use less data, smaller batches or a larger machine."
    if isinstance(error, RecursionError):
        return "The input holds blocks within blocks without end. Correct it, or use another file."
    if isinstance(error, UnicodeError):
        return f"Text is not valid UTF-8: {reason}. Save the file as UTF-8, or type the text again."
    name = getattr(error, "filename", None)
    where = "A file" if name is None else str(name)
    advice = _ADVICE.get(_number(error) or 0, "Check the file and the disk, then run the command again.")
    return f"{where} cannot be read or written ({reason}). {advice}"


def failure_reason(error: BaseException) -> str | None:
    """Why a file cannot be read or written, in a few words; None where the error says nothing of the kind."""
    if isinstance(error, OSError):
        return error.strerror or _short(error)
    if isinstance(error, MemoryError):
        return _short(error)
    if isinstance(error, RecursionError | UnicodeError | zipfile.BadZipFile | zlib.error | EOFError):
        return _short(error)
    if type(error).__module__.split(".")[0] in _LIBRARIES or _out_of_memory(error):
        number = _number(error)
        return _short(error) if number is None else f"{_short(error, 60)}: {errno.errorcode[number]}"
    return None


def _out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out; torch raises a RuntimeError then."""
    return isinstance(error, RuntimeError) and any(
        mark in str(error) for mark in ("out of memory", "can't allocate memory", "not enough memory")
    )


def _number(error: BaseException) -> int | None:
    for link in _chain(error):
        if isinstance(link, OSError) and link.errno:
            return link.errno
    text = str(error)
    return next((number for mark, number in _MARKS if mark in text), None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _short(error: BaseException, limit: int = 200) -> str:
    said = " ".join(str(error).split())[:limit]
    return said or type(error).__name__
