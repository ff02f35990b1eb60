"""Random lives are held to published time use: who does what on a day, and for how long."""

import numpy as np
import polars as pl
import pytest

from discover.simulator import ACTIVITIES, RandomLifeConfig, simulate_random
from discover.simulator.catalogue import time_use

HOMES, DAYS = 24, 7


@pytest.fixture(scope="module")
def days_lived() -> tuple[pl.DataFrame, int]:
    """Minutes per home, resident, day and activity of all but children, and the number of person-days."""
    parts, person_days = [], 0
    for seed in range(HOMES):
        life = simulate_random(RandomLifeConfig(seed=7000 + seed, days=DAYS, kit="contacts", faults=False))
        adults = [p.code for p in life.people if 0 <= p.code < 50 and p.role != "child"]
        person_days += len(adults) * DAYS
        truth = life.truth.with_columns(
            minutes=(pl.col("end") - pl.col("begin")).dt.total_seconds() / 60, row=pl.int_range(pl.len())
        )
        inner = truth.group_by(row=pl.col("nested_in").cast(pl.Int64)).agg(inner=pl.col("minutes").sum())
        truth = truth.join(inner.drop_nulls("row"), on="row", how="left").with_columns(
            minutes=pl.col("minutes") - pl.col("inner").fill_null(0.0),
            day=pl.col("begin").dt.date(),
            home=seed,
        )
        parts.append(truth.filter(pl.col("resident").is_in(adults)))
    return pl.concat(parts), person_days


def _minutes_a_day(lived: pl.DataFrame, person_days: int, activities: list[str]) -> float:
    return float(lived.filter(pl.col("activity").is_in(activities))["minutes"].sum()) / person_days


def test_minutes_a_day_are_those_of_time_use_surveys(days_lived) -> None:
    lived, person_days = days_lived
    off = {}
    for name, figure in time_use()["figures"].items():
        if "activities" in figure:
            assert set(figure["activities"]) <= set(ACTIVITIES), name
            published = figure["share"] / 100 * figure["minutes"]
            lived_minutes = max(_minutes_a_day(lived, person_days, figure["activities"]), 0.1)
            off[name] = float(np.log(lived_minutes / published))
    ratios = {name: round(float(np.exp(o)), 2) for name, o in off.items()}
    # Small figures of few people scatter widely; the large ones must be near.
    for name in ("sleep", "paid_work", "washing_and_dressing", "television", "culinary", "household_upkeep"):
        assert 0.5 < ratios[name] < 2.0, ratios
    assert np.median(np.abs(list(off.values()))) < np.log(1.7), ratios


def test_everyone_sleeps_and_eats_nearly_every_day(days_lived) -> None:
    lived, person_days = days_lived
    for activities, least in ((["sleep"], 0.8), (["eat_breakfast", "eat_lunch", "eat_dinner"], 0.85)):
        some = lived.filter(pl.col("activity").is_in(activities)).unique(["home", "resident", "day"])
        assert len(some) > least * person_days


def test_every_published_figure_names_its_source() -> None:
    figures = time_use()
    assert {f["source"] for f in figures["figures"].values()} <= set(figures["sources"])
