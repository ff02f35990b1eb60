"""Windows of one home or several, with the events they are slices of: the start of all later stages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import yaml
from numpy.typing import NDArray

from discover.core.artifacts import write_text
from discover.core.config import closest, config_from_mapping, read_yaml_mapping
from discover.core.errors import ArtifactError, ConfigError, DataError
from discover.core.event_files import EVENTS_FILE, events_file, read_events, write_events
from discover.core.home import Home
from discover.core.table_files import read_table, write_table
from discover.core.tables import (
    ANNOTATIONS,
    CAPTIONS,
    LABELS,
    WINDOWS,
)

__all__ = [
    "EventLog",
    "HomeEvents",
    "WindowSet",
    "join_window_sets",
    "load_event_log",
    "load_window_set",
    "load_window_sets",
    "read_captions",
    "read_home",
    "read_labels",
    "read_table",
    "save_event_log",
    "window_middles_s",
    "write_home",
    "write_table",
]


@dataclass(frozen=True)
class EventLog:
    """A home's imported log: `home.yaml`, its events by month, `annotations.parquet`.

    Attributes:
        home: Completed home: every sensor of the log is in it.
        events: `core.tables.EVENTS`.
        annotations: `core.tables.ANNOTATIONS`; for sampling `_p`, labels and evaluation only.
    """

    home: Home
    events: pl.DataFrame
    annotations: pl.DataFrame


@dataclass(frozen=True)
class HomeEvents:
    """One home with its events.

    Attributes:
        home: Completed home.
        events: `core.tables.EVENTS`.
    """

    home: Home
    events: pl.DataFrame


@dataclass(frozen=True)
class WindowSet:
    """Windows of one home or several, and the events they are slices of. Holds no label.

    A sensor is (home, id) and an event is (home, row): offsets point into the table of the window's own home,
    on disk and in memory alike, so joining homes changes no row.

    Attributes:
        logs: Events by name of the home. The order numbers the homes.
        windows: `core.tables.WINDOWS`.

    Raises:
        DataError: A window is of a home that `logs` lacks.
    """

    logs: Mapping[str, HomeEvents]
    windows: pl.DataFrame

    def __post_init__(self) -> None:
        strange = self.windows.filter(~pl.col("home").is_in(list(self.logs)))
        if len(strange):
            raise DataError(
                f"Window {strange['window_id'][0]} is of home '{strange['home'][0]}', and the events are of "
                f"{', '.join(self.logs)}. Load the windows with their own home."
            )

    @classmethod
    def of(cls, home: Home, events: pl.DataFrame, windows: pl.DataFrame) -> "WindowSet":
        """The windows of one home."""
        return cls({home.name: HomeEvents(home, events)}, windows)

    @property
    def homes(self) -> dict[str, Home]:
        """Homes by name, in order of their numbers."""
        return {name: log.home for name, log in self.logs.items()}

    @property
    def home(self) -> Home:
        """The home of a set that has one.

        Raises:
            DataError: There are several.
        """
        return self._only.home

    @property
    def events(self) -> pl.DataFrame:
        """Events of the home of a set that has one.

        Raises:
            DataError: There are several homes.
        """
        return self._only.events

    @property
    def home_numbers(self) -> NDArray[np.int64]:
        """(W,) number of each window's home."""
        names = pl.DataFrame({"home": list(self.logs)}).with_row_index("number")
        joined = self.windows.select("home").join(names, on="home", how="left", maintain_order="left")
        return joined["number"].to_numpy().astype(np.int64)

    @property
    def _only(self) -> HomeEvents:
        if len(self.logs) != 1:
            raise DataError(
                f"One home is needed here, and these windows are of {len(self.logs)} "
                f"({', '.join(self.logs)}). Choose one of them."
            )
        return next(iter(self.logs.values()))

    def of_split(self, *splits: str) -> "WindowSet":
        """The same events with the windows of some splits only."""
        return replace(self, windows=self.windows.filter(pl.col("split").is_in(splits)))

    def of_home(self, name: str) -> "WindowSet":
        """One home with its windows, in their order.

        Raises:
            ConfigError: There is no home of that name.
        """
        if name not in self.logs:
            raise ConfigError(f"There is no home '{name}' here. {closest(name, self.logs)}")
        return WindowSet({name: self.logs[name]}, self.windows.filter(pl.col("home") == name))

    def by_home(self) -> Iterator[tuple[NDArray[np.int64], "WindowSet"]]:
        """Each home's window set, with the rows (N,) of its windows in this one."""
        numbers = self.home_numbers
        for number, name in enumerate(self.logs):
            yield np.flatnonzero(numbers == number), self.of_home(name)


