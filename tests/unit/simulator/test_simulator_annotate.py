"""Where markers go."""

import numpy as np

from discover.simulator.annotate import Annotation, place_markers


def placed(*annotations: Annotation, who: list[int] | None = None) -> dict[str, tuple[int, int]]:
    """Rows of the markers over ten messages, one each microsecond."""
    people = np.array(who or [0] * 10)
    found = place_markers(list(annotations), np.arange(10), people, np.zeros(10, dtype=bool))
    return {a.raw_label: (begin, end) for begin, end, a in found}


def test_the_outer_of_two_that_begin_or_end_together_takes_the_outer_lines() -> None:
    rows = placed(Annotation("inner", 0, 0, 5), Annotation("outer", 0, 0, 9), Annotation("late", 0, 7, 9))
    assert rows == {"outer": (0, 9), "inner": (1, 5), "late": (7, 8)}


def test_only_messages_of_the_person_count() -> None:
    assert placed(Annotation("A", 1, 0, 9), who=[0, 1, 0, 0, 1, 1, 0, -1, 1, 0]) == {"A": (1, 8)}


def test_too_few_messages_leave_no_annotation() -> None:
    assert placed(Annotation("A", 1, 0, 9), Annotation("B", 0, 3, 3)) == {}
