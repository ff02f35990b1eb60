"""Which stretches of what people did were done in a manner: for long, late at night, after getting up."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.pretraining.daily_life import DailyLife, is_weekend, local_hour
from discover.pretraining.situations import situation_source

__all__ = ["manner_rows"]

# Shape letters: R rows of the truth, B stretches between changes.

Mask = NDArray[np.bool_]
_PLACES = {
    "in_bed": ("bed",),
    "on_couch": ("couch",),
    "at_table": ("dining table", "kitchen table"),
    "in_armchair": ("armchair",),
}


def manner_rows(
    life: DailyLife, n_here_B: NDArray[np.int64], n_asleep_B: NDArray[np.int64]
) -> dict[str, Mask]:
    """For each activity in a manner its rows, (R,).

    Args:
        life: What people did.
        n_here_B, n_asleep_B: How many people are at home and how many of them sleep, per stretch.
    """
    acts, manners = situation_source()["acts"], situation_source()["manners"]
    rows = {act: life.does(entry["covers"]) for act, entry in acts.items()}
    holds = _manners(life, n_here_B, n_asleep_B)
    found = {}
    for manner, entry in manners.items():
        for act in entry["acts"]:
            found[f"{manner}.{act}"] = rows[act] & _holds(manner, acts[act], rows[act], life, holds)
    return found


def _holds(manner: str, act: dict[str, Any], rows: Mask, life: DailyLife, holds: dict[str, Mask]) -> Mask:
    if manner in ("long", "lasting"):
        return life.minutes >= float(act["long"])
    if manner in ("quick", "brief"):
        return life.minutes <= float(act["quick"])
    if manner == "again":
        before = life.previous_end(rows)
        return (before > 0) & (before <= 180)
    return holds[manner]


def _manners(life: DailyLife, n_here_B: NDArray[np.int64], n_asleep_B: NDArray[np.int64]) -> dict[str, Mask]:
    middle = (life.begin + life.end) // 2
    hour = local_hour(middle)
    at = np.clip(np.searchsorted(life.edges, middle, side="right") - 1, 0, max(len(n_here_B) - 1, 0))
    here, asleep = (n[at] if len(n) else at for n in (n_here_B, n_asleep_B))
    own_sleep = life.does(("sleep", "nap"))
    slept = life.does(("sleep",)) & (life.minutes >= 60)
    top = life.inside < 0
    interrupted = np.zeros(len(middle), dtype=bool)
    interrupted[life.inside[~top]] = True
    # A person's own place among all who do the same: more than one in the middle of the row.
    return {
        "late": (hour >= 22.5) | (hour < 4),
        "early": (hour >= 4) & (hour < 7),
        "by_day": (hour >= 10) & (hour < 17),
        "weekend": is_weekend(middle),
        "alone": here == 1,
        "together": _joined(life, middle),
        "others_asleep": asleep - own_sleep >= 1,
        "after_waking": life.previous_end(slept) <= 30,
        "before_bed": life.next_begin(slept) <= 30,
        "after_coming_home": life.previous_end(life.does(("enter_home",))) <= 15,
        "before_leaving": life.next_begin(life.does(("leave_home",))) <= 20,
        "interrupted": interrupted,
        **{manner: np.isin(life.place, places) for manner, places in _PLACES.items()},
    }


def _joined(life: DailyLife, middle: NDArray[np.int64]) -> Mask:
    """(R,) whether somebody else does the same in the middle of each row."""
    found = np.zeros(len(middle), dtype=bool)
    at = np.clip(np.searchsorted(life.edges, middle, side="right") - 1, 0, max(life.rows.shape[1] - 1, 0))
    for person, own in zip(life.people, life.rows, strict=True):
        other = np.append(life.activity, "")[own[at]] if len(own) else np.full(len(middle), "")
        found |= (life.who != person) & (other == life.activity)
    return found
