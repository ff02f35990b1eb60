"""From activations to messages: what the sensors of a home send, miss and make up.

A motion sensor is ON from the first movement until its hold time passes without another. Things that
two people use at once are open once. Temperatures drift with the hour and rise with cooking or a shower.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discover.simulator.behaviours import BEHAVIOURS
from discover.simulator.movement import Activations
from discover.simulator.rooms import RoomGraph

__all__ = [
    "STATES",
    "Messages",
    "SensorStates",
    "join_messages",
    "no_messages",
    "spurious",
    "state_pairs",
    "temperature_readings",
]

STATES: tuple[str, ...] = ("ON", "OFF", "OPEN", "CLOSE", "PRESENT", "ABSENT", "START", "END", "VALUE")
"""States by code."""

_PAIRS = {"door": (2, 3), "item": (5, 4), "phone": (6, 7)}
_RESET_S = 0.4  # a motion sensor that just went off is blind for a moment
_SAMPLE_S = 300.0
_COOKING = np.array([b.coarse == "cook" for b in BEHAVIOURS])
_BATHING = np.array([b.name == "bathing" for b in BEHAVIOURS])


@dataclass(frozen=True)
class Messages:
    """What sensors sent, one row each.

    Attributes:
        time_us: Microseconds from the first midnight of the log.
        sensor, state: Codes into the graph's sensors and STATES.
        value: Reading, NaN for states.
        who: Who caused it; -1 nobody.
        mark: Annotation that begins (+number) or ends (-number) here; 0 none.
    """

    time_us: NDArray[np.int64]
    sensor: NDArray[np.int64]
    state: NDArray[np.int64]
    value: NDArray[np.float64]
    who: NDArray[np.int64]
    mark: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.time_us)

    def rows(self, which: NDArray[np.int64] | NDArray[np.bool_]) -> "Messages":
        """Some of the rows, by index or mask."""
        return Messages(*(getattr(self, name)[which] for name in Messages.__dataclass_fields__))


def join_messages(parts: list[Messages]) -> Messages:
    """One table after the other."""
    names = Messages.__dataclass_fields__
    return Messages(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))


class SensorStates:
    """Turns activations into ON/OFF messages, remembering until when each sensor is on."""

    def __init__(self, pairs: NDArray[np.int64]) -> None:
        """`pairs`: state codes that each sensor sends when it begins and ends, (number of sensors, 2)."""
        self._on, self._off = pairs[:, 0], pairs[:, 1]
        self._off_at_us = np.full(len(pairs), np.iinfo(np.int64).min // 2)

    def messages(self, sensor: NDArray[np.int64], begin_us: NDArray[np.int64], end_us: NDArray[np.int64],
                 who: NDArray[np.int64]) -> Messages:  # fmt: skip
        """Messages of activations that all begin after those of earlier calls.

        Activations of one sensor that overlap or almost touch become one. The result is not sorted.
        """
        reset = int(_RESET_S * 1e6)
        begin_us = np.maximum(begin_us, self._off_at_us[sensor] + reset)
        alive = begin_us < end_us
        sensor, begin_us, end_us, who = sensor[alive], begin_us[alive], end_us[alive], who[alive]
        order = np.lexsort((begin_us, sensor))
        sensor, begin_us, end_us, who = sensor[order], begin_us[order], end_us[order], who[order]
        if not len(sensor):
            return no_messages()
        # Running latest end per sensor: lift each sensor above the one before, so one pass serves all.
        low = int(begin_us.min())
        height = int(end_us.max()) - low + reset + 2
        lifted = end_us - low + sensor * height
        latest = np.maximum.accumulate(lifted)
        before = np.concatenate([[-1], latest[:-1]])
        new = (begin_us - low + sensor * height > before + reset) | (np.diff(sensor, prepend=-1) != 0)
        first = np.flatnonzero(new)
        last = np.append(first[1:], len(sensor)) - 1
        on_sensor, on_us, on_who = sensor[first], begin_us[first], who[first]
        off_us = latest[last] - on_sensor * height + low
        np.maximum.at(self._off_at_us, on_sensor, off_us)
        return Messages(
            np.concatenate([on_us, off_us]),
            np.concatenate([on_sensor, on_sensor]),
            np.concatenate([self._on[on_sensor], self._off[on_sensor]]),
            np.full(2 * len(first), np.nan),
            np.concatenate([on_who, on_who]),
            np.zeros(2 * len(first), dtype=np.int64),
        )


def state_pairs(graph: RoomGraph) -> NDArray[np.int64]:
    """State codes that begin and end an activation of each sensor, (number of sensors, 2)."""
    return np.array([_PAIRS.get(s.type, (0, 1)) for s in graph.sensors]).reshape(-1, 2)


def spurious(
    graph: RoomGraph, hold_s: NDArray[np.float64], per_hour: float, hours: float, rng: np.random.Generator
) -> Activations:
    """Motion activations that nobody caused, `per_hour` in the whole home, from second 0 on."""
    motion = np.flatnonzero([s.type == "motion" for s in graph.sensors])
    n = int(rng.poisson(per_hour * hours)) if len(motion) else 0
    sensor = motion[rng.integers(0, max(len(motion), 1), size=n)] if n else np.zeros(0, dtype=np.int64)
    begin = rng.random(n) * hours * 3600
    return Activations(sensor, begin, begin + hold_s[sensor] * rng.uniform(0.9, 1.1, size=n), np.full(n, -1))


def temperature_readings(
    graph: RoomGraph,
    day: int,
    first_s: float,
    behaviour: NDArray[np.int64],
    begin_s: NDArray[np.float64],
    end_s: NDArray[np.float64],
    last: NDArray[np.float64],
    rng: np.random.Generator,
) -> Messages:
    """Readings of 24 hours from `first_s` after the midnight of `day`, sent when the half degree changes.

    `last` holds the last reading per sensor (NaN: none yet) and is brought up to date.
    """
    thermometers = np.flatnonzero([s.type == "temperature" for s in graph.sensors])
    at = first_s + np.arange(0, 86_400, _SAMPLE_S)
    parts = []
    for sensor in thermometers:
        kind = graph.kinds[graph.rooms.index(graph.sensors[sensor].room)]
        # Warmest in the late afternoon; a slow wave of a few days stands for the weather.
        degrees = 20.5 + 1.1 * np.sin((at / 86_400 - 0.42) * 2 * np.pi) + 0.9 * np.sin(day / 3.7 + sensor)
        for heating, share, peak in ((_COOKING, {"kitchen": 1.0, "dining": 0.3}.get(kind, 0.08), 7.0),
                                     (_BATHING, {"bathroom": 1.0}.get(kind, 0.0), 5.0)):  # fmt: skip
            warm = heating[behaviour]
            degrees = degrees + share * peak * _heat(at, begin_s[warm], end_s[warm])
        degrees = degrees + rng.normal(0.0, 0.06, size=len(at))
        parts.append(_on_change(int(sensor), degrees, at, day, last, rng))
    return join_messages(parts) if parts else no_messages()


def _heat(
    at_s: NDArray[np.float64], begin_s: NDArray[np.float64], end_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Share of full warmth: rises with a time constant of 15 minutes, falls with 35."""
    on = np.clip(at_s[:, None] - begin_s, 0, end_s - begin_s)
    since = np.clip(at_s[:, None] - end_s, 0, None)
    result: NDArray[np.float64] = ((1 - np.exp(-on / 900)) * np.exp(-since / 2100)).sum(axis=1)
    return np.minimum(result, 1.5)


def _on_change(
    sensor: int,
    degrees: NDArray[np.float64],
    at_s: NDArray[np.float64],
    day: int,
    last: NDArray[np.float64],
    rng: np.random.Generator,
) -> Messages:
    value = np.round(degrees * 2) / 2
    changed = np.zeros(len(value), dtype=bool)
    for i in range(len(value)):  # 288 samples a day; a reading must move 0.4 degrees to be sent again
        if not abs(degrees[i] - last[sensor]) < 0.4:
            changed[i] = True
            last[sensor] = value[i]
    n = int(changed.sum())
    time_us = np.int64(day) * 86_400_000_000 + ((at_s[changed] + rng.uniform(0, 20, size=n)) * 1e6).astype(
        np.int64
    )
    code = STATES.index("VALUE")
    return Messages(
        time_us,
        np.full(n, sensor),
        np.full(n, code),
        value[changed],
        np.full(n, -1),
        np.zeros(n, dtype=np.int64),
    )


def no_messages() -> Messages:
    """An empty table."""
    nothing = np.zeros(0, dtype=np.int64)
    return Messages(nothing, nothing, nothing, np.zeros(0), nothing, nothing)
