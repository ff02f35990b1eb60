"""Moments in UTC become the wall-clock times of a home, the hour that comes twice in order."""

from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from discover.homes._order import repeated_hour

__all__ = ["wall_clock"]

_MINUTE_US = 60_000_000


def wall_clock(moments: pl.Series, zone: ZoneInfo) -> pl.Series:
    """Local times without a zone, in the order of the moments.

    Where summer time ends, an hour comes twice. Both passes are stored at half pace, the first in the hour's
    first half, as for every log (`_order.uncrowded`).

    Args:
        moments: Microseconds since 1970, UTC.
        zone: Of the home.
    """
    utc = moments.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    local = utc.dt.convert_time_zone(zone.key).dt.replace_time_zone(None)
    early, late = (
        local.dt.replace_time_zone(zone.key, ambiguous=which).dt.convert_time_zone("UTC")
        for which in ("earliest", "latest")
    )
    table = pl.DataFrame({"local": local, "late": late == utc, "twice": early != late})
    twice = table.filter("twice")
    if not len(twice):
        return local
    times, second = twice["local"].to_physical().to_numpy(), twice["late"].to_numpy()
    minutes, minute = np.unique(times // _MINUTE_US, return_inverse=True)
    # One look per minute: all minutes of a repeated hour have the same begin and end.
    folds = [
        repeated_hour(m * _MINUTE_US, zone) or (m * _MINUTE_US, m * _MINUTE_US) for m in minutes.tolist()
    ]
    begin, end = (np.array([fold[k] for fold in folds], dtype=np.int64)[minute] for k in (0, 1))
    stored = begin + (times - begin) // 2 + np.where(second, (end - begin) // 2, 0)
    return local.scatter(table["twice"].arg_true(), pl.Series(stored).cast(pl.Datetime("us")))
