"""Lists beside a log that say what its numbers stand for, as activity-assistant exports them.

device_map.csv        id,device         0,binary_sensor.bath_tap
activity_map.csv      id,activity       3,eating
device_area_map.csv   device,area       0,bath
"""

from collections.abc import Iterable

from discover.core.home import UNKNOWN_ROOM, Home
from discover.homes._bytes import all_lines, first_lines
from discover.homes._sources import Source

__all__ = ["id_names", "is_id_list", "with_areas"]

_HEADINGS = {"id,device": "device", "id,activity": "activity", "device,area": "area"}


def is_id_list(source: Source) -> bool:
    """Whether a file is such a list."""
    return _kind(source) != ""


def id_names(lists: Iterable[Source], kind: str) -> dict[str, str]:
    """Id -> device, activity or area of all lists of that kind; a name that two ids bear is left out."""
    found: dict[str, str] = {}
    for source in lists:
        if _kind(source) == kind:
            cells = (line.strip().split(",") for line in all_lines(source.text)[1:])
            found |= {row[0].strip(): row[1].strip() for row in cells if len(row) == 2 and row[1].strip()}
    if kind == "device":  # two sensors never become one
        names = list(found.values())
        found = {key: name for key, name in found.items() if names.count(name) == 1}
    return found


def with_areas(home: Home, lists: Iterable[Source]) -> Home:
    """The home with the areas of the lists as rooms of those sensors whose ids tell none."""
    lists = list(lists)
    device = id_names(lists, "device")
    room = {
        device.get(key, key): area.strip().lower().replace(" ", "_")
        for key, area in id_names(lists, "area").items()
    }
    sensors = tuple(
        s.model_copy(update={"room": room[s.id]}) if s.room == UNKNOWN_ROOM and s.id in room else s
        for s in home.sensors
    )
    return home.model_copy(update={"sensors": sensors})


def _kind(source: Source) -> str:
    heading = first_lines(source.text, 1)[0].strip().strip('"').lower().replace(" ", "")
    return _HEADINGS.get(heading, "")
