"""A household: who lives there, when they get up and go to bed, who visits, what changes.

A day runs from waking up to waking up. It is drawn from a seed of its own, so any day can be made
without the days before it. Times are seconds from the day's midnight and may go beyond 24 h.
"""

import numpy as np

from discover.core.seeds import derive_seed
from discover.simulator.behaviours import BEHAVIOUR_INDEX
from discover.simulator.config import PlannedChange, SimulatorConfig
from discover.simulator.day_plan import DayPlan, Effects, Episode, draw_habits

__all__ = ["GUEST", "PET", "UNIT_BORDER_S", "Household"]

UNIT_BORDER_S = 4 * 3600.0
"""Nobody gets up before 4:00, so what happens before it belongs to the night of the day before."""

GUEST = 50
"""Code of the first guest among the people who cause events; residents count from 0."""
PET = -2
"""Code of the pet."""

_HOUR = 3600.0


class Household:
    """All people of a simulated home."""

    def __init__(self, config: SimulatorConfig, n_residents: int, pet: bool) -> None:
        self._config = config
        self._pet = pet
        self._habits = [draw_habits(config.seed, r) for r in range(n_residents)]

    def day(self, day: int) -> list[Episode]:
        """Everyone's episodes of day `day` (-1: the night before the log starts)."""
        episodes: list[Episode] = []
        visits = self._visits(day)
        for resident in range(len(self._habits)):
            wake, bed = self._wake(day, resident), self._bed(day, resident)
            next_wake = self._wake(day + 1, resident) + 24 * _HOUR
            rng = self._rng("day", day, resident)
            person = DayPlan(self._habits[resident], rng, resident, self._weekday(day), self._effects(day))
            person.live(wake, bed, next_wake, visits if resident == 0 else [])
            episodes.extend(person.episodes)
        if self._pet:
            up, down = self._wake(day, 0), self._wake(day + 1, 0) + 24 * _HOUR
            episodes.append(Episode(BEHAVIOUR_INDEX["pet"], PET, up, down))
        return episodes

    def _rng(self, purpose: str, day: int, resident: int) -> np.random.Generator:
        return np.random.default_rng(derive_seed(self._config.seed, purpose, day, resident))

    def _weekday(self, day: int) -> int:
        return (self._config.start.weekday() + day) % 7

    def _effects(self, day: int) -> Effects:
        def total(kind: str) -> float:
            active: list[PlannedChange] = [c for c in self._config.changes if c.from_day <= day]
            return sum(c.size for c in active if c.kind == kind)

        return Effects(total("sleep_later"), min(total("fewer_meals"), 1.0), total("new_visitor"))

    def _wake(self, day: int, resident: int) -> float:
        """Getting up, at least four hours after going to bed. The night belongs to the day before."""
        habits = self._habits[resident]
        later = self._effects(day - 1).later_h
        weekend = habits.weekend_later_h if self._weekday(day) >= 5 else 0.0
        hour = habits.wake_h + weekend + later + self._rng("wake", day, resident).normal(0.0, 0.4)
        return max(float(np.clip(hour, 4.75, 13.0)) * _HOUR, self._bed(day - 1, resident) - 20 * _HOUR)

    def _bed(self, day: int, resident: int) -> float:
        habits = self._habits[resident]
        weekend = 0.6 * habits.weekend_later_h if self._weekday(day) in (4, 5) else 0.0
        hour = habits.bed_h + weekend + self._effects(day).later_h
        return float(np.clip(hour + self._rng("bed", day, resident).normal(0.0, 0.5), 20.0, 27.5)) * _HOUR

    def _visits(self, day: int) -> list[tuple[float, float, int]]:
        """Begin and end of each visit, and the guest's code."""
        rng = self._rng("visits", day, 0)
        weekend = self._weekday(day) >= 5
        share = 1.6 if weekend else 0.76  # 2 * 1.6 + 5 * 0.76 = 7 days
        visits = []
        for _ in range(min(int(rng.poisson(self._config.visitors_per_week / 7 * share)), 3)):
            begin = rng.normal(15.2, 1.8) * _HOUR
            visits.append((begin, begin + rng.uniform(0.8, 2.6) * _HOUR, GUEST + int(rng.integers(0, 3))))
        # The new visitor has a stream of its own: the rest of the day stays as it would have been.
        rng = self._rng("new visitor", day, 0)
        if rng.random() < self._effects(day).new_visits_per_week / 7:
            begin = rng.normal(10.6, 0.5) * _HOUR
            visits.append((begin, begin + rng.uniform(0.7, 1.6) * _HOUR, GUEST + 5))
        return sorted(visits)
