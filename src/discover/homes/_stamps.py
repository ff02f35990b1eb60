"""Dates and clocks in the many ways that exports write them, read in full or refused with a reason.

    28/10/2023 06:00:07 AM     2023-25-03 06:00:07     2023-10-28T06:00:07.5+02:00     1698472807

Only lines that the fast reader cannot read come here, one at a time.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from discover.homes._clock_parts import hour_of_day, micros_of, month_of, offset_of

__all__ = [
    "DateOrder",
    "Stamp",
    "find_stamp",
    "has_second_time",
    "has_time",
    "is_day_first",
    "is_year_day_month",
    "stamp_time",
]

_EPOCH = datetime(1970, 1, 1)
_CLOCK = (
    r"(?P<h>\d{1,2}):(?P<mi>\d\d)(?::(?P<s>\d\d)(?:\.(?P<f>\d{0,16})|,(?P<g>\d{1,16})(?=[ \t;|]|$))?)?"
    r"(?: ?(?P<ap>[AaPp])\.?[Mm]\b\.?)?"
    r"(?P<zone> ?(?:[Zz]|UTC|GMT|CES?T|[ECMP][SD]T|BST|[+-]\d\d(?::?\d\d)?)(?![\w.:+-]))?"
)
_DATE = (
    r"(?:(?P<y>\d{4})(?P<s1>[-/.])(?P<a>\d{1,2})(?P=s1)(?P<b>\d{1,2})"
    r"|(?P<c>\d{1,2})(?P<s2>[-/.])(?P<d>\d{1,2})(?P=s2)(?P<y2>\d{4}|\d\d)"
    r"|(?P<d3>\d{1,2})[-/ .]+(?P<m3>[A-Za-z]{3,9})\.?[-/ ,]+(?P<y3>\d{4})"
    r"|(?P<m4>[A-Za-z]{3,9})\.? +(?P<d4>\d{1,2}),? +(?P<y4>\d{4}))(?!\d)"
)
_STAMP = re.compile(rf'\s*"?{_DATE}(?:(?:[T_]|"?[\s,;|]+"?){_CLOCK}(?=[\s,;|"]|$))?"?')
_SINCE_1970 = re.compile(r'\s*"?(?P<n>\d{9,10}(?:\.\d*)?|\d{13}|\d{16})"?(?=[\s,;|]|$)')
_TIME_INSIDE = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}"
    r"|\d{1,2}[-/ .]+[A-Za-z]{3,9}\.?[-/ ,]+\d{4}|[A-Za-z]{3,9}\.? +\d{1,2},? +\d{4})"
    r'(?:[T_]|"?[\s,;|]*"?)\d{1,2}:\d\d'
)


@dataclass(frozen=True)
class DateOrder:
    """How a file orders the parts of its dates.

    Attributes:
        year_day_month: `2023-25-03` instead of `2023-03-25`.
        day_first: `28/10/2023` (True), `10/28/2023` (False), or not decidable (None).
    """

    year_day_month: bool = False
    day_first: bool | None = None


@dataclass(frozen=True)
class Stamp:
    """The time at the beginning of a line; `end` is where the next field begins."""

    found: re.Match[str]
    end: int

    @property
    def is_epoch(self) -> bool:
        """Whether it counts seconds since 1970."""
        return "n" in self.found.re.groupindex

    @property
    def is_year_first(self) -> bool:
        """Whether its date begins with the year, month and day as numbers."""
        return not self.is_epoch and bool(self.found["y"])

    @property
    def is_zoned(self) -> bool:
        """Whether it says which moment it is: seconds since 1970, `Z` or an offset."""
        return self.is_epoch or bool(self.found["zone"])


def find_stamp(text: str) -> Stamp | None:
    """The stamp that a text begins with; None if there is none."""
    found = _STAMP.match(text) or _SINCE_1970.match(text)
    return Stamp(found, found.end()) if found else None


def has_time(text: str) -> bool:
    """Whether a date with a clock stands anywhere in a text."""
    return _TIME_INSIDE.search(text) is not None


def has_second_time(stamp: Stamp, rest: str) -> bool:
    """Whether what follows a stamp holds another one: a date with a clock, or a count of seconds near it.

    Seconds since 1970 are looked for at the end of numbers, since a reading may be glued before them.
    """
    if has_time(rest):
        return True
    if not stamp.is_epoch:
        return False
    own = stamp.found["n"].partition(".")[0]
    year = 366 * 86_400 * {13: 1000, 16: 1_000_000}.get(len(own), 1)
    found = re.finditer(rf"(?=(\d{{{len(own)}}})(?!\d))", rest)
    return any(abs(int(match[1]) - int(own)) < year for match in found)


def is_year_day_month(stamp: Stamp, *, swapped: bool = False) -> bool:
    """Whether a date can only be year-day-month: `2023-25-03`; `swapped`: only year-month-day."""
    if not stamp.is_year_first:
        return False
    day, month = (int(stamp.found[part]) for part in ("ba" if swapped else "ab"))
    return 31 >= day > 12 >= month


def is_day_first(stamps: Iterable[Stamp]) -> bool | None:
    """Decide the order of day and month from all dates that are not plainly readable.

    `28/10/2023` says day first, `10/28/2023` month first; a file that says both, or neither, stays undecided.
    Dots are day first unless the dates say otherwise.
    """
    votes = {True: 0, False: 0}
    dots = 0
    for stamp in stamps:
        if stamp.is_epoch or not stamp.found["c"]:
            continue
        c, d = int(stamp.found["c"]), int(stamp.found["d"])
        votes[True] += c > 12 >= d
        votes[False] += d > 12 >= c
        dots += stamp.found["s2"] == "."
    if dots and not votes[False]:
        return True
    return None if bool(votes[True]) == bool(votes[False]) else votes[True] > 0


def stamp_time(stamp: Stamp, order: DateOrder, zone: ZoneInfo | None) -> tuple[int, int]:
    """Microseconds since 1970 (local wall clock) and 0, or 0 and the key of `REASONS` that tells why not.

    A time with `Z` or an offset, and seconds since 1970, become the wall-clock time of `zone`.
    """
    found = stamp.found
    if stamp.is_epoch:
        if zone is None:
            return 0, 17
        number = found["n"]
        whole, _, part = number.partition(".")
        micros = int(whole) * {13: 1000, 16: 1}.get(len(whole), 1_000_000) + micros_of(part)
        return _micros(_EPOCH.replace(tzinfo=UTC) + timedelta(microseconds=micros), zone), 0
    day, reason = _day(found, order)
    if day is None:
        return 0, reason
    if not found["h"]:
        return 0, 4
    written, minute = int(found["h"]), int(found["mi"])
    if found["s"] is None:
        return 0, 11 if written < 25 and minute < 60 else 4
    second = int(found["s"])
    hour = hour_of_day(written, found["ap"])
    if hour is None:
        return 0, 4
    fraction = micros_of(found["f"] or found["g"])
    midnight = (hour, minute, second, fraction) == (24, 0, 0, 0)
    if not midnight and (hour > 23 or minute > 59 or second > 59):
        return 0, 4
    time = day + timedelta(hours=hour, minutes=minute, seconds=second, microseconds=fraction)
    if found["zone"]:
        offset = offset_of(found["zone"].strip())
        if zone is None or offset is None:
            return 0, 12
        return _micros(time.replace(tzinfo=offset), zone), 0
    return (time - _EPOCH) // timedelta(microseconds=1), 0


def _micros(time: datetime, zone: ZoneInfo) -> int:
    try:
        local = time.astimezone(zone).replace(tzinfo=None)
    except (OverflowError, ValueError):
        return 0
    return (local - _EPOCH) // timedelta(microseconds=1)


def _day(found: re.Match[str], order: DateOrder) -> tuple[datetime | None, int]:
    if found["y"]:
        year, month, day = int(found["y"]), int(found["a"]), int(found["b"])
        if order.year_day_month:
            month, day = day, month
    elif found["c"]:
        if len(found["y2"]) == 2:
            return None, 16
        if order.day_first is None:
            return None, 15
        year, day, month = int(found["y2"]), int(found["c"]), int(found["d"])
        if not order.day_first:
            month, day = day, month
    else:
        year, month = int(found["y3"] or found["y4"]), month_of(found["m3"] or found["m4"])
        day = int(found["d3"] or found["d4"])
    if year < 1900:
        return None, 3
    try:
        return datetime(year, month, day), 0
    except ValueError:
        return None, 3
