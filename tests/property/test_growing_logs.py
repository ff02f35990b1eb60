"""A log that grows: what was there before keeps its codes, its split and its window ids."""

from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from discover.core.window_set import EventLog
from discover.homes import import_log
from discover.sampling import SamplingConfig, active_days, extend_days, sample_windows

DAY_S = 86_400
samplings = st.sampled_from(
    [
        {"type": "fixed_length", "size": 4, "min_events": 1},
        {"type": "fixed_duration", "duration_s": 60, "min_events": "auto"},
        {"type": "fixed_duration", "duration_s": 600, "min_events": 2, "max_events": 8},
        {"type": "variable_duration", "durations_s": (30, 60, 900), "min_events": 1, "seed": 2},
    ]
)
splits = st.sampled_from([{}, {"strategy": "random", "seed": 5}, {"ratios": (2, 1, 1)}])


@st.composite
def growing(draw: st.DrawFn) -> tuple[list[int], int]:
    """Microseconds of the events of 4 to 9 days in a row, and after how many days the log was first read."""
    days = draw(st.integers(4, 9))
    times = []
    for day in range(days):
        gaps = draw(st.lists(st.sampled_from([0.0, 0.4, 3.0, 20.0, 61.0, 700.0]), min_size=1, max_size=25))
        begin = (day + 14_000) * DAY_S + draw(st.integers(0, 40_000))
        times += [int((begin + t) * 1e6) for t in np.cumsum(gaps)]
    return times, draw(st.integers(3, days - 1))


@given(generated=growing(), kind=samplings, split=splits)
@settings(deadline=None, max_examples=30)
def test_days_that_are_added_change_nothing_that_was_there(
    small_homes: ModuleType, generated: Any, kind: Any, split: Any
) -> None:
    times, known = generated
    config = SamplingConfig(**kind, split=split)
    before, after = small_homes.plain_log(_until(times, known)), small_homes.plain_log(times)
    drawn = extend_days(active_days(before, config), config.split)
    days = extend_days(active_days(after, config), config.split, drawn)
    assert {day: days[day] for day in drawn} == drawn
    assert {days[day] for day in days.keys() - drawn.keys()} == {"test"}

    old, new = sample_windows(before, config, drawn), sample_windows(after, config, days)
    assert old.windows.equals(sample_windows(before, config).windows), "the first draw is that of the config"
    added = new.windows.join(old.windows, on="window_id", how="anti")
    kept = new.windows.join(old.windows.select("window_id"), on="window_id", maintain_order="left")
    assert kept.equals(old.windows)
    assert set(added["start"].dt.date()) <= days.keys() - drawn.keys()
    assert new.vocabulary.to_json() == old.vocabulary.to_json()
    assert new.windows["window_id"].is_unique().all()


@given(generated=growing(), kind=samplings, cut=st.floats(0, 1))
@settings(deadline=None, max_examples=30)
def test_a_last_day_that_was_not_over_keeps_its_ids(
    small_homes: ModuleType, generated: Any, kind: Any, cut: float
) -> None:
    times, known = generated
    config = SamplingConfig(**kind)
    last_day = [t for t in times if t < _border(times, known)][-1] // (DAY_S * 10**6)
    ends = [i for i, t in enumerate(times) if t // (DAY_S * 10**6) == last_day]
    before = small_homes.plain_log(times[: ends[0] + 1 + int(cut * (len(ends) - 1))])
    after = small_homes.plain_log(times)
    drawn = extend_days(active_days(before, config), config.split)
    old = sample_windows(before, config, drawn).windows
    assume(len(old))
    new = sample_windows(after, config, extend_days(active_days(after, config), config.split, drawn)).windows
    # The window that was open when the log ended (or its parts, where it is cut by `max_events`) may change.
    open_since = before.events["time"][-1] - timedelta(seconds=900)
    over = (pl.col("end") < open_since) & (pl.col("first_event") < old["first_event"].max())
    settled = old.filter(over)
    assert settled.equals(
        new.join(settled.select("window_id"), on="window_id", how="semi", maintain_order="left")
    )


@given(
    names=st.lists(
        st.sampled_from(["M003", "M001", "D002", "T001", "X9", "fridge"]), min_size=4, max_size=40
    ),
    cut=st.integers(1, 39),
)
@settings(deadline=None, max_examples=20)
def test_codes_of_sensors_and_states_stay(tmp_path_factory: Any, names: list[str], cut: int) -> None:
    states = {
        "M": ("ON", "OFF"),
        "D": ("OPEN", "CLOSE"),
        "T": ("21.5", "22"),
        "X": ("ON", "OFF"),
        "f": ("PRESENT", "ABSENT"),
    }
    lines = [
        f"2011-03-{1 + i // 8:02d} 07:00:{i:02d}.0\t{name}\t{states[name[0]][i % 2]}\n"
        for i, name in enumerate(names)
    ]
    folder: Path = tmp_path_factory.mktemp("codes")
    before, after = (_import(folder / f"{n}.txt", lines[:n]) for n in (min(cut, len(lines)), len(lines)))
    for column in ("sensor", "state"):
        first, second = (_categories(log, column) for log in (before, after))
        assert second[: len(first)] == first
    same = before.events.with_columns(pl.col("sensor", "state").to_physical())
    grown = after.events.head(len(same)).with_columns(pl.col("sensor", "state").to_physical())
    assert grown.equals(same)


def test_a_sensor_whose_first_state_alone_is_ambiguous_is_read_again(tmp_path: Path) -> None:
    """ "1" alone is a reading; beside "0" it is "on". The growing log is then read as the whole log is."""
    lines = ["2011-03-01 07:00:00\tfridge\t1\n", "2011-03-01 07:05:00\tfridge\t0\n"]
    before, after = (_import(tmp_path / f"{n}.txt", lines[:n]) for n in (1, 2))
    assert _categories(before, "state") == ["VALUE"]
    assert after.events["state"].cast(pl.String).to_list() == ["ON", "OFF"]


def test_sensors_of_the_description_come_first(tmp_path: Path, small_homes: ModuleType) -> None:
    home = small_homes.small_home()
    log = _import(
        tmp_path / "log.txt", ["2011-03-01 07:00:00\tA_NEW\tON\n", "2011-03-01 07:00:01\tM001\tON\n"], home
    )
    assert _categories(log, "sensor") == [*sorted(s.id for s in home.sensors), "A_NEW"]


def _border(times: list[int], days: int) -> int:
    return (14_000 + days) * DAY_S * 10**6


def _until(times: list[int], days: int) -> list[int]:
    return [t for t in times if t < _border(times, days)]


def _import(path: Path, lines: list[str], home: Any = None) -> EventLog:
    path.write_text("".join(lines))
    return import_log(path, home=home, name="mine").log


def _categories(log: EventLog, column: str) -> list[str]:
    dtype = log.events.schema[column]
    assert isinstance(dtype, pl.Enum)
    return dtype.categories.to_list()
