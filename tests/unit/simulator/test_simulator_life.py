"""Whether simulated life is plausible, and whether each setting does what it says."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from discover.core.config import config_from_mapping
from discover.core.errors import ConfigError
from discover.homes import load_home
from discover.simulator import PlannedChange, SimulatedLog, SimulatorConfig, simulate_log
from discover.simulator.behaviours import BEHAVIOUR_INDEX
from discover.simulator.household import Household

DEMO = load_home("demo")
DAYS = 70


@pytest.fixture(scope="module")
def weeks() -> SimulatedLog:
    return simulate_log(DEMO, SimulatorConfig(days=DAYS, seed=2))


def hours(log: SimulatedLog, activity: str) -> np.ndarray:
    begin = log.annotations.filter(pl.col("activity") == activity)["begin"]
    return (begin.dt.hour() + begin.dt.minute() / 60).to_numpy()


def minutes(log: SimulatedLog, activity: str) -> np.ndarray:
    rows = log.annotations.filter(pl.col("activity") == activity)
    return ((rows["end"] - rows["begin"]).dt.total_seconds() / 60).to_numpy()


def test_days_have_the_usual_number_of_events(weeks: SimulatedLog) -> None:
    per_day = weeks.events.group_by(pl.col("time").dt.date()).len()["len"]
    assert len(per_day) == DAYS
    assert per_day.min() > 800
    assert per_day.max() < 7000
    assert 1500 < per_day.mean() < 6000
    assert per_day.std() > 200


def test_nights_are_quiet(weeks: SimulatedLog) -> None:
    by_hour = dict(weeks.events.group_by(pl.col("time").dt.hour()).len().iter_rows())
    night = np.mean([by_hour.get(h, 0) for h in (1, 2, 3, 4)])
    day = np.mean([by_hour.get(h, 0) for h in range(8, 21)])
    assert 0 < night < day / 8


def test_the_kitchen_is_busiest_around_meals(weeks: SimulatedLog) -> None:
    kitchen = [s.id for s in DEMO.sensors if s.room == "kitchen" and s.type == "motion"]
    events = weeks.events.filter(pl.col("sensor").cast(pl.String).is_in(kitchen))
    by_hour = dict(events.group_by(pl.col("time").dt.hour()).len().iter_rows())
    assert min(by_hour[h] for h in (7, 12, 18)) > 1.4 * np.mean([by_hour[h] for h in (10, 15, 21)])
    cooking = hours(weeks, "meal_preparation")
    share = [np.mean((cooking > a) & (cooking < b)) for a, b in ((5.5, 10), (11, 14.5), (16.5, 20.5))]
    assert min(share) > 0.15
    assert sum(share) > 0.95


def test_weekends_differ(weeks: SimulatedLog) -> None:
    saturday_on = weeks.annotations["begin"].dt.weekday() >= 6
    desk = weeks.annotations["activity"] == "desk_work"
    per_day = (desk & ~saturday_on).sum() / 5, (desk & saturday_on).sum() / 2
    assert per_day[0] > 1.5 * per_day[1]
    first = weeks.events.filter(pl.col("time").dt.hour().is_between(5, 11), pl.col("sensor") == "M007")
    morning = first.group_by(pl.col("time").dt.date().alias("day")).agg(pl.col("time").min().dt.time())
    hour = morning["time"].dt.hour() + morning["time"].dt.minute() / 60
    weekend = morning["day"].dt.weekday() >= 6
    assert hour.filter(weekend).mean() > hour.filter(~weekend).mean() + 0.3


def test_activities_last_as_long_as_they_do_in_life(weeks: SimulatedLog) -> None:
    limits = {
        "take_medicine": (0.5, 4),
        "leave_home": (0.3, 3),
        "personal_hygiene": (1.5, 7),
        "bed_to_toilet": (1.5, 7),
        "wash_dishes": (4, 13),
        "meal_preparation": (7, 30),
        "eating": (8, 28),
        "watch_tv": (20, 70),
        "sleep": (30, 480),
    }
    for activity, (low, high) in limits.items():
        assert low < np.median(minutes(weeks, activity)) < high, activity


def test_every_activity_occurs_and_some_time_is_unlabelled(weeks: SimulatedLog) -> None:
    assert set(weeks.annotations["activity"]) == {a.label for a in DEMO.activities}
    covered = np.zeros(len(weeks.events), dtype=bool)
    for first, n in weeks.annotations.select("first_event", "n_events").iter_rows():
        covered[first : first + n] = True
    assert 0.35 < covered.mean() < 0.8


def test_the_front_door_belongs_to_leaving_and_coming_home(weeks: SimulatedLog) -> None:
    rows = weeks.annotations.filter(pl.col("activity").is_in(["leave_home", "enter_home"]))
    sensors = weeks.events["sensor"].cast(pl.String)
    with_door = [
        {"OPEN", "CLOSE"}
        <= {
            s
            for n, s in zip(sensors[f : f + k], weeks.events["state"][f : f + k], strict=True)
            if n == "D001"
        }
        for f, k in rows.select("first_event", "n_events").iter_rows()
    ]
    assert np.mean(with_door) > 0.9


def test_no_activity_follows_from_the_sensor_alone(weeks: SimulatedLog) -> None:
    """Every frequent sensor fires in several activities; no activity has a sensor of its own."""
    label = np.full(len(weeks.events), "none", dtype=object)
    for name, first, n in weeks.annotations.select("activity", "first_event", "n_events").iter_rows():
        label[first : first + n] = name
    table = pl.DataFrame({"sensor": weeks.events["sensor"].cast(pl.String), "label": label.astype(str)})
    share = (
        table.filter(pl.col("label") != "none")
        .group_by("sensor", "label")
        .len()
        .with_columns(
            share=pl.col("len") / pl.col("len").sum().over("sensor"), total=pl.col("len").sum().over("sensor")
        )
        .filter(pl.col("total") > 500)
    )
    assert share.group_by("sensor").len()["len"].min() >= 5
    kitchen = share.filter(pl.col("sensor").is_in(["M004", "M005", "M006", "M007"]))
    assert kitchen["share"].max() < 0.75


def test_misses_are_lost_at_the_configured_rate_and_change_nothing_else() -> None:
    whole = simulate_log(DEMO, SimulatorConfig(days=5, miss_rate=0.0)).events
    lossy = simulate_log(DEMO, SimulatorConfig(days=5, miss_rate=0.2)).events
    assert 1 - len(lossy) / len(whole) == pytest.approx(0.2, abs=0.015)
    columns = ["time", "sensor", "state"]
    assert lossy.join(whole, on=columns, how="anti").is_empty()


def test_noise_comes_at_the_configured_rate_by_day_and_night() -> None:
    quiet = SimulatorConfig(days=5, miss_rate=0.0, noise_per_hour=0.0)
    calm = simulate_log(DEMO, quiet).events
    noisy = simulate_log(DEMO, quiet.model_copy(update={"noise_per_hour": 40.0})).events
    # Some fall into an activation that is there anyway.
    assert (len(noisy) - len(calm)) / 2 / (5 * 24) == pytest.approx(40, rel=0.1)
    night = pl.col("time").dt.hour().is_between(1, 3)
    assert (len(noisy.filter(night)) - len(calm.filter(night))) / 2 / (5 * 3) == pytest.approx(40, rel=0.25)


def test_the_unlabelled_share_is_left_out() -> None:
    whole = simulate_log(DEMO, SimulatorConfig(days=20, unlabelled_share=0.0))
    part = simulate_log(DEMO, SimulatorConfig(days=20, unlabelled_share=0.4))
    none = simulate_log(DEMO, SimulatorConfig(days=2, unlabelled_share=1.0))
    assert len(part.annotations) / len(whole.annotations) == pytest.approx(0.6, abs=0.06)
    assert part.events.equals(whole.events)
    assert none.annotations.is_empty()


def test_a_pet_moves_while_people_sleep() -> None:
    still = SimulatorConfig(days=6, noise_per_hour=0.0)
    without = simulate_log(DEMO, still).events
    with_pet = simulate_log(DEMO, still.model_copy(update={"pet": True})).events
    night = pl.col("time").dt.hour().is_between(1, 3)
    assert len(with_pet.filter(night)) > 1.3 * len(without.filter(night))
    assert len(with_pet) > 1.02 * len(without)


@pytest.mark.parametrize("rate", [0.0, 2.0, 6.0])
def test_visits_come_as_often_as_configured(rate: float) -> None:
    household = Household(SimulatorConfig(days=210, visitors_per_week=rate), 1, pet=False)
    visits = sum(e.behaviour == BEHAVIOUR_INDEX["visit"] for day in range(210) for e in household.day(day))
    assert visits / 30 == pytest.approx(rate, rel=0.25)


def test_more_residents_make_more_events_and_sleep_apart() -> None:
    one = simulate_log(DEMO, SimulatorConfig(days=5, residents=1)).events
    two = simulate_log(DEMO, SimulatorConfig(days=5, residents=2)).events
    assert 1.4 * len(one) < len(two) < 2.6 * len(one)


CHANGE_DAY = 40


def changed(kind: str, amount: float | None = None) -> tuple[SimulatedLog, SimulatedLog]:
    config = SimulatorConfig(days=2 * CHANGE_DAY, seed=4, unlabelled_share=0.0, visitors_per_week=0.0)
    change = PlannedChange(kind=kind, from_day=CHANGE_DAY, amount=amount)  # type: ignore[arg-type]
    return simulate_log(DEMO, config), simulate_log(DEMO, config.model_copy(update={"changes": (change,)}))


def before_and_after(log: SimulatedLog) -> tuple[pl.DataFrame, pl.DataFrame]:
    border = dt.datetime(2024, 1, 1) + dt.timedelta(days=CHANGE_DAY)
    return log.annotations.filter(pl.col("begin") < border), log.annotations.filter(pl.col("begin") >= border)


def bed_hour(rows: pl.DataFrame) -> float:
    """Mean hour (from noon) at which the first long sleep of a night begins."""
    sleep = rows.filter(pl.col("activity") == "sleep").with_columns(
        clock=(pl.col("begin") - pl.duration(hours=12)).dt.hour() + pl.col("begin").dt.minute() / 60,
        night=(pl.col("begin") - pl.duration(hours=12)).dt.date(),
    )
    first = sleep.filter(pl.col("clock") > 6).group_by("night").agg(pl.col("clock").min())
    return float(first["clock"].mean())  # type: ignore[arg-type]


def test_sleep_later_moves_bed_time_by_the_amount() -> None:
    _, log = changed("sleep_later", 2.0)
    before, after = before_and_after(log)
    assert bed_hour(after) - bed_hour(before) == pytest.approx(2.0, abs=0.6)


def test_fewer_meals_skips_the_share() -> None:
    _, log = changed("fewer_meals", 0.6)
    before, after = before_and_after(log)
    for activity in ("meal_preparation", "eating"):
        ratio = (after["activity"] == activity).sum() / (before["activity"] == activity).sum()
        assert ratio == pytest.approx(0.4, abs=0.12), activity


def test_a_new_visitor_comes_in_the_morning() -> None:
    plain, log = changed("new_visitor", 5.0)
    border = dt.datetime(2024, 1, 1) + dt.timedelta(days=CHANGE_DAY)

    def door(events: pl.DataFrame) -> int:
        return len(
            events.filter(
                pl.col("sensor") == "D001",
                pl.col("time") >= border,
                pl.col("time").dt.hour().is_between(9, 12),
            )
        )

    assert door(log.events) > door(plain.events) + 60


@pytest.mark.parametrize("kind", ["sleep_later", "fewer_meals", "new_visitor"])
def test_before_a_change_nothing_is_different(kind: str) -> None:
    plain, log = changed(kind)
    border = dt.datetime(2024, 1, 1) + dt.timedelta(days=CHANGE_DAY)
    early = pl.col("time") < border
    assert log.events.filter(early).equals(plain.events.filter(early))
    assert not log.events.equals(plain.events)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"days": 0}, "days"),
        ({"miss_rate": 1.0}, "miss_rate"),
        ({"noise_per_hour": -1}, "noise_per_hour"),
        ({"unlabelled_share": 1.2}, "unlabelled_share"),
        ({"residents": 0}, "residents"),
        ({"seeds": 3}, "Did you mean 'seed'"),
        ({"days": 5, "changes": [{"kind": "sleep_later", "from_day": 5}]}, "never reached"),
        ({"changes": [{"kind": "sleep_later", "from_day": 1, "amount": 9}]}, "in hours, at most 4"),
        (
            {"changes": [{"kind": "fewer_meals", "from_day": 1, "amount": 2}]},
            "share of meals skipped, at most 1",
        ),
        ({"changes": [{"kind": "new_visitor", "from_day": 1, "amount": 0}]}, "amount"),
        ({"changes": [{"kind": "more_tv", "from_day": 1}]}, "kind"),
        ({"days": 100000, "start": "9999-01-01"}, "year 9999"),
    ],
)
def test_wrong_settings_are_refused_with_a_reason(values: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        config_from_mapping(values, SimulatorConfig)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        SimulatorConfig().days = 3  # type: ignore[misc]
