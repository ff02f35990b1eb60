"""A raw log becomes a home's event table, annotation table and import report.

In: a log file, or a folder with tables of intervals; and what is known of the home (a description, a
translate table, or nothing).
Out: `ImportedLog`; `write_import` puts it in the home's folder. Nothing is written before all is read.
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from discover.core.artifacts import atomic_path, file_sha256, write_text
from discover.core.errors import DataError
from discover.core.home import Home
from discover.core.tables import ANNOTATIONS, validate_table
from discover.core.window_set import EventLog, save_event_log
from discover.homes._annotations import interval_table
from discover.homes._build_report import build_report
from discover.homes._interval_import import import_intervals
from discover.homes._sensors_seen import complete_sensors
from discover.homes.activity_labels import with_labels
from discover.homes.casas_reader import read_casas
from discover.homes.interval_files import find_interval_files, looks_like_intervals
from discover.homes.places import read_translate
from discover.homes.registry import unknown_home
from discover.homes.report import ImportReport

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
) -> ImportedLog:
    """Read the log of a known or an unknown home: CASAS text, or a folder with tables of intervals.

    Args:
        path: The log, plain or packed; or a folder that holds a sensor table and an activity table (van
            Kasteren, UCI "ADLs from binary sensors").
        home: Its description. Sensors and labels of the log that it lacks are added. None: all is guessed.
        translate: WSU table of rooms for sensors the description lacks.
        name: Name of an unknown home; by default made from the file name.
        family: Data family of an unknown home.

    Raises:
        DataError: The file is no CASAS text log, the folder holds no tables, or there is no event.
    """
    path = Path(path)
    if path.is_dir():
        return _import_folder(path, home or unknown_home(name or _name_from(path), family), translate)
    places = read_translate(Path(translate)) if translate is not None else {}
    if home is None:
        home = unknown_home(name or _name_from(path), family)
    known = frozenset(s.id for s in home.sensors)
    try:
        raw = read_casas(path, known_sensors=known | frozenset(places), home_name=home.name)
    except DataError as error:
        if path.is_file() and looks_like_intervals(path):
            raise DataError(
                f"{path} is a table of intervals (start, end, sensor or activity), half of a log. Keep its "
                f"sensor table and its activity table in one folder and give the folder: {path.parent}"
            ) from error
        raise
    completed, unknown = complete_sensors(home, raw, places)
    completed, scored = with_labels(completed, raw.intervals.label)
    events = raw.events([s.id for s in completed.sensors])
    annotations = validate_table(interval_table(raw.intervals, raw.times, scored), ANNOTATIONS, str(path))
    report = build_report(path.name, file_sha256(path), completed, raw, unknown, annotations)
    return ImportedLog(EventLog(completed, events, annotations), report, raw.rejected)


def _import_folder(folder: Path, home: Home, translate: Path | str | None) -> ImportedLog:
    if translate is not None:
        raise DataError(
            f"{folder} is a folder with tables of intervals; a translate table belongs to a CASAS log. Leave "
            "it out, and give rooms in a home YAML (`discover homes show NAME` prints one to start from)."
        )
    files = find_interval_files(folder)
    return ImportedLog(*import_intervals(files, home, source=folder.resolve().name))


def write_import(folder: Path, imported: ImportedLog) -> list[Path]:
    """Write home.yaml, events.parquet, annotations.parquet, import.json, rejected_lines.tsv; each atomically.

    Raises:
        ArtifactError: The folder cannot be written.
    """
    paths = save_event_log(folder, imported.log)
    report = folder / "import.json"
    write_text(report, imported.report.model_dump_json(indent=1) + "\n")
    rejected = folder / "rejected_lines.tsv"
    with atomic_path(rejected) as temporary:
        # TABs inside a line would shift columns, and quotes would need escaping: show them as spaces.
        table = imported.rejected.with_columns(pl.col("text").str.replace_all(r"[\t\r\n]", " "))
        table.write_csv(temporary, separator="\t", quote_style="never")
    return [*paths, report, rejected]


def _name_from(path: Path) -> str:
    stem = path.name.lower().split(".")[0]
    if stem in ("data", "log", "events") and path.resolve().parent.name:
        stem = path.resolve().parent.name.lower()
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in stem).lstrip("_-")
    return plain or "home"
