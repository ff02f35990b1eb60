"""How one day of one person goes: habits, meals, outings, guests, the night.

Times are seconds from the day's midnight and may go beyond 24 h: a day runs from waking up to waking up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from discover.core.seeds import derive_seed
from discover.simulator.behaviours import BEHAVIOUR_INDEX

__all__ = ["DayPlan", "Effects", "Episode", "Habits", "draw_habits"]

_HOUR = 3600.0
_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Episode:
    """One behaviour from `begin_s` to `end_s`.

    Attributes:
        behaviour: Index into BEHAVIOURS.
        who: Resident, guest or pet code.
        begin_s, end_s: Seconds from midnight of the day.
    """

    behaviour: int
    who: int
    begin_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Habits:
    """What one person usually does; hours of the clock, shares and minutes."""

    wake_h: float
    bed_h: float
    weekend_later_h: float
    lunch_h: float
    dinner_h: float
    shower_morning: float
    takes_medicine: bool
    medicine_first: float
    home_office: float
    outing_weekday: float
    outing_weekend: float
    tv: float
    read: float
    nap: float
    nightly_toilet: float
    dishes_at_once: float
    laundry_days: frozenset[int]


@dataclass(frozen=True, slots=True)
class Effects:
    """What planned changes do on one day."""

    later_h: float
    skip_meal: float
    new_visits_per_week: float


def draw_habits(seed: int, resident: int) -> Habits:
    """Habits of one resident: the same for every day of a seed, whatever the number of days."""
    rng = np.random.default_rng(derive_seed(seed, "habits", resident))
    return Habits(
        wake_h=rng.normal(6.9, 0.45),
        bed_h=rng.normal(22.7, 0.4),
        weekend_later_h=rng.uniform(0.5, 1.2),
        lunch_h=rng.normal(12.5, 0.3),
        dinner_h=rng.normal(18.3, 0.4),
        shower_morning=rng.uniform(0.4, 0.75),
        takes_medicine=resident < 2 or rng.random() < 0.5,
        medicine_first=rng.uniform(0.2, 0.6),
        home_office=rng.uniform(0.5, 1.1),
        outing_weekday=rng.uniform(0.5, 0.8),
        outing_weekend=rng.uniform(0.6, 0.95),
        tv=rng.uniform(0.8, 1.3),
        read=rng.uniform(0.7, 1.3),
        nap=rng.uniform(0.1, 0.3),
        nightly_toilet=rng.uniform(0.7, 1.5),
        dishes_at_once=rng.uniform(0.45, 0.75),
        laundry_days=frozenset(int(d) for d in rng.choice(7, size=2, replace=False)),
    )


class DayPlan:
    """Lays one person's episodes one after the other; the cursor `now_s` is the present."""

    def __init__(
        self, habits: Habits, rng: np.random.Generator, who: int, weekday: int, effects: Effects
    ) -> None:
        self.episodes: list[Episode] = []
        self._habits = habits
        self._rng = rng
        self._who = who
        self._weekend = weekday >= 5
        self._laundry = weekday in habits.laundry_days
        self._effects = effects
        self._dirty_dishes = False
        self._now_s = 0.0
        self._until_s = 0.0
        self._since_toilet_s = 0.0

    def live(
        self, wake_s: float, bed_s: float, next_wake_s: float, visits: Sequence[tuple[float, float, int]]
    ) -> None:
        """Fill the day from waking up to waking up."""
        habits, rng = self._habits, self._rng
        later = self._effects.later_h
        lunch = (habits.lunch_h + rng.normal(0, 0.35) + 0.4 * later + 0.3 * self._weekend) * _HOUR
        dinner = (habits.dinner_h + rng.normal(0, 0.4) + 0.5 * later) * _HOUR
        self._now_s = self._since_toilet_s = wake_s
        self._until_s = bed_s
        self._morning()
        self._fill(lunch, visits)
        self._meal("lunch")
        self._fill(dinner, visits)
        self._meal("dinner")
        if habits.takes_medicine and rng.random() < 0.8:
            self._do("medicine_eve", 2.0)
        self._fill(bed_s - rng.uniform(8, 28) * _MINUTE, visits)
        self._evening_end()
        self._night(max(bed_s, self._now_s), next_wake_s)

    def _morning(self) -> None:
        habits, rng = self._habits, self._rng
        steps = ["hygiene", "dress"]
        if rng.random() < habits.shower_morning:
            steps.insert(int(rng.integers(0, 3)), "bathing")
        if rng.random() < 0.25:
            steps.append("work" if rng.random() < 0.3 else "read")
        first = habits.takes_medicine and rng.random() < habits.medicine_first
        if first:
            steps.insert(int(rng.integers(0, len(steps) + 1)), "medicine_morning")
        minutes = {
            "hygiene": 5.0,
            "dress": 5.0,
            "bathing": 13.0,
            "medicine_morning": 2.0,
            "work": 20.0,
            "read": 20.0,
        }
        if rng.random() < 0.3:
            rng.shuffle(steps)
        breakfast_at = int(rng.integers(max(len(steps) - 2, 1), len(steps) + 1))
        for i, step in enumerate(steps):
            if i == breakfast_at:
                self._meal("breakfast")
            self._do(step, minutes[step])
            self._pause(2.0)
        if breakfast_at == len(steps):
            self._meal("breakfast")
        if habits.takes_medicine and not first and rng.random() < 0.9:
            self._do("medicine_morning", 2.2)

    def _meal(self, meal: str) -> None:
        rng = self._rng
        # Drawn whether or not the change is there: a day on which nothing is skipped stays as it was.
        skipped = rng.random() < self._effects.skip_meal
        if skipped or rng.random() < 0.05:
            return
        usual: dict[str, tuple[float, float]] = {"breakfast": (9, 13), "lunch": (14, 17), "dinner": (30, 23)}
        cook, eat = usual[meal]
        if self._weekend:
            cook, eat = cook * 1.25, eat * 1.2
        if rng.random() < 0.12:
            cook *= 0.35  # leftovers
        begin = self._now_s
        self._do(f"cook_{meal}", cook, 0.35)
        middle = (begin + self._now_s) / 2
        if self._habits.takes_medicine and meal == "dinner" and rng.random() < 0.15:
            self._put("medicine_eve", middle, min(middle + rng.uniform(50, 110), self._now_s - 20))
        self._pause(1.0)
        self._do(f"eat_{meal}", eat, 0.3)
        self._dirty_dishes = True
        if rng.random() < self._habits.dishes_at_once:
            self._pause(2.5)
            self._dishes()

    def _dishes(self) -> None:
        self._do("wash_dishes", 8.0, 0.45)
        self._dirty_dishes = False

    def _fill(self, until_s: float, visits: Sequence[tuple[float, float, int]]) -> None:
        """Pass the time until `until_s`, with the visits that begin before it."""
        for begin_s, end_s, guest in visits:
            if self._now_s - _HOUR < begin_s < until_s - 0.4 * _HOUR:
                self._pass_time(begin_s)
                self._receive(max(begin_s, self._now_s), min(end_s, until_s + 0.5 * _HOUR), guest)
        self._pass_time(until_s)

    def _pass_time(self, until_s: float) -> None:
        rng = self._rng
        while until_s - self._now_s > 4 * _MINUTE:
            if self._now_s - self._since_toilet_s > rng.gamma(4.0, 0.7) * _HOUR:
                self._do("hygiene_guest" if rng.random() < 0.5 else "hygiene", 3.5, 0.5, until_s)
                self._since_toilet_s = self._now_s
            self._pause(5.0, until_s)
            if self._dirty_dishes and rng.random() < 0.3:
                self._dishes()
            left = until_s - self._now_s
            if left > 3 * _MINUTE:
                self._pastime(until_s, left)

    def _pastime(self, until_s: float, left_s: float) -> None:
        """One thing that people do between fixed points, by weight for this hour."""
        habits, rng = self._habits, self._rng
        hour = self._now_s / _HOUR
        day, evening = 8.5 < hour < 17.5, hour >= 17.0
        work = habits.home_office * (0.25 if self._weekend else 1.0)
        outing = (
            (habits.outing_weekend if self._weekend else habits.outing_weekday) if left_s > 0.8 * _HOUR else 0
        )
        options = {
            "tv": habits.tv * (2.6 if evening else 0.55),
            "read": habits.read * (1.1 if evening else 0.7),
            "work": work * (1.5 if day else 0.3),
            "out": outing * (0.6 if day else 0.12),
            "housekeeping": (0.75 if self._weekend else 0.4) * day,
            "laundry": 0.6 * self._laundry * day,
            "snack": 0.55,
            "nap": habits.nap * (1.2 if 12.8 < hour < 17 else 0.05),
            "meditate": 0.12,
            "bathing": (0.25 if evening and hour > 19 else 0.04) * (1 - habits.shower_morning),
            "dress": 0.12,
            "phone": 0.18,
            "potter": 0.6,
        }
        minutes = {
            "tv": 50, "read": 32, "work": 55, "housekeeping": 26, "laundry": 9, "snack": 4, "nap": 38,
            "meditate": 15, "bathing": 16, "dress": 4, "potter": 10, "phone": 7,
        }  # fmt: skip
        weights = np.cumsum(list(options.values()))
        name = list(options)[int(np.searchsorted(weights, rng.random() * weights[-1], side="right"))]
        if name == "out":
            self._go_out(until_s, left_s)
        else:
            self._do(name, minutes[name], 0.55, until_s)

    def _go_out(self, until_s: float, left_s: float) -> None:
        rng = self._rng
        self._do("leave", 1.8, 0.4)
        away = min(rng.lognormal(np.log(95), 0.6) * _MINUTE, max(left_s - 6 * _MINUTE, 20 * _MINUTE))
        self._now_s = min(self._now_s + away, self._until_s - _HOUR * 0.2)
        self._do("enter", 1.5, 0.4)
        if rng.random() < 0.35:
            self._do("hygiene", 2.5, 0.4)
            self._since_toilet_s = self._now_s

    def _receive(self, begin_s: float, end_s: float, guest: int) -> None:
        rng = self._rng
        arrive = begin_s + rng.uniform(60, 120)
        end_s = max(end_s, arrive + 15 * _MINUTE)
        if end_s > self._until_s:
            return
        self._put("receive", begin_s, arrive)
        self._put("host", arrive, end_s)
        goodbye = end_s + rng.uniform(60, 150)
        self._put("see_off", end_s, goodbye)
        for name, since, until in (
            ("wait_at_door", begin_s + 15, arrive),
            ("visit", arrive, end_s),
            ("wait_at_door", end_s, goodbye - 10),
        ):
            self.episodes.append(Episode(BEHAVIOUR_INDEX[name], guest, since, until))
        self._now_s = goodbye

    def _evening_end(self) -> None:
        habits, rng = self._habits, self._rng
        if self._dirty_dishes and rng.random() < 0.4:
            self._dishes()
        if rng.random() > habits.shower_morning + 0.1:
            self._do("bathing", 13.0, 0.3)
        if rng.random() < 0.85:
            self._do("hygiene", 5.0, 0.4)
        self._pause(1.5)
        if rng.random() < 0.7:
            self._do("dress", 3.5, 0.4)

    def _night(self, bed_s: float, wake_s: float) -> None:
        """Sleep, broken by ways to the toilet and, rarely, by a wander."""
        rng = self._rng
        length = wake_s - bed_s
        breaks = sorted(
            rng.uniform(0.15, 0.95, size=rng.poisson(self._habits.nightly_toilet)) * length + bed_s
        )
        now = bed_s
        for at in breaks:
            if at - now < 40 * _MINUTE or wake_s - at < 25 * _MINUTE:
                continue
            self._put("sleep", now, at)
            now = at + rng.uniform(2.0, 6.0) * _MINUTE
            self._put("bed_to_toilet", at, now)
            if rng.random() < 0.12:
                wander = now + rng.uniform(4, 15) * _MINUTE
                self._put("wander_at_night", now, wander)
                now = wander
        self._put("sleep", now, wake_s)

    def _do(self, name: str, minutes: float, sigma: float = 0.4, until_s: float | None = None) -> None:
        """Do something for about `minutes` (log-normal), starting now."""
        length = minutes * _MINUTE * self._rng.lognormal(0.0, sigma)
        end = self._now_s + max(length, 45.0)
        limit = self._until_s if until_s is None else min(until_s + 10 * _MINUTE, self._until_s)
        end = min(end, limit)
        if end - self._now_s >= 30:
            self._put(name, self._now_s, end)
            self._now_s = end

    def _pause(self, minutes: float, until_s: float | None = None) -> None:
        """Walk about a little: nothing that anyone would annotate."""
        length = self._rng.exponential(minutes) * _MINUTE
        end = min(self._now_s + length, self._until_s if until_s is None else until_s)
        if end - self._now_s > 20:
            self._put("potter", self._now_s, end)
        self._now_s = max(end, self._now_s)

    def _put(self, name: str, begin_s: float, end_s: float) -> None:
        if end_s > begin_s:
            self.episodes.append(Episode(BEHAVIOUR_INDEX[name], self._who, begin_s, end_s))
