"""Corrections of an opened home: said in words, stored with the home, shown, taken back."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from discover.api.shown import Part, Shown, Table
from discover.core.artifacts import write_text
from discover.core.config import closest, config_from_mapping
from discover.core.errors import ConfigError
from discover.core.event_semantics import person_mask
from discover.core.home import UNKNOWN_ROOM, Sensor
from discover.core.reading import read_text, yaml_with
from discover.homes import load_home
from discover.serving.corrections import (
    CORRECTIONS_FILE,
    Correction,
    CorrectionFile,
    refuse_sensor_twice,
    rows_of,
)
from discover.serving.index_folders import one_home
from discover.serving.said import Said, described, is_person, read_sentence

if TYPE_CHECKING:
    from discover.api.opened import OpenedHome

__all__ = ["HomeCorrections", "sensor_words"]

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
            text: What it was: an activity, known or new ("breakfast", "that was cooking, not eating"); what a
                sensor is ("M012 is the dishwasher", "M012 is in the bathroom"; "this is the dishwasher" means
                the only sensor that was active in the stretch); or who it was ("that was Dad, not Mum").
            begin, end: The stretch, as times or text ("2011-03-04 08:10"; `end` may be just "08:40").
            windows: Ids of windows, instead of a stretch.
            sensor: Id of the sensor that is meant. A raw log follows it when it is opened again.
            kind: "person" where `text` is a name that no sentence gives away, "name" for a name of windows
                that recognition does not read, "activity" to refuse what is none.
            home: Whose windows, where a model is of several homes.
            note: Anything worth remembering.

        Returns:
            What is stored in `file`. What a sensor is stands in the home file instead where there is one.

        Raises:
            ConfigError: It is not clear what is meant, or it contradicts another correction.
            DataError: No window is in the stretch.
        """
        said = Said("", text) if kind == "name" else read_sentence(text)
        told = frozenset(c.text.lower() for c in self.items if c.kind == "person")
        meant = "activity"
        if sensor is not None or said.of_sensor:
            meant = "sensor"
        elif is_person(said.text, said.wrong, told):
            meant = "person"
        if meant != "activity" and kind not in (None, "name", meant):
            is_about = "who it was" if meant == "person" else "what a sensor is"
            raise ConfigError(
                f"'{text}' says {is_about}, and here a correction of kind {kind} is asked for. Say what was "
                "done, such as breakfast; `discover correct` with the log takes the sentence as it is."
            )
        name = one_home(tuple(self.file.homes), home, what=str(self.opened.path))
        if begin is None and end is None and not windows and sensor is None and not said.about:
            raise ConfigError(
                f"'{text}' does not say what it is about. Give the stretch (--from and --to; in Python begin "
                "and end), or name the sensor: 'M012 is the dishwasher'."
            )
        values: dict[str, Any] = {
            "home": name, "kind": kind or meant, "text": said.text, "begin": _time(begin),
            "end": _end(end, _time(begin)), "windows": tuple(windows), "note": note,
        }  # fmt: skip
        if values["kind"] != "sensor":
            correction = config_from_mapping(values, Correction, source="the correction")
            return self.file.add(correction, self.opened.windows)
        active: list[str] = []
        if not (sensor or said.about):
            active = self._active({**values, "kind": "activity"})
            values |= {"begin": None, "end": None, "windows": ()}
        found = self._sensor(name, said, sensor, active)
        home_file = None if self.opened.prepared is None else self.opened.prepared.home_file
        if home_file is not None:
            # It may have been changed since the log was opened.
            found = next((s for s in load_home(home_file).sensors if s.id == found.id), found)
        new = described(found, said.text)
        changed = {k: v for k, v in (("room", new.room), ("object", new.object)) if v != getattr(found, k)}
        if not changed:
            raise ConfigError(
                f"Sensor {new.id} is {sensor_words(new)} already, so there is nothing to correct."
            )
        values["sensor"] = new.model_dump()
        correction = config_from_mapping(values, Correction, source="the correction")
        if home_file is None:
            return self.file.add(correction, self.opened.windows)
        refuse_sensor_twice(self.items, correction)
        text = read_text(home_file, error=ConfigError)
        write_text(home_file, yaml_with(text, str(home_file), ("sensors", "id", new.id), changed))
        return correction

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

    def _sensor(self, home: str, said: Said, given: str | None, active: Sequence[str]) -> Sensor:
        """The sensor that a sentence means, as it is described now."""
        sensors = self.opened.window_set.homes[home].sensors
        ids, name = [s.id for s in sensors], given or said.about
        if self.opened.prepared is None:
            raise ConfigError(
                f"A trained model has learned what its sensors are, so {name or 'none'} can be renamed "
                "in it. Correct the home's YAML and train again, or open the raw log."
            )
        found = [s for s in sensors if s.id == name] or [
            s for s in sensors if (_plain(s.id) == _plain(name) if name else s.id in active)
        ]
        if not found and name:
            raise ConfigError(f"Home {home} has no sensor '{name}'. {closest(name, ids)}")
        wrong = _plain(re.sub(r"^(?:the|an?) ", "", said.wrong))
        found = [s for s in found if wrong and wrong in (_plain(s.object or ""), _plain(s.room))] or found
        if len(found) != 1:
            named = ", ".join(f"{s.id} ({sensor_words(s)})" for s in found[:8]) or "no sensor"
            named += f" and {len(found) - 8:,} more" if len(found) > 8 else ""
            raise ConfigError(
                f"It is not said which sensor is '{said.text}', and active there: {named}. Name it, such as "
                f"'{found[0].id if found else ids[0]} is the {said.text}', or give a shorter stretch."
            )
        return found[0]

    def _active(self, about: dict[str, Any]) -> list[str]:
        """Ids of the sensors that somebody set off in a stretch or in windows."""
        meant = config_from_mapping(about, Correction, source="the correction")
        spans = (
            self.opened.windows[rows_of(meant, self.opened.windows).tolist()].select("start", "end").rows()
        )
        if meant.begin is not None and meant.end is not None:
            spans = [(meant.begin, meant.end)]
        log = self.opened.window_set.logs[meant.home]
        caused = log.events.filter(pl.Series(person_mask(log.events, log.home)))
        inside = pl.any_horizontal(pl.lit(value=False), *(pl.col("time").is_between(b, e) for b, e in spans))
        return caused.filter(inside)["sensor"].cast(pl.String).unique().sort().to_list()


def sensor_words(sensor: Sensor) -> str:
    """What a sensor watches and where: "fridge in kitchen"."""
    room = "" if sensor.room == UNKNOWN_ROOM else sensor.room.replace("_", " ")
    return " in ".join(filter(None, (sensor.object, room))) or "not known what"


def _plain(name: str) -> str:
    """A name without case and signs: "Kitchen A" and "kitchen_a" are one."""
    return "".join(c for c in name.lower() if c.isalnum())


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
