"""Corrections of a home: what was truly done, what a sensor is, what a stretch is called.

A file of JSON lines, one correction each. A new correction is a line at the end, and taking one back removes
its line and nothing else.
"""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from discover.core.artifacts import atomic_path, folder_lock
from discover.core.config import StrictModel
from discover.core.errors import ArtifactError, ConfigError, DataError
from discover.core.home import Sensor
from discover.core.reading import MAX_JSON_BYTES, parse_json, read_text, taken_apart
from discover.core.shown import json_text
from discover.core.window_set import window_middles_s
from discover.homes import label_key

__all__ = ["CORRECTIONS_FILE", "Correction", "CorrectionFile", "refuse_sensor_twice", "rows_of", "told_of"]

CORRECTIONS_FILE = "corrections.jsonl"
"""Name of the file in the folder of a model or of what is kept of a log."""


class Correction(StrictModel):
    """One correction."""

    home: str = Field(min_length=1, max_length=200)
    """The home that it is of."""
    kind: Literal["activity", "sensor", "person", "name"] = "activity"
    """activity: these windows were this activity. sensor: this sensor watches this thing. person: who it
    was in these windows. name: these windows have this name; recognition does not read names."""
    text: str = Field(min_length=1, max_length=200)
    """The activity, the thing, the person or the name, in one line."""
    begin: datetime | None = None
    """Begin of a stretch, in the wall-clock time of the home."""
    end: datetime | None = None
    """Its end. Windows whose middle lies in the stretch are meant, both ends included."""
    windows: tuple[str, ...] = Field(default=(), max_length=200_000)
    """Ids of windows, instead of a stretch."""
    sensor: Sensor | None = None
    """The sensor as it is (kind sensor)."""
    note: str = Field(default="", max_length=2_000)
    """Anything worth remembering."""
    made: str = ""
    """When it was stored: ISO, UTC."""

    @field_validator("text")
    @classmethod
    def _one_line(cls, text: str) -> str:
        plain = unicodedata.normalize("NFC", " ".join(text.split()))
        if not any(c.isalnum() for c in plain):
            raise ValueError(f"'{plain[:40]}' says nothing; write a word, such as breakfast")
        return plain

    @model_validator(mode="after")
    def _says_what_it_is_about(self) -> Self:
        stretch = self.begin is not None and self.end is not None
        if (self.begin is None) != (self.end is None):
            raise ValueError("give both begin and end of the stretch, or neither")
        if self.begin is not None and self.end is not None:
            if self.begin.tzinfo is not None or self.end.tzinfo is not None:
                raise ValueError("write times without an offset, in the home's own wall-clock time")
            if self.end < self.begin:
                raise ValueError(f"the stretch ends ({self.end}) before it begins ({self.begin})")
        about = (stretch, bool(self.windows), self.sensor is not None)
        if sum(about) != 1 or (self.kind == "sensor") != about[2]:
            raise ValueError(
                "a correction is about one thing: a stretch (begin and end), windows, or a sensor"
            )
        return self

    @property
    def id(self) -> str:
        """Eight hex digits that follow from what the correction says; note and time do not count."""
        said = self.model_dump_json(exclude={"note", "made"})
        return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def rows_of(correction: Correction, windows: pl.DataFrame) -> NDArray[np.int64]:
    """Rows of a window table that a correction is about.

    Args:
        correction: Of kind activity or name.
        windows: window_id, home, start, end.
    """
    own = (windows["home"] == correction.home).to_numpy()
    if correction.windows:
        return np.flatnonzero(own & windows["window_id"].is_in(correction.windows).to_numpy())
    if correction.begin is None or correction.end is None:
        return np.zeros(0, dtype=np.int64)
    first, last = (t.replace(tzinfo=UTC).timestamp() for t in (correction.begin, correction.end))
    middles_s = window_middles_s(windows)
    return np.flatnonzero(own & (middles_s >= first) & (middles_s <= last))


