"""What the routes of the app take and give (docs/reference/app_api.md).

Every time is local wall clock, as in the log. In JSON and in columns it is a number: milliseconds since
1970-01-01T00:00 of that clock. A browser shows it with the UTC getters of `Date`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from discover.core.config import StrictModel
from discover.core.home import SensorType
from discover.retrieval.config import QueryWordsUse

__all__ = [
    "LONGEST_MS",
    "Answered",
    "AppFacts",
    "AskRequest",
    "Chip",
    "ChipKind",
    "Day",
    "Days",
    "Edge",
    "Filters",
    "Hit",
    "Hits",
    "HomeFacts",
    "HomeLine",
    "Job",
    "JobKind",
    "Moment",
    "MomentEvent",
    "Ms",
    "Point",
    "Problem",
    "Reply",
    "Room",
    "SearchRequest",
    "SensorFacts",
    "Share",
    "Span",
    "Stay",
    "Why",
]

Ms = float
"""Milliseconds since 1970-01-01T00:00, wall clock of the home."""

LONGEST_MS = 253_402_300_800_000
"""The end of the year 9999."""

Point = tuple[float, float]
Share = Annotated[float, Field(ge=0, le=1)]


JobKind = Literal["open", "recognise", "map", "clusters", "learn"]
"""What a job does."""


class Reply(BaseModel):
    """What the server answers; a settings model without limits, since nothing of it is read from outside."""

    model_config = StrictModel.model_config


class Span(Reply):
    """A stretch of time, end not included."""

    begin: Ms
    end: Ms


class Job(Reply):
    """Work in the background. `GET api/progress` sends one whenever it changes."""

    id: str
    """Unique: `<home>/<what>`."""
    home: str
    """Id of the home it works for."""
    what: JobKind
    state: Literal["waiting", "working", "ready", "failed"]
    title: str = ""
    """What is done now, in words: "encoding captions"."""
    done: int = 0
    total: int | None = None
    """Units of the current piece of work; null: unknown."""
    note: str = ""
    error: str = ""
    """Why it failed, for people."""


class HomeLine(Reply):
    """One home of the app."""

    id: str
    """Stands in the address of its routes."""
    name: str
    title: str = ""
    source: str
    """The log or the model folder, as it was given."""
    trained: bool = False
    """Whether a trained model answers; else captions and the shipped network."""
    state: Literal["waiting", "working", "ready", "failed"]
    """Only a ready home answers the routes of a home; the others answer 409."""
    error: str = ""


class AppFacts(Reply):
    """`GET api/app`."""

    version: str
    writable: bool
    """Corrections and plans are stored; else these routes answer 403."""
    uploads: bool
    """Logs are taken by `POST api/upload`."""
    max_upload_bytes: int
    homes: tuple[HomeLine, ...]


class Room(Reply):
    """A room with its place on the plan."""

    room: str
    """As in the home file: `living_room`."""
    name: str
    """In plain words: "living room"."""
    x: float
    y: float
    """Middle of the room in [0, 1], origin top left: of its sensors, or laid out from transitions."""
    outline: tuple[Point, ...] = ()
    """Corners that were drawn in the plan editor, in [0, 1]; empty: none."""
    events: int
    """Events of its sensors."""


class Edge(Reply):
    """How often people went from one room straight to the other, both ways together."""

    a: str
    b: str
    count: int


class SensorFacts(Reply):
    """One sensor. Its place in `HomeFacts.sensors` is its code in columns."""

    sensor: str
    type: SensorType
    room: str
    object: str | None = None
    x: float
    y: float
    """In [0, 1], origin top left. From the home file or the plan editor; else near the middle of its room."""
    placed: bool
    """Whether the place is known; else it is made from the room's."""
    events: int
    is_activity: bool
    """False for device health; such events are shown only when asked for."""


class HomeFacts(Reply):
    """`GET api/homes/{home}`."""

    id: str
    name: str
    title: str
    source: str
    trained: bool
    time_zone: str
    residents: int
    span: Span
    """First to last event."""
    holes: tuple[Span, ...]
    """Stretches of more than twelve hours without any event."""
    events: int
    windows: int
    plan: Literal["known", "drawn", "graph"]
    """Where places come from: the home file, the plan editor, or a graph laid out from transitions."""
    plan_aspect: float
    """Width of the plan divided by its height."""
    rooms: tuple[Room, ...]
    edges: tuple[Edge, ...]
    sensors: tuple[SensorFacts, ...]
    states: tuple[str, ...]
    """Names behind the codes of the column `state`."""
    activities: tuple[str, ...]
    """What recognition looks for, in order of their codes; for the list of a correction."""
    notes: tuple[str, ...]
    """What is guessed or missing in the description of the home."""
    rows_by: tuple[str, ...]
    """What `changes` can count: room, object, company, cluster, activity."""


class Filters(StrictModel):
    """Conditions that a window must meet, as `SearchFilters` takes them; a condition left out passes all."""

    after: Ms | None = Field(default=None, ge=-LONGEST_MS, le=LONGEST_MS)
    before: Ms | None = Field(default=None, ge=-LONGEST_MS, le=LONGEST_MS)
    hours: tuple[float, float] | None = None
    weekdays: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    min_duration_s: float = Field(default=0.0, ge=0, le=1e9)
    max_duration_s: float | None = Field(default=None, ge=0, le=1e9)
    clusters: tuple[int, ...] = ()


