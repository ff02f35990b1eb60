"""Under which of a home's own label spellings a simulated behaviour is annotated."""

import re

from discover.core.home import Activity, Home
from discover.simulator.behaviours import BEHAVIOURS
from discover.simulator.rooms import words_of
from discover.simulator.wishes import Behaviour

__all__ = ["raw_labels"]

_BY_COARSE = (
    "sleep",
    "bed_to_toilet",
    "cook",
    "eat",
    "wash_dishes",
    "take_medicine",
    "leave_home",
    "enter_home",
    "personal_hygiene",
    "bathing",
    "housekeeping",
)
# "Other" and the two wide ones (work, relax) would collect unlike behaviours: they are matched by words only.


def raw_labels(home: Home, n_residents: int) -> list[list[str | None]]:
    """Raw label per resident and behaviour; None where the home has no such label.

    A spelling with a resident's mark ("R2_Sleep") goes to that resident only. A home without
    activities gets the table's own labels.
    """
    return [[_raw_label(home, b, resident) for b in BEHAVIOURS] for resident in range(n_residents)]


def _raw_label(home: Home, behaviour: Behaviour, resident: int) -> str | None:
    if not home.activities:
        return behaviour.label or None
    for pattern in behaviour.patterns:
        found = [
            raw
            for activity in home.activities
            for raw in _spellings(activity)
            if re.search(pattern, words_of(raw)) or re.search(pattern, words_of(activity.label))
        ]
        if found:
            return _spelling_for(found, resident)
    if behaviour.label and behaviour.coarse in _BY_COARSE:
        found = [
            raw
            for activity in home.activities
            if words_of(activity.coarse).replace(" ", "_") == behaviour.coarse
            for raw in _spellings(activity)
        ]
        return _spelling_for(found, resident) if found else None
    return None


def _spellings(activity: Activity) -> tuple[str, ...]:
    return tuple(r for r in activity.raw if r.strip()) or (activity.label,)


def _spelling_for(found: list[str], resident: int) -> str | None:
    mark = re.compile(r"^r(\d+)\b")
    marks = [mark.match(words_of(raw)) for raw in found]
    own = [raw for raw, m in zip(found, marks, strict=True) if m and int(m.group(1)) == resident + 1]
    shared = [raw for raw, m in zip(found, marks, strict=True) if not m]
    return next(iter(own + shared), None)
