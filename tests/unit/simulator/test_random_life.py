"""Random homes: liveable plans, lives without contradictions, sensors that behave, same seed same bytes."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from discover.core.errors import DataError
from discover.core.window_set import read_home
from discover.homes import import_log
from discover.simulator import ACTIVITIES, DWELLINGS, KITS, RandomLifeConfig, simulate_random, write_random
from discover.simulator.dwelling import OUTSIDE, random_dwelling
from discover.simulator.movement import Movement
from discover.simulator.people import random_people
from discover.simulator.repertoire import build_repertoire

HOMES = [
    simulate_random(RandomLifeConfig(seed=10 + i, days=4, kit=kit, faults=False, metadata="right"))
    for i, kit in enumerate(KITS)
]


@pytest.mark.parametrize("kind", DWELLINGS)
def test_every_place_can_be_reached_and_every_room_has_one(kind: str) -> None:
    for seed in range(8):
        home = random_dwelling(kind, np.random.default_rng(seed))
        assert home.distance.max() < 100.0, "some place cannot be reached on foot"
        assert set(home.place_room.tolist()) == set(range(len(home.rooms)))
        assert len({r.name for r in home.rooms}) == len(home.rooms)
        assert any(OUTSIDE in door.rooms for door in home.doors)
        for p, (x, y) in enumerate(home.place_xy):
            room = home.rooms[home.place_room[p]]
            assert room.x <= x <= room.x + room.width
            assert room.y <= y <= room.y + room.height


@pytest.mark.parametrize("kind", DWELLINGS)
def test_rooms_of_a_floor_do_not_overlap(kind: str) -> None:
    for seed in range(8):
        rooms = random_dwelling(kind, np.random.default_rng(seed)).rooms
        for i, a in enumerate(rooms):
            for b in rooms[:i]:
                wide = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
                high = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
                assert min(wide, high) < 1e-6, (a, b)


def test_an_activity_without_its_place_is_left_out() -> None:
    home = random_dwelling("studio", np.random.default_rng(1))
    rep = build_repertoire(home)
    code = list(ACTIVITIES).index("play_instrument")
    assert ("piano" in home.place_name) == bool(rep.possible[code])
    names = list(ACTIVITIES)
    for m in range(len(rep)):
        if rep.room[m] >= 0:
            main = next(iter(ACTIVITIES[names[rep.activity[m]]].spec["at"]))
            assert rep.cumulative[m, -1] == pytest.approx(1.0), main


def test_nobody_leaves_or_comes_back_but_through_the_front_door() -> None:
    home, n_people = random_dwelling("house", np.random.default_rng(1)), 60
    rep = build_repertoire(home)
    names = list(ACTIVITIES)
    manners = [rep.activity.tolist().index(names.index(name)) for name in ("leave_home", "enter_home")]
    people, ways = (part.ravel() for part in np.meshgrid(np.arange(n_people), manners, indexing="ij"))
    begin = np.arange(len(people)) * 3600.0
    rng = np.random.default_rng(2)
    movement = Movement(home, rep.tables(n_people, rng))
    _, visits, _ = movement.drawn(people * len(rep) + ways, people, begin, begin + 120.0, rng)
    door = np.isin(visits.thing, [t for t, thing in enumerate(home.things) if thing.name == "front door"])
    assert np.bincount(visits.episode[door], minlength=len(people)).tolist() == [1] * len(people)


@pytest.mark.parametrize("life", HOMES, ids=KITS)
def test_nobody_is_at_two_places_at_once(life) -> None:
    top = life.truth.filter(pl.col("nested_in").is_null()).sort("resident", "begin")
    for _, own in top.group_by("resident"):
        own = own.sort("begin")
        assert (
            own["end"].head(len(own) - 1) <= own["begin"].tail(len(own) - 1) + dt.timedelta(milliseconds=1)
        ).all()
    inner = life.truth.filter(pl.col("nested_in").is_not_null())
    outer = life.truth[inner["nested_in"].to_list()]
    assert (outer["begin"] <= inner["begin"]).all()
    assert (inner["end"] <= outer["end"]).all()
    assert (outer["resident"] == inner["resident"]).all()
    assert (outer["nested_in"].is_null()).all()


@pytest.mark.parametrize("life", HOMES, ids=KITS)
def test_residents_always_do_something(life) -> None:
    for code in range(life.facts["residents"]):
        own = life.truth.filter((pl.col("resident") == code) & pl.col("nested_in").is_null()).sort("begin")
        spent = (own["end"] - own["begin"]).sum().total_seconds()
        assert spent == pytest.approx(4 * 86_400, rel=0.05)


@pytest.mark.parametrize("life", HOMES, ids=KITS)
def test_states_of_a_sensor_alternate(life) -> None:
    if life.facts["kit"] == "room_single" or (life.facts["time_zone"] != "UTC" and _clock_changes(life)):
        pytest.skip("one id for many sensors, or an hour that comes twice")
    binary = life.events.filter(pl.col("value").is_null())
    ends = binary["state"].is_in(["OFF", "CLOSE", "PRESENT", "END"])
    if not ends.any():
        pytest.skip("this log has no ends")
    for _, own in binary.with_columns(end=ends).group_by("sensor"):
        state = own["end"].to_numpy()
        assert (state[1:] != state[:-1]).all()
        assert not state[0]


@pytest.mark.parametrize("life", HOMES, ids=KITS)
def test_events_lie_inside_the_log_in_order(life) -> None:
    times = life.events["time"]
    start = times.min().date()
    assert times.is_sorted()
    assert len(life.events) > 20
    assert times.max() < dt.datetime.combine(start, dt.time()) + dt.timedelta(days=4)


def _clock_changes(life) -> bool:
    return bool((life.situations["kind"] == "dst").any())


def test_same_seed_same_tables() -> None:
    config = RandomLifeConfig(seed=5, days=3)
    first, second = simulate_random(config), simulate_random(config)
    for name in ("events", "truth", "situations"):
        assert getattr(first, name).equals(getattr(second, name)), name
    assert first.home == second.home
    assert not first.events.equals(simulate_random(RandomLifeConfig(seed=6, days=3)).events)


def test_all_families_of_daily_life_are_lived() -> None:
    seen = set()
    for seed in range(12):
        seen |= set(simulate_random(RandomLifeConfig(seed=seed, days=7)).truth["activity"])
    assert len(seen) >= 60
    missing = {a.family for a in ACTIVITIES.values()} - {ACTIVITIES[a].family for a in seen} - {"hidden"}
    assert not missing


def test_an_hour_is_missing_in_spring_and_comes_twice_in_autumn() -> None:
    spring = _at_clock_change(dt.date(2024, 3, 31))
    hours = spring.events.filter(pl.col("time").dt.date() == dt.date(2024, 3, 31))["time"].dt.hour()
    assert 2 not in set(hours)
    assert {1, 3} <= set(hours)
    autumn = _at_clock_change(dt.date(2024, 10, 27))
    day = autumn.events.filter(pl.col("time").dt.date() == dt.date(2024, 10, 27))
    readings = day.filter((pl.col("sensor") == "M001") & (pl.col("time").dt.hour() == 2))
    assert len(day) > 0
    assert len(readings) >= 0
    assert set(spring.situations.filter(pl.col("kind") == "dst")["thing"]) == {"spring"}
    assert set(autumn.situations.filter(pl.col("kind") == "dst")["thing"]) == {"autumn"}


def _at_clock_change(day: dt.date):
    for seed in range(200, 400):
        config = RandomLifeConfig(
            seed=seed, days=4, kit="dense_motion", start=day - dt.timedelta(days=2), faults=False
        )
        life = simulate_random(config)
        if life.facts["time_zone"] == "Europe/Madrid":
            return life
    raise AssertionError("no home in Madrid")


def test_an_unknown_kit_is_refused_with_the_known_ones() -> None:
    with pytest.raises(DataError, match=r"no kit 'radar'.*dense_motion"):
        simulate_random(RandomLifeConfig(kit="radar"))


def test_roles_fit_the_number_of_people() -> None:
    for n in range(1, 7):
        people = random_people(n, False, np.random.default_rng(n))
        assert len(people) == n
        assert any(p.role in ("adult", "senior") for p in people)


@pytest.mark.parametrize("seed", range(300, 312))
def test_the_written_log_is_read_again_without_a_rejected_line(tmp_path, seed: int) -> None:
    life, (log, home_file, truth) = write_random(tmp_path / "x.txt.gz", RandomLifeConfig(seed=seed, days=2))
    read = import_log(log, home=read_home(home_file))
    assert len(read.rejected) == 0
    assert len(read.log.events) == len(life.events)
    columns = ("time", "sensor", "state")
    for name in columns:
        assert read.log.events[name].cast(pl.String).to_list() == life.events[name].cast(pl.String).to_list()
    assert len(pl.read_csv(truth)) == len(life.truth)
