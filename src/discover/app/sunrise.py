"""When the sun is above the horizon of a home, by its latitude and longitude."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.app.event_arrays import DAY_MS, ms_datetime, times_ms
from discover.core.home import Home

__all__ = ["daylight"]

_UNIX_JD, _J2000 = 2_440_587.5, 2_451_545.0
_TILT = np.radians(23.4397)
_HORIZON = np.radians(-0.833)
"""Centre of the sun as its upper edge is seen on the horizon, through the air."""


def daylight(home: Home, begin: float, end: float) -> NDArray[np.float64]:
    """(N, 2) sunrise and sunset of each day, milliseconds of the home's wall clock; right to a minute or two.

    The sunrise equation (Meeus 1998, with three terms of the equation of the centre). A day on which the sun
    does not set is 24 hours long; one on which it does not rise has no row.

    Args:
        home: Its place and time zone; without a place there is no row.
        begin, end: Milliseconds of the wall clock; two days more are given on both sides.
    """
    if home.latitude is None or home.longitude is None:
        return np.empty((0, 2))
    days = np.arange(begin // DAY_MS - 2, end // DAY_MS + 3) + _UNIX_JD + 0.5 - _J2000
    noon = days - home.longitude / 360
    anomaly = np.radians((357.5291 + 0.98560028 * noon) % 360)
    centre = 1.9148 * np.sin(anomaly) + 0.02 * np.sin(2 * anomaly) + 0.0003 * np.sin(3 * anomaly)
    ecliptic = anomaly + np.radians(centre + 180 + 102.9372)
    transit = noon + 0.0053 * np.sin(anomaly) - 0.0069 * np.sin(2 * ecliptic)
    declination = np.arcsin(np.sin(ecliptic) * np.sin(_TILT))
    latitude = np.radians(home.latitude)
    cosine = (np.sin(_HORIZON) - np.sin(latitude) * np.sin(declination)) / (
        np.cos(latitude) * np.cos(declination)
    )
    half = np.degrees(np.arccos(np.clip(cosine, -1, 1))) / 360
    up = half > 0
    utc = (np.stack([transit - half, transit + half], axis=1)[up] + _J2000 - _UNIX_JD) * DAY_MS
    return _wall_clock(utc.ravel(), home.time_zone).reshape(-1, 2)


def _wall_clock(utc: NDArray[np.float64], zone: str) -> NDArray[np.float64]:
    times = pl.Series([ms_datetime(float(ms)) for ms in utc], dtype=pl.Datetime("us"))
    return times_ms(times.dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.replace_time_zone(None))
