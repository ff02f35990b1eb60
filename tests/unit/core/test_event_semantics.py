"""One meaning of an event: every sensor type and state, in the table and in everything that reads it."""

import itertools
from datetime import datetime, timedelta
from typing import get_args

import numpy as np
import polars as pl
import pytest

from discover.captions.facts import home_facts
from discover.core.event_semantics import (
    IDLE_READING,
    activation_mask,
    event_codes,
    event_meaning,
    meanings,
    person_mask,
)
from discover.core.home import Home, Sensor, SensorType
from discover.core.tables import SPLITS
from discover.core.window_set import WindowSet
from discover.retrieval import build_activations, build_window_facts

TYPES: tuple[SensorType, ...] = get_args(SensorType)
STATES = (
    *("ON", "OFF", "OPEN", "CLOSE", "PRESENT", "ABSENT", "START", "END", "STOP", "TRUE", "FALSE", "IDLE"),
    *("ACTIVE", "LOCK", "UNLOCK", "LOCKED", "UNLOCKED", "HIGH", "LOW", "MOVED", "STILL", "VALUE"),
)
HOME = Home(name="h", sensors=tuple(Sensor(id=t, type=t, room=f"room_{t}", object="thing") for t in TYPES))
ENDS = {"OFF", "CLOSE", "ABSENT", "END", "STOP", "FALSE", "IDLE", "LOCK", "LOCKED", "STILL"}


def one_event_per_window() -> WindowSet:
    """Every type in every state, and every type with a reading of 0, one event in each window."""
    rows = [*itertools.product(TYPES, STATES, [5.0]), *((t, "VALUE", 0.0) for t in TYPES)]
    start = datetime(2021, 3, 6)
    times = pl.Series([start + timedelta(hours=i) for i in range(len(rows))]).cast(pl.Datetime("us"))
    events = pl.DataFrame(
        {
            "time": times,
            "sensor": pl.Series([r[0] for r in rows], dtype=pl.Enum(sorted(TYPES))),
            "state": pl.Series([r[1] for r in rows], dtype=pl.Enum(sorted(STATES))),
            "value": pl.Series([r[2] if r[1] == "VALUE" else None for r in rows], dtype=pl.Float64),
        }
    )
    n = len(rows)
    windows = pl.DataFrame(
        {
            "window_id": [str(i) for i in range(n)],
            "home": ["h"] * n,
            "split": pl.Series(["train"] * n, dtype=pl.Enum(SPLITS)),
            "first_event": np.arange(n),
            "n_events": pl.Series([1] * n, dtype=pl.Int32),
            "start": times,
            "end": times,
        }
    )
    return WindowSet.of(HOME, events, windows)


def expected(sensor: str, state: str, value: float | None) -> tuple[bool, bool]:
    """(a person caused it, somebody begins or does something), from the words of the definition."""
    if sensor in ("temperature", "battery", "control"):
        return False, False
    if state == "VALUE":
        running = sensor in ("water", "burner", "power") and (value or 0) > 0
        return running, running
    end = state in ENDS
    if sensor == "item" and state in ("ABSENT", "PRESENT"):
        end = state == "PRESENT"
    return not (end and sensor in ("motion", "pressure", "unknown")), not end


def test_every_type_and_state_means_the_same_everywhere() -> None:
    log = one_event_per_window()
    truth = [expected(*row) for row in log.events.select("sensor", "state", "value").iter_rows()]
    person, active = (np.array(column) for column in zip(*truth, strict=True))
    assert person_mask(log.events, HOME).tolist() == person.tolist()
    assert activation_mask(log.events, HOME).tolist() == active.tolist()
    # Captions: the same events show somebody.
    facts = home_facts(HOME, log.events)
    assert facts.person_of[event_codes(log.events)].tolist() == person.tolist()
    # The index: a room is visited by a person's event.
    assert (build_window_facts(log)["rooms"].list.len().to_numpy() > 0).tolist() == person.tolist()
    # Search conditions: somebody begins or does something.
    assert (build_activations(log)[HOME.name].n_activations > 0).tolist() == active.tolist()


def test_a_health_sensor_shows_nobody() -> None:
    health = Sensor(id="M1", type="motion", is_activity=False)
    assert not event_meaning(health, "ON").person
    assert not event_meaning(health, "VALUE", 3.0).person


@pytest.mark.parametrize(
    ("kind", "state", "value", "meaning"),
    [
        ("door", "OPEN", None, ("begin", True, "opens", "opened", "opened")),
        ("door", "CLOSE", None, ("end", True, "closes", "closed", "closed")),
        ("door", "LOCKED", None, ("end", True, "locks", "locked", "locked")),
        ("door", "UNLOCK", None, ("begin", True, "unlocks", "unlocked", "unlocked")),
        ("item", "ABSENT", None, ("begin", True, "takes", "taken", "taken")),
        ("item", "PRESENT", None, ("end", True, "puts back", "put back", "put back")),
        ("item", "ON", None, ("begin", True, "uses", "used", "used")),
        ("motion", "END", None, ("end", False, "", "", "motion ended")),
        ("pressure", "PRESENT", None, ("begin", True, "", "", "occupied")),
        ("pressure", "ABSENT", None, ("end", False, "", "", "left")),
        ("unknown", "OFF", None, ("end", False, "", "", "")),
        ("power", "VALUE", 12.5, ("reading", True, "uses", "used", "")),
        ("power", "VALUE", 0.0, ("reading", False, "", "", "")),
        ("power", "VALUE", None, ("reading", False, "", "", "")),
        ("temperature", "VALUE", 21.0, ("reading", False, "", "", "")),
        ("light", "off", None, ("end", True, "switches off", "switched off", "switched off")),
    ],
)
def test_meanings(kind: SensorType, state: str, value: float | None, meaning: tuple[object, ...]) -> None:
    found = event_meaning(Sensor(id="a", type=kind), state, value)
    assert (found.kind, found.person, found.verb, found.participle, found.status) == meaning


def test_tables_hold_an_idle_reading_in_their_last_column() -> None:
    log = one_event_per_window()
    table = meanings(log.events, HOME)
    assert len(table) == len(TYPES)
    for sensor, row in zip(sorted(TYPES), table, strict=True):
        assert row[-1] == event_meaning(HOME.sensor(sensor), IDLE_READING)
        assert not row[-1].person
