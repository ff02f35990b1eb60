"""A log in several files, one per person, day or task: joined in time order, accounted for file by file.

In: the files. Out: `JoinedLog`, whose text the line reader reads as one log, and the way back from a line of
it to a file and its own line. Where the home says so, the name of a file gives the label of all its events.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.errors import DataError
from discover.homes._annotations import Intervals
from discover.homes._interval_shapes import read_stamp
from discover.homes._sources import Source, first_time
from discover.homes.report import FileAccount, Problem

__all__ = ["JoinedLog", "file_accounts", "join_files", "label_files", "with_file_column"]

_MIN_SHARED = 0.5
_HINT_FILES = 6


@dataclass(frozen=True)
class JoinedLog:
    """Several files as one text.

    Attributes:
        files: In the order they were joined, by the time of their first line.
        data: Their text, one after another; a heading that a later file repeats is left blank.
        first_line: Line of `data` on which each file begins, and one past the last line.
    """

    files: tuple[Source, ...]
    data: bytes
    first_line: tuple[int, ...]

    def file_of(self, lines: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Number of the file that each line of `data` stands in."""
        return np.searchsorted(np.asarray(self.first_line[1:]), lines, side="right")


def join_files(files: Sequence[Source]) -> JoinedLog:
    """Join the files of one home in time order.

    Raises:
        DataError: The files look like several homes: most of their sensors occur in one file only.
    """
    timed = sorted(files, key=lambda f: (read_stamp(first_time(f)) or "", f.name))
    heading = _heading(timed[0].text)
    parts, first_line, line = [], [], 1
    for number, file in enumerate(timed):
        text = file.text if file.text.endswith(b"\n") else file.text + b"\n"
        if number and heading and text.split(b"\n", 1)[0].strip() == heading:
            text = text[text.index(b"\n") :]
        first_line.append(line)
        line += text.count(b"\n")
        parts.append(text)
    return JoinedLog(tuple(timed), b"".join(parts), (*first_line, line))


def refuse_several_homes(joined: JoinedLog, events: pl.DataFrame, where: str) -> None:
    """Sessions of one home share sensors and do not run side by side; logs of several homes do neither.

    Raises:
        DataError: They look like several homes.
    """
    file = joined.file_of(events["line"].to_numpy().astype(np.int64))
    table = events.select("time", pl.col("sensor").cast(pl.String)).with_columns(file=file)
    pairs = table.select("file", "sensor").unique()
    shared = pairs.with_columns(files=pl.len().over("sensor"))
    share = shared.group_by("file").agg((pl.col("files") > 1).mean())["files"]
    by_time = table.sort("time")["file"]
    switches = int((by_time != by_time.shift(1)).sum())
    side_by_side = switches > 0.2 * len(by_time) and table["file"].n_unique() > 1
    alone = len(share) > 1 and float(np.mean(share.to_numpy())) < _MIN_SHARED
    if not (alone or side_by_side):
        return
    names = ", ".join(f.name for f in joined.files[:5])
    why = "run side by side in time" if side_by_side else "have few sensors in common"
    raise DataError(
        f"{where} holds {len(joined.files)} logs ({names}{', ...' if len(joined.files) > 5 else ''}) that "
        f"{why}, as logs of several homes do. Give the log of one home; sessions of one home are joined when "
        "they follow one another."
    )


def label_files(
    joined: JoinedLog, template: str, lines: NDArray[np.int64], holes: NDArray[np.int64]
) -> Intervals:
    """One interval per file whose name gives a label: its first to its last event.

    Args:
        joined: The files.
        template: `Home.session_files`, for example `p*.{label}`.
        lines: Line of each event, in time order.
        holes: Event numbers right after a recording hole; an interval ends before the first one.
    """
    pattern = _pattern(template)
    out = Intervals()
    file = joined.file_of(lines)
    for number, source in enumerate(joined.files):
        found = pattern.fullmatch(source.plain_name)
        at = np.flatnonzero(file == number)
        if found is None or not len(at):
            continue
        first, last = int(at[0]), int(at[-1])
        hole = int(np.searchsorted(holes, first, side="right"))
        cut = hole < len(holes) and int(holes[hole]) <= last
        out.first.append(first)
        out.last.append(int(holes[hole]) - 1 if cut else last)
        resident = found.groupdict().get("resident")
        out.label.append(f"R{resident}_{found['label']}" if resident else found["label"])
        out.closed_by.append("hole" if cut else "file")
    return out


def file_accounts(
    joined: JoinedLog,
    lines: NDArray[np.integer[Any]],
    repeats: NDArray[np.integer[Any]],
    refused: NDArray[np.integer[Any]],
) -> tuple[FileAccount, ...]:
    """Events, repeats and refused lines of every file; its other lines are blank or repeat a heading."""
    counts = [
        np.bincount(joined.file_of(part), minlength=len(joined.files)) for part in (lines, repeats, refused)
    ]
    return tuple(
        FileAccount(
            name=source.name,
            lines=stop - start,
            events=int(counts[0][k]),
            repeated_lines=int(counts[1][k]),
            rejected_lines=int(counts[2][k]),
            blank_lines=stop - start - int(sum(c[k] for c in counts)),
        )
        for k, (source, (start, stop)) in enumerate(
            zip(joined.files, pairwise(joined.first_line), strict=True)
        )
    )


def with_file_column(joined: JoinedLog, rejected: pl.DataFrame) -> pl.DataFrame:
    """Refused lines by file and by the line in that file."""
    file = joined.file_of(rejected["line"].to_numpy().astype(np.int64))
    start = np.asarray(joined.first_line)[file]
    names = [joined.files[k].name for k in file.tolist()]
    return rejected.with_columns(
        line=pl.Series(rejected["line"].to_numpy().astype(np.int64) - start + 1).cast(pl.UInt32),
        file=pl.Series(names, dtype=pl.String),
    )


def naming_hint(joined: JoinedLog, annotated: bool) -> Problem:
    """Names such as p17.t1, p18.t1 look like labels: how to say so, unless the log has labels."""
    endings = [name.rsplit(".", 1)[-1] for name in (f.plain_name for f in joined.files) if "." in name]
    distinct = sorted(set(endings))
    likely = (
        not annotated
        and len(endings) == len(joined.files) >= _HINT_FILES
        and 2 <= len(distinct) <= len(endings) // 2
    )
    return Problem(
        problem="names of files that look like labels",
        count=len(joined.files) if likely else 0,
        done="not used; write `session_files: '*.{label}'` into the home's file to make them labels",
        examples=tuple(distinct[:20]),
    )


def _heading(text: bytes) -> bytes:
    first = text.split(b"\n", 1)[0].strip()
    return b"" if re.search(rb"\d{1,2}:\d{2}", first) else first


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\*|\{label\}|\{resident\})", template)
    groups = {"*": ".*?", "{label}": "(?P<label>.+?)", "{resident}": r"(?P<resident>\d+)"}
    return re.compile("".join(groups.get(part, re.escape(part)) for part in parts))
