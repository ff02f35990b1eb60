"""The data files of random homes, read once: dwellings, activities, kits, time use."""

from functools import cache
from importlib.resources import files
from typing import Any

from discover.core.reading import parse_yaml

__all__ = ["activities", "dwellings", "kits", "time_use"]


@cache
def _read(name: str) -> dict[str, Any]:
    text = (files("discover.simulator") / "data" / f"{name}.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = parse_yaml(text, f"{name}.yaml")
    return found


def dwellings() -> dict[str, Any]:
    """Kinds of dwellings, areas, furniture, things and names of rooms."""
    return _read("dwellings")


def activities() -> dict[str, Any]:
    """Profiles of the day, and activities by name."""
    return _read("activities")


def kits() -> dict[str, Any]:
    """Sensor kits and naming styles."""
    return _read("kits")


def time_use() -> dict[str, Any]:
    """Published time-use figures with their sources."""
    return _read("time_use")
