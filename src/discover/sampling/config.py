"""How an event log is cut into windows and how its days are split."""

import math
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from discover.core.config import StrictModel

__all__ = ["SamplingConfig", "SplitConfig"]

SamplingType = Literal["fixed_length", "fixed_duration", "variable_duration"]

_OWN_FIELDS: dict[str, tuple[str, ...]] = {
    "fixed_length": ("size",),
    "fixed_duration": ("duration_s",),
    "variable_duration": ("durations_s", "weights"),
}


class SplitConfig(StrictModel):
    """How the active calendar days are shared out before any window is cut."""

    strategy: Literal["chronological", "random"] = "chronological"
    """chronological: first days train, last days test. random: a seeded shuffle of the days."""
    ratios: tuple[float, float, float] = (0.7, 0.1, 0.2)
    """Shares of the days for train, val and test; any scale (70/10/20 works too); 0 leaves one out."""
    seed: int = Field(default=0, ge=0, le=4_294_967_295)
    """Seed of the random strategy."""

    @model_validator(mode="after")
    def _consistent(self) -> "SplitConfig":
        if not (min(self.ratios) >= 0 and self.ratios[0] > 0 and sum(self.ratios) < math.inf):
            raise ValueError(
                f"ratios {self.ratios} must be finite and >= 0, the first (train) > 0; 0.7, 0.1, 0.2 is usual"
            )
        if self.strategy == "chronological" and self.seed:
            raise ValueError("seed changes nothing with strategy chronological; leave it out or use random")
        return self

    @property
    def name(self) -> str:
        """For a folder: chronological_70_10_20, random_70_10_20_seed_3."""
        shares = "_".join(f"{100 * ratio / sum(self.ratios):.4g}" for ratio in self.ratios)
        return f"{self.strategy}_{shares}" + (f"_seed_{self.seed}" if self.seed else "")


