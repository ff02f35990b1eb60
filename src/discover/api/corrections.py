"""Corrections of an opened home: said in words, stored with the home, shown, taken back."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from discover.api.shown import Part, Shown, Table
from discover.core.config import closest, config_from_mapping
from discover.core.errors import ConfigError
from discover.core.home import Home
from discover.serving.corrections import CORRECTIONS_FILE, Correction, CorrectionFile
from discover.serving.index_folders import one_home

if TYPE_CHECKING:
    from discover.api.opened import OpenedHome

__all__ = ["HomeCorrections"]

_SAID = re.compile(
    r"(?:that|this|it|these|those) (?:was|is|were|are) (?:the |an? |my |our )?(?P<text>.+?)"
    r"(?:,? (?:and )?not .+?)?[.!]?",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"(?:me|i|you|he|she|him|her|they|them|us|mum|mom|mummy|mommy|mother|dad|daddy|father|grandma|grandmother|"
    r"grandpa|grandfather|granny|son|daughter|husband|wife|brother|sister|child|kid|baby|resident|carer|nurse)"
    r"(?: \d+)?",
    re.IGNORECASE,
)
_COLUMNS = ("id", "kind", "text", "about", "note", "made")


@dataclass(frozen=True)
class HomeCorrections(Shown):
    """The corrections of a home, or of the homes of a model, oldest first.

    Attributes:
        opened: The home.
        file: Where they are stored.
        items: The corrections.
    """

    opened: "OpenedHome"
    file: CorrectionFile
    items: tuple[Correction, ...]

    @classmethod
    def of(cls, opened: "OpenedHome") -> "HomeCorrections":
        """Those that are stored now.

        Raises:
            ArtifactError: The file is damaged, or holds a correction of another home.
        """
        path = opened.path / CORRECTIONS_FILE if opened.prepared is None else opened.prepared.corrections
        file = CorrectionFile(path, tuple(opened.window_set.homes))
        return cls(opened, file, file.read())

    def __iter__(self) -> Iterator[Correction]:
        """Over the corrections."""
        return iter(self.items)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.items)

    def add(
        self,
        text: str,
        begin: Any = None,
        end: Any = None,
        *,
        windows: Sequence[str] = (),
        sensor: str | None = None,
        kind: str | None = None,
        home: str | None = None,
        note: str = "",
    ) -> Correction:
        """Store a correction.

        Args:
            text: An activity, known or new: "breakfast", "that was cooking, not eating". With `sensor`, what
                it watches: "this is the dishwasher". Who did something is refused: the log does not say.
            begin, end: The stretch, as times or text ("2011-03-04 08:10"; `end` may be just "08:40").
            windows: Ids of windows, instead of a stretch.
            sensor: Id of the sensor that is named. A raw log follows it when it is opened again.
            kind: "name" for a name that recognition does not read.
            home: Whose windows, where a model is of several homes.
            note: Anything worth remembering.

        Raises:
            ConfigError: It is not clear what is meant, or it contradicts another correction.
            DataError: No window is in the stretch.
        """
        said = _SAID.fullmatch(" ".join(text.split()))
        words = said["text"] if said else text
        if _PERSON.fullmatch(words):
            raise ConfigError(
                f"'{words}' says who it was, and sensors do not tell people apart, so nothing can be learned "
                "from it. Say what was done, such as breakfast; a note (--note) can say who."
            )
        known = tuple(self.file.homes)
        name = one_home(known, home, what=str(self.opened.path))
        if sensor is None and begin is None and end is None and not windows:
            raise ConfigError(
                f"'{text}' does not say what it is about. Give the stretch (--from and --to; in Python begin "
                "and end), or the sensor it names (--sensor)."
            )
        values: dict[str, Any] = {
            "home": name, "kind": kind or ("activity" if sensor is None else "sensor"), "text": words,
            "begin": _time(begin), "end": _end(end, _time(begin)), "windows": tuple(windows), "note": note,
        }  # fmt: skip
        if sensor is not None:
            values["sensor"] = self._sensor(self.opened.window_set.homes[name], sensor, words)
        correction = config_from_mapping(values, Correction, source="the correction")
        return self.file.add(correction, self.opened.windows)

    def undo(self, correction_id: str) -> Correction:
        """Take a correction back; the others stay as they are.

        Raises:
            ConfigError: There is none of this id.
        """
        return self.file.undo(correction_id)

    @property
    def table(self) -> pl.DataFrame:
        """One row per correction."""
        rows = [(c.id, c.kind, c.text, _about(c), c.note, c.made) for c in self.items]
        return pl.DataFrame(rows, schema=dict.fromkeys(_COLUMNS, pl.String), orient="row")

    def as_json(self) -> list[dict[str, Any]]:
        """Plain data."""
        return [{"id": c.id, **c.model_dump(mode="json", exclude_defaults=True)} for c in self.items]

    def parts(self) -> Iterator[Part]:
        """A table, and where the corrections are kept."""
        if self.items:
            yield Table(_COLUMNS, self.table.rows())
            yield f"Kept in {self.file.path}."
        else:
            yield (
                'No correction. `discover correct PATH "breakfast" --from "2011-03-04 08:10" --to 08:40` '
                "makes one."
            )

    def _sensor(self, home: Home, sensor_id: str, thing: str) -> dict[str, Any]:
        """The sensor as it is, described as the correction says."""
        if self.opened.prepared is None:
            raise ConfigError(
                f"A trained model has learned what its sensors are, so {sensor_id} cannot be renamed in it. "
                "Correct the home's YAML and train again, or open the raw log."
            )
        ids = [s.id for s in home.sensors]
        if sensor_id not in ids:
            raise ConfigError(f"Home {home.name} has no sensor '{sensor_id}'. {closest(sensor_id, ids)}")
        return {**home.sensor(sensor_id).model_dump(), "object": thing}


def _time(value: Any) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise ConfigError(
            f"'{value}' is no time. Write it as YEAR-MONTH-DAY HOUR:MINUTE, such as 2011-03-04 08:10."
        ) from None


def _end(value: Any, begin: datetime | None) -> datetime | None:
    """The end of a stretch; a time of day is one of the day on which the stretch begins."""
    clock = str(value).strip()
    if begin is not None and re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", clock):
        return _time(f"{begin:%Y-%m-%d} {clock.zfill(5 if len(clock) < 6 else 8)}")
    return _time(value)


def _about(correction: Correction) -> str:
    if correction.sensor is not None:
        return correction.sensor.id
    if correction.windows:
        more = f" and {len(correction.windows) - 1:,} more" if len(correction.windows) > 1 else ""
        return f"{correction.windows[0]}{more}"
    return f"{correction.begin:%Y-%m-%d %H:%M:%S} to {correction.end:%Y-%m-%d %H:%M:%S}"