class SearchRequest(StrictModel):
    """`POST api/homes/{home}/search`."""

    query: str = Field(max_length=2_000)
    k: int = Field(default=10, ge=1, le=200)
    filters: Filters = Filters()
    without: tuple[str, ...] = ()
    """`Chip.id` of conditions that were taken away."""
    query_words: QueryWordsUse = "prefer"


ChipKind = Literal["place", "absence", "duration", "movement", "stillness", "time", "count", "other"]


class Chip(Reply):
    """A condition that was read from the sentence."""

    id: str
    """Stays the same while the sentence does; goes into `SearchRequest.without`."""
    words: str
    """The words of the sentence."""
    meaning: str
    kind: ChipKind
    active: bool
    """False: it was taken away and does nothing."""


class Why(Reply):
    """How far a hit meets one condition."""

    chip: str
    """`Chip.id`."""
    met: Share


class Hit(Reply):
    """A moment that answers a question."""

    rank: int
    row: int
    """Row of its best window; goes into `moment` and `similar`."""
    window: str
    """Id of that window."""
    begin: Ms
    end: Ms
    score: float
    """Cosine of the best window with the sentence."""
    met: Share
    """How far the best window meets the conditions, all together."""
    why: tuple[Why, ...]
    captions: tuple[str, ...]
    rooms: tuple[str, ...]
    """Rooms in order of visit, as in the home file."""
    objects: tuple[str, ...]
    lines: tuple[str, ...]
    """Its events in words."""
    split: str
    activity: str = ""
    """Recognised activity, where that is ready; empty else."""
    unit: str = "window"  # or windows, episode
    reason: str = ""
    """What showed an episode, and the words of captions that the question shares."""


class Hits(Reply):
    """Answer of `search` and `similar`."""

    query: str
    how: str
    """How answers were found: "captions only, exact search"."""
    compared: str
    """The text that was compared by meaning: the sentence without what it negates."""
    note: str
    """A remark for people; empty: none."""
    ranked_by_words: bool
    chips: tuple[Chip, ...]
    hits: tuple[Hit, ...]
    windows: int
    """Windows that were searched."""
    took_ms: float


class AskRequest(StrictModel):
    """`POST api/homes/{home}/ask`."""

    question: str = Field(max_length=2_000)
    k: int = Field(default=10, ge=1, le=200)
    """Moments to send along."""


class Answered(Reply):
    """Answer of `ask`: what `discover ask` says."""

    asks: str
    """find, how often, how long, when, first, last, how many people or compare."""
    understood: tuple[str, ...]
    unread: tuple[str, ...]
    """Words that mean something and were not understood."""
    said: str
    """The answer in a sentence or two; empty where it is refused."""
    refusal: str
    """Why no log of home sensors can answer; empty else."""
    read_from: tuple[str, ...]
    notes: tuple[str, ...]
    value: float | None = None
    low: float | None = None
    high: float | None = None
    """95 % interval of the number."""
    unit: str = ""
    """Unit of `values`: "times", "hours" or "o'clock"."""
    days: tuple[str, ...] = ()
    values: tuple[float | None, ...] = ()
    """What the number was made of, one value per day."""
    moments: tuple[Span, ...]
    """Behind the answer, the latest first."""
    n_moments: int


class MomentEvent(Reply):
    """One event of a moment."""

    t: Ms
    sensor: int
    """Code: place in `HomeFacts.sensors`."""
    state: str
    value: float | None = None
    kind: Literal["begin", "end", "reading"]
    person: bool
    """Whether a person caused it."""
    row: int
    """Row of the event table."""


class Stay(Reply):
    """A stay in one room, from the first to the last event that shows a person there."""

    room: str
    begin: Ms
    end: Ms
    events: int


class Moment(Reply):
    """`GET api/homes/{home}/moment`."""

    begin: Ms
    end: Ms
    row: int | None
    """Row of the window nearest to the middle; null where there is none."""
    rows: tuple[int, ...]
    """Rows of the windows inside."""
    events: tuple[MomentEvent, ...]
    total: int
    """Events inside; `events` holds the first 5,000."""
    path: tuple[Stay, ...]
    lines: tuple[str, ...]
    captions: tuple[str, ...]
    activities: tuple[str, ...]
    """Recognised activities inside, the longest first; empty until that is ready."""


class Day(Reply):
    """One day of the log."""

    day: str
    """2024-01-31."""
    begin: Ms
    events: int
    windows: int
    first: Ms | None
    last: Ms | None
    """First and last event that shows a person."""
    rise: Ms | None
    rest: Ms | None
    """Begin of the first and end of the last busy hour, from 4:00 to 4:00 of the next day. An hour is busy
    with a quarter of the events that an hour between 8:00 and 20:00 has in this home, at least two."""
    hours: dict[str, float]
    """Hours per recognised activity; empty until recognition is ready."""


class Days(Reply):
    """`GET api/homes/{home}/days`."""

    days: tuple[Day, ...]


class Problem(Reply):
    """Body of every answer that is no success."""

    error: str
    """What is wrong, what was found, what to do."""
    job: Job | None = None
    """With 202: the work that makes the answer; ask again when it is ready."""