@dataclass(frozen=True)
class CorrectionFile:
    """The corrections of a home, or of the homes of a model.

    Attributes:
        path: The file; it is there once there is a correction.
        homes: The homes that corrections may be of.
    """

    path: Path
    homes: tuple[str, ...]

    def read(self) -> tuple[Correction, ...]:
        """All corrections, in the order in which they were stored.

        Raises:
            ArtifactError: A line is damaged, or of another home.
        """
        return tuple(correction for _, correction in self._lines())

    def add(self, correction: Correction, windows: pl.DataFrame) -> Correction:
        """Store a correction; one that is there already is not stored again.

        Args:
            correction: What to store; its time is filled in.
            windows: Windows of the homes (window_id, home, start, end).

        Raises:
            ConfigError: It contradicts another one.
            DataError: It is of another home, or of no window.
        """
        if correction.home not in self.homes:
            raise DataError(
                f"A correction of home '{correction.home}' cannot be kept with {', '.join(self.homes)}. "
                "Open the home that it is of."
            )
        if correction.kind != "sensor" and not len(rows_of(correction, windows)):
            raise DataError(_no_window(correction, windows))
        with folder_lock(self.path.parent):
            known = self.read()
            same = [c for c in known if c.id == correction.id]
            if same:
                return same[0]
            for kind in ("activity", "person"):
                told_of((*known, correction), windows, kind)
            refuse_sensor_twice(known, correction)
            made = datetime.now(UTC).isoformat(timespec="seconds")
            stored = correction.model_copy(update={"made": correction.made or made})
            before = self.path.read_bytes() if self.path.is_file() else b""
            line = json_text(stored.model_dump(mode="json", exclude_defaults=True))
            gap = b"" if not before or before.endswith(b"\n") else b"\n"
            self._write(before + gap + line.encode() + b"\n")
        return stored

    def undo(self, correction_id: str) -> Correction:
        """Take a correction back: its line is removed, all other bytes stay.

        Raises:
            ConfigError: There is no correction of this id.
        """
        if not self.path.is_file():
            raise ConfigError(f"There is no correction {correction_id}: none is stored in {self.path}.")
        with folder_lock(self.path.parent):
            known = self._lines()
            found = {number: c for number, c in known if c.id == correction_id}
            if not found:
                listed = ", ".join(c.id for _, c in known)
                raise ConfigError(f"There is no correction {correction_id[:40]}. Stored are: {listed}.")
            lines = self.path.read_bytes().split(b"\n")
            left = b"\n".join(line for number, line in enumerate(lines, start=1) if number not in found)
            if left.strip():
                self._write(left)
            else:
                self.path.unlink()
        return next(iter(found.values()))

    def _write(self, content: bytes) -> None:
        with atomic_path(self.path) as temporary:
            temporary.write_bytes(content)

    def _lines(self) -> list[tuple[int, Correction]]:
        """Corrections with the numbers of their lines, from 1."""
        if not self.path.is_file():
            return []
        found = []
        text = read_text(self.path, limit=MAX_JSON_BYTES)
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip():
                continue
            where = f"{self.path}, line {number}"
            hint = "Correct the line or remove it."
            with taken_apart(where, hint):
                correction = Correction.model_validate(parse_json(line, where, hint=hint))
            if correction.home not in self.homes:
                raise ArtifactError(
                    f"{where} is a correction of home '{correction.home}', and here is "
                    f"{', '.join(self.homes)}. Remove the line, or put it with the home that it is of."
                )
            found.append((number, correction))
        return found


def told_of(
    corrections: Sequence[Correction], windows: pl.DataFrame, kind: str = "activity"
) -> tuple[NDArray[np.int64], list[str]]:
    """Rows of the windows that corrections of one kind cover, ascending, and the text for each.

    Raises:
        ConfigError: Two corrections tell different things of one window.
    """
    by_row: dict[int, Correction] = {}
    for correction in sorted((c for c in corrections if c.kind == kind), key=lambda c: c.id):
        for row in rows_of(correction, windows).tolist():
            other = by_row.setdefault(row, correction)
            if label_key(other.text) != label_key(correction.text):
                raise ConfigError(
                    f"Window {windows['window_id'][row]} is both '{other.text}' ({other.id}) and "
                    f"'{correction.text}' ({correction.id}), and a window has one {kind}. Take one of them "
                    "back, or make the stretches shorter."
                )
    rows = sorted(by_row)
    return np.array(rows, dtype=np.int64), [by_row[row].text for row in rows]


def refuse_sensor_twice(known: Sequence[Correction], new: Correction) -> None:
    """Refuse a correction of a sensor that has one.

    Raises:
        ConfigError: It has one.
    """
    for other in known:
        if new.sensor is not None and other.sensor is not None and other.sensor.id == new.sensor.id:
            raise ConfigError(
                f"Sensor {new.sensor.id} is '{other.text}' by correction {other.id}. "
                "Take that one back first."
            )


def _no_window(correction: Correction, windows: pl.DataFrame) -> str:
    own = windows.filter(pl.col("home") == correction.home)
    if correction.windows:
        return f"None of the windows {', '.join(correction.windows[:3])} is of home {correction.home}."
    when = f"between {correction.begin:%Y-%m-%d %H:%M:%S} and {correction.end:%Y-%m-%d %H:%M:%S}"
    if not len(own):
        return f"There is no window {when}: home {correction.home} has none."
    near = int((own["start"] - correction.begin).abs().arg_min() or 0)
    clock = "%Y-%m-%d %H:%M:%S"
    first, last, nearest = own.select(
        pl.col("start").min().dt.strftime(clock),
        pl.col("end").max().dt.strftime(clock).alias("last"),
        pl.col("start").get(near).dt.strftime(clock).alias("nearest"),
    ).row(0)
    return (
        f"There is no window {when}, so nothing can be learned from it. The recording has windows from "
        f"{first} to {last}; the nearest one begins at {nearest}."
    )
