"""A raw log becomes a home's event table, annotation table and import report.

In: a log file, a folder or an archive; and what is known of the home (a description, a
translate table, or nothing).
Out: `ImportedLog`; `write_import` puts it in the home's folder. Nothing is written before all is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from discover.core.errors import DataError
from discover.core.home import Home
from discover.core.window_set import EventLog, save_event_log
from discover.homes._imported_home import import_database, import_imported
from discover.homes._interval_import import import_intervals
from discover.homes._line_import import import_lines
from discover.homes._other_logs import import_blocks, import_sensor_files, import_state_table
from discover.homes._plan import LogPlan, plan_log
from discover.homes._zones import checked_zone
from discover.homes.places import read_translate
from discover.homes.readers import import_with
from discover.homes.registry import unknown_home
from discover.homes.report import ImportReport, write_account

__all__ = ["ImportedLog", "import_log", "write_import"]


@dataclass(frozen=True)
class ImportedLog:
    """A log after import.

    Attributes:
        log: Completed home, events, annotations.
        report: What happened to every line.
        rejected: Lines that are no events: line, reason, text; from a folder, the file as well.
    """

    log: EventLog
    report: ImportReport
    rejected: pl.DataFrame


def import_log(
    path: Path | str,
    *,
    home: Home | None = None,
    translate: Path | str | None = None,
    name: str | None = None,
    family: str = "own",
    time_zone: str | None = None,
    reader: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> ImportedLog:
    """Read the log of a known or an unknown home, however it is kept (docs/formats_logs.md).

    Args:
        path: A file of events, plain or packed; or a folder or an archive of session files, of events and
            a table of activities, of tables of intervals, or of blocks.
        home: Its description. Sensors and labels of the log that it lacks are added. None: all is guessed.
        translate: WSU table of rooms for sensors the description lacks.
        name: Name of an unknown home; by default made from the file name.
        family: Data family of an unknown home.
        time_zone: IANA zone of the home, instead of the one in its description.
        reader: Name of a reader in `homes.readers.READERS`, for a format of someone else; None: the format is
            recognised.
        columns: Of a CSV with a heading: which column is `time`, `sensor` and `state`.

    Raises:
        ConfigError: No reader has this name, or the file lacks a column.
        DataError: There is no such zone, no log is there, it holds no event, or its files are those of
            several homes.
    """
    path = Path(path)
    if home is None:
        home = unknown_home(name or _name_from(path), family)
    if time_zone is not None:
        home = home.model_copy(update={"time_zone": checked_zone(time_zone).key})
    if reader is not None:
        if translate is not None:
            raise DataError(
                f"A translate table belongs to a CASAS log, and the reader '{reader}' reads another format. "
                "Leave the table out, and give rooms in a home YAML."
            )
        return ImportedLog(*import_with(reader, path, home, source=path.resolve().name))
    plan = plan_log(path, home.name, columns)
    if translate is not None and plan.kind != "lines":
        raise DataError(
            f"{path} is no list of events; a translate table belongs to a CASAS log. Leave it out, and give "
            "rooms in a home YAML (`discover homes show NAME` prints one to start from)."
        )
    if plan.kind == "home":
        return ImportedLog(*import_imported(path, home, source=path.resolve().name, sha256=plan.sha256()))
    log, report, rejected = _read(plan, home, translate, path.resolve().name)
    return ImportedLog(_with_lasting_codes(log, home), report, rejected)


def _read(
    plan: LogPlan, home: Home, translate: Path | str | None, source: str
) -> tuple[EventLog, ImportReport, pl.DataFrame]:
    if plan.kind == "recorder":
        return import_database(plan.where, home, source=source)
    if plan.intervals is not None:
        return import_intervals(plan.intervals, home, source=source, sha256=plan.sha256())
    if plan.kind == "blocks":
        return import_blocks(
            plan.files[0], plan.sensors, plan.others, home, source=source, sha256=plan.sha256()
        )
    if plan.kind == "states":
        return import_state_table(plan.files[0], home, source=source, sha256=plan.sha256())
    if plan.kind == "sensor_files":
        return import_sensor_files(
            plan.files, plan.others, home, source=source, sha256=plan.sha256(), where=plan.where
        )
    places = read_translate(Path(translate)) if translate is not None else {}
    return import_lines(plan, home, places, source=source)


def _with_lasting_codes(log: EventLog, described: Home) -> EventLog:
    """The log with codes of sensors and states that stay as they are when days are added to it.

    First come the sensors of the home's description, by id; then the others, and all states, in the order in
    which the log first names them.
    """
    listed = {s.id for s in described.sensors}
    seen = log.events["sensor"].unique(maintain_order=True).cast(pl.String).to_list()
    place = {name: k for k, name in enumerate(n for n in seen if n not in listed)}
    sensors = sorted(log.home.sensors, key=lambda s: -1 if s.id in listed else place.get(s.id, len(place)))
    states = log.events["state"].unique(maintain_order=True).cast(pl.String).to_list()
    orders = {"sensor": [s.id for s in sensors], "state": states}
    columns = [pl.col(name).cast(pl.String).cast(pl.Enum(order)) for name, order in orders.items()]
    home = log.home.model_copy(update={"sensors": tuple(sensors)})
    return EventLog(home, log.events.with_columns(columns), log.annotations)


def write_import(folder: Path, imported: ImportedLog) -> list[Path]:
    """Write home.yaml, events.parquet, annotations.parquet, import.json, rejected_lines.tsv; each atomically.

    Raises:
        ArtifactError: The folder cannot be written.
    """
    return [*save_event_log(folder, imported.log), *write_account(folder, imported.report, imported.rejected)]


def _name_from(path: Path) -> str:
    stem = path.name.lower().split(".")[0]
    if stem in ("data", "log", "events") and path.resolve().parent.name:
        stem = path.resolve().parent.name.lower()
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in stem).lstrip("_-")
    return plain or "home"
