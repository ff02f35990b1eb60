"""The sources of counts that a home's description allows."""

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
    """Sources that the home's description allows, simplest first."""
    sources: list[ChangeSource] = []
    if any(s.room != UNKNOWN_ROOM for s in home.sensors):
        sources.append("room")
    if any(s.object for s in home.sensors):
        sources.append("object")
    if hints_at_company(home):
        sources.append("company")
    if home.activities:
        sources.append("activity")
    return [*sources, "cluster"]


def check_countable(home: Home, by: ChangeSource) -> None:
    """Refuse a source that the home's description lacks.

    Raises:
        ConfigError: The home lacks it; the message names what is missing and the alternatives.
    """
    sources = countable_by(home)
    if by not in sources:
        others = " or ".join(f"--by {source}" for source in sources)
        missing, remedy = _MISSING[by]
        raise ConfigError(
            f"The home '{home.name}' names no {missing}, so --by {by} has nothing to count. {remedy} in the "
            f"home's YAML and run again, or count {others} (clusters come from `discover cluster`)."
        )
