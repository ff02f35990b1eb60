"""Lessons: windows of simulated homes, with what the people in them did; flat arrays for many homes at once.

A lesson holds a window's profiles (`profiles`), the words of its sensors as rows of a table of phrases, and
the share of its events that each activity caused, and which situations are true of it. Nothing of a real home
is in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.artifacts import atomic_path
from discover.core.event_semantics import sensors_of, shows_people
from discover.core.home import Home
from discover.core.reading import read_npz, taken_apart
from discover.pretraining.meanings import meanings
from discover.pretraining.profiles import window_profiles
from discover.pretraining.sensor_words import sensor_words
from discover.pretraining.situation_truth import situation_truth
from discover.simulator import RandomLife

__all__ = [
    "AWAY",
    "LessonConfig",
    "Lessons",
    "activity_names",
    "draw_windows",
    "home_lessons",
    "join_lessons",
    "load_lessons",
    "window_lessons",
    "window_shares",
]

# Shape letters: W windows, K sensors of a window, S sensors, A activities, N situations, E events.

AWAY = "away"
"""The activity of people who are out, whatever they do there."""

_OTHER_ROOM, _OUT = 0.08, 0.01
"""How far somebody in another room, and somebody who is out, may have caused an event."""
_BREAK_US = 1_800_000_000
_SECOND_US = 1_000_000


@dataclass(frozen=True)
class LessonConfig:
    """Which windows of a home are taken.

    Attributes:
        windows: At most this many windows of a home.
        least_share: Windows where no activity has this share of the events teach no activity. Those shorter
            than `episode_s` are left out.
        episode_s: Windows of this length and more, in seconds, are kept for their situations.
    """

    windows: int = 400
    least_share: float = 0.4
    episode_s: float = 240.0


@dataclass(frozen=True)
class Lessons:
    """Windows of one or more homes.

    Attributes:
        sensors: (W, K) int32 rows of the sensor arrays, -1 for none.
        profiles: (W, K, PROFILE) float16.
        scenes: (W, SCENE) float16.
        shares: (W, A) float16 share of the window's events per activity; zeros where none stands out.
        situations: (W, N) uint8 of `situation_truth`: 1 true, 0 false, 255 not known.
        homes: (W,) int32 number of the home.
        rooms, objects: (S,) int32 rows of `phrases`; row 0 is "not known".
        types: (S,) int16.
        habits: (S, HABITS) float32.
        phrases: Words of rooms and objects.
    """

    sensors: NDArray[np.int32]
    profiles: NDArray[np.float16]
    scenes: NDArray[np.float16]
    shares: NDArray[np.float16]
    situations: NDArray[np.uint8]
    homes: NDArray[np.int32]
    rooms: NDArray[np.int32]
    objects: NDArray[np.int32]
    types: NDArray[np.int16]
    habits: NDArray[np.float32]
    phrases: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.sensors)

    def save(self, path: Path) -> None:
        """Write as NPZ, whole or not at all."""
        arrays: dict[str, Any] = {f.name: np.asarray(getattr(self, f.name)) for f in fields(self)}
        with atomic_path(path) as temporary, temporary.open("wb") as sink:
            np.savez(sink, **arrays)


def activity_names() -> tuple[str, ...]:
    """The activities of `shares`, in order."""
    return tuple(m.key for m in meanings() if m.covers == (m.key,))


def home_lessons(home: Home, life: RandomLife, seed: int, config: LessonConfig) -> Lessons:
    """Lessons of one simulated home.

    Args:
        home: The home as a user would describe it; its words are what the network reads.
        life: The log, and what truly happened.
        seed: Which windows are taken.
        config: How many.
    """
    rng = np.random.default_rng([seed, 12])
    events = life.events
    windows = draw_windows(home, events, rng, config)
    shares = window_shares(events, windows, life.truth, life.true_home)
    clear = shares.max(axis=1, initial=0) >= config.least_share
    length_s = (windows["end"] - windows["start"]).dt.total_microseconds().to_numpy() / _SECOND_US
    kept = np.flatnonzero(clear | (length_s >= config.episode_s))
    windows, shares = windows[kept.tolist()], (shares * clear[:, None])[kept]
    return window_lessons(home, events, windows, shares, situation_truth(life, windows))


def window_lessons(
    home: Home,
    events: pl.DataFrame,
    windows: pl.DataFrame,
    shares: NDArray[np.floating],
    situations: NDArray[np.uint8],
) -> Lessons:
    """Windows of one home as lessons, with what is known of them (see `Lessons`)."""
    found = window_profiles(home, events, windows)
    words = sensor_words(sensors_of(events, home))
    phrases = ("", *sorted({*words.rooms, *words.objects} - {""}))
    row_of = {phrase: i for i, phrase in enumerate(phrases)}
    return Lessons(
        found.sensors.astype(np.int32),
        found.profiles,
        found.scenes,
        shares.astype(np.float16),
        situations,
        np.zeros(len(windows), dtype=np.int32),
        np.array([row_of[r] for r in words.rooms], dtype=np.int32),
        np.array([row_of[o] for o in words.objects], dtype=np.int32),
        words.types.astype(np.int16),
        found.habits,
        phrases,
    )


def join_lessons(parts: Sequence[Lessons]) -> Lessons:
    """Lessons of several homes as one table."""
    phrases = ("", *sorted({p for part in parts for p in part.phrases} - {""}))
    row_of = {phrase: i for i, phrase in enumerate(phrases)}
    sensors, homes, rooms, objects, first_sensor, first_home = [], [], [], [], 0, 0
    for part in parts:
        sensors.append(np.where(part.sensors >= 0, part.sensors + first_sensor, -1).astype(np.int32))
        homes.append(part.homes + first_home)
        own = np.array([row_of[p] for p in part.phrases], dtype=np.int32)
        rooms.append(own[part.rooms])
        objects.append(own[part.objects])
        first_sensor += len(part.rooms)
        first_home += int(part.homes.max(initial=-1)) + 1
    return Lessons(
        np.concatenate(sensors),
        np.concatenate([p.profiles for p in parts]),
        np.concatenate([p.scenes for p in parts]),
        np.concatenate([p.shares for p in parts]),
        np.concatenate([p.situations for p in parts]),
        np.concatenate(homes).astype(np.int32),
        np.concatenate(rooms),
        np.concatenate(objects),
        np.concatenate([p.types for p in parts]),
        np.concatenate([p.habits for p in parts]),
        phrases,
    )


def load_lessons(path: Path) -> Lessons:
    """Read what `Lessons.save` wrote."""
    arrays: dict[str, Any] = read_npz(path, "Delete it and start the pre-training again.")
    with taken_apart(path):
        phrases = tuple(str(p) for p in arrays.pop("phrases"))
        return Lessons(**arrays, phrases=phrases)


def draw_windows(
    home: Home, events: pl.DataFrame, rng: np.random.Generator, config: LessonConfig
) -> pl.DataFrame:
    """Windows of a minute, of other lengths up to four hours, and of a number of events, drawn at random."""
    seen = [s.is_activity and shows_people(s) for s in sensors_of(events, home)]
    sensor = events["sensor"].to_physical().to_numpy()
    rows = np.flatnonzero(np.array([*seen, False])[sensor])
    times = events["time"].to_physical().to_numpy().astype(np.int64)[rows]
    parts = [_by_time(times, 60 * _SECOND_US, rng, int(rng.integers(1, 4)))]
    lengths = rng.choice((30, 120, 300, 900), size=2, replace=False)
    parts += [_by_time(times, int(seconds) * _SECOND_US, rng, 1) for seconds in lengths]
    parts += [_by_count(times, int(size)) for size in rng.choice((3, 8, 20), size=2, replace=False)]
    parts.append(_by_time(times, int(rng.choice((600, 1800, 3600, 14_400))) * _SECOND_US, rng, 1))
    quota = np.array([0.54, 0.1, 0.1, 0.08, 0.08, 0.1]) * config.windows
    chosen = [
        part[np.sort(rng.permutation(len(part))[: round(most)])]
        for part, most in zip(parts, quota, strict=True)
    ]
    bounds = np.concatenate(chosen)
    first, last = bounds[:, 0], bounds[:, 1]
    return pl.DataFrame(
        {
            "start": pl.Series(times[first], dtype=pl.Int64).cast(pl.Datetime("us")),
            "end": pl.Series(times[last], dtype=pl.Int64).cast(pl.Datetime("us")),
            "first_event": rows[first],
            "last_event": rows[last],
        }
    )


def _by_time(
    times: NDArray[np.int64], length_us: int, rng: np.random.Generator, least: int
) -> NDArray[np.int64]:
    """(n, 2) first and last event of every stretch of a clock that has at least `least` events."""
    if not len(times):
        return np.zeros((0, 2), dtype=np.int64)
    cell = (times - int(rng.integers(0, length_us))) // length_us
    first = np.flatnonzero(np.r_[True, cell[1:] != cell[:-1]])
    last = np.r_[first[1:], len(times)] - 1
    enough: NDArray[np.bool_] = last - first + 1 >= least
    return np.column_stack([first, last])[enough]


def _by_count(times: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """(n, 2) first and last event of every `size` events in a row without a long silence."""
    first = np.arange(0, len(times) - size + 1, size)
    last = first + size - 1
    short: NDArray[np.bool_] = times[last] - times[first] < _BREAK_US
    return np.column_stack([first, last])[short]


def window_shares(
    events: pl.DataFrame, windows: pl.DataFrame, truth: pl.DataFrame, true_home: Home
) -> NDArray[np.float64]:
    """(W, A): whose activity caused a window's events, by where people were.

    Args:
        events: `core.tables.EVENTS`.
        windows: `first_event` and `last_event`, rows of `events`.
        truth: As for `home_lessons`.
        true_home: The sensors in their true rooms.
    """
    names = activity_names()
    code_of = {name: i for i, name in enumerate(names)}
    times = events["time"].to_physical().to_numpy().astype(np.int64)
    room_codes: dict[str, int] = {}
    room_of = np.array(
        [room_codes.setdefault(s.room, len(room_codes)) for s in sensors_of(events, true_home)] or [0]
    )
    event_room = room_of[events["sensor"].to_physical().to_numpy()]
    credit = np.zeros((len(times), len(names)), dtype=np.float32)
    for _, part in truth.sort("begin", maintain_order=True).group_by("resident", maintain_order=True):
        activity, room = _timeline(part, times, code_of, room_codes)
        here = np.flatnonzero(activity >= 0)
        away = activity[here] == code_of[AWAY]
        weight = np.where(away, _OUT, np.where(room[here] == event_room[here], 1.0, _OTHER_ROOM))
        np.add.at(credit, (here, activity[here]), weight)
    credit /= np.maximum(credit.sum(axis=1, keepdims=True), 1e-9)
    total = np.concatenate([np.zeros((1, len(names))), np.cumsum(credit, axis=0, dtype=np.float64)])
    first, last = windows["first_event"].to_numpy(), windows["last_event"].to_numpy()
    return np.asarray((total[last + 1] - total[first]) / (last - first + 1)[:, None])


def _timeline(
    stretches: pl.DataFrame, times: NDArray[np.int64], code_of: dict[str, int], room_codes: dict[str, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(E,) activity and (E,) room of one person at each time, the innermost where activities are nested."""
    activity = np.full(len(times), -1, dtype=np.int64)
    room = np.full(len(times), -1, dtype=np.int64)
    begin = stretches["begin"].to_physical().to_numpy()
    end = stretches["end"].to_physical().to_numpy()
    low, high = np.searchsorted(times, begin, side="left"), np.searchsorted(times, end, side="right")
    rows = zip(low, high, stretches["activity"].to_list(), stretches["room"].to_list(), strict=True)
    for first, after, name, place in rows:
        key = AWAY if name.startswith("out_") else name
        activity[first:after] = code_of[key]
        room[first:after] = room_codes.get(place, -1)
    return activity, room
