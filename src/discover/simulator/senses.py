"""What the sensors of a random home notice of the life in it. Times are elapsed, from the first midnight."""

import numpy as np
from numpy.typing import NDArray

from discover.simulator.dwelling import Dwelling
from discover.simulator.kits import Installation
from discover.simulator.movement import Activations, Moments, Visits, concatenate
from discover.simulator.sensing import STATES, Messages, SensorStates, join_messages

__all__ = ["noticed", "readings", "to_messages"]

_DAY = 86_400.0
_PET = -2


def noticed(
    dwelling: Dwelling,
    kit: Installation,
    moments: Moments,
    visits: Visits,
    used: Activations,
    dark: NDArray[np.bool_],
    days: int,
    rng: np.random.Generator,
) -> Activations:
    """Activations of all sensors.

    Args:
        dwelling: Rooms, doors and things.
        kit: The sensors.
        moments, visits: Movements and stays of everyone.
        used: Use of things; `sensor` is the thing.
        dark: Whether a lamp is needed, per hour from the first midnight.
        days: Days of the log.
        rng: Randomness.
    """
    parts = [_seen(kit, moments, rng), _things(dwelling, kit, used, rng), _ways(dwelling, kit, moments, rng)]
    parts += [_sat_on(dwelling, kit, visits, rng), _occupied(dwelling, kit, visits, rng)]
    parts += [_lamps(dwelling, kit, visits, dark, rng), _made_up(kit, days, rng)]
    return _pulsed(kit, concatenate(parts), rng)


def _pulsed(kit: Installation, found: Activations, rng: np.random.Generator) -> Activations:
    """Sensors that send short pulses while something goes on, such as shaken or bouncing contacts."""
    apart = np.array([s.pulse_s for s in kit.sensors])[found.sensor]
    rows = np.flatnonzero(apart > 0)
    if not len(rows):
        return found
    length = np.clip(found.end_s[rows] - found.begin_s[rows], 0.0, 1800.0)
    n = 1 + np.minimum(rng.poisson(length / apart[rows]), 15)
    row = np.repeat(rows, n)
    begin = found.begin_s[row] + rng.random(len(row)) ** 1.5 * np.repeat(length, n)
    pulses = Activations(
        found.sensor[row], begin, begin + rng.exponential(1.2, len(row)) + 0.3, found.who[row]
    )
    rest = apart == 0
    still = Activations(found.sensor[rest], found.begin_s[rest], found.end_s[rest], found.who[rest])
    return concatenate([still, pulses])


def to_messages(kit: Installation, found: Activations, rng: np.random.Generator) -> Messages:
    """States and readings that the sensors send, in order of time."""
    n = len(kit.sensors)
    codes = np.array([(STATES.index(s.begin), STATES.index(s.end)) for s in kit.sensors]).reshape(n, 2)
    sent = SensorStates(codes).messages(
        found.sensor,
        np.round(found.begin_s * 1e6).astype(np.int64),
        np.round(found.end_s * 1e6).astype(np.int64),
        found.who,
    )
    half = len(sent) // 2
    begins = np.arange(len(sent)) < half
    watts = np.array([s.watts for s in kit.sensors])[sent.sensor]
    metered = watts > 0
    value = np.where(begins, watts * rng.lognormal(0, 0.08, len(sent)), 0.0)
    sent.value[metered] = np.round(value[metered], 1)
    sent.state[metered] = STATES.index("VALUE")
    if not kit.ends:
        sent = sent.rows(begins | metered)
    sent = sent.rows(np.argsort(sent.time_us, kind="stable"))
    sent.time_us[:] = sent.time_us // kit.stamp_us * kit.stamp_us
    return sent


