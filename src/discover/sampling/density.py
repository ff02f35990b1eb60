"""How many events a window needs at least, read off how dense a home's events are."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discover.sampling._ranges import covered_events

__all__ = ["LeastEvents", "choose_least_events"]

Ints = NDArray[np.int64]

CANDIDATES = (3, 2, 1)
"""Tried in this order: a window of three events says more than one of one event."""
MOST_LEFT_OUT = 0.1
"""The first candidate is taken that leaves at most this share of the training days' events in no window."""


@dataclass(frozen=True)
class LeastEvents:
    """What `min_events: auto` came to.

    Attributes:
        used: The number.
        left_out: Candidate tried -> share of the training days' events that would be in no window.
    """

    used: int
    left_out: Mapping[int, float]


def choose_least_events(first: Ints, count: Ints, events: int) -> LeastEvents:
    """Choose from the windows of the training days, cut without overlap and without a least number.

    In a dense home nearly every event has company within a minute, and a window of one or two events is
    noise. In a home of a few door switches such a window is all there is of making tea. No label is read.

    Args:
        first, count: (W,) windows as offsets into the events.
        events: Events of the training days.
    """
    left_out: dict[int, float] = {}
    for least in CANDIDATES:
        kept = count >= least
        inside = covered_events(first[kept], count[kept])
        left_out[least] = (events - inside) / events if events else 0.0
        if left_out[least] <= MOST_LEFT_OUT:
            break
    return LeastEvents(least, left_out)
