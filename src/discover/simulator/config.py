"""Settings of the simulator."""

import datetime as dt
from typing import Literal

from pydantic import Field, model_validator

from discover.core.config import StrictModel

__all__ = ["CHANGE_LIMITS", "PlannedChange", "SimulatorConfig"]

CHANGE_LIMITS: dict[str, tuple[float, float, str]] = {
    "sleep_later": (1.5, 4.0, "hours"),
    "fewer_meals": (0.5, 1.0, "share of meals skipped"),
    "new_visitor": (3.0, 14.0, "visits per week"),
}
"""Per kind of change: usual amount, largest amount, unit. The smallest is just above 0."""


class PlannedChange(StrictModel):
    """A change of behaviour that begins on one day and stays."""

    kind: Literal["sleep_later", "fewer_meals", "new_visitor"]
    """sleep_later: to bed and up later; fewer_meals: meals are skipped; new_visitor: one more guest."""
    from_day: int = Field(ge=0, le=36_600)
    """First day with the change; day 0 is the first of the log."""
    amount: float | None = Field(default=None, gt=0, le=1_000_000)
    """Hours (sleep_later, at most 4), share of meals in (0, 1] (fewer_meals) or visits per week
    (new_visitor, at most 14). None: 1.5, 0.5 and 3."""

    @property
    def size(self) -> float:
        """`amount`, or the usual one of this kind."""
        return CHANGE_LIMITS[self.kind][0] if self.amount is None else self.amount

    @model_validator(mode="after")
    def _within_limits(self) -> "PlannedChange":
        _, largest, unit = CHANGE_LIMITS[self.kind]
        if self.size > largest:
            raise ValueError(f"amount of {self.kind} is in {unit}, at most {largest:g}; got {self.size:g}")
        return self


class SimulatorConfig(StrictModel):
    """How long, for whom and how noisily a home is simulated. Same values, same bytes.

    A longer simulation only adds to a shorter one with the same other settings: the events of the first
    days are the same. Only an annotation that the end of the shorter log cuts ends earlier there.
    """

    days: int = Field(default=30, ge=1, le=100_000)
    """Calendar days, from midnight to midnight."""
    seed: int = Field(default=0, ge=0, le=4_294_967_295)
    """Another seed gives other people with other habits and other days."""
    start: dt.date = dt.date(2024, 1, 1)
    """First calendar day."""
    residents: int | None = Field(default=None, ge=1, le=6)
    """People who live there; None takes the home's own number (at least 1)."""
    visitors_per_week: float = Field(default=1.5, ge=0, le=14)
    """Mean number of visits per week."""
    pet: bool | None = None
    """Whether a pet triggers motion sensors as well; None takes the home's own fact."""
    miss_rate: float = Field(default=0.01, ge=0, le=0.9)
    """Share of sensor messages that never reach the log, in [0, 0.9]."""
    noise_per_hour: float = Field(default=0.3, ge=0, le=1000)
    """Mean number of motion activations per hour, in the whole home, that nobody caused."""
    unlabelled_share: float = Field(default=0.15, ge=0, le=1)
    """Share of the activities that the annotator left out, in [0, 1]."""
    changes: tuple[PlannedChange, ...] = ()
    """Planned changes of behaviour; several add up."""

    @model_validator(mode="after")
    def _calendar(self) -> "SimulatorConfig":
        if self.start.toordinal() + self.days > dt.date.max.toordinal():
            raise ValueError(f"days: {self.days} days from {self.start} go beyond the year 9999")
        late = [c.from_day for c in self.changes if c.from_day >= self.days]
        if late:
            raise ValueError(
                f"changes: from_day {late[0]} is never reached in {self.days} days (0 to {self.days - 1})"
            )
        return self
