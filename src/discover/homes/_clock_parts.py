"""Parts of a date and a clock as people write them: months by name, 12-hour clocks, fractions, offsets."""

from datetime import UTC, timedelta, timezone

__all__ = ["hour_of_day", "micros_of", "month_of", "offset_of"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def month_of(name: str) -> int:
    """1 to 12 by the first three letters of a month's name, 0 if it is none."""
    short = name[:3].lower()
    return _MONTHS.index(short) + 1 if short in _MONTHS else 0


def hour_of_day(hour: int, half: str | None) -> int | None:
    """Hour of a 12-hour clock (`half` begins with a or p) or, without `half`, the hour as it is.

    None where a 12-hour clock has no such hour.
    """
    if not half:
        return hour
    return hour % 12 + (12 if half[0] in "pP" else 0) if 1 <= hour <= 12 else None


def micros_of(digits: str | None) -> int:
    """Microseconds of the digits after a point; what is finer is cut off."""
    return int(((digits or "") + "000000")[:6])


def offset_of(text: str) -> timezone | None:
    """`Z`, `UTC`, `+02:00`, `-0530`, `+02`; None for an abbreviation, which means different zones."""
    if text in ("Z", "z", "UTC", "GMT"):
        return UTC
    if text[0] not in "+-":
        return None
    hours, minutes = int(text[1:3]), int(text[3:].strip(":") or 0)
    if hours > 15 or minutes > 59:
        return None
    return timezone((1 if text[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))