def readings(kit: Installation, days: int, rng: np.random.Generator) -> Messages:
    """Temperatures every quarter of an hour or on change, and battery levels now and then."""
    parts = []
    for code, s in enumerate(kit.sensors):
        if s.how == "temperature":
            step = float(rng.choice([600.0, 900.0, 1800.0]))
            at = np.arange(rng.uniform(0, step), days * _DAY, step)
            wave = 1.2 * np.sin((at / _DAY - 0.4) * 2 * np.pi) + np.sin(at / _DAY / 3.3 + code)
            value = np.round((20.5 + rng.normal(0, 1.5) + wave + rng.normal(0, 0.1, len(at))) * 2) / 2
            changed = np.diff(value, prepend=-99.0) != 0
            at, value = at[changed] + rng.uniform(0, 20, int(changed.sum())), value[changed]
        elif s.how == "battery":
            n = int(rng.poisson(days / float(rng.choice([1.0, 3.0, 10.0]))))
            at = np.sort(rng.uniform(0, days * _DAY, n))
            value = np.round(np.linspace(rng.uniform(40, 100), rng.uniform(20, 40), n))
        else:
            continue
        nothing = np.zeros(len(at), dtype=np.int64)
        parts.append(
            Messages(
                np.round(at * 1e6).astype(np.int64),
                nothing + code,
                nothing + STATES.index("VALUE"),
                value,
                nothing - 1,
                nothing,
            )
        )
    return join_messages(parts) if parts else _no_messages()


def _no_messages() -> Messages:
    nothing = np.zeros(0, dtype=np.int64)
    return Messages(nothing, nothing, nothing, np.zeros(0), nothing, nothing)


def _nothing() -> Activations:
    return Activations(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64))


def _seen(kit: Installation, moments: Moments, rng: np.random.Generator) -> Activations:
    """Motion sensors that see each movement."""
    share = kit.view_share[moments.place]
    share = np.where((moments.who == _PET)[:, None], share * 0.5, share)
    t, k = np.nonzero(rng.random(share.shape) < share)
    sensor = kit.view[moments.place[t], k]
    t, sensor = t[sensor >= 0], sensor[sensor >= 0]
    hold = np.array([s.hold_s for s in kit.sensors])[sensor] * rng.uniform(0.92, 1.12, len(t))
    begin = moments.at_s[t] + rng.uniform(0.0, 0.6, len(t))
    return Activations(sensor, begin, begin + hold, moments.who[t])


def _things(
    dwelling: Dwelling, kit: Installation, used: Activations, rng: np.random.Generator
) -> Activations:
    """Things with a sensor; shaking is shorter than use, a cistern fills after it."""
    sensor_of = np.full(len(dwelling.things), -1)
    shaken = np.zeros(len(dwelling.things), dtype=bool)
    for code, s in enumerate(kit.sensors):
        if s.how not in ("motion", "door", "presence", "light_of_room", "temperature", "battery", "pressure"):
            sensor_of[s.index] = code
            shaken[s.index] = s.how == "vibration"
    sensor = sensor_of[used.sensor]
    has = sensor >= 0
    length = (used.end_s - used.begin_s)[has]
    brief = shaken[used.sensor[has]]
    length = np.where(brief, np.minimum(length, rng.uniform(1, 12, len(length))), length)
    return Activations(sensor[has], used.begin_s[has], used.begin_s[has] + length, used.who[has])


def _ways(dwelling: Dwelling, kit: Installation, moments: Moments, rng: np.random.Generator) -> Activations:
    """Inner doors opened on the way through; some people leave a door as it is."""
    found = []
    for code in kit.codes("door"):
        side = int(dwelling.door_places[kit.sensors[code].index, 0])
        shuts = rng.beta(2.5, 0.6)
        t = np.flatnonzero(moments.place[: moments.n_walked] == side)
        t = t[(moments.who[t] != _PET) & (rng.random(len(t)) < rng.uniform(0.3, 1.0))]
        open_s = np.where(
            rng.random(len(t)) < shuts, rng.uniform(1.5, 9, len(t)), rng.exponential(2400, len(t))
        )
        found.append(
            Activations(np.full(len(t), code), moments.at_s[t], moments.at_s[t] + open_s, moments.who[t])
        )
    return concatenate([_nothing(), *found])


