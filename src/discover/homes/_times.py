"""Dates and times of day from their digits, eight bytes at a time.

Source of the digit arithmetic: the well-known SWAR parsing of eight ASCII digits (three multiplications),
here on whole arrays.
"""

import numpy as np
from numpy.typing import NDArray

from discover.homes._tokens import Fields, Positions

__all__ = ["parse_dates", "parse_times"]

_DAY_US = 86_400_000_000
_U = np.uint64
_ZEROS = _U(0x3030303030303030)
_CLOCK = _U(0x30303A30303A3030)  # "00:00:00" read as a little-endian word
_CLOCK_HIGH = _U(0xF0F0FFF0F0FFF0F0)
_LOW_BYTES = np.array([(1 << (8 * k)) - 1 for k in range(8)] + [0xFFFFFFFFFFFFFFFF], dtype=np.uint64)


def parse_dates(fields: Fields, start: Positions) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Days since 1970-01-01 of `YYYY-MM-DD` (or with slashes) at each position, and which are real dates."""
    if not len(start):
        return np.empty(0, np.int64), np.empty(0, np.bool_)
    year_month = fields.words[start]
    day = fields.words[start + 8] & _U(0xFFFF)
    # A log holds few dates in long runs: read each run once.
    new = np.ones(len(start), dtype=np.bool_)
    new[1:] = (year_month[1:] != year_month[:-1]) | (day[1:] != day[:-1])
    at = np.flatnonzero(new)
    days, real = _dates(fields.buffer[start[at][:, None] + np.arange(10)])
    run = np.cumsum(new) - 1
    return days[run], real[run]


def _dates(text: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    digits = text.astype(np.int64) - 48
    places = digits[:, [0, 1, 2, 3, 5, 6, 8, 9]]
    real = ((places >= 0) & (places <= 9)).all(axis=1)
    real &= (text[:, 4] == text[:, 7]) & ((text[:, 4] == ord("-")) | (text[:, 4] == ord("/")))
    year = places[:, 0] * 1000 + places[:, 1] * 100 + places[:, 2] * 10 + places[:, 3]
    month = places[:, 4] * 10 + places[:, 5]
    day = places[:, 6] * 10 + places[:, 7]
    real &= (year >= 1900) & (month >= 1) & (month <= 12) & (day >= 1)
    year, month = np.where(real, year, 1970), np.where(real, month, 1)
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    length = (months + 1).astype("datetime64[D]").astype(np.int64) - first
    real &= day <= length
    return first + day - 1, real


def parse_times(
    fields: Fields, start: Positions, end: Positions
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Microseconds since midnight of `HH:MM:SS[.fraction]`, and which are real times.

    The fraction may be missing or of any length up to 16 digits; what is finer than a microsecond is cut off.
    """
    if not len(start):
        return np.empty(0, np.int64), np.empty(0, np.bool_)
    word = fields.words[start]
    short_hour = ((word >> _U(8)) & _U(0xFF)) == _U(ord(":"))
    if short_hour.any():  # "3:04:05"
        start = start - short_hour
        word = np.where(short_hour, (fields.words[start] & ~_U(0xFF)) | _U(48), word)
    clock = word - _CLOCK
    real = ((word & _CLOCK_HIGH) == _CLOCK) & (
        ((clock + _U(0x0606000606000606)) & _U(0xF0F000F0F000F0F0)) == 0
    )
    pairs = clock * _U(10) + (clock >> _U(8))  # tens and units meet in bytes 0, 3 and 6
    hour, minute, second = pairs & _U(0xFF), (pairs >> _U(24)) & _U(0xFF), (pairs >> _U(48)) & _U(0xFF)
    real &= (hour < 24) & (minute < 60) & (second < 60) & (end - start >= 8)
    seconds = hour * _U(3600) + minute * _U(60) + second
    fraction, fine = _fractions(fields, start + 8, end)
    return seconds.astype(np.int64) * 1_000_000 + fraction, real & fine


def _fractions(
    fields: Fields, start: Positions, end: Positions
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Microseconds of `.digits` between start and end (nothing there: 0)."""
    count = np.maximum(end - start - 1, 0)
    point = fields.buffer[start]
    fine = (end <= start) | (point == ord(".")) | (point == ord(","))
    value, digits = _eight_digits(fields, start + 1, count)
    fine &= digits & (count <= 16)
    long = np.flatnonzero((count > 8) & (count <= 16))
    if len(long):
        fine[long] &= _eight_digits(fields, start[long] + 9, count[long] - 8)[1]
    return value // 100, fine


def _eight_digits(
    fields: Fields, start: Positions, count: Positions
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Up to eight digits read as if zeros followed them, and whether they all are digits."""
    most = int(count.max())
    # nearly every log writes the same number of digits on all lines: one mask for all
    mask = _LOW_BYTES[min(most, 8)] if most == count.min() else _LOW_BYTES[np.minimum(count, 8)]
    word = (fields.words[start] & mask) | (_ZEROS & ~mask)
    value = word - _ZEROS
    digits = ((word & _U(0xF0F0F0F0F0F0F0F0)) == _ZEROS) & (
        ((value + _U(0x0606060606060606)) & _U(0xF0F0F0F0F0F0F0F0)) == 0
    )
    value = (value * _U(10) + (value >> _U(8))) & _U(0x00FF00FF00FF00FF)
    value = (value * _U(100) + (value >> _U(16))) & _U(0x0000FFFF0000FFFF)
    value = (value * _U(10_000) + (value >> _U(32))) & _U(0xFFFFFFFF)
    return value.astype(np.int64), digits
