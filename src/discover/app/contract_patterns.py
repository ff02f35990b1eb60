"""What the routes of clusters, changes, days, corrections and the plan take and give."""

from typing import Literal

from pydantic import Field

from discover.app.contract import LONGEST_MS, Ms, Point, Reply, Share
from discover.core.config import StrictModel

__all__ = [
    "Change",
    "Changes",
    "Cluster",
    "Clusters",
    "Correction",
    "Corrections",
    "ExportFormat",
    "ExportRequest",
    "ExportWhat",
    "NewCorrection",
    "Now",
    "Plan",
    "PlanSensor",
    "TypicalDay",
    "TypicalRow",
    "UnusualDay",
    "UnusualDays",
]


class Cluster(Reply):
    """Recurring behaviour."""

    id: int
    title: str
    sentence: str
    windows: int
    share: Share
    when: str
    hours: tuple[float, ...]
    """24 shares: when in the day."""
    examples: tuple[int, ...]
    """Rows of typical windows."""


class Clusters(Reply):
    """`GET api/homes/{home}/clusters`."""

    available: bool
    reason: str = ""
    """Why there are none, and what to do."""
    name: str = ""
    clusters: tuple[Cluster, ...] = ()


class Change(Reply):
    """One measure in two periods."""

    thing: str
    measure: str
    found: bool
    """Whether it passes the false discovery rate."""
    direction: str
    words: str
    """"more by 20 min a day", or "-" where nothing is certain."""
    baseline: float
    period: float
    difference: float
    low: float
    high: float
    """95 % interval of the difference."""
    q_value: float


class Changes(Reply):
    """`GET api/homes/{home}/changes`."""

    baseline: str
    period: str
    by: str
    baseline_days: int
    period_days: int
    changes: tuple[Change, ...]
    note: str


class TypicalRow(Reply):
    """One room or activity over the day."""

    thing: str
    share: tuple[float, ...]
    """Per bin, mean share of the bin's minutes in it, over the days."""


class TypicalDay(Reply):
    """`GET api/homes/{home}/typical-day`."""

    by: Literal["room", "activity"]
    bins: int
    """Bins of a day; the first begins at midnight."""
    days: int
    rows: tuple[TypicalRow, ...]


class UnusualDay(Reply):
    """A day unlike the others."""

    day: str
    score: float
    """Distance from the mean of the other days of its kind, in [0, 1]."""
    p_value: float
    """Share of days expected at least as far."""
    stays: bool
    """Whether it stays unusual when all days that were looked at are allowed for."""
    reasons: tuple[str, ...]


class UnusualDays(Reply):
    """`GET api/homes/{home}/unusual-days`: the most unusual first."""

    available: bool
    reason: str = ""
    days: tuple[UnusualDay, ...] = ()


class Now(Reply):
    """`GET api/homes/{home}/now`: the end of the log, which is as late as its last import."""

    time: Ms
    """When the log ends."""
    day: str
    """The day of that time."""
    activity: str | None = None
    """The activity that was recognised last; null: not sure."""
    since: Ms | None = None
    until: Ms | None = None
    """When it began, and when the last window that shows it ended."""
    confidence: float | None = None
    unusual: bool | None = None
    """Whether the day so far is unlike the same hours of others of its kind; null: it cannot be said."""
    p_value: float | None = None
    """Share of days expected at least as far."""
    reason: str = ""
    """What there was more or less of, or why it cannot be said."""


class NewCorrection(StrictModel):
    """`POST api/homes/{home}/corrections`: what was truly done, or the name of a selection."""

    kind: Literal["activity", "name"]
    """activity: this stretch was this activity. name: a selection of windows gets a name."""
    text: str = Field(min_length=1, max_length=200)
    """The activity or the name."""
    begin: Ms | None = Field(default=None, ge=-LONGEST_MS, le=LONGEST_MS)
    end: Ms | None = Field(default=None, ge=-LONGEST_MS, le=LONGEST_MS)
    """The stretch; with `rows` empty, all windows inside are meant."""
    rows: tuple[int, ...] = Field(default=(), max_length=200_000)
    """Rows of windows."""
    note: str = Field(default="", max_length=2_000)


class Correction(Reply):
    """A stored correction."""

    id: str
    made: str
    """When it was stored: ISO, UTC."""
    kind: Literal["activity", "name"]
    text: str
    begin: Ms
    end: Ms
    windows: tuple[str, ...]
    """Ids of the windows that it is about."""
    note: str = ""


class Corrections(Reply):
    """`GET api/homes/{home}/corrections`: those that hold, in order of time stored."""

    corrections: tuple[Correction, ...]
    learned: bool
    """Whether answers already follow them."""
    note: str = ""


class PlanSensor(StrictModel):
    """A sensor that was moved or renamed in the plan editor."""

    x: float = Field(ge=0, le=1)
    y: float = Field(ge=0, le=1)


class Plan(StrictModel):
    """`PUT api/homes/{home}/plan`: replaces what was drawn before."""

    sensors: dict[str, PlanSensor] = Field(default={}, max_length=20_000)
    """Sensor id -> its place."""
    outlines: dict[str, tuple[Point, ...]] = Field(default={}, max_length=1_000)
    """Room -> corners."""


ExportWhat = Literal["events", "windows", "activities", "corrections", "plan"]
ExportFormat = Literal["csv", "parquet", "ics", "yaml"]


class ExportRequest(StrictModel):
    """`POST api/homes/{home}/export`: a selection as a file."""

    what: ExportWhat
    format: ExportFormat
    rows: tuple[int, ...] = Field(default=(), max_length=200_000)