class SamplingConfig(StrictModel):
    """One way to cut windows. `name` is the folder the windows go to."""

    type: SamplingType = "fixed_duration"
    """fixed_length counts events, fixed_duration seconds; variable_duration draws seconds from a list."""
    size: int | None = Field(default=None, ge=1, le=1_000_000)
    """Events per window (fixed_length)."""
    duration_s: float | None = Field(default=None, ge=0.001, le=86_400)
    """Seconds per window (fixed_duration)."""
    durations_s: tuple[float, ...] | None = None
    """Seconds a window may last, one drawn per window (variable_duration)."""
    weights: tuple[float, ...] | None = None
    """Relative frequency of each entry of `durations_s`; None draws them uniformly."""
    presegmented: bool = False
    """Cut inside annotated segments, never across their borders. Uses labels: evaluation protocol `_p`."""
    overlap_train: float = Field(default=0.5, ge=0, le=0.95)
    """Share of a training window that the next one repeats."""
    overlap_eval: float = Field(default=0.0, ge=0, le=0.95)
    """The same for validation and test; 0 by protocol, so that no event is scored twice."""
    min_events: Annotated[int, Field(ge=1, le=1_000_000)] | Literal["auto"] = "auto"
    """Windows with fewer are dropped and counted. auto: 3, or as many fewer as it takes to leave at most 10 %
    of the training days' events in no window. Unset: auto; for fixed_length 8, or `size` if smaller."""
    max_events: int = Field(default=512, ge=1, le=1_000_000)
    """A window with more events is cut into equal consecutive parts of at most this many; nothing is lost."""
    max_gap_s: float | None = Field(default=None, gt=0, le=3_162_240_000)
    """A silence longer than this is a border that no window crosses. None: no limit."""
    hole_s: float = Field(default=86_400, gt=0, le=3_162_240_000)
    """A silence of at least this long is a hole in the recording: a border, reported in the statistics."""
    split: SplitConfig = SplitConfig()
    """Which days train, validate and test."""
    streams: Literal["none", "resident"] = "none"
    """resident: cut each resident's events apart (logs that name a resident per event)."""
    include_health_sensors: bool = False
    """Let windows hold events of sensors that are not activity (battery, radio)."""
    seed: int = Field(default=0, ge=0, le=4_294_967_295)
    """Seed of the drawn durations (variable_duration)."""
    tag: str = Field(default="", pattern=r"^[a-z0-9\-]*$")
    """Added to the name, so that variants (another split, another seed) live side by side."""

    @model_validator(mode="before")
    @classmethod
    def _fill_by_type(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        filled = dict(values)
        kind = filled.get("type", "fixed_duration")
        if kind == "fixed_duration" and filled.get("duration_s") is None:
            filled["duration_s"] = 60
        size = filled.get("size")
        if kind == "fixed_length" and isinstance(size, int) and filled.get("min_events") is None:
            filled["min_events"] = min(8, max(size, 1))
        if filled.get("min_events", 0) is None:
            del filled["min_events"]
        return filled

    @model_validator(mode="after")
    def _consistent(self) -> "SamplingConfig":
        for kind, fields in _OWN_FIELDS.items():
            for name in fields:
                given = getattr(self, name) is not None
                if given and kind != self.type:
                    raise ValueError(f"{name} belongs to type {kind}, but type is {self.type}; remove one")
                if not given and kind == self.type and name != "weights":
                    raise ValueError(f"type {self.type} needs {name}")
        self._check_durations()
        self._check_counts()
        if self.type != "variable_duration" and self.seed:
            raise ValueError(
                f"seed changes nothing with type {self.type}; leave it out (split.seed draws days)"
            )
        return self

    def _check_durations(self) -> None:
        durations = self.durations_s
        if durations is None:
            return
        if not durations or not all(0.001 <= d <= 86_400 for d in durations):
            raise ValueError(f"durations_s must list seconds in [0.001, 86400], got {list(durations)}")
        if len(set(durations)) != len(durations):
            raise ValueError("durations_s lists a duration twice; use weights to make it more frequent")
        weights = self.weights
        if weights is not None and (
            len(weights) != len(durations)
            or not all(w >= 0 for w in weights)
            or not 0 < sum(weights) < math.inf
        ):
            raise ValueError(
                f"weights must be {len(durations)} numbers >= 0 with a positive sum, got {weights}"
            )

    def _check_counts(self) -> None:
        if self.size is not None and self.size > self.max_events:
            raise ValueError(f"size {self.size} is above max_events {self.max_events}; raise max_events")
        if self.min_events == "auto":
            if self.size is not None:
                raise ValueError("min_events auto is for windows of a duration; give fixed_length a number")
            if self.max_events < 6:
                raise ValueError(
                    f"max_events {self.max_events} must be at least 6: min_events auto may come to 3"
                )
            return
        if self.size is not None and self.min_events > self.size:
            raise ValueError(
                f"min_events {self.min_events} is above size {self.size}: no window would be kept"
            )
        if self.size is None and self.max_events < 2 * self.min_events:
            raise ValueError(
                f"max_events {self.max_events} must be at least twice min_events {self.min_events}, "
                "so that the parts of a long window are kept"
            )

    @property
    def name(self) -> str:
        """Folder name: FL_20, FD_60, VD_30_60_120; `_p` when presegmented; `-tag` when there is one."""
        if self.type == "fixed_length":
            base = f"FL_{self.size}"
        elif self.type == "fixed_duration":
            base = f"FD_{self.duration_s:g}"
        else:
            base = "VD_" + "_".join(f"{d:g}" for d in self.durations_s or ())
        return base + ("_p" if self.presegmented else "") + (f"-{self.tag}" if self.tag else "")

    def overlap(self, split: str) -> float:
        """Overlap of one split's windows, in [0, 1)."""
        return self.overlap_train if split == "train" else self.overlap_eval
