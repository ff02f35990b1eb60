"""Filters as people type them: "22-5", "weekend", "2009-07" become `SearchFilters`."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from discover.core.config import closest, config_from_mapping
from discover.core.day_parts import WEEKDAYS
from discover.core.errors import ConfigError
from discover.retrieval import SearchFilters

__all__ = ["build_filters", "parse_hours", "parse_time", "parse_weekdays"]

_GROUPS = {
    "weekend": ("saturday", "sunday"),
    "weekends": ("saturday", "sunday"),
    "weekday": WEEKDAYS[:5],
    "weekdays": WEEKDAYS[:5],
}


def build_filters(
    *,
    homes: Sequence[str] = (),
    since: str | None = None,
    until: str | None = None,
    hours: str | None = None,
    weekdays: Sequence[str] = (),
    rooms: Sequence[str] = (),
    min_duration_s: float = 0.0,
    splits: Sequence[str] = (),
    clusters: Sequence[int] = (),
) -> SearchFilters:
    """Filters from the options of `discover search`.

    Raises:
        ConfigError: A value that cannot be read, with an example of one that can.
    """
    values: dict[str, Any] = {
        "homes": tuple(homes),
        "after": None if since is None else parse_time(since, option="--since"),
        "before": None if until is None else parse_time(until, option="--until"),
        "hours": None if hours is None else parse_hours(hours),
        "weekdays": parse_weekdays(weekdays),
        "rooms": tuple(room.strip().lower().replace(" ", "_") for room in rooms),
        "min_duration_s": min_duration_s,
        "splits": tuple(splits),
        "clusters": tuple(clusters),
    }
    return config_from_mapping(values, SearchFilters, source="search filters")


def parse_time(text: str, *, option: str = "time") -> datetime:
    """A local time: "2009-07" (its first day), "2009-07-14" (midnight) or "2009-07-14 18:30".

    Raises:
        ConfigError: Something else.
    """
    try:
        return datetime.fromisoformat(f"{text}-01" if re.fullmatch(r"\d{4}-\d{2}", text) else text)
    except ValueError as error:
        raise ConfigError(
            f"{option} takes a date such as 2009-07-14, 2009-07 or '2009-07-14 18:30'; got '{text}'."
        ) from error


def parse_hours(text: str) -> tuple[float, float]:
    """Hours of day "22-5" or "6:30-8"; the end is not included, and they may run over midnight.

    Raises:
        ConfigError: Something else.
    """
    clock = r"\s*(\d{1,2})(?::([0-5]\d))?\s*"
    match = re.fullmatch(rf"{clock}[-–]{clock}", text)
    if match is None:
        raise ConfigError(f"Hours are written as 22-5 or 6:30-8; got '{text}'.")
    begin_h, begin_m, end_h, end_m = (int(part or 0) for part in match.groups())
    begin, end = begin_h + begin_m / 60, end_h + end_m / 60
    # 22-0 means until midnight, which the filter writes as 24; 24-5 begins at midnight.
    return (0.0 if begin == 24 else begin), (24.0 if end == 0 else end)


def parse_weekdays(names: Sequence[str]) -> tuple[str, ...]:
    """Days of the week in order: names, "weekend" or "weekdays", several with commas.

    Raises:
        ConfigError: Another word.
    """
    chosen: set[str] = set()
    for name in (part.strip().lower() for text in names for part in text.split(",")):
        if name in _GROUPS:
            chosen.update(_GROUPS[name])
        elif name in WEEKDAYS:
            chosen.add(name)
        elif name:
            options = [*WEEKDAYS, "weekend", "weekdays"]
            raise ConfigError(f"'{name}' is no day of the week. {closest(name, options)}")
    return tuple(day for day in WEEKDAYS if day in chosen)
