"""What people do at home: for each behaviour, where, how lively, with which things, under which label.

The numbers are guesses from daily life, not fitted to any home's log.
"""

from discover.simulator.behaviours_door import DOOR_BEHAVIOURS
from discover.simulator.behaviours_home import HOME_BEHAVIOURS
from discover.simulator.behaviours_kitchen import KITCHEN_BEHAVIOURS
from discover.simulator.wishes import Behaviour

__all__ = ["BEHAVIOURS", "BEHAVIOUR_INDEX"]

BEHAVIOURS: tuple[Behaviour, ...] = (*HOME_BEHAVIOURS, *KITCHEN_BEHAVIOURS, *DOOR_BEHAVIOURS)
"""All behaviours; the index is the code used by routines and movement."""

BEHAVIOUR_INDEX: dict[str, int] = {b.name: i for i, b in enumerate(BEHAVIOURS)}
