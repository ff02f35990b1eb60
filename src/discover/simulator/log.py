"""A simulated log, as typed tables or as CASAS text."""

import contextlib
import datetime as dt
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.artifacts import atomic_path
from discover.core.home import Home
from discover.core.progress import SILENT, Progress
from discover.core.tables import ANNOTATIONS, EVENTS, validate_table
from discover.simulator.config import SimulatorConfig
from discover.simulator.sensing import STATES, Messages, join_messages, no_messages
from discover.simulator.stream import Simulation

__all__ = ["SimulatedLog", "SimulationSummary", "simulate_log", "text_sink", "write_simulated"]

_LINES_PER_WRITE = 200_000


@dataclass(frozen=True)
class SimulatedLog:
    """A simulated log as the reader would return it.

    Attributes:
        home: The home, as given.
        events: `core.tables.EVENTS`.
        annotations: `core.tables.ANNOTATIONS`, all closed by their marker.
    """

    home: Home
    events: pl.DataFrame
    annotations: pl.DataFrame


@dataclass(frozen=True)
class SimulationSummary:
    """What was written.

    Attributes:
        path: The log.
        days: Calendar days.
        events: Lines.
        annotations: Annotated intervals.
        activities: Intervals per raw label, the most frequent first.
    """

    path: Path
    days: int
    events: int
    annotations: int
    activities: dict[str, int]


def simulate_log(home: Home, config: SimulatorConfig, progress: Progress = SILENT) -> SimulatedLog:
    """Simulate into memory.

    Raises:
        DataError: The home has no sensor that people trigger.
    """
    simulation = Simulation(home, config)
    messages = join_messages([no_messages(), *simulation.messages(progress)])
    sensor_type = pl.Enum([s.id for s in home.sensors])
    events = pl.DataFrame(
        {
            "time": _times(messages, config.start),
            "sensor": pl.Series(simulation.sensor_names, dtype=pl.String)
            .gather(messages.sensor)
            .cast(sensor_type),
            "state": pl.Series(STATES).gather(messages.state).cast(pl.Enum(STATES)),
            "value": pl.Series(messages.value).fill_nan(None),
            "resident": pl.Series([None] * len(messages), dtype=pl.String),
            "line": np.arange(1, len(messages) + 1, dtype=np.uint32),
        }
    )
    annotations = _annotation_table(home, events["time"], messages.mark, simulation.labels)
    return SimulatedLog(home, validate_table(events, EVENTS, "simulated events"), annotations)


def write_simulated(
    path: Path, home: Home, config: SimulatorConfig, progress: Progress = SILENT
) -> SimulationSummary:
    """Write the log as CASAS text, compressed when the name ends in `.gz`; whole or not at all.

    A line is `date time<TAB>sensor<TAB>state`, with `<TAB>Label begin` or `<TAB>Label end` on the first and
    the last line of an annotation.

    Raises:
        DataError: The home has no sensor that people trigger.
        ArtifactError: The folder cannot be written.
    """
    simulation = Simulation(home, config)
    n_lines = 0
    begun: list[NDArray[np.int64]] = []
    with atomic_path(path) as temporary, text_sink(temporary, compressed=path.suffix == ".gz") as sink:
        waiting: list[Messages] = []
        for piece in simulation.messages(progress):
            waiting.append(piece)
            n_lines += len(piece)
            begun.append(piece.mark[piece.mark > 0])
            if sum(map(len, waiting)) > _LINES_PER_WRITE:
                _write_lines(sink, join_messages(waiting), simulation, config.start)
                waiting = []
        if waiting:
            _write_lines(sink, join_messages(waiting), simulation, config.start)
    numbers = np.concatenate(begun) if begun else np.zeros(0, dtype=np.int64)
    counted = pl.Series(simulation.labels).gather(numbers).value_counts(sort=True, name="n")
    activities = dict(sorted(counted.iter_rows(), key=lambda row: (-row[1], row[0])))
    return SimulationSummary(path, config.days, n_lines, len(numbers), activities)


def _times(messages: Messages, start: dt.date) -> NDArray[np.datetime64]:
    times: NDArray[np.datetime64] = np.datetime64(start, "us") + messages.time_us.astype("timedelta64[us]")
    return times


def _annotation_table(
    home: Home, times: pl.Series, mark: NDArray[np.int64], labels: Sequence[str]
) -> pl.DataFrame:
    begin = np.flatnonzero(mark > 0)
    end_rows = np.flatnonzero(mark < 0)
    end_of = np.zeros(len(labels), dtype=np.int64)
    end_of[-mark[end_rows]] = end_rows
    raw = [labels[n] for n in mark[begin]]
    label_of = {r: home.label_of(r) for r in set(raw)}
    end = end_of[mark[begin]]
    table = pl.DataFrame(
        {
            "activity": pl.Series([label_of[r] for r in raw], dtype=pl.String),
            "raw_label": pl.Series(raw, dtype=pl.String),
            "resident": pl.Series([None] * len(raw), dtype=pl.String),
            "first_event": begin,
            "n_events": end - begin + 1,
            "begin": times.gather(begin),
            "end": times.gather(end),
            "closed_by": pl.Series(["marker"] * len(raw), dtype=pl.String),
        }
    )
    return validate_table(table, ANNOTATIONS, "simulated annotations")


@contextlib.contextmanager
def text_sink(path: Path, *, compressed: bool) -> Iterator[IO[bytes]]:
    """A file to write text into; the same text gives the same bytes, compressed or not."""
    with path.open("wb") as raw:
        if not compressed:
            yield raw
            return
        # Name and time stay out of the gzip header, so that the same log has the same bytes.
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=5, mtime=0) as packed:
            yield packed  # type: ignore[misc]


def _write_lines(sink: IO[bytes], messages: Messages, simulation: Simulation, start: dt.date) -> None:
    marked = np.abs(messages.mark)
    # Numbers grow with time, so one batch needs a short stretch of all labels; 0 (none) gets any of them.
    lowest = int(marked[marked > 0].min(initial=len(simulation.labels) - 1))
    stretch = simulation.labels[lowest : int(marked.max(initial=lowest)) + 1]
    labels = pl.Series(stretch).gather(np.maximum(marked - lowest, 0))
    table = pl.DataFrame(
        {
            "time": _times(messages, start),
            "sensor": pl.Series(simulation.sensor_names).gather(messages.sensor),
            "state": pl.Series(STATES).gather(messages.state),
            "value": pl.Series(messages.value).fill_nan(None),
            "label": labels,
            "mark": messages.mark,
        }
    )
    marker = (
        pl.when(pl.col("mark") > 0)
        .then(pl.format("\t{} begin", "label"))
        .when(pl.col("mark") < 0)
        .then(pl.format("\t{} end", "label"))
        .otherwise(pl.lit(""))
    )
    line = pl.concat_str(
        pl.col("time").dt.strftime("%Y-%m-%d %H:%M:%S%.6f"),
        pl.lit("\t"),
        pl.col("sensor"),
        pl.lit("\t"),
        pl.col("value").cast(pl.String).fill_null(pl.col("state")),
        marker,
    )
    table.select(line).write_csv(sink, include_header=False, quote_style="never")
