"""One reader for CASAS text logs in all their shapes: file -> events, intervals and an account of every line.

    2009-06-15 17:07:52.312001<TAB>D031<TAB>OPEN<TAB>Enter_Home begin
    2012-01-02,03:04:05.678,Bathroom,ON,Toilet="begin"
    2012-01-02 03:04:05 Bedroom Bedroom ON Sleep

In: a path. Out: `CasasLog`. How it works: fields are cut and read in numpy, a megabyte at a time
(`_tokens`, `_times`, `_lines`); then rows are put in time order, repeats and damage set apart
(`_clean`); then markers are paired (`_annotations`). Only distinct spellings are ever touched one by one.
The shapes are listed in docs/formats_logs.md.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.errors import DataError
from discover.homes._annotations import Intervals, build_intervals
from discover.homes._bytes import read_log_bytes
from discover.homes._clean import CleanRows, clean_rows
from discover.homes._lines import BLANK, DEVICE_HEALTH, HEADING, REASONS, Rows, read_rows
from discover.homes._states import StateReading
from discover.homes._zones import checked_zone

__all__ = ["TELL_ZONE", "CasasLog", "read_casas"]


@dataclass(frozen=True)
class CasasLog:
    """A log as read, before it is joined with a home's description.

    Attributes:
        rows: Every line that has a date and a time.
        clean: Which of them are events.
        event_rows: Row (file order) of each event, in time order.
        times: Microseconds of each event, ascending.
        intervals: Annotated intervals over the events.
        rejected: line UInt32, reason, text: lines that are neither events nor blank nor repeats, by line.
        n_blank, n_heading, n_health, n_repeats: Lines that hold nothing; headings; lines in which a device
            reports its own health; lines that repeat the event before them.
        repeat_lines: Their first line numbers.
    """

    rows: Rows
    clean: CleanRows
    event_rows: NDArray[np.int64]
    times: NDArray[np.int64]
    intervals: Intervals
    rejected: pl.DataFrame
    n_blank: int
    n_heading: int
    n_health: int
    n_repeats: int
    repeat_lines: tuple[int, ...]

    def events(self, sensor_ids: list[str]) -> pl.DataFrame:
        """`core.tables.EVENTS`; `sensor_ids` become the categories of the sensor column, in that order."""
        at = self.event_rows
        place = {name: k for k, name in enumerate(sensor_ids)}
        sensor = np.array([place.get(name, 0) for name in self.clean.sensor_ids], dtype=np.uint32)
        states = sorted({r.state for r in self._seen_readings()})
        rank = {name: k for k, name in enumerate(states)}
        state = np.array([rank.get(r.state, 0) for r in self.clean.readings], dtype=np.uint32)
        value = np.array([np.nan if r.value is None else r.value for r in self.clean.readings])
        state_of = self.clean.state[at]
        values = pl.Series(value[state_of], nan_to_null=True) if "VALUE" in rank else None
        return pl.DataFrame(
            {
                "time": pl.Series(self.times, dtype=pl.Int64).cast(pl.Datetime("us")),
                "sensor": _enum(sensor_ids, sensor[self.clean.sensor[at]]),
                "state": _enum(states, state[state_of]),
                "value": pl.repeat(None, len(at), dtype=pl.Float64, eager=True) if values is None else values,
                "resident": pl.repeat(None, len(at), dtype=pl.String, eager=True),
                "line": self.rows.line[at],
            }
        )

    def used_sensor_ids(self) -> list[str]:
        """Ids of the sensors that have an event."""
        seen = np.flatnonzero(np.bincount(self.clean.sensor[self.event_rows], minlength=1))
        return [self.clean.sensor_ids[k] for k in seen.tolist()]

    def _seen_readings(self) -> list[StateReading]:
        seen = np.flatnonzero(np.bincount(self.clean.state[self.event_rows], minlength=1))
        return [self.clean.readings[k] for k in seen.tolist()]


def read_casas(
    path: Path,
    *,
    known_sensors: frozenset[str] = frozenset(),
    home_name: str | None = None,
    data: bytes | None = None,
    time_zone: str | None = None,
) -> CasasLog:
    """Read a log.

    Args:
        path: Plain text, .gz, .bz2, .xz or .zip.
        known_sensors: Ids of the home's description: never taken for damaged ids.
        home_name: Which member to take from an archive of several homes.
        data: Its text, if it has been read already.
        time_zone: IANA zone of the home. Times with an offset become its wall-clock times, and the hour that
            comes twice in autumn keeps the order of the log.

    Raises:
        DataError: The file is missing, empty, binary, in another format, or holds no sensor event.
    """
    data = read_log_bytes(path, home_name=home_name) if data is None else data
    zone = None if time_zone is None else checked_zone(time_zone)
    rows = read_rows(data, zone)
    clean = clean_rows(rows, known_sensors, zone)
    event_rows = clean.order[clean.is_event]
    if not len(event_rows):
        raise DataError(_explain_no_events(path, data, rows, clean))
    times = clean.time[event_rows]
    intervals = build_intervals(rows, clean, times)
    repeats = np.sort(rows.line[clean.order[clean.is_repeat]])
    return CasasLog(
        rows=rows,
        clean=clean,
        event_rows=event_rows,
        times=times,
        intervals=intervals,
        rejected=_rejected(data, rows, clean),
        n_blank=int((rows.skipped_reason == BLANK).sum()),
        n_heading=int((rows.skipped_reason == HEADING).sum()),
        n_health=int((clean.problem == DEVICE_HEALTH).sum()),
        n_repeats=len(repeats),
        repeat_lines=tuple(repeats[:10].tolist()),
    )


TELL_ZONE = (
    "Say in which zone the home lies: with `--time-zone Europe/Berlin` (discover homes verify, import); for "
    "open, search, ask and recognise write a home YAML of two lines, `name: my_home` and `time_zone: "
    "Europe/Berlin`, and give it with --layout. The times are then turned into the home's wall-clock time."
)
_WHAT_TO_DO = {
    11: "Export the times with seconds.",
    12: TELL_ZONE,
    15: "It can be day/month or month/day. Export the dates as year-month-day (2023-10-28).",
    16: "Export the dates with a year of four digits, as 2023-10-28.",
    17: TELL_ZONE,
}


def _enum(names: list[str], codes: NDArray[np.uint32]) -> pl.Series:
    return pl.Series(names, dtype=pl.Enum(names)).gather(codes)


def _rejected(data: bytes, rows: Rows, clean: CleanRows) -> pl.DataFrame:
    skipped = (rows.skipped_reason != BLANK) & (rows.skipped_reason != HEADING)
    bad = (clean.problem != 0) & (clean.problem != DEVICE_HEALTH)
    line = np.concatenate([rows.skipped_line[skipped], rows.line[bad]])
    reason = np.concatenate([rows.skipped_reason[skipped], clean.problem[bad]])
    order = np.argsort(line, kind="stable")
    line, reason = line[order], reason[order]
    return pl.DataFrame(
        {
            "line": line,
            "reason": pl.Series([REASONS[r] for r in reason.tolist()], dtype=pl.String),
            "text": pl.Series(_texts(data, line), dtype=pl.String),
        }
    )


def _texts(data: bytes, lines: NDArray[np.uint32]) -> list[str]:
    """The text of a few lines, at most 200 characters each."""
    if not len(lines):
        return []
    ends = np.append(np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 10), len(data))
    stop = ends[lines.astype(np.int64) - 1].tolist()
    start = np.append(0, ends[:-1] + 1)[lines.astype(np.int64) - 1].tolist()
    return [
        data[s:e].decode("utf-8", errors="replace").strip()[:200] for s, e in zip(start, stop, strict=True)
    ]


def _explain_no_events(path: Path, data: bytes, rows: Rows, clean: CleanRows) -> str:
    n_filled = rows.n_lines - int((rows.skipped_reason == BLANK).sum())
    reasons = np.concatenate(
        [
            rows.skipped_reason[(rows.skipped_reason != BLANK) & (rows.skipped_reason != HEADING)],
            clean.problem[clean.problem != 0],
        ]
    )
    key = int(np.bincount(reasons).argmax()) if len(reasons) else 0
    common = REASONS.get(key, "there is only a heading" if n_filled else "nothing was there")
    bad = _rejected(data, rows, clean).filter(pl.col("reason") == common)
    # The first line may be a heading in unknown words; another shows what the lines are like.
    likely = pl.concat([bad.filter(pl.col("line") > 1), bad])
    line, text = likely.select("line", "text").row(0) if len(likely) else (1, "")
    example = f"line {line}: '{text[:80]}'"
    if key in _WHAT_TO_DO:
        return f"{path} holds no event that can be read: {common} ({example}). " + _WHAT_TO_DO[key]
    return (
        f"{path} holds no sensor event: of {n_filled:,} lines that are not blank, none could be read, mostly "
        f"because: {common} ({example}). Expected lines like "
        "`2009-10-16 08:42:11.031 M012 ON`, separated by TABs, spaces or commas."
    )
