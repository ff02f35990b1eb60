"""Find the tables of a log that is kept as intervals: a folder with a sensor table and an activity table.

    kasterenSenseData.txt   kasterenActData.txt      van Kasteren, house A
    houseB-ss.txt           houseB-as.txt            the same home series; ids named in *.sensor_names
    OrdonezA_Sensors.txt    OrdonezA_ADLs.txt        UCI "ADLs from binary sensors"

In: a folder. Out: `IntervalFiles`. A file is a table when its rows hold two times (or a time and a duration);
which table it is follows from its heading, else from its name, else from the number of its columns.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from discover.core.errors import DataError
from discover.homes._bytes import read_log_bytes
from discover.homes._interval_shapes import SEPARATORS, TableShape, shape_of

__all__ = ["IntervalFiles", "find_interval_files", "log_files", "looks_like_intervals"]

_SNIFF_BYTES = 50_000
_MAX_BYTES = 200_000_000
_SENSOR_NAME = re.compile(r"sens|[-_]ss\b|[-_]ss[._]")
_ACTIVITY_NAME = re.compile(r"act|adl|label|[-_]as\b|[-_]as[._]")
_NEVER = {".json", ".lock", ".png", ".jpg", ".pdf", ".mat", ".m", ".md", ".yaml", ".parquet", ".tsv"}

_EXPECTED = (
    "Such a log is a folder with a table of sensor intervals and a table of activities, one row a line: "
    "start, end, sensor id (or location, type and place); and start, end, activity; separated by "
    f"{SEPARATORS}."
)


@dataclass(frozen=True)
class IntervalFiles:
    """The files of one log.

    Attributes:
        sensors: Table of sensor intervals.
        activities: Table of activities; None for a log without labels.
        sensor_names, activity_names: Lists `id<TAB>name`, where there are any.
        others: Names of files in the folder that were not read.
    """

    sensors: Path
    activities: Path | None
    sensor_names: Path | None
    activity_names: Path | None
    others: tuple[str, ...]

    def all(self) -> tuple[Path, ...]:
        """Every file that is read, tables first."""
        found = (self.sensors, self.activities, self.sensor_names, self.activity_names)
        return tuple(path for path in found if path is not None)


def log_files(path: Path) -> tuple[Path, ...]:
    """The files a log consists of: the log itself, or the tables of a folder.

    Raises:
        DataError: A folder that holds no log of intervals.
    """
    return find_interval_files(path).all() if path.is_dir() else (path,)


def find_interval_files(folder: Path) -> IntervalFiles:
    """Tell the tables of a folder apart.

    Raises:
        DataError: No sensor table, or several tables of one kind.
    """
    files = [p for p in sorted(folder.iterdir()) if p.is_file() and not p.name.startswith(".")]
    tables = {p: shape for p in files if (shape := _table_shape(p)) is not None}
    sensors = [p for p, shape in tables.items() if _is_sensor_table(p, shape)]
    activities = [p for p in tables if p not in sensors]
    names = [p for p in files if p not in tables and p.name.lower().removesuffix(".gz").endswith("_names")]
    for kind, found in (("sensor", sensors), ("activity", activities)):
        if len(found) > 1:
            listed = ", ".join(p.name for p in found)
            raise DataError(
                f"{folder} holds several {kind} tables ({listed}). Keep the tables of one home in a folder "
                "of their own and give that folder."
            )
    if not sensors:
        shown = ", ".join(p.name for p in files[:5]) or "no file"
        raise DataError(
            f"{folder} is a folder, and none of its files is a table of sensor intervals (found: {shown}). "
            f"{_EXPECTED} For a CASAS text log name the file itself."
        )
    by_kind = {
        kind: next((p for p in names if kind in p.name.lower()), None) for kind in ("sensor", "activity")
    }
    read = {*tables, *by_kind.values()}
    return IntervalFiles(
        sensors=sensors[0],
        activities=activities[0] if activities else None,
        sensor_names=by_kind["sensor"],
        activity_names=by_kind["activity"],
        others=tuple(p.name for p in files if p not in read),
    )


def looks_like_intervals(path: Path) -> bool:
    """Whether a file is one of the tables: its rows hold two times."""
    return _table_shape(path) is not None


def _is_sensor_table(path: Path, shape: TableShape) -> bool:
    if shape.kind:
        return shape.kind == "sensor"
    name = path.name.lower()
    by_name = bool(_SENSOR_NAME.search(name)), bool(_ACTIVITY_NAME.search(name))
    if by_name[0] != by_name[1]:
        return by_name[0]
    return shape.fields > 1


def _table_shape(path: Path) -> TableShape | None:
    """How a file writes its intervals; None if it is no table of them."""
    if path.suffix.lower() in _NEVER or path.stat().st_size > _MAX_BYTES:
        return None
    try:
        text = read_log_bytes(path)
    except DataError:
        return None
    return shape_of(text[:_SNIFF_BYTES].decode("utf-8", errors="replace").split("\n"))
