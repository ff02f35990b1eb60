"""How much may come out of one packed file, and the count that holds it."""

import os
from dataclasses import dataclass
from pathlib import Path

from discover.core.errors import ConfigError, DataError

__all__ = ["LIMIT_VARIABLE", "RATIO_FLOOR", "Budget", "UnpackLimits", "unpack_limits"]

LIMIT_VARIABLE = "DISCOVER_MAX_UNPACKED_GB"
"""Environment variable that raises the limits; `--max-unpacked` of the homes commands sets it."""

RATIO_FLOOR = 32 << 20
"""Bytes from which on the ratio counts."""

_GB = 1 << 30


@dataclass(frozen=True)
class UnpackLimits:
    """How much may come out of one packed file.

    Attributes:
        max_bytes: Bytes of all layers and members together.
        max_ratio: Unpacked bytes per packed byte, looked at from 32 MiB on. Text logs reach 10 to 40.
        max_members: Files in one archive, read or not.
        max_depth: Archives within archives.
    """

    max_bytes: int = 2 * _GB
    max_ratio: float = 200.0
    max_members: int = 100_000
    max_depth: int = 4


def unpack_limits() -> UnpackLimits:
    """The limits in force: the defaults, or what the user allows in `DISCOVER_MAX_UNPACKED_GB`.

    Who names a size has looked at the file, so the ratio is then left out.

    Raises:
        ConfigError: The variable holds no positive number.
    """
    text = os.environ.get(LIMIT_VARIABLE, "").strip()
    if not text:
        return UnpackLimits()
    try:
        gigabytes = float(text)
    except ValueError:
        gigabytes = 0.0
    if not 0 < gigabytes <= 1e6:
        raise ConfigError(
            f"{LIMIT_VARIABLE} is the largest unpacked size in GB, and '{text}' is no such number. "
            "Give for example 8, or leave it out for 2 GB."
        )
    return UnpackLimits(max_bytes=int(gigabytes * _GB), max_ratio=float("inf"))


class Budget:
    """Counts what comes out of a file and stops at its limits."""

    def __init__(self, path: Path, packed: int, limits: UnpackLimits) -> None:
        self.path = path
        self.packed = packed
        self.limits = limits
        self.total = 0

    def add(self, count: int) -> None:
        self.total += count
        limits = self.limits
        if self.total > limits.max_bytes:
            self._refuse(f"more than {limits.max_bytes / _GB:g} GB come out of its {self.packed:,} bytes")
        if self.total > RATIO_FLOOR and self.total > limits.max_ratio * max(self.packed, 1):
            self.refuse_ratio()

    def refuse_ratio(self) -> None:
        self._refuse(
            f"more than {self.limits.max_ratio:g} bytes come out of each packed byte, which no log does"
        )

    def refuse_members(self) -> None:
        self._refuse(f"it holds more than {self.limits.max_members:,} files")

    def refuse_depth(self) -> None:
        self._refuse(f"archives are packed in archives more than {self.limits.max_depth} times")

    def _refuse(self, why: str) -> None:
        raise DataError(
            f"{self.path} is not unpacked: {why}. Such files fill the memory of the machine. If you trust "
            f"it, allow a larger size with `--max-unpacked GB` or {LIMIT_VARIABLE}=GB, or unpack it yourself."
        )
