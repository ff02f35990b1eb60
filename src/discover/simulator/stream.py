"""The stream of a simulation: final messages with their annotation marks, day after day.

Only about two days are in memory at a time, so any number of days can be written.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from discover.core.home import Home
from discover.core.progress import SILENT, Progress
from discover.core.seeds import derive_seed
from discover.simulator.annotate import Annotation, place_markers
from discover.simulator.behaviours import BEHAVIOUR_INDEX
from discover.simulator.config import SimulatorConfig
from discover.simulator.day_plan import Episode
from discover.simulator.household import UNIT_BORDER_S, Household
from discover.simulator.labels import raw_labels
from discover.simulator.movement import SeenMovement, concatenate
from discover.simulator.rooms import build_room_graph
from discover.simulator.sensing import (
    Messages,
    SensorStates,
    join_messages,
    no_messages,
    spurious,
    state_pairs,
    temperature_readings,
)
from discover.simulator.tables import build_tables

__all__ = ["Simulation"]

_DAY_US = 86_400_000_000
_LEAVE, _ENTER = BEHAVIOUR_INDEX["leave"], BEHAVIOUR_INDEX["enter"]
_DOOR_SHUTS_S = 15.0


class Simulation:
    """One run of the simulator; `messages` may be called once.

    Attributes:
        sensor_names: Sensor id by code.
        labels: Raw label by annotation number (the absolute value of a mark).
    """

    def __init__(self, home: Home, config: SimulatorConfig) -> None:
        self._config = config
        self._graph = build_room_graph(home)
        n_residents = config.residents or max(home.residents, 1)
        self._household = Household(config, n_residents, home.pets if config.pet is None else config.pet)
        self._raw_labels = raw_labels(home, n_residents)
        self.sensor_names = [s.id for s in self._graph.sensors]
        self.labels: list[str] = [""]
        self._hold_s = np.array([self._rng("hold", name).uniform(1.2, 4.6) for name in self.sensor_names])
        self._movement = SeenMovement(self._graph, build_tables(self._graph, n_residents), self._hold_s)
        self._states = SensorStates(state_pairs(self._graph))
        self._last_reading = np.full(len(self.sensor_names), np.nan)
        self._open: list[Annotation] = []
        self._label_ends_us: dict[str, int] = {}

    def messages(self, progress: Progress = SILENT) -> Iterator[Messages]:
        """Final pieces of the log in order of time."""
        end_us = self._config.days * _DAY_US
        pending = np.zeros((4, 0), dtype=np.int64)
        kept = no_messages()
        progress.start("simulating", total=self._config.days)
        for day in range(-1, self._config.days):
            last = day == self._config.days - 1
            final_us = (day + 1) * _DAY_US + int(UNIT_BORDER_S * 1e6)
            episodes = self._household.day(day)
            pending = np.concatenate([pending, self._activations(day, episodes)], axis=1)
            ready = pending[1] < final_us
            sent = self._states.messages(*pending[:, ready])
            fresh = self._received(day, join_messages([sent, self._temperatures(day, episodes)]), end_us)
            pending = pending[:, ~ready]
            kept = join_messages([kept, fresh])
            kept = kept.rows(np.argsort(kept.time_us, kind="stable"))
            self._open += self._annotated(day, episodes, end_us)
            settled_us = self._mark(kept, final_us, last=last)
            n_settled = int(np.searchsorted(kept.time_us, settled_us))
            if n_settled:
                yield kept.rows(np.arange(n_settled))
                kept = kept.rows(np.arange(n_settled, len(kept)))
            if day >= 0:
                progress.advance(note=f"day {day + 1}")
        progress.finish()

    def _rng(self, purpose: str, *parts: str | int) -> np.random.Generator:
        return np.random.default_rng(derive_seed(self._config.seed, purpose, *parts))

    def _activations(self, day: int, episodes: Sequence[Episode]) -> NDArray[np.int64]:
        """Rows sensor, begin, end (microseconds) and who of one day's activations, (4, T)."""
        found = [self._movement.activations(episodes, self._rng("movement", day))]
        noise = spurious(
            self._graph, self._hold_s, self._config.noise_per_hour, 24.0, self._rng("noise", day)
        )
        noise.begin_s[:] += UNIT_BORDER_S
        noise.end_s[:] += UNIT_BORDER_S
        every = concatenate([*found, noise])
        begin = day * _DAY_US + np.round(every.begin_s * 1e6).astype(np.int64)
        end = day * _DAY_US + np.round(every.end_s * 1e6).astype(np.int64)
        rows = np.stack([every.sensor, begin, end, every.who])
        return rows[:, begin >= 0]

    def _temperatures(self, day: int, episodes: Sequence[Episode]) -> Messages:
        return temperature_readings(
            self._graph,
            day,
            UNIT_BORDER_S,
            np.array([e.behaviour for e in episodes], dtype=np.int64),
            np.array([e.begin_s for e in episodes]),
            np.array([e.end_s for e in episodes]),
            self._last_reading,
            self._rng("temperature", day),
        )

    def _received(self, day: int, messages: Messages, end_us: int) -> Messages:
        """What reaches the log: not the missed share, nothing before its begin or after its end."""
        arrived = self._rng("miss", day).random(len(messages)) >= self._config.miss_rate
        return messages.rows(arrived & (messages.time_us >= 0) & (messages.time_us < end_us))

    def _annotated(self, day: int, episodes: Sequence[Episode], end_us: int) -> list[Annotation]:
        """Annotations of a day's episodes, a little inside them, without those the annotator left out."""
        rng = self._rng("annotator", day)
        left_out = rng.random(len(episodes)) < self._config.unlabelled_share
        late = np.minimum(rng.exponential(9.0, size=(2, len(episodes))), 40.0)
        result = []
        for i in np.argsort([e.begin_s for e in episodes], kind="stable").tolist():
            e = episodes[i]
            label = self._raw_labels[e.who][e.behaviour] if 0 <= e.who < len(self._raw_labels) else None
            if label is None or left_out[i]:
                continue
            inside = np.minimum(late[:, i], 0.08 * (e.end_s - e.begin_s)) * 1e6
            if e.behaviour in (_LEAVE, _ENTER):
                # The door belongs to them; it falls shut when the person is already outside.
                inside = np.array([0.0, -_DOOR_SHUTS_S * 1e6 if e.behaviour == _LEAVE else 0.0])
            begin = max(day * _DAY_US + int(e.begin_s * 1e6 + inside[0]), 0)
            end = min(day * _DAY_US + int(e.end_s * 1e6 - inside[1]), end_us - 1)
            # One label of two people at once could not be told apart in the log: the first keeps it.
            if self._label_ends_us.get(label, -1) < begin < end:
                self._label_ends_us[label] = end
                result.append(Annotation(label, e.who, begin, end))
        return result

    def _mark(self, kept: Messages, final_us: int, *, last: bool) -> int:
        """Mark annotations whose messages are all there; the time before which nothing changes any more."""
        running: dict[int, int] = {}
        for a in self._open:
            if a.end_us >= final_us and not last:
                running[a.who] = min(running.get(a.who, a.begin_us), a.begin_us)
        # What lies inside a running annotation waits for it: the outer one chooses its lines first.
        ready = [a for a in self._open if a.begin_us < running.get(a.who, final_us)]
        self._open = [a for a in self._open if a.begin_us >= running.get(a.who, final_us)]
        for begin, end, annotation in place_markers(ready, kept.time_us, kept.who, kept.mark != 0):
            kept.mark[begin], kept.mark[end] = len(self.labels), -len(self.labels)
            self.labels.append(annotation.raw_label)
        return min([final_us, *(a.begin_us for a in self._open)])
