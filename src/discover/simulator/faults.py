"""What goes wrong with sensors and loggers: losses, dead and chattering sensors, outages, clocks."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from discover.simulator.kits import Installation
from discover.simulator.sensing import STATES, Messages, join_messages

__all__ = ["Fault", "with_faults"]

_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: stuck, chatter, battery, flood, dropout, loss, drift or repeats; sensor -1: all."""

    kind: str
    sensor: int
    begin_us: int
    end_us: int


def with_faults(
    kit: Installation, sent: Messages, days: int, rng: np.random.Generator
) -> tuple[Messages, list[Fault]]:
    """The messages that reach the log, and what went wrong."""
    total = days * _DAY_US
    faults: list[Fault] = []
    keep = np.ones(len(sent), dtype=bool)
    loss = float(rng.choice([0.0, 0.002, 0.01, 0.04], p=[0.35, 0.35, 0.2, 0.1]))
    if loss:
        keep &= rng.random(len(sent)) >= loss
        faults.append(Fault("loss", -1, 0, total))
    n_outages = int(rng.poisson(days * float(rng.choice([0.0, 0.02, 0.1], p=[0.5, 0.35, 0.15]))))
    for _ in range(n_outages):
        begin = int(rng.random() * total)
        end = min(begin + int(rng.lognormal(np.log(2.0), 1.2) * 3_600_000_000), total)
        keep &= (sent.time_us < begin) | (sent.time_us >= end)
        faults.append(Fault("dropout", -1, begin, end))
    time = sent.time_us.copy()
    extra: list[Messages] = []
    for code, sensor in enumerate(kit.sensors):
        if rng.random() >= 0.05 or sensor.how in ("battery", "temperature"):
            continue
        begin = int(rng.random() * total)
        own = sent.sensor == code
        kind = str(
            rng.choice(["battery", "stuck", "chatter", "flood", "drift"], p=[0.3, 0.15, 0.2, 0.15, 0.2])
        )
        end = total if kind == "battery" else min(begin + int(rng.exponential(1.5) * _DAY_US), total)
        inside = own & (sent.time_us >= begin) & (sent.time_us < end)
        if kind in ("battery", "stuck"):
            keep &= ~inside
        elif kind == "drift":
            slope = rng.normal(0, 2e-4)
            time = np.where(inside, time + ((time - begin) * slope).astype(np.int64), time)
        else:
            extra.append(_burst(kit, code, kind, begin, end, rng))
        faults.append(Fault(kind, code, begin, end))
    if rng.random() < 0.15:
        again = np.flatnonzero(rng.random(len(sent)) < rng.uniform(0.002, 0.1))
        copy = sent.rows(again)
        extra.append(Messages(copy.time_us + rng.integers(0, 900_000, len(again)), *_fields(copy)))
        faults.append(Fault("repeats", -1, 0, total))
    kept = Messages(time[keep], *(f[keep] for f in _fields(sent)))
    found = join_messages([kept, *extra])
    found = found.rows((found.time_us >= 0) & (found.time_us < total))
    return found.rows(np.argsort(found.time_us, kind="stable")), faults


def _fields(m: Messages) -> Any:
    return m.sensor, m.state, m.value, m.who, m.mark


def _burst(
    kit: Installation, code: int, kind: str, begin: int, end: int, rng: np.random.Generator
) -> Messages:
    """ON and OFF without a cause (chatter) or one state again and again (flood), for some hours."""
    end = min(end, begin + int(rng.uniform(0.2, 4) * 3_600_000_000))
    per_hour = float(rng.choice([20.0, 90.0, 400.0]))
    n = int(rng.poisson(per_hour * (end - begin) / 3_600_000_000))
    at = np.sort(rng.integers(begin, max(end, begin + 1), n))
    sensor = kit.sensors[code]
    pair = np.array([STATES.index(sensor.begin), STATES.index(sensor.end)])
    state = pair[np.arange(n) % 2] if kind == "chatter" else np.full(n, pair[0])
    value = np.full(n, np.nan)
    if sensor.watts:
        state, value = np.full(n, STATES.index("VALUE")), np.round(rng.uniform(0, sensor.watts, n), 1)
    return Messages(at, np.full(n, code), state, value, np.full(n, -1), np.zeros(n, dtype=np.int64))
