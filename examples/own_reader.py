"""Add a reader for a log format of your own: `sensor;unix seconds;state`, one event a line.

    import own_reader
    imported = import_log("my.log", name="my_home", reader="semicolons")

Types, rooms and objects of the sensors are guessed as for every log; `import_log` also takes a home that you
describe yourself.
"""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from discover.homes.readers import READERS, LogTables


def read_semicolons(path: Path) -> LogTables:
    """Read the log. Every line is an event or is listed with its reason: nothing is lost."""
    events, rejected = [], []
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        fields = line.split(";")
        try:
            sensor, seconds, state = fields
            time = datetime.fromtimestamp(float(seconds), tz=UTC).replace(tzinfo=None)
        except ValueError:
            rejected.append({"line": number, "reason": "not sensor;seconds;state", "text": line})
        else:
            events.append({"time": time, "sensor": sensor, "state": state, "line": number})
    refused = pl.DataFrame(rejected) if rejected else None
    schema = {"time": pl.Datetime("us"), "sensor": pl.String, "state": pl.String, "line": pl.UInt32}
    return LogTables(pl.DataFrame(events, schema=schema), n_lines=len(lines), rejected=refused)


READERS.register("semicolons", read_semicolons)
