"""Periods as people type them: a month, a day, a range."""

import calendar
import datetime as dt
from dataclasses import dataclass

from discover.core.errors import ConfigError

__all__ = ["Period", "parse_period"]


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, both included."""

    first: dt.date
    last: dt.date

    def __str__(self) -> str:
        """First and last day, as "2009-07-01..2009-07-31"."""
        return f"{self.first}..{self.last}"

    def overlaps(self, other: "Period") -> bool:
        """Whether two periods share a day."""
        return self.first <= other.last and other.first <= self.last


def parse_period(text: str) -> Period:
    """Read "2009-07", "2009-07-21" or a range of two such, "2009-07..2009-08-15".

    Raises:
        ConfigError: It is none of these, or ends before it begins.

    Examples:
        >>> str(parse_period("2009-02"))
        '2009-02-01..2009-02-28'
    """
    begin, dots, end = text.strip().partition("..")
    first = _span(begin, text)[0]
    last = _span(end if dots else begin, text)[1]
    if last < first:
        raise ConfigError(f"The period '{text}' ends before it begins. Write the earlier date first.")
    return Period(first, last)


def _span(part: str, text: str) -> tuple[dt.date, dt.date]:
    try:
        numbers = [int(n) for n in part.strip().split("-")]
        if len(numbers) == 2:
            year, month = numbers
            return dt.date(year, month, 1), dt.date(year, month, calendar.monthrange(year, month)[1])
        year, month, day = numbers
        return dt.date(year, month, day), dt.date(year, month, day)
    except ValueError:
        raise ConfigError(
            f"'{text}' is not a period. Write a month (2009-07), a day (2009-07-21) or a range "
            "(2009-07-01..2009-07-20)."
        ) from None
