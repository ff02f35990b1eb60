"""What Home Assistant's `.storage` folder says of a home: time zone, areas, names and categories of entities.

Only these four files are read; they hold no password or token.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from discover.core.errors import DataError
from discover.core.reading import MAX_JSON_BYTES, parse_json, read_text

__all__ = ["Registered", "Registry", "find_storage", "read_registry"]


@dataclass(frozen=True)
class Registered:
    """What the registries say of one entity; "" where they say nothing.

    Attributes:
        name: Given by the user, or by the device and the integration.
        area: Name of the area of the entity, else of its device.
        device_class: As changed by the user, else as the integration says.
        hidden: Hidden or switched off by the user.
        category: "config" or "diagnostic" for what is no part of daily life.
    """

    name: str = ""
    area: str = ""
    device_class: str = ""
    hidden: bool = False
    category: str = ""


@dataclass(frozen=True)
class Registry:
    """What was found.

    Attributes:
        time_zone: IANA name; "" if unknown.
        entities: By entity id.
        place: Latitude and longitude, to a tenth of a degree; None if unknown.
    """

    time_zone: str = ""
    entities: Mapping[str, Registered] = field(default_factory=dict)
    place: tuple[float, float] | None = None


def find_storage(given: Path | None, database: Path | None) -> Path | None:
    """The `.storage` folder: in the configuration folder that was given, else beside the database.

    Raises:
        DataError: A folder was given, and no `.storage` is in it.
    """
    if given is not None:
        folder = given if given.name == ".storage" else given / ".storage"
        if not folder.is_dir():
            raise DataError(
                f"{given} has no folder .storage. Give Home Assistant's configuration folder, the one with "
                "configuration.yaml."
            )
        return folder
    beside = database.parent / ".storage" if database is not None else None
    return beside if beside is not None and beside.is_dir() else None


def read_registry(storage: Path | None) -> Registry:
    """Read the registries that are there; a file that is missing says nothing.

    Raises:
        DataError: A file is damaged.
    """
    if storage is None:
        return Registry()
    core = _data(storage / "core.config")
    areas = {str(a.get("id")): _text(a.get("name")) for a in _listed(storage / "core.area_registry", "areas")}
    devices = {str(d.get("id")): d for d in _listed(storage / "core.device_registry", "devices")}
    entities = {}
    for one in _listed(storage / "core.entity_registry", "entities"):
        device = devices.get(str(one.get("device_id")), {})
        area = areas.get(str(one.get("area_id"))) or areas.get(str(device.get("area_id"))) or ""
        entities[_text(one.get("entity_id"))] = Registered(
            name=_name(one, device),
            area=area,
            device_class=_text(one.get("device_class")) or _text(one.get("original_device_class")),
            hidden=bool(one.get("hidden_by") or one.get("disabled_by")),
            category=_text(one.get("entity_category")),
        )
    # A tenth of a degree tells when the sun rises, and not in which street.
    north, east = core.get("latitude"), core.get("longitude")
    place = None
    if isinstance(north, float | int) and isinstance(east, float | int):
        place = (round(float(north), 1), round(float(east), 1))
    return Registry(_text(core.get("time_zone")), entities, place)


def _name(entity: Mapping[str, Any], device: Mapping[str, Any]) -> str:
    own = _text(entity.get("name"))
    if own:
        return own
    named = _text(device.get("name_by_user")) or _text(device.get("name"))
    original = _text(entity.get("original_name"))
    joined = bool(entity.get("has_entity_name")) and named and not original.startswith(named)
    return f"{named} {original}".strip() if joined or not original else original


def _data(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    hint = "Copy it again while Home Assistant is stopped, or leave --config out."
    found = parse_json(
        read_text(path, limit=MAX_JSON_BYTES, error=DataError), str(path), hint=hint, error=DataError
    )
    data = found.get("data") if isinstance(found, dict) else None
    if not isinstance(data, dict):
        raise DataError(f"{path} holds no `data` as Home Assistant writes it. {hint}")
    return data


def _listed(path: Path, key: str) -> list[Mapping[str, Any]]:
    listed = _data(path).get(key)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
