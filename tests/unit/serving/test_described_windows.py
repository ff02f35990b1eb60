"""Which windows describe clusters, and how the things in them are called."""

import polars as pl

from discover.core.home import Home, Sensor
from discover.core.window_set import EventLog, WindowSet
from discover.serving.described_windows import describe_windows, object_words


def test_objects_that_a_home_has_several_of_are_said_with_their_room() -> None:
    sensors = (
        Sensor(id="A", room="kitchen", object="sink"),
        Sensor(id="B", room="bathroom", object="sink"),
        Sensor(id="C", room="living_room", object="lounge chair"),
        Sensor(id="D", room="bathroom", object="bathroom cabinet"),
        Sensor(id="E", room="hall", object="lamp"),
        Sensor(id="F", room="hall"),
        Sensor(id="G", room="bedroom", object="bed"),
        Sensor(id="H", room="guest_room", object="bed"),
    )
    assert object_words(Home(name="h", sensors=sensors)) == {
        "A": "kitchen sink", "B": "bathroom sink", "C": "armchair", "D": "bathroom cabinet",
        "E": "hallway lamp", "G": "bedroom bed", "H": "guest bedroom bed",
    }  # fmt: skip


def test_at_most_one_window_a_minute_describes(small_home_log: EventLog) -> None:
    times = small_home_log.events["time"]
    first = list(range(0, len(times) - 20, 3))
    windows = pl.DataFrame(
        {
            "window_id": [f"w{i:05d}" for i in first],
            "home": "small_home",
            "split": "train",
            "first_event": first,
            "n_events": pl.Series([20] * len(first), dtype=pl.Int32),
            "start": times[first],
            "end": times[[i + 19 for i in first]],
        }
    )
    chosen = describe_windows(WindowSet.of(small_home_log.home, small_home_log.events, windows))
    minutes = windows["start"].dt.truncate("1m")
    assert len(chosen.rows) == minutes.n_unique() < len(windows)
    assert chosen.facts["window_id"].to_list() == windows["window_id"][chosen.rows].to_list()
    assert chosen.about["windows"] == len(chosen.rows)
    assert chosen.about["recorded_days"] == windows["start"].dt.date().n_unique()
    assert chosen.rooms_of["couch"] == "living room"
    (bed,) = [p for p in chosen.places if p["object"] == "bed"]
    assert (bed["x"], bed["y"], bed["room"]) == (10, 80, "bedroom")
