"""Questions with true answers, made from the scripts of simulated homes.

A question is a template in several wordings (simulated.yaml). The wordings of the development bank and of the
test bank differ, as do the seeds of the homes. The true answer is the same arithmetic on what truly happened.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import yaml

from discover.core.config import StrictModel
from discover.query import ParsedQuery, Thing
from discover.retrieval.episodes import EventStream, Spans, join_spans
from discover.serving.home_lexicon import home_lexicon
from discover.serving.occurrences import Found, Occurrences
from discover.simulator import RandomLife, RandomLifeConfig, simulate_random

__all__ = ["TEMPLATES", "Template", "home_of_seed", "scripted", "true_occurrences"]


class Template(StrictModel):
    """One question with what it asks, in the wordings of both banks."""

    asks: str
    thing: str
    development: tuple[str, ...]
    test: tuple[str, ...]


TEMPLATES: tuple[Template, ...] = tuple(
    Template.model_validate(entry)
    for entry in yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
)


_TRUE: Mapping[str, tuple[str, ...]] = {
    "toilet visit": ("use_toilet", "bed_to_toilet"),
    "showering": ("shower", "take_bath"),
    "cooking": ("cook_breakfast", "cook_lunch", "cook_dinner", "bake"),
    "hot drink": ("make_hot_drink",),
    "taking medicine": ("take_medicine",),
    "watching television": ("watch_tv",),
    "breakfast": ("cook_breakfast", "eat_breakfast"),
    "lunch": ("cook_lunch", "eat_lunch"),
    "dinner": ("cook_dinner", "eat_dinner"),
    "eating": ("eat_breakfast", "eat_lunch", "eat_dinner", "snack"),
    "washing up": ("wash_dishes", "load_dishwasher"),
    "getting washed": ("groom", "brush_teeth", "wash_hands"),
    "getting dressed": ("dress", "undress"),
    "laundry": ("load_washer", "hang_laundry", "iron", "fold_clothes"),
    "working": ("work_at_desk", "use_computer", "study", "homework", "online_meeting", "paperwork"),
    "reading": ("read",),
    "napping": ("nap",),
    "housework": ("vacuum", "mop", "clean_kitchen", "clean_bathroom", "tidy_up"),
    "visitors": ("host_guests", "visit"),
    "pacing": ("walk_about", "wander_at_night"),
}
_OF_HOUSEHOLD = ("going out", "coming home")
_OF_NIGHTS = ("sleeping", "going to bed", "getting up")
_ASLEEP = ("sleep", "lie_awake")
_UP_AT_NIGHT = ("bed_to_toilet", "wander_at_night")
_NIGHT_S, _UP_S = 9_000.0, 1_800.0


def scripted(thing: Thing) -> bool:
    """Whether the script of a simulated home says when a thing happens."""
    if thing.kind == "activity":
        return thing.name in (*_TRUE, *_OF_HOUSEHOLD, *_OF_NIGHTS)
    return thing.kind == "room" or thing.name in ("couch", "armchair", "bed", "desk", "dining table")


def home_of_seed(seed: int, *, days: int, metadata: str = "right") -> tuple[RandomLife, Occurrences]:
    """A simulated home of one person, and what its sensors show of the question's things."""
    life = simulate_random(
        RandomLifeConfig.model_validate({"seed": seed, "days": days, "residents": 1, "metadata": metadata})
    )
    return life, Occurrences(EventStream.read(life.events, life.home), home_lexicon(life.home))


def true_occurrences(life: RandomLife, sensed: Occurrences) -> Occurrences:
    """The same, of what truly happened."""
    return _True(sensed.stream, sensed.lexicon, life=life)


@dataclass(frozen=True)
class _True(Occurrences):
    life: RandomLife | None = None

    def _of(self, thing: Thing, query: ParsedQuery) -> Found:
        if thing.kind != "activity":
            return Found(self._presence(thing), "the script", "sensor")
        return Found(self._spans(thing.name, query), "the script", "sensor")

    def _presence(self, thing: Thing) -> Spans:
        """When somebody is in a room of a kind, or at a piece of furniture."""
        if self.life is None:
            raise ValueError("no script")
        kind = thing.name.removesuffix(" room").replace("entrance", "hallway")
        rooms = [room for room, of in self.life.room_kinds.items() if of == kind]
        there = pl.col("room").is_in(rooms) if thing.kind == "room" else pl.col("place") == thing.name
        return join_spans(_spans(self.life.truth.filter(there)), 120.0)

    def _spans(self, name: str, query: ParsedQuery) -> Spans:
        if self.life is None:
            raise ValueError("no script")
        if name in _OF_HOUSEHOLD:
            out = _spans(self.life.situations.filter(pl.col("kind") == "nobody_home"))
            return out if name == "going out" else Spans.of(out.end_s, out.end_s)
        own = self.life.truth.filter(pl.col("resident") == 0)
        if name in _OF_NIGHTS:
            if name == "getting up" and query.asks != "when":
                return _spans(own.filter(pl.col("activity").is_in(_UP_AT_NIGHT)))
            nights = join_spans(_spans(own.filter(pl.col("activity").is_in(_ASLEEP))), _UP_S)
            nights = nights.where(nights.length_s >= _NIGHT_S)
            if name == "sleeping":
                return nights
            at = nights.end_s if name == "getting up" else nights.begin_s
            return Spans.of(at, at)
        joins = 1_800.0 if name in ("breakfast", "lunch", "dinner", "cooking") else 120.0
        return join_spans(_spans(own.filter(pl.col("activity").is_in(_TRUE[name]))), joins)


def _spans(rows: pl.DataFrame) -> Spans:
    begin, end = (rows[c].dt.timestamp("us").to_numpy() / 1e6 for c in ("begin", "end"))
    return Spans.of(np.asarray(begin), np.asarray(end))