def join_window_sets(sets: Sequence[WindowSet]) -> WindowSet:
    """Several homes as one set: the windows of each set, one set after the other.

    Raises:
        DataError: No set, or a home is given twice.
    """
    names = [name for one in sets for name in one.logs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not sets:
        found = f"{', '.join(twice)} is given twice" if twice else "no home is given"
        raise DataError(
            f"Homes are joined by their names, and {found}. Give each home once, with its own name."
        )
    logs = {name: log for one in sets for name, log in one.logs.items()}
    return WindowSet(logs, pl.concat([one.windows for one in sets]))


def read_home(path: Path) -> Home:
    """Read a home's YAML file."""
    return config_from_mapping(read_yaml_mapping(path), Home, source=str(path))


def write_home(path: Path, home: Home) -> None:
    """Write a home's YAML file."""
    text = yaml.safe_dump(
        home.model_dump(mode="json", exclude_defaults=True), sort_keys=False, allow_unicode=True
    )
    write_text(path, text)


def save_event_log(folder: Path, log: EventLog) -> list[Path]:
    """Write `home.yaml`, the events by month and `annotations.parquet`; return their paths."""
    home, annotations = folder / "home.yaml", folder / "annotations.parquet"
    write_home(home, log.home)
    events = write_events(folder, log.events)
    write_table(annotations, log.annotations, ANNOTATIONS)
    return [home, *events, annotations]


def load_event_log(folder: Path) -> EventLog:
    """Read what `save_event_log` wrote."""
    if not events_file(folder).is_file():
        raise ArtifactError(f"No imported log in {folder}. Run `discover homes import` first.")
    home = read_home(folder / "home.yaml")
    events = read_events(folder)
    _refuse_gaps(events_file(folder), events, ("time", "sensor", "state"))
    return EventLog(home, events, read_table(folder / "annotations.parquet", ANNOTATIONS))


def load_window_set(path: Path) -> WindowSet:
    """Read the windows of one home with its events.

    Args:
        path: A sampling folder (`.../FD_60`), or its `windows.parquet`. Events are looked up in the
            sampling folder first (per-resident streams have their own), then in the home's folder above it.

    Raises:
        ArtifactError: Something is missing or damaged.
        DataError: A window points outside the event table.
    """
    folder = path if path.is_dir() else path.parent
    if path.suffix not in ("", ".parquet") and not path.is_dir():
        raise ArtifactError(f"{path}: windows are a sampling folder or its windows.parquet.")
    windows = read_table(folder / "windows.parquet", WINDOWS)
    owner = folder if (folder / "events.parquet").is_file() else folder.parent
    if not events_file(owner).is_file():
        raise ArtifactError(f"No table at {owner / EVENTS_FILE}. Run the stage that makes it first.")
    home, events = read_home(owner / "home.yaml"), read_events(owner)
    _refuse_gaps(events_file(owner), events, ("time", "sensor", "state"))
    _refuse_gaps(folder / "windows.parquet", windows, tuple(WINDOWS))
    if len(windows):
        if int(windows["first_event"].min()) < 0 or int(windows["n_events"].min()) < 1:  # type: ignore[arg-type]
            raise DataError(
                f"{folder / 'windows.parquet'} holds windows without events. Run `discover sample` again."
            )
        last = int((windows["first_event"] + windows["n_events"]).max())  # type: ignore[arg-type]
        if last > len(events):
            raise DataError(
                f"{folder / 'windows.parquet'} points at event {last:,} but {events_file(owner)} has "
                f"{len(events):,}. The log was imported again: run `discover sample` again."
            )
    return WindowSet.of(home, events, windows)


def load_window_sets(paths: Sequence[Path]) -> WindowSet:
    """`load_window_set` of one folder per home, joined."""
    return join_window_sets([load_window_set(path) for path in paths])


def _refuse_gaps(path: Path, table: pl.DataFrame, columns: tuple[str, ...]) -> None:
    empty = [c for c in columns if table[c].null_count()]
    if empty:
        raise DataError(f"{path} lacks values of {', '.join(empty)}. It is damaged; run its stage again.")


def read_labels(path: Path) -> pl.DataFrame:
    """Read ground truth (`labels.parquet`). Only evaluation and validation read-outs may call this."""
    return read_table(path / "labels.parquet" if path.is_dir() else path, LABELS)


def read_captions(path: Path) -> pl.DataFrame:
    """Read a captions table."""
    return read_table(path, CAPTIONS)


def window_middles_s(windows: pl.DataFrame) -> NDArray[np.float64]:
    """(W,) time between first and last event of each window (`start`, `end`), in seconds since 1970."""
    start, end = (windows[c].to_physical().to_numpy().astype(np.float64) for c in ("start", "end"))
    return np.asarray((start + end) / 2e6, dtype=np.float64)
