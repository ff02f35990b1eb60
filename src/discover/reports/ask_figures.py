"""A small chart of one value per day."""

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from discover.core.artifacts import atomic_path
from discover.core.errors import ConfigError
from discover.reports.style import Drawing, draw

__all__ = ["per_day_svg", "write_per_day"]


def write_per_day(path: Path, days: Sequence[dt.date], values: NDArray[np.float64], title: str) -> Path:
    """Write the chart as SVG or PNG, by the ending of the path.

    Raises:
        ConfigError: Another ending.
    """
    if path.suffix not in (".svg", ".png"):
        raise ConfigError(f"A figure ends with .svg or .png, got {path.name}. Rename it.")
    drawn = _drawn(days, values, title)
    with atomic_path(path) as temporary:
        temporary.write_bytes(drawn.svg if path.suffix == ".svg" else drawn.png)
    return path


def per_day_svg(days: Sequence[dt.date], values: NDArray[np.float64], title: str) -> str:
    """The chart as an SVG element for a page."""
    text = _drawn(days, values, title).svg.decode("utf-8")
    return re.sub(r"^.*?(?=<svg)", "", text, flags=re.DOTALL)


def _drawn(days: Sequence[dt.date], values: NDArray[np.float64], title: str) -> Drawing:
    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        at = np.array(days, dtype="datetime64[D]")
        if "time of day" in title:
            axes.plot(at, values, "o", markersize=4)
            axes.invert_yaxis()
        else:
            axes.bar(at, values, width=0.8)
            axes.set_ylim(bottom=min(0.0, float(values.min(initial=0.0))))
        axes.set_ylabel(title)

    return draw("asked", f"{title}, {len(days)} days", (6.4, 2.4), paint)
