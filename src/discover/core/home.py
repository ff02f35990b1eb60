"""What a home is: its sensors, rooms, floor plan, residents, labels and prompts."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

import polars as pl
from pydantic import Field, model_validator

from discover.core.config import StrictModel
from discover.core.names import PathName

__all__ = [
    "NO_ACTIVITY",
    "UNKNOWN_ROOM",
    "Activity",
    "FloorPlan",
    "Home",
    "Sensor",
    "SensorType",
    "homes_from_plain",
    "homes_to_plain",
]

NO_ACTIVITY = "no_activity"
"""Label of a window that no annotation covers to at least half of its events."""

UNKNOWN_ROOM = "unknown_room"

SensorType = Literal[
    "motion",
    "door",
    "item",
    "temperature",
    "light",
    "power",
    "water",
    "burner",
    "phone",
    "pressure",
    "control",
    "battery",
    "unknown",
]


class Sensor(StrictModel):
    """One device that writes events."""

    id: str = Field(min_length=1)
    """The id in the log, for example M012."""
    type: SensorType = "unknown"
    """What kind of thing it senses."""
    room: str = UNKNOWN_ROOM
    """Room in snake_case, for example master_bedroom."""
    object: str | None = None
    """What the sensor watches, in plain words: "fridge", "front door"."""
    x: float | None = Field(default=None, ge=0, le=1_000_000)
    """Position in floor-plan units, origin top left, x to the right."""
    y: float | None = Field(default=None, ge=0, le=1_000_000)
    """Position in floor-plan units, origin top left, y downwards."""
    is_activity: bool = True
    """False for device health (battery, radio): kept in the event table, left out of windows."""

    @model_validator(mode="after")
    def _xy_together(self) -> "Sensor":
        if (self.x is None) != (self.y is None):
            raise ValueError(f"sensor {self.id}: give both x and y, or neither")
        return self


class FloorPlan(StrictModel):
    """Size of the plan on which sensor positions are measured; normalising divides by it."""

    width: float = Field(gt=0, le=1_000_000)
    """Width in floor-plan units (pixels of the published picture, or centimetres)."""
    height: float = Field(gt=0, le=1_000_000)
    """Height in the same units."""


class Activity(StrictModel):
    """One activity label of a home and the sentences that stand for it. Evaluation only."""

    label: str = Field(min_length=1)
    """Label as scored: snake_case, harmonised spelling, residents removed."""
    raw: tuple[str, ...] = ()
    """Spellings in the log that mean this label."""
    coarse: str = "other"
    """Coarse label shared between homes."""
    name: str = ""
    """The label's own words: the prompt of the `name` set; the shipped network always reads it."""
    described: tuple[str, ...] = ()
    """Prompts of the `described` set: plain sentences by someone who never saw the home."""