def _sat_on(dwelling: Dwelling, kit: Installation, visits: Visits, rng: np.random.Generator) -> Activations:
    """Mats on beds and seats: on while someone is there, with short breaks when they turn."""
    found = []
    for code in kit.codes("pressure"):
        thing = dwelling.things[kit.sensors[code].index]
        v = np.flatnonzero(
            (visits.place == thing.place) & (visits.end_s - visits.begin_s > 15) & (visits.who != _PET)
        )
        length = visits.end_s[v] - visits.begin_s[v]
        breaks = rng.poisson(length / 3600 * float(rng.choice([0.0, 0.1, 0.8])))
        row = np.repeat(np.arange(len(v)), breaks + 1)
        cut = visits.begin_s[v][row] + rng.random(len(row)) * length[row]
        first = np.diff(row, prepend=-1) > 0
        cut = np.where(first, visits.begin_s[v][row], cut)
        order = np.lexsort((cut, row))
        begin = cut[order]
        end = np.append(begin[1:], 0.0) - rng.uniform(1, 25, len(begin))
        last = np.append(np.diff(row) > 0, True)
        end = np.where(last, visits.end_s[v][row], end)
        found.append(Activations(np.full(len(begin), code), begin, end, visits.who[v][row]))
    return concatenate([_nothing(), *found])


def _occupied(dwelling: Dwelling, kit: Installation, visits: Visits, rng: np.random.Generator) -> Activations:
    """Radar: on as long as someone is in the room, moving or not, and for a while after."""
    found = []
    room = dwelling.place_room[visits.place]
    for code in kit.codes("presence"):
        s = kit.sensors[code]
        v = np.flatnonzero((room == s.room) & (visits.who != _PET))
        # Now and then it loses someone who lies still.
        lost = rng.random(len(v)) < 0.04
        length = visits.end_s[v] - visits.begin_s[v]
        end = np.where(lost, visits.begin_s[v] + length * rng.random(len(v)), visits.end_s[v] + s.hold_s)
        found.append(Activations(np.full(len(v), code), visits.begin_s[v], end, visits.who[v]))
    return concatenate([_nothing(), *found])


def _lamps(
    dwelling: Dwelling, kit: Installation, visits: Visits, dark: NDArray[np.bool_], rng: np.random.Generator
) -> Activations:
    """Lamps of rooms: on in the dark while someone is awake there, sometimes left on."""
    found = []
    room = dwelling.place_room[visits.place]
    for code in kit.codes("light_of_room"):
        s = kit.sensors[code]
        hour = np.clip(visits.begin_s / 3600, 0, len(dark) - 1).astype(np.int64)
        length = visits.end_s - visits.begin_s
        uses = rng.beta(4, 1.5)
        v = np.flatnonzero(
            (room == s.room) & dark[hour] & (length > 8) & (length < 4 * 3600) & (visits.who != _PET)
        )
        v = v[rng.random(len(v)) < uses]
        forgets = rng.random(len(v)) < 0.06
        end = visits.end_s[v] + np.where(forgets, rng.exponential(2400, len(v)), rng.exponential(25, len(v)))
        found.append(
            Activations(
                np.full(len(v), code), visits.begin_s[v] + rng.uniform(0.5, 4, len(v)), end, visits.who[v]
            )
        )
    return concatenate([_nothing(), *found])


def _made_up(kit: Installation, days: int, rng: np.random.Generator) -> Activations:
    """Motion that nobody caused: sun, heating, a curtain."""
    motion = np.array(kit.codes("motion"), dtype=np.int64)
    if not len(motion):
        return _nothing()
    rate = rng.gamma(0.7, 0.05, len(motion))  # per hour and sensor
    n = rng.poisson(rate * days * 24)
    sensor = np.repeat(motion, n)
    begin = rng.random(len(sensor)) * days * _DAY
    hold = np.array([s.hold_s for s in kit.sensors])[sensor]
    return Activations(sensor, begin, begin + hold, np.full(len(sensor), -1))
