"""When a day begins and ends: busy hours, not single events of the night."""

import numpy as np

from discover.app.patterns import _busy

HOUR = 3_600_000.0
DAY = 24 * HOUR


def test_a_day_begins_with_its_first_busy_hour_and_may_end_after_midnight() -> None:
    day = np.arange(7.0, 22.01, 1 / 6)  # every ten minutes: a quarter of six an hour is 1.5, at least two
    first = [4.5, *day, 24.1, 24.3]
    second = [24 + 2.0, *(24 + day)]
    people = np.array([*first, *second]) * HOUR
    rise, rest = _busy(people, np.array([0.0, 1.0, 2.0, 3.0]) * DAY)
    assert rise == [7 * HOUR, 31 * HOUR, None]
    assert rest == [24.3 * HOUR, (24 + day[-1]) * HOUR, None]


def test_a_silent_home_has_no_busy_hour() -> None:
    assert _busy(np.array([]), np.array([0.0, DAY])) == ([None], [None])
    assert _busy(np.array([9.0]) * HOUR, np.array([0.0, DAY])) == ([None], [None])
