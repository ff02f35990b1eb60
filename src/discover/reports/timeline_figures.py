"""A timeline of activities, day by day: one row per day, hours across, one colour per activity."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from discover.reports.style import GREY, MANY_COLOURS, Drawing, draw

__all__ = ["draw_timeline", "short_days"]

_UNKNOWN = "unknown"
_UNKNOWN_COLOUR, _REST_COLOUR = "#dfe4e9", "#4a5561"
_DAYS_PER_PAGE = 45
_ROW_INCHES, _WIDTH_INCHES = 0.2, 10.4
_NARROWEST_S = 100.0
"""A bar is drawn at least this wide, so that a single window can be seen: 1.2 pixels at print size."""


def draw_timeline(segments: pl.DataFrame, *, title: str, name: str = "timeline") -> list[Drawing]:
    """Pictures of `recognition.SEGMENTS`, at most 45 days each; none where there is no segment.

    The activities that take most time get a colour of their own; where there are more of them than
    colours, the rest share a dark one and are named together.
    """
    if not len(segments):
        return []
    bars = _by_day(segments)
    days = bars["day"].unique().sort().to_list()
    colours, legend = _colours(segments)
    pages = [days[i : i + _DAYS_PER_PAGE] for i in range(0, len(days), _DAYS_PER_PAGE)]
    drawings = []
    for number, page in enumerate(pages, start=1):
        own = name if len(pages) == 1 else f"{name}_{number}"
        heading = title if len(pages) == 1 else f"{title} ({number} of {len(pages)})"
        drawings.append(
            _draw_page(bars.filter(pl.col("day").is_in(page)), page, colours, legend, heading, own)
        )
    return drawings


def short_days(days: Sequence[date]) -> list[str]:
    """Labels such as "Mon 01 Mar", with the year at the first day of each year."""
    stamps = pl.Series(days, dtype=pl.Date)
    words = stamps.dt.strftime("%a %d %b").to_list()
    years = stamps.dt.year().to_list()
    first = [True, *(a != b for a, b in pairwise(years))]
    return [f"{w} {y}" if new else w for w, y, new in zip(words, years, first, strict=True)]


def _by_day(segments: pl.DataFrame) -> pl.DataFrame:
    """Segments cut at midnight: day, activity, begin and length in hours of that day."""
    midnight = pl.col("day").cast(pl.Datetime("us"))
    begin = pl.max_horizontal("start", midnight)
    end = pl.min_horizontal("end", midnight + pl.duration(days=1))
    hours = pl.duration(hours=1)
    return (
        segments.with_columns(pl.date_ranges(pl.col("start").dt.date(), pl.col("end").dt.date()).alias("day"))
        .explode("day")
        .with_columns(
            ((begin - midnight) / hours).alias("begin_h"), ((end - begin) / hours).alias("length_h")
        )
        .select("day", "activity", "begin_h", "length_h")
    )


def _colours(segments: pl.DataFrame) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Colour of each activity, and the legend's (words, colour) in order of time spent."""
    spent = (
        segments.filter(pl.col("activity") != _UNKNOWN)
        .group_by("activity")
        .agg((pl.col("end") - pl.col("start")).sum().alias("time"))
        .sort("time", "activity", descending=[True, False])["activity"]
        .to_list()
    )
    own, rest = spent[: len(MANY_COLOURS)], spent[len(MANY_COLOURS) :]
    colours = dict(zip(own, MANY_COLOURS, strict=False))
    legend = [(a.replace("_", " "), colours[a]) for a in own]
    if rest:
        colours |= dict.fromkeys(rest, _REST_COLOUR)
        named = ", ".join(a.replace("_", " ") for a in rest[:3]) + (", …" if len(rest) > 3 else "")
        legend.append((f"{len(rest)} more: {named}", _REST_COLOUR))
    colours[_UNKNOWN] = _UNKNOWN_COLOUR
    if (segments["activity"] == _UNKNOWN).any():
        legend.append((_UNKNOWN, _UNKNOWN_COLOUR))
    return colours, legend


def _draw_page(
    bars: pl.DataFrame,
    days: list[date],
    colours: dict[str, str],
    legend: list[tuple[str, str]],
    title: str,
    name: str,
) -> Drawing:
    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        row_of, labels = _rows(days)
        # Unknown first, then from long to short: a short segment is never hidden by its neighbour.
        order = bars.with_columns((pl.col("activity") != _UNKNOWN).alias("known")).sort(
            "known", "length_h", descending=[False, True]
        )
        wide = order["length_h"].clip(lower_bound=_NARROWEST_S / 3600)
        axes.barh(
            [row_of[day] for day in order["day"].to_list()],
            wide.to_list(),
            left=order["begin_h"].to_list(),
            height=0.8,
            color=[colours[a] for a in order["activity"].to_list()],
            linewidth=0,
        )
        _dress(axes, labels)
        axes.set_title(title)
        handles = [Patch(facecolor=c, label=words) for words, c in legend]
        figure.legend(
            handles=handles, loc="outside lower center", ncols=4, handlelength=1.2, handleheight=0.9
        )

    height = 1.1 + _ROW_INCHES * len(_rows(days)[1]) + 0.2 * (-(-len(legend) // 4))
    alt = f"Activities of {len(days)} days, one row per day, hours of the day across"
    return draw(name, alt, (_WIDTH_INCHES, height), paint)


def _rows(days: list[date]) -> tuple[dict[date, int], list[str]]:
    """The row of each day and the label of every row; omitted days in between share one row."""
    row_of: dict[date, int] = {}
    labels: list[str] = []
    for i, (day, words) in enumerate(zip(days, short_days(days), strict=True)):
        missing = (day - days[i - 1]).days - 1 if i else 0
        if missing:
            labels.append(f"({missing} day{'s' if missing > 1 else ''} without)")
        row_of[day] = len(labels)
        labels.append(words)
    return row_of, labels


def _dress(axes: Axes, labels: list[str]) -> None:
    axes.set_yticks(range(len(labels)), labels)
    for tick in axes.get_yticklabels():
        if tick.get_text().startswith("("):
            tick.set_color(GREY)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 25, 2), [f"{h:02d}:00" for h in range(0, 25, 2)])
    axes.set_xlabel("time of day; white: no window, too few events")
    axes.tick_params(length=0)
    axes.grid(axis="x")
    axes.spines[:].set_visible(False)
