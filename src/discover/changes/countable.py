"""What a home's description lets one count."""

from discover.changes.company import hints_at_company
from discover.changes.config import ChangeSource
from discover.core.errors import ConfigError
from discover.core.home import UNKNOWN_ROOM, Home

__all__ = ["check_countable", "countable_by"]

_MISSING: dict[ChangeSource, tuple[str, str]] = {
    "room": ("rooms: every sensor's room is unknown", "Give its sensors an entry `room:`"),
    "object": ("objects that sensors watch", "Give its sensors an entry `object:`"),
    "company": (
        "outer door (an object such as `front door` of a door sensor) and no two seats",
        "Give its sensors an entry `object:`",
    ),
    "activity": ("activities", "List them under `activities:`"),
}
"""What is missing, and what to write."""


def countable_by(home: Home) -> list[ChangeSource]:
    """Ways of counting that the home's description allows, the ones that need least first."""
    ways: list[ChangeSource] = []
    if any(s.room != UNKNOWN_ROOM for s in home.sensors):
        ways.append("room")
    if any(s.object for s in home.sensors):
        ways.append("object")
    if hints_at_company(home):
        ways.append("company")
    if home.activities:
        ways.append("activity")
    return [*ways, "cluster"]


def check_countable(home: Home, by: ChangeSource) -> None:
    """Refuse a way of counting for which the home's description has nothing.

    Raises:
        ConfigError: What is missing, and which other ways there are.
    """
    ways = countable_by(home)
    if by not in ways:
        others = " or ".join(f"--by {way}" for way in ways)
        missing, remedy = _MISSING[by]
        raise ConfigError(
            f"The home '{home.name}' names no {missing}, so --by {by} has nothing to count. {remedy} in the "
            f"home's YAML and run again, or count {others} (clusters come from `discover cluster`)."
        )
