"""Add the sensors that a log has and its home's description lacks."""

import re

import numpy as np

from discover.core.home import Home, Sensor
from discover.homes.casas_reader import CasasLog
from discover.homes.places import guess_sensor

__all__ = ["complete_sensors"]


def complete_sensors(
    home: Home, log: CasasLog, translate: dict[str, tuple[str, str]]
) -> tuple[Home, tuple[str, ...]]:
    """The home with every sensor of the log, in order of id, and the ids that were unknown.

    An unknown id that differs from a known one only in leading zeros (M001 and M01: WSU renamed its sensors
    between years), or else in capital and small letters, takes over that one's facts. Else room and object
    come from the translate table, from the log's location columns, or from the id; the type is guessed.
    """
    listed = {s.id: s for s in home.sensors}
    alike = {_without_zeros(s.id).casefold(): s for s in home.sensors}
    alike.update({_without_zeros(s.id): s for s in home.sensors})
    placed = {_without_zeros(name): places for name, places in translate.items()}
    seen = _states_by_sensor(log)
    added = []
    for name in sorted(set(seen) - set(listed)):
        twin = alike.get(_without_zeros(name)) or alike.get(_without_zeros(name).casefold())
        if twin is not None:
            added.append(twin.model_copy(update={"id": name}))
            continue
        places = translate.get(name) or placed.get(_without_zeros(name)) or log.clean.places.get(name, ())
        added.append(guess_sensor(name, states=seen[name], places=places))
    sensors: list[Sensor] = sorted([*home.sensors, *added], key=lambda s: s.id)
    return home.model_copy(update={"sensors": tuple(sensors)}), tuple(s.id for s in added)


def _states_by_sensor(log: CasasLog) -> dict[str, list[str]]:
    """States of every sensor that has an event, the commonest first."""
    rows = log.event_rows
    names = sorted({reading.state for reading in log.clean.readings})
    number = {name: k for k, name in enumerate(names)}
    state = np.array([number[reading.state] for reading in log.clean.readings], dtype=np.int64)
    pair = log.clean.sensor[rows].astype(np.int64) * len(names) + state[log.clean.state[rows]]
    count = np.bincount(pair)
    found: dict[str, dict[str, int]] = {}
    for code in np.flatnonzero(count).tolist():
        states = found.setdefault(log.clean.sensor_ids[code // len(names)], {})
        states[names[code % len(names)]] = int(count[code])
    return {name: sorted(states, key=lambda s: (-states[s], s)) for name, states in found.items()}


def _without_zeros(name: str) -> str:
    return re.sub(r"(?<![0-9])0+(?=\d)", "", name)