class Home(StrictModel):
    """One instrumented dwelling.

    A home read from a YAML file may lack sensors that its log has; importing a log returns a
    completed home, saved beside the events as `home.yaml`.
    """

    name: PathName = Field(pattern=r"^[a-z0-9][a-z0-9_.\-]*$")
    """Short id in lower case, used in paths and window ids."""
    family: PathName = Field(default="casas", pattern=r"^[a-z0-9][a-z0-9_.\-]*$")
    """Data family, the folder above the home's: casas, simulated, own."""
    title: str = ""
    """One line for people."""
    time_zone: str = "UTC"
    """IANA zone of the log's wall-clock times. Only times that carry an offset are converted to it."""
    latitude: float | None = Field(default=None, ge=-90, le=90)
    """Degrees to the north, for sunrise and sunset; one decimal is enough."""
    longitude: float | None = Field(default=None, ge=-180, le=180)
    """Degrees to the east."""
    residents: int = Field(default=1, ge=0, le=1_000)
    """People living there (0: scripted visitors only)."""
    pets: bool = False
    """Whether a pet also triggers motion sensors."""
    floor_plan: FloorPlan | None = None
    """Size of the floor plan; None when positions are unknown."""
    sensors: tuple[Sensor, ...] = ()
    """All known sensors, in order of id."""
    activities: tuple[Activity, ...] = ()
    """Labels with prompts, for evaluation."""
    session_files: str = ""
    """How the files of a log in several files are called: `*` any text, `{label}` the label of all events of
    the file, `{resident}` the number of the person. `p*.{label}` reads `p17.t1` as the label `t1`."""
    source: str = ""
    """Where the facts come from, and how to cite the data."""

    @model_validator(mode="after")
    def _session_files_name_a_label(self) -> "Home":
        text = self.session_files
        rest = text.replace("{label}", "", 1).replace("{resident}", "", 1)
        if text and ("{label}" not in text or "{" in rest or "}" in rest or text.count("*") > 3):
            raise ValueError(
                f"session_files '{text}' needs {{label}} once, and besides it only text, {{resident}} once "
                "and at most three *; for example p*.{label}"
            )
        return self

    @model_validator(mode="after")
    def _place_together(self) -> "Home":
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("give both latitude and longitude, or neither")
        return self

    @model_validator(mode="after")
    def _consistent(self) -> "Home":
        ids = [s.id for s in self.sensors]
        repeated = sorted(i for i, n in Counter(ids).items() if n > 1)
        if repeated:
            raise ValueError(f"sensors listed twice: {', '.join(repeated)}")
        plan = self.floor_plan
        for s in self.sensors:
            if s.x is None or s.y is None:
                continue
            if plan is None:
                raise ValueError(f"sensor {s.id} has x/y but the home has no floor_plan size")
            if not (0 <= s.x <= plan.width and 0 <= s.y <= plan.height):
                raise ValueError(f"sensor {s.id} at ({s.x}, {s.y}) lies outside the floor plan")
        seen: dict[str, str] = {}
        for activity in self.activities:
            for raw in {*activity.raw, activity.label}:
                if seen.setdefault(raw, activity.label) != activity.label:
                    raise ValueError(f"label '{raw}' belongs to both {seen[raw]} and {activity.label}")
        return self

    def sensor(self, sensor_id: str) -> Sensor:
        """The sensor with this id; an unknown id gives a sensor of unknown type and room."""
        return next((s for s in self.sensors if s.id == sensor_id), Sensor(id=sensor_id))

    def label_of(self, raw: str) -> str:
        """Scored label of a raw spelling; an unlisted spelling is kept in snake_case."""
        for activity in self.activities:
            if raw == activity.label or raw in activity.raw:
                return activity.label
        return raw.strip().lower().replace(" ", "_").replace("-", "_")

    def coarse_of(self, label: str) -> str:
        """Coarse label of a scored label."""
        return next((a.coarse for a in self.activities if a.label == label), "other")

    def sensor_table(self) -> pl.DataFrame:
        """One row per sensor: sensor, type, room, object, x, y (normalised to [0, 1]), is_activity.

        x and y are null where unknown. Row order = `self.sensors`.
        """
        plan = self.floor_plan
        rows = [
            {
                "sensor": s.id,
                "type": s.type,
                "room": s.room,
                "object": s.object,
                "x": None if s.x is None or plan is None else s.x / plan.width,
                "y": None if s.y is None or plan is None else s.y / plan.height,
                "is_activity": s.is_activity,
            }
            for s in self.sensors
        ]
        return pl.DataFrame(
            rows,
            schema={
                "sensor": pl.String,
                "type": pl.String,
                "room": pl.String,
                "object": pl.String,
                "x": pl.Float32,
                "y": pl.Float32,
                "is_activity": pl.Boolean,
            },
        )


def homes_to_plain(homes: Mapping[str, Home]) -> Any:
    """Homes as plain data for a checkpoint: a mapping for one home, a list of them for several."""
    plain = [home.model_dump(mode="json") for home in homes.values()]
    return plain[0] if len(plain) == 1 else plain


def homes_from_plain(data: Any) -> dict[str, Home]:
    """Inverse of `homes_to_plain`: homes by name."""
    homes = [Home.model_validate(one) for one in (data if isinstance(data, list) else [data])]
    return {home.name: home for home in homes}
