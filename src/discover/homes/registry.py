"""The homes that come with the package: one YAML file each in `homes/data/`."""

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from discover.core.config import closest, config_from_mapping, load_yaml
from discover.core.errors import ConfigError
from discover.core.home import UNKNOWN_ROOM, Home

__all__ = ["HomeSummary", "list_homes", "load_home", "unknown_home"]


@dataclass(frozen=True)
class HomeSummary:
    """One line about a home."""

    name: str
    family: str
    title: str
    sensors: int
    rooms: int
    """Known rooms, not counting `unknown_room`."""
    activities: int
    residents: int


def list_homes() -> list[HomeSummary]:
    """All shipped homes, by name."""
    return [_summary(load_home(name)) for name in sorted(_shipped())]


def load_home(name: str | Path) -> Home:
    """A shipped home by name, or the home described in a YAML file.

    Args:
        name: `milan`, or a path that ends in .yaml or .yml or holds a folder separator.

    Raises:
        ConfigError: Unknown name (the message has the nearest one), missing or wrong YAML.
    """
    text = str(name)
    if isinstance(name, Path) or text.endswith((".yaml", ".yml")) or "/" in text:
        return load_yaml(Path(name), Home)
    if text not in _shipped():
        raise ConfigError(
            f"No home called '{text}'. {closest(text, _shipped())} "
            "For a home of your own give the path of its YAML file. A log can be imported without one: "
            "`discover homes import LOG --name NAME`."
        )
    return _load_shipped(text)


def unknown_home(name: str, family: str = "own") -> Home:
    """A home of which nothing is known but its name: everything else is guessed from its log.

    Raises:
        ConfigError: The name cannot be that of a folder.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.\-]*", name):
        plain = re.sub(r"[^a-z0-9_.\-]+", "_", name.lower()).strip("_.-") or "my_home"
        raise ConfigError(
            f"'{name}' cannot be the name of a home: it names folders and windows, in lower-case letters, "
            f"digits, '_', '-' and '.'. Take '{plain}', or give the path of a home's YAML file."
        )
    return config_from_mapping({"name": name, "family": family}, Home, source=f"home '{name}'")


@cache
def _load_shipped(name: str) -> Home:
    return load_yaml(_shipped()[name], Home)


@cache
def _shipped() -> dict[str, Path]:
    with resources.as_file(resources.files("discover.homes") / "data") as folder:
        return {path.stem: path for path in folder.glob("*.yaml")}


def _summary(home: Home) -> HomeSummary:
    rooms = {s.room for s in home.sensors} - {UNKNOWN_ROOM}
    return HomeSummary(
        name=home.name,
        family=home.family,
        title=home.title,
        sensors=len(home.sensors),
        rooms=len(rooms),
        activities=len(home.activities),
        residents=home.residents,
    )
