"""Time zones by their IANA name, validated."""

import difflib
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from discover.core.errors import DataError

__all__ = ["checked_zone"]


def checked_zone(name: str) -> ZoneInfo:
    """The zone of that name.

    Raises:
        DataError: There is none; the message names the nearest ones.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        near = difflib.get_close_matches(name, sorted(available_timezones()), n=3)
        meant = f" Did you mean {' or '.join(near)}?" if near else ""
        raise DataError(
            f"There is no time zone '{name}' (time_zone of the home).{meant} Use a name such as "
            "Europe/Berlin or America/Los_Angeles."
        ) from error
