"""Sunrise and sunset against published almanacs (timeanddate.com), which round to a minute."""

from datetime import UTC, datetime

import numpy as np
import pytest
from pydantic import ValidationError

from discover.app.sunrise import daylight
from discover.core.home import Home


def ms(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000


def at(latitude: float, longitude: float, zone: str, day: str) -> list[str]:
    home = Home(name="x", latitude=latitude, longitude=longitude, time_zone=zone)
    spans = daylight(home, ms(day), ms(day) + 1)
    (own,) = [s for s in spans if ms(day) <= s[0] < ms(day) + 86_400_000]
    return [datetime.fromtimestamp(t / 1000, UTC).isoformat()[:16] for t in own.tolist()]


@pytest.mark.parametrize(
    ("place", "day", "rise", "sets"),
    [
        ((52.52, 13.405, "Europe/Berlin"), "2024-06-21", "04:43", "21:33"),
        ((51.507, -0.128, "Europe/London"), "2024-12-21", "08:04", "15:53"),
        ((40.713, -74.006, "America/New_York"), "2024-06-20", "05:25", "20:31"),
        ((-33.869, 151.209, "Australia/Sydney"), "2024-01-01", "05:48", "20:09"),
    ],
)
def test_days_of_an_almanac(place: tuple[float, float, str], day: str, rise: str, sets: str) -> None:
    found = at(*place, day)
    for got, wanted in zip(found, (rise, sets), strict=True):
        assert abs(ms(got) - ms(f"{day}T{wanted}")) <= 2 * 60_000, (found, rise, sets)


def test_the_clock_goes_forward_with_the_wall() -> None:
    before, after = (at(52.52, 13.405, "Europe/Berlin", day)[0][11:] for day in ("2024-03-30", "2024-03-31"))
    assert before.startswith("05:4")
    assert after.startswith("06:4"), "an hour later by the clock on the day summer time begins"


def test_the_polar_night_has_no_day_and_the_polar_day_no_night() -> None:
    tromso = Home(name="x", latitude=69.65, longitude=18.96, time_zone="Europe/Oslo")
    assert len(daylight(tromso, ms("2024-12-20"), ms("2024-12-21"))) == 0
    summer = daylight(tromso, ms("2024-06-20"), ms("2024-06-21"))
    assert np.all(summer[1:, 0] - summer[:-1, 1] < 60_000)


def test_an_unknown_place_has_no_sun() -> None:
    assert daylight(Home(name="x"), 0.0, 1e9).shape == (0, 2)
    with pytest.raises(ValidationError, match="give both latitude and longitude"):
        Home(name="x", latitude=50.0)
