"""Names that become a file or folder: the one rule for all of them."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator

__all__ = ["PathName", "check_path_name"]

_PLAIN: Final = re.compile(r"[\w\-][\w.\-]*", re.ASCII)
_RESERVED: Final = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)))
)
_LONGEST: Final = 100


def check_path_name(name: str) -> str:
    """Give the name back if it is safe as one part of a path on every system.

    Raises:
        ValueError: It is empty or too long, holds a separator, a control character or anything but letters,
            digits, '_', '-' and '.', begins or ends with a dot, or is a device's name on Windows.
    """
    if not name or len(name) > _LONGEST:
        raise ValueError(f"a name has 1 to {_LONGEST} characters, this one has {len(name):,}")
    if not _PLAIN.fullmatch(name) or name.endswith("."):
        raise ValueError(
            f"{name!a} cannot name a folder: use letters a to z, digits, '_', '-' and, inside, '.'"
        )
    if name.split(".")[0].lower() in _RESERVED:
        raise ValueError(f"'{name}' cannot name a folder: Windows keeps that name for a device")
    return name


PathName = Annotated[str, AfterValidator(check_path_name)]
"""A setting that becomes part of a path."""
