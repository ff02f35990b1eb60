"""Numbers, times and verdicts of an answer in words."""

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from discover.core.day_parts import WEEKDAYS

__all__ = [
    "NO_NUMBER", "amount", "clock", "counted", "date", "dates", "interval", "interval_clock", "interval_h",
    "length", "no_number", "number", "seconds", "tells", "time", "verdict", "weekdays",
]  # fmt: skip

NO_NUMBER = "The sensors do not allow a number"
WIDEST = 5.0
"""An interval wider than the number this many times says nothing about it."""


def verdict(direction: str, gap: float, low: float | None, high: float | None) -> str:
    """Whether a comparison holds, as far as its interval allows."""
    sure = low is not None and high is not None and (low > 0 or high < 0)
    if direction == "different":
        return (
            ("Not alike:" if sure else "About alike, as far as the log can tell:")
            if low is not None
            else "Too few days to say:"
        )
    wanted = gap > 0 if direction in ("more", "later") else gap < 0
    if low is None:
        return f"{'It looks so' if wanted else 'It does not look so'}, but there are too few days to be sure:"
    if not sure:
        return "The log cannot tell them apart:"
    return "Yes:" if wanted else "No, the other way round:"


def amount(value: float, unit: str) -> str:
    """A value with its unit."""
    if unit == "o'clock":
        return clock(value)
    return (
        length(value * 3600) if unit == "hours" else f"{value:{'.0f' if value >= 100 else '.2g'}} times a day"
    )


def interval(low: float | None, high: float | None, form: str) -> str:
    """An interval in brackets; nothing without one."""
    return "" if low is None or high is None else f" (95 % {low:{form}} to {high:{form}})"


def interval_h(low: float | None, high: float | None) -> str:
    """An interval of hours."""
    return "" if low is None or high is None else f" (95 % {length(low * 3600)} to {length(high * 3600)})"


def interval_clock(low: float | None, high: float | None) -> str:
    """An interval of times of day."""
    return "" if low is None or high is None else f"; 95 % {clock(low)} to {clock(high)}"


def tells(value: float, low: float | None, high: float | None) -> bool:
    """Whether an interval is at most `WIDEST` times as wide as the number, which counts as one below one."""
    return low is None or high is None or high - low <= WIDEST * max(value, 1.0)


def no_number(seen: str, low: str, high: str) -> str:
    """What is said where the interval is too wide."""
    return (
        f"{NO_NUMBER}: {seen} is seen, and in simulated homes with such sensors the "
        f"truth lies anywhere from {low} to {high}."
    )


def length(seconds: float) -> str:
    """Seconds as hours and minutes."""
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def clock(hours: float) -> str:
    """Hours as a time of day."""
    minutes = round(hours * 60) % 1440
    return f"{minutes // 60}:{minutes % 60:02d}"


def time(seconds: float) -> dt.datetime:
    """Local seconds since 1970 as a time."""
    return dt.datetime(1970, 1, 1) + dt.timedelta(seconds=float(seconds))


def weekdays(codes: tuple[int, ...]) -> str:
    """Days of the week in words, such as "at weekends"; without any the other days."""
    plain = {(): "on other days", (0, 1, 2, 3, 4): "on weekdays", (5, 6): "at weekends"}
    return plain.get(codes) or "on " + ", ".join(WEEKDAYS[c].title() for c in codes)


def seconds(at: dt.datetime) -> float:
    """A time as local seconds since 1970."""
    return (at - dt.datetime(1970, 1, 1)).total_seconds()


def number(day: dt.date) -> int:
    """A date as days since 1970."""
    return (day - dt.date(1970, 1, 1)).days


def counted(n: float, noun: str) -> str:
    """A number with its noun: "1 day", "3 days"."""
    return f"{n:g} {noun}{'' if n == 1 else 's'}"


def date(day: int) -> dt.date:
    """Days since 1970 as a date."""
    return dt.date(1970, 1, 1) + dt.timedelta(days=int(day))


def dates(days: NDArray[np.int64]) -> tuple[dt.date, ...]:
    """Several of them."""
    return tuple(date(int(d)) for d in days)
