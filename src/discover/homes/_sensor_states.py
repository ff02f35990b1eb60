"""What the states of one sensor tell together: 1 and 0 are ON and OFF, half a pair is none."""

import numpy as np
from numpy.typing import NDArray

from discover.homes._lines import DEVICE_HEALTH, Rows
from discover.homes._states import BINARY_STATES, VALUE, StateReading
from discover.homes.places import guess_sensor

__all__ = ["half_known", "set_apart", "two_state_numbers"]

_READING_TYPES = frozenset({"temperature", "power", "battery", "burner", "water"})
_HALF_SHARE = 0.2
_HALF_LINES = 3
_WORDS_SHARE = 0.02
HALF_KNOWN = 20


def half_known(
    rows: Rows, sensor: NDArray[np.int32], readings: list[StateReading], problem: NDArray[np.uint8]
) -> None:
    """Refuse the known word of a sensor whose other word, on a fifth of its lines, nobody knows."""
    word = np.array([t.isascii() and len(t) > 2 and t.replace(" ", "_").replace("-", "_").isidentifier()
                     for t in rows.states] + [False])  # fmt: skip
    unknown = (problem == 7) & word[rows.state]
    if not unknown.any():
        return
    number = np.array([r.state == VALUE for r in readings] + [False])
    # the sensor of a line that is not read has no id yet: names are compared as they stand
    n = len(rows.sensors) + 1
    missed = np.bincount(rows.sensor[unknown] + 1, minlength=n)
    said = (problem == 0) & ~number[rows.state]
    read = np.bincount(rows.sensor[said] + 1, minlength=n)
    half = (missed >= _HALF_LINES) & (missed > _HALF_SHARE * (missed + read)) & (read > 0)
    problem[said & half[rows.sensor + 1]] = HALF_KNOWN


def two_state_numbers(
    rows: Rows,
    sensor: NDArray[np.int32],
    ids: list[str],
    readings: list[StateReading],
    problem: NDArray[np.uint8],
) -> tuple[NDArray[np.int32], list[StateReading]]:
    """Read 1 and 0 as ON and OFF on every sensor that says both and no other number.

    Sensors that measure (temperature, power, water, burner, battery, by their id) keep their numbers.
    """
    bit = np.array([_bit(text, r) for text, r in zip(rows.states, readings, strict=True)] + [-1])
    number = np.array([r.state == VALUE for r in readings] + [False])
    state = rows.state
    if not (bit >= 0).any():
        return state, readings
    good = (problem == 0) & (sensor >= 0)
    of_row = bit[state]
    n = len(ids)
    other = np.bincount(sensor[good & number[state] & (of_row < 0)], minlength=n)
    ones = np.bincount(sensor[good & (of_row == 1)], minlength=n)
    zeros = np.bincount(sensor[good & (of_row == 0)], minlength=n)
    binary = (other == 0) & (ones > 0) & (zeros > 0)
    if not binary.any():
        return state, readings
    for k in np.flatnonzero(binary).tolist():
        binary[k] = guess_sensor(ids[k]).type not in _READING_TYPES
    on = StateReading("ON", rule="read 1 as ON, of a sensor that says only 1 and 0")
    off = StateReading("OFF", rule="read 0 as OFF, of a sensor that says only 1 and 0")
    change = good & (of_row >= 0)
    change[change] = binary[sensor[change]]
    state = state.copy()
    state[change] = np.where(of_row[change] == 1, len(readings), len(readings) + 1)
    return state, [*readings, on, off]


def set_apart(
    sensor: NDArray[np.int32],
    state: NDArray[np.int32],
    readings: list[StateReading],
    problem: NDArray[np.uint8],
) -> None:
    """Numbers of a sensor that says ON and OFF, or OPEN and CLOSE: codes of the device, not events."""
    number = np.array([r.state == VALUE for r in readings] + [False])
    if not number.any():
        return
    good = (problem == 0) & (sensor >= 0)
    binary = np.array([r.state in BINARY_STATES for r in readings] + [False])
    if not (good & number[state]).any():
        return
    n = int(sensor.max(initial=0)) + 1
    words = np.bincount(sensor[good & binary[state]], minlength=n)
    numbers = np.bincount(sensor[good & number[state]], minlength=n)
    mixed = (numbers > 0) & (words >= 2) & (words >= _WORDS_SHARE * numbers)
    rows = np.flatnonzero(good & number[state])
    problem[rows[mixed[sensor[rows]]]] = DEVICE_HEALTH


def _bit(text: str, reading: StateReading) -> int:
    if reading.rule or reading.state != VALUE or reading.value not in (0.0, 1.0):
        return -1
    return int(reading.value)
