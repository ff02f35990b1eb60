"""How a log is kept: which of its files hold what. Decided from the contents, not from the names.

In: a file or a folder. Out: `LogPlan`: lines of events (one file, or sessions joined in time order, with or
without a table of activities), tables of intervals, blocks, one row a second, one table per sensor, a home
that was imported before, or the database of Home Assistant's recorder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from discover.core.artifacts import file_sha256, mapping_sha256
from discover.core.errors import ConfigError, DataError
from discover.core.event_files import EVENTS_FILE, events_file
from discover.homes._blocks import is_blocks
from discover.homes._foreign_rows import rewritten, with_columns
from discover.homes._id_lists import is_id_list
from discover.homes._interval_shapes import read_stamp
from discover.homes._sensor_files import is_prediction, is_sensor_file
from discover.homes._sources import (
    Source,
    archive_sources,
    first_time,
    folder_sources,
    is_sqlite,
    last_time,
    looks_like_events,
)
from discover.homes._state_table import is_state_table
from discover.homes.interval_files import EXPECTED, IntervalFiles, find_interval_files, table_shape

__all__ = ["LogPlan", "log_files", "plan_log"]

Kind = Literal["lines", "intervals", "blocks", "states", "sensor_files", "home", "recorder"]

_FEWEST_SENSORS = 3
"""Tables of one sensor each that make a log."""


@dataclass(frozen=True)
class LogPlan:
    """The files of a log.

    Attributes:
        where: The file or folder.
        kind: How it is kept.
        files: Files of events; several are sessions of one home.
        activities: Table of activities beside lines of events.
        sensors: List of sensors beside blocks.
        intervals: The tables, for `kind` "intervals".
        lists: Names of the ids in lines of events.
        others: Names of files that are not read.
    """

    where: Path
    kind: Kind
    files: tuple[Source, ...]
    activities: Source | None = None
    sensors: Source | None = None
    intervals: IntervalFiles | None = None
    others: tuple[str, ...] = ()
    lists: tuple[Source, ...] = ()

    def read(self) -> tuple[Source, ...]:
        """Every file that is read, tables of sensors first."""
        if self.intervals is not None:
            return self.intervals.all()
        return tuple(s for s in (*self.files, self.activities, self.sensors, *self.lists) if s is not None)

    def sha256(self) -> str:
        """Of the file, or of all files that are read."""
        if self.where.is_file():
            return file_sha256(self.where)
        if self.kind == "home":
            return file_sha256(events_file(self.where))
        return mapping_sha256({source.name: source.sha256() for source in self.read()})


def plan_log(path: Path, home_name: str | None = None, columns: Mapping[str, str] | None = None) -> LogPlan:
    """Find out how a log is kept.

    Args:
        path: A file, plain or packed, an archive, or a folder.
        home_name: The home to take from an archive of several.
        columns: Columns of a CSV with time, sensor and state; None: told by the heading.

    Raises:
        DataError: No log is there, or several of which none can be chosen.
    """
    if columns is not None:
        return LogPlan(path, "lines", (with_columns(_only_text(path, home_name), columns),))
    if is_imported_home(path):
        return LogPlan(path, "home", ())
    if is_sqlite(path):
        return LogPlan(path, "recorder", ())
    if path.is_dir():
        sources, others = folder_sources(path)
        return _plan_many(path, sources, others)
    sources = archive_sources(path, home_name)
    if len(sources) > 1:
        return _plan_many(path, sources, ())
    only = sources[0]
    if (lines := rewritten(only)) is not None:
        return LogPlan(path, "lines", (lines,))
    if is_blocks(only.text):
        return LogPlan(path, "blocks", (only,))
    if is_state_table(only.text):
        return LogPlan(path, "states", (only,))
    return LogPlan(path, "lines", (only,))


def log_files(path: Path) -> tuple[Path, ...]:
    """The files on disk that a log consists of: the log itself, or those of a folder.

    Raises:
        DataError: A folder that holds no log.
    """
    if not path.is_dir():
        return (path,)
    if is_imported_home(path):
        return tuple(path / name for name in ("home.yaml", EVENTS_FILE, "annotations.parquet"))
    return tuple(dict.fromkeys(source.path for source in plan_log(path).read()))


def _only_text(path: Path, home_name: str | None) -> Source:
    """The one file of a log whose columns are named."""
    sources = [] if path.is_dir() or is_sqlite(path) else archive_sources(path, home_name)
    if len(sources) != 1:
        raise ConfigError(f"Columns are named of one CSV file, and {path} is none. Give the file.")
    return sources[0]


def is_imported_home(path: Path) -> bool:
    """Whether a folder holds what an import made: a home and its event table."""
    return (path / "home.yaml").is_file() and events_file(path).is_file()


def _plan_many(where: Path, sources: Sequence[Source], others: tuple[str, ...]) -> LogPlan:
    texts = [source for source in sources if source.is_text()]
    others = (*others, *(source.name for source in sources if source not in texts))
    blocks = [source for source in texts if is_blocks(source.text)]
    if blocks:
        _only(where, blocks, "files of activity blocks")
        lists = [s for s in texts if s.plain_name.lower().startswith("sensors") and s not in blocks]
        return _plan(
            LogPlan(where, "blocks", (blocks[0],), sensors=lists[0] if lists else None), texts, others
        )
    single = [source for source in texts if is_sensor_file(source)]
    if len(single) >= _FEWEST_SENSORS and 2 * len(single) > len(texts):
        read = tuple(source for source in single if not is_prediction(source))
        return _plan(LogPlan(where, "sensor_files", read), texts, others)
    tables = find_interval_files(texts, where)
    if tables is not None:
        return LogPlan(where, "intervals", (), intervals=tables, others=(*tables.others, *others))
    activities = [source for source in texts if table_shape(source) is not None]
    states = [source for source in texts if is_state_table(source.text)]
    logs = [s for s in texts if s not in activities and s not in states and looks_like_events(s)]
    if states and not logs:
        _only(where, states, "tables with one column per sensor")
        return _plan(LogPlan(where, "states", (states[0],)), texts, others)
    if not logs:
        shown = ", ".join([*(s.name for s in texts), *others][:5]) or "no file"
        raise DataError(
            f"{where} holds no log: none of its files is a table of sensor intervals or a list of events "
            f"(found: {shown}). {EXPECTED} A list of events has a date, a time, a sensor and a state on each "
            "line."
        )
    if activities:
        _only(where, activities, "tables of activities")
        logs = _of_the_same_time(logs, activities[0]) or logs
    names = tuple(s for s in texts if s not in logs and s not in activities and is_id_list(s))
    plan = LogPlan(where, "lines", tuple(logs), activities[0] if activities else None, lists=names)
    return _plan(plan, texts, others)


def _plan(plan: LogPlan, texts: Sequence[Source], others: tuple[str, ...]) -> LogPlan:
    unread = (*(source.name for source in texts if source not in plan.read()), *others)
    return replace(plan, others=unread)


def _only(where: Path, found: Sequence[Source], what: str) -> None:
    if len(found) > 1:
        names = ", ".join(source.name for source in found[:5])
        raise DataError(
            f"{where} holds several {what} ({names}). Keep the files of one home in a folder of their own "
            "and give that folder."
        )


def _of_the_same_time(logs: Sequence[Source], activities: Source) -> list[Source]:
    """The logs during which the activities took place."""
    begin, end = (read_stamp(text) or "" for text in (first_time(activities), last_time(activities)))
    spans = [(read_stamp(first_time(log)) or "", read_stamp(last_time(log)) or "") for log in logs]
    return [
        log
        for log, (first, last) in zip(logs, spans, strict=True)
        if begin and first and min(first, last) <= max(begin, end) and min(begin, end) <= max(first, last)
    ]
