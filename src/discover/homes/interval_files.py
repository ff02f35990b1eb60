"""Find the tables of a log that is kept as intervals: a folder with a sensor table and an activity table.

    kasterenSenseData.txt   kasterenActData.txt      van Kasteren, house A
    houseB-ss.txt           houseB-as.txt            the same home series; ids named in *.sensor_names
    OrdonezA_Sensors.txt    OrdonezA_ADLs.txt        UCI "ADLs from binary sensors"

In: the files of a folder or an archive. Out: `IntervalFiles`. A file is a table when its rows hold
two times (or a time and a duration); which table it is follows from its heading, else
from its name, else from the number of its columns.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from discover.core.errors import DataError
from discover.homes._interval_shapes import SEPARATORS, TableShape, shape_of
from discover.homes._sources import Source

__all__ = ["EXPECTED", "IntervalFiles", "find_interval_files", "table_shape"]

_SNIFF_BYTES = 50_000
_SENSOR_NAME = re.compile(r"sens|[-_]ss\b|[-_]ss[._]")
_ACTIVITY_NAME = re.compile(r"act|adl|label|[-_]as\b|[-_]as[._]")

EXPECTED = (
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

    sensors: Source
    activities: Source | None
    sensor_names: Source | None
    activity_names: Source | None
    others: tuple[str, ...]

    def all(self) -> tuple[Source, ...]:
        """Every file that is read, tables first."""
        found = (self.sensors, self.activities, self.sensor_names, self.activity_names)
        return tuple(path for path in found if path is not None)


def find_interval_files(sources: Sequence[Source], where: Path) -> IntervalFiles | None:
    """Tell the tables among the files of a log apart; None if none of them is a table of sensor intervals.

    Raises:
        DataError: Several tables of one kind.
    """
    tables = {
        source.name: (source, shape) for source in sources if (shape := table_shape(source)) is not None
    }
    sensors = [source for source, shape in tables.values() if _is_sensor_table(source, shape)]
    activities = [source for source, _ in tables.values() if source not in sensors]
    names = [s for s in sources if s.name not in tables and s.plain_name.lower().endswith("_names")]
    for kind, found in (("sensor", sensors), ("activity", activities)):
        if len(found) > 1 and sensors:
            listed = ", ".join(source.name for source in found)
            raise DataError(
                f"{where} holds several {kind} tables ({listed}). Keep the tables of one home in a folder "
                "of their own and give that folder."
            )
    if not sensors:
        return None
    by_kind = {
        kind: next((s for s in names if kind in s.name.lower()), None) for kind in ("sensor", "activity")
    }
    read = {*tables, *(s.name for s in by_kind.values() if s is not None)}
    return IntervalFiles(
        sensors=sensors[0],
        activities=activities[0] if activities else None,
        sensor_names=by_kind["sensor"],
        activity_names=by_kind["activity"],
        others=tuple(s.name for s in sources if s.name not in read),
    )


def _is_sensor_table(source: Source, shape: TableShape) -> bool:
    if shape.kind:
        return shape.kind == "sensor"
    name = source.plain_name.lower()
    by_name = bool(_SENSOR_NAME.search(name)), bool(_ACTIVITY_NAME.search(name))
    if by_name[0] != by_name[1]:
        return by_name[0]
    return shape.fields > 1


def table_shape(source: Source) -> TableShape | None:
    """How a file writes its intervals; None if it is no table of them."""
    return shape_of(source.text[:_SNIFF_BYTES].decode("utf-8", errors="replace").split("\n"))
