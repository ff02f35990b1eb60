"""A home that was imported before, or the database of Home Assistant's recorder, as a log among others."""

import tempfile
from pathlib import Path

import polars as pl

from discover.core.artifacts import folder_lock
from discover.core.errors import DataError
from discover.core.home import Home, Sensor
from discover.core.window_set import EventLog, load_event_log
from discover.homes._clean import hole_starts
from discover.homes._log_report import log_report
from discover.homes.home_assistant import ImportOptions, import_home_assistant
from discover.homes.report import ImportReport

__all__ = ["import_database", "import_imported"]

Imported = tuple[EventLog, ImportReport, pl.DataFrame]


def import_imported(folder: Path, home: Home, *, source: str, sha256: str) -> Imported:
    """The events of a home's folder; sensors that `home` describes are as it describes them.

    Raises:
        ArtifactError: A file of the folder is missing or damaged.
        DataError: It holds no event.
    """
    with folder_lock(folder, shared=True):
        log = load_event_log(folder)
    if not len(log.events):
        raise DataError(f"{folder} is an imported home without an event. Import its log again.")
    log = EventLog(_described(log.home, home), log.events, log.annotations)
    holes = hole_starts(log.events["time"].to_physical().to_numpy())
    report = log_report(
        log, source=source, sha256=sha256, holes=holes, unknown=(), others=(), problems=(),
        lines=len(log.events), blank_lines=0, rejected_lines=0,
    )  # fmt: skip
    return log, report, pl.DataFrame(schema={"line": pl.UInt32, "reason": pl.String, "text": pl.String})


def import_database(path: Path, home: Home, *, source: str) -> Imported:
    """The events of a recorder's database.

    Raises:
        ConfigError: Neither `home` nor a configuration beside the database says the time zone.
        DataError: It is no recorder's database, damaged, or without an event.
    """
    zone = home.time_zone if "time_zone" in home.model_fields_set else None
    with tempfile.TemporaryDirectory(prefix="discover-import-") as temporary:
        options = ImportOptions(time_zone=zone, name=home.name)
        done = import_home_assistant(str(path), Path(temporary) / "home", options)
        log, _, rejected = import_imported(done.folder, home, source=source, sha256="")
    return log, done.report.model_copy(update={"home": home.name, "source": source}), rejected


def _described(found: Home, given: Home) -> Home:
    """The given home with the sensors that were found, under its description where it has one."""
    listed = {s.id: s for s in given.sensors}
    sensors: list[Sensor] = [listed.pop(s.id, s) for s in found.sensors]
    update: dict[str, object] = {"sensors": (*sensors, *listed.values())}
    if "time_zone" not in given.model_fields_set:
        update["time_zone"] = found.time_zone
    if given.latitude is None:
        update |= {"latitude": found.latitude, "longitude": found.longitude}
    if not given.activities:
        update["activities"] = found.activities
    if given.floor_plan is None:
        update["floor_plan"] = found.floor_plan
    return given.model_copy(update=update)
