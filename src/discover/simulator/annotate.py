"""Where annotations begin and end: on the first and the last message that the person caused meanwhile."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Annotation", "place_markers"]


@dataclass(frozen=True, slots=True)
class Annotation:
    """An activity that the annotator wrote down; microseconds from the first midnight of the log."""

    raw_label: str
    who: int
    begin_us: int
    end_us: int


def place_markers(
    annotations: list[Annotation],
    time_us: NDArray[np.int64],
    who: NDArray[np.int64],
    taken: NDArray[np.bool_],
) -> list[tuple[int, int, Annotation]]:
    """First and last message of each annotation, as (begin row, end row, annotation).

    A line of the log carries one marker, so a message is used once. Longer annotations choose
    first, which keeps those inside them inside. With fewer than two free messages an activity left no
    trace that could be marked: it stays without annotation.

    Args:
        annotations: In any order.
        time_us: Times of the messages, sorted.
        who: Who caused each message.
        taken: Messages that already carry a marker.
    """
    taken = taken.copy()
    rows_of = {person: np.flatnonzero(who == person) for person in {a.who for a in annotations}}
    times_of = {person: time_us[rows] for person, rows in rows_of.items()}
    placed = []
    for annotation in sorted(annotations, key=lambda a: (a.begin_us, -a.end_us)):
        rows, times = rows_of[annotation.who], times_of[annotation.who]
        low = int(np.searchsorted(times, annotation.begin_us, side="left"))
        high = int(np.searchsorted(times, annotation.end_us, side="right")) - 1
        while low < high and taken[rows[low]]:
            low += 1
        while high > low and taken[rows[high]]:
            high -= 1
        if low < high:
            begin, end = int(rows[low]), int(rows[high])
            taken[begin] = taken[end] = True
            placed.append((begin, end, annotation))
    return placed
