"""One home of the app: its facts, and what is made of it once and kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.api.clusters_result import ClustersResult
from discover.api.opened import OpenedHome
from discover.api.recognition_result import RecognitionResult
from discover.app.columns import NO_CODE
from discover.app.contract import Edge, HomeFacts, Room, SensorFacts, Span
from discover.app.contract_patterns import Plan
from discover.app.event_arrays import EventArrays, times_ms
from discover.app.plan_file import read_plan, write_plan
from discover.app.rooms import place_rooms, room_edges
from discover.changes.countable import countable_by
from discover.core.config import closest
from discover.core.errors import ConfigError
from discover.core.home import Home
from discover.core.progress import Progress
from discover.core.window_set import WindowSet
from discover.homes import everyday_activities, guess_notes
from discover.recognition import UNKNOWN
from discover.serving.asker import Asker
from discover.serving.described_windows import room_words
from discover.serving.search import Searcher

__all__ = ["HomeView", "Recognised"]


@dataclass(frozen=True, eq=False)
class Recognised:
    """What was recognised.

    Attributes:
        names: Activities by code.
        begin, end: (N,) milliseconds of each segment, sorted.
        activity: (N,) code.
        confidence: (N,).
        windows: (N,) number of windows.
        of_window: (W,) code of each window.
        how, note: For people.
    """

    names: tuple[str, ...]
    begin: NDArray[np.float64]
    end: NDArray[np.float64]
    activity: NDArray[np.uint16]
    confidence: NDArray[np.float32]
    windows: NDArray[np.uint32]
    of_window: NDArray[np.uint16]
    how: str
    note: str


class HomeView:
    """One home of an opened log or model, with everything that answers keep in memory.

    Args:
        key: Its id in the app.
        opened: The log or model.
        name: Which of its homes.
        source: The path as it was given.
    """

    def __init__(self, key: str, opened: OpenedHome, name: str, source: str) -> None:
        self.key, self.opened, self.name, self.source = key, opened, name, source
        self.several = len(opened.window_set.logs) > 1
        self.trained = opened.prepared is None
        self.plan_file: Path = opened.corrections.file.path.parent / f"plan_{name}.json"
        self.plan: Plan = read_plan(self.plan_file)

    @cached_property
    def searcher(self) -> Searcher:
        """What answers questions about this home."""
        found = self.opened.searcher
        return found.of_home(self.name) if self.several else found

    @cached_property
    def asker(self) -> Asker:
        """What answers questions that are no search: how often, how long, when."""
        return Asker(self.searcher, self.name)

    @property
    def window_set(self) -> WindowSet:
        """This home's windows and events."""
        return self.searcher.window_set

    @property
    def home(self) -> Home:
        """Its description."""
        return self.window_set.home

    @property
    def windows(self) -> pl.DataFrame:
        """`retrieval.WINDOW_FACTS`; the number of a row is what the routes call `row`."""
        return self.searcher.index.windows

    @cached_property
    def events(self) -> EventArrays:
        """The events."""
        return EventArrays.of(self.window_set.events, self.home)

    @cached_property
    def begin(self) -> NDArray[np.float64]:
        """(W,) begin of each window, milliseconds."""
        return times_ms(self.windows["start"])

    @cached_property
    def end(self) -> NDArray[np.float64]:
        """(W,) just after the last event of each window, milliseconds."""
        return times_ms(self.windows["end"]) + 1.0

    @cached_property
    def captions(self) -> list[list[str]]:
        """Captions of each window, in their order."""
        own = self.opened.captions.group_by("window_id", maintain_order=True).agg("caption")
        joined = self.windows.select("window_id").join(own, on="window_id", how="left", maintain_order="left")
        return [texts or [] for texts in joined["caption"].to_list()]

    @cached_property
    def row_of(self) -> Mapping[str, int]:
        """Row of each window's id."""
        return {name: row for row, name in enumerate(self.windows["window_id"].to_list())}

    @cached_property
    def activities(self) -> tuple[str, ...]:
        """What recognition may answer, by code."""
        listed = self.home.activities or everyday_activities()
        return (*(a.label for a in listed), UNKNOWN)

    @property
    def has_clusters(self) -> bool:
        """Whether its windows were clustered."""
        return any(self.opened.folder.glob(f"clusters_{self.opened.samplings[0].name}_*/clusters.json"))

    def find_clusters(self, progress: Progress) -> ClustersResult:
        """Recurring behaviour: found for a raw log, read for a model that has clusters."""
        progress.start("finding what recurs")
        return self.opened.clusters()

    @property
    def countable(self) -> list[str]:
        """What changes can count, simplest first."""
        able = {"room", "object", "company"} | ({"activity"} if self.trained else set())
        able |= {"cluster"} if self.has_clusters else set()
        return [by for by in countable_by(self.home) if by in able]

    @cached_property
    def _edges(self) -> list[Edge]:
        return room_edges(self.events)

    def facts(self) -> HomeFacts:
        """What the app shows of the home at once."""
        events, home, plan = self.events, self.home, self.plan
        rooms, sensors = self._placed()
        drawn = bool(plan.sensors or plan.outlines)
        known = home.floor_plan is not None and any(s.x is not None for s in home.sensors)
        return HomeFacts(
            id=self.key,
            name=home.name,
            title=home.title,
            source=self.source,
            trained=self.trained,
            time_zone=home.time_zone,
            residents=home.residents,
            span=Span(begin=events.begin, end=events.end),
            holes=tuple(Span(begin=b, end=e) for b, e in events.holes.tolist()),
            events=len(events.time),
            windows=len(self.windows),
            plan="drawn" if drawn else "known" if known else "graph",
            plan_aspect=home.floor_plan.width / home.floor_plan.height if home.floor_plan else 1.0,
            rooms=tuple(rooms),
            edges=tuple(self._edges),
            sensors=tuple(sensors),
            states=events.states,
            activities=self.activities,
            notes=tuple(guess_notes(home)),
            rows_by=tuple(self.countable),
        )

    def draw(self, plan: Plan) -> None:
        """Store what was drawn.

        Raises:
            ConfigError: It names a sensor that the home lacks.
        """
        known = {s.id for s in self.events.sensors}
        strange = sorted(set(plan.sensors) - known)
        if strange:
            raise ConfigError(
                f"The plan places a sensor {strange[0][:40]!r}, which this home lacks. "
                f"{closest(strange[0], known)}"
            )
        write_plan(self.plan_file, plan)
        self.plan = plan

    def row(self, row: int) -> int:
        """A row that there is.

        Raises:
            ConfigError: There is no such window.
        """
        if not 0 <= row < len(self.windows):
            raise ConfigError(
                f"There is no window {row:,}; the home has {len(self.windows):,}, numbered from 0."
            )
        return row

    def rows_in(self, begin: float, end: float) -> list[int]:
        """Rows of the windows that share a moment with [begin, end)."""
        found: list[int] = np.flatnonzero((self.begin < end) & (self.end > begin)).tolist()
        return found

    def recognise(self, progress: Progress) -> Recognised:
        """Recognise the activities of all windows; takes seconds to minutes."""
        progress.start("recognising activities")
        return self.read(self.opened.recognise(home=self.name if self.several else None))

    def read(self, result: RecognitionResult) -> Recognised:
        """What was recognised in all windows, as it is shown."""
        found = result.segments
        extra = sorted(set(result.timeline["activity"]) - set(self.activities))
        names = (*self.activities, *extra)
        code = {name: k for k, name in enumerate(names)}
        joined = self.windows.select("window_id").join(
            result.timeline.select("window_id", "activity"), on="window_id", how="left", maintain_order="left"
        )
        of_window = [code.get(name, NO_CODE) for name in joined["activity"].to_list()]
        return Recognised(
            names,
            times_ms(found["start"]),
            times_ms(found["end"]),
            np.array([code[name] for name in found["activity"].to_list()], dtype=np.uint16),
            found["confidence"].to_numpy().astype(np.float32),
            found["n_windows"].to_numpy().astype(np.uint32),
            np.array(of_window, dtype=np.uint16),
            result.found.method,
            result.found.note,
        )

    def _placed(self) -> tuple[list[Room], list[SensorFacts]]:
        names = room_words(self.home)
        return place_rooms(self.events, names, self._edges, self.home.floor_plan, self.plan)
