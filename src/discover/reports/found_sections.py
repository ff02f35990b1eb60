"""The first sections of a report: what was done when, a typical day, unusual days. No label is read."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.changes import ChangeConfig, TimeGrid, build_grid, marks_of_windows, thin_windows
from discover.changes.unusual_days import UnusualDay, unusual_days
from discover.reports.cluster_days import draw_calendar, draw_typical_day, minutes_per_hour
from discover.reports.pages import Section
from discover.reports.style import MANY_COLOURS
from discover.reports.tables import Cell, Table

__all__ = ["UNSURE", "Found", "Stretch", "found_in", "found_sections", "unusual_section"]

_UNKNOWN = "unknown"
UNSURE = "unsure"
"""What windows without an answer are called."""
_UNSURE_COLOUR, _OTHERS_COLOUR = "#d8cfbf", "#4a5561"
_OTHERS = "other activities"
_SHOWN_DAYS = 10
_FEW_DAYS = 3
"""With fewer days nothing repeats, and the network reads habits."""
_LEAST_MINUTES = 2.0
"""Minutes in an hour that an activity needs to stand for it."""


@dataclass(frozen=True)
class Stretch:
    """Whole hours of a typical day and the activity that takes most of their recorded time."""

    begin_h: int
    end_h: int
    what: str

    def __str__(self) -> str:
        return f"{self.begin_h:02d}–{self.end_h:02d} h {self.what}"


@dataclass(frozen=True)
class Found:
    """What was done when in one home.

    Attributes:
        grid: Time of each activity, most time first; then other activities, and windows without an answer.
        sure: Mean probability of each activity's windows, in the grid's order; None of `unsure`.
        unusual: Days that are unlike the others of their kind, most unusual first.
        note: How the answers came about.
    """

    grid: TimeGrid
    sure: tuple[float | None, ...]
    unusual: tuple[UnusualDay, ...]
    note: str

    COLUMNS: ClassVar = ("activity", "hours a day", "times a day", "mostly at", "how sure")

    @property
    def activities(self) -> tuple[str, ...]:
        """What there is to see, in words."""
        return tuple(name.replace("_", " ") for name in self.grid.things)

    @property
    def colours(self) -> list[str]:
        """A colour of each activity."""
        fixed = {UNSURE: _UNSURE_COLOUR, _OTHERS: _OTHERS_COLOUR}
        return [
            fixed.get(name, MANY_COLOURS[i % len(MANY_COLOURS)]) for i, name in enumerate(self.grid.things)
        ]

    def typical(self, *, weekend: bool) -> list[Stretch]:
        """The activities of a typical day, hours of the same one joined; hours without one are left out."""
        days = np.array([d.weekday() >= 5 for d in self.grid.days], dtype=bool) == weekend
        known = [name != UNSURE for name in self.grid.things]
        minutes = minutes_per_hour(self.grid, days)[known]
        names = [n for n, kept in zip(self.activities, known, strict=True) if kept]
        found: list[Stretch] = []
        for hour in range(24 if names else 0):
            best = int(minutes[:, hour].argmax())
            if minutes[best, hour] < _LEAST_MINUTES:
                continue
            if found and found[-1].what == names[best] and found[-1].end_h == hour:
                found[-1] = Stretch(found[-1].begin_h, hour + 1, names[best])
            else:
                found.append(Stretch(hour, hour + 1, names[best]))
        return found

    def table_rows(self) -> list[tuple[str, ...]]:
        """A row of text per activity, see `COLUMNS`."""
        observed = self.grid.by_day(self.grid.observed_B).sum(axis=1) > 0
        time, starts = (self.grid.by_hour(v)[:, observed] for v in (self.grid.time_TB, self.grid.starts_TB))
        return [
            (
                name,
                f"{time[i].sum(axis=1).mean():.1f}",
                f"{starts[i].sum(axis=1).mean():.1f}",
                _usual_hours(time[i].sum(axis=0)),
                "" if self.sure[i] is None else f"{self.sure[i]:.2f}",
            )
            for i, name in enumerate(self.activities)
        ]

    def by_hour(self) -> list[tuple[dt.date, list[int | None]]]:
        """Per day the activity of each hour as a position in `activities`; None where nothing was done."""
        time = self.grid.by_hour(self.grid.time_TB)
        best, some = time.argmax(axis=0), time.max(axis=0) > 0
        return [
            (day, [int(b) if s else None for b, s in zip(best[i], some[i], strict=True)])
            for i, day in enumerate(self.grid.days)
        ]


def found_in(timeline: pl.DataFrame, event_times: pl.Series, note: str) -> Found | None:
    """What a timeline of recognised windows shows; None where it has no window.

    Args:
        timeline: Columns start, activity ("unknown": no answer) and confidence, of one home.
        event_times: Times of all events of that home, sorted; they say when it was observed.
        note: How the answers came about.
    """
    if not len(timeline):
        return None
    windows = thin_windows(timeline)
    counts = (
        windows.filter(pl.col("activity") != _UNKNOWN)
        .group_by("activity")
        .agg(pl.len().alias("n"), pl.col("confidence").mean())
        .sort("n", "activity", descending=[True, False])
    )
    named, rest = counts[: len(MANY_COLOURS)], counts[len(MANY_COLOURS) :]
    words = dict.fromkeys(rest["activity"].to_list(), _OTHERS) | {_UNKNOWN: UNSURE}
    shown = windows["activity"].replace(words)
    things = [*named["activity"].to_list(), *([_OTHERS] if len(rest) else [])]
    sure: list[float | None] = named["confidence"].to_list()
    if len(rest):
        sure.append(float(np.average(rest["confidence"].to_numpy(), weights=rest["n"].to_numpy())))
    if (shown == UNSURE).any():
        things.append(UNSURE)
        sure.append(None)
    grid = build_grid(marks_of_windows(windows, shown), event_times, ChangeConfig(), things=things)
    # What is unsure is no behaviour: a day with more of it is not unusual for that.
    kept = [i for i, name in enumerate(things) if name != UNSURE]
    known = replace(
        grid,
        things=tuple(things[i] for i in kept),
        time_TB=grid.time_TB[kept],
        starts_TB=grid.starts_TB[kept],
    )
    titles = {name: name.replace("_", " ") for name in things}
    if grid.n_days < _FEW_DAYS:
        note += (
            f" The log is short (days: {grid.n_days}): little is known of habits, so activities are guesses."
        )
    return Found(grid, tuple(sure), tuple(unusual_days(known, titles)), note)


def found_sections(found: Found) -> list[Section]:
    """Calendar with a table of the activities, then the typical day."""
    names = list(found.activities)
    calendar = draw_calendar(found.grid, found.colours, names)
    return [
        Section(
            "found",
            "What was found",
            f"{found.note} How sure: mean probability of an activity's windows; unsure: windows like no "
            "activity.",
            figures=[calendar],
            tables=[_activities(found)],
        ),
        Section(
            "typical",
            "A typical day",
            "Colours as in the calendar. An hour is named after the activity with most of its time, "
            f"{_LEAST_MINUTES:.0f} minutes at least.",
            terms=[
                (name, "; ".join(map(str, found.typical(weekend=weekend))) or "no hour with a sure activity")
                for weekend, name in ((False, "Monday to Friday"), (True, "Weekend"))
                if any((d.weekday() >= 5) == weekend for d in found.grid.days)
            ],
            figures=[draw_typical_day(found.grid, found.colours)],
        ),
    ]


def _activities(found: Found) -> Table:
    rows = [
        [Cell(row[0]), *(Cell(value, number=i != 3) for i, value in enumerate(row[1:], 1))]
        for row in found.table_rows()
    ]
    return Table("", found.COLUMNS, rows, number_columns=frozenset({1, 2, 4}))


def _usual_hours(time: NDArray[np.float64]) -> str:
    """The shortest run of hours, over midnight too, that holds at least half of the time."""
    total = float(time.sum())
    if total <= 0:
        return ""
    twice = np.concatenate([[0.0], np.cumsum(np.tile(time, 2))])
    for length in range(1, 25):
        held = twice[length : 24 + length] - twice[:24]
        best = int(held.argmax())
        if held[best] >= total / 2:
            return f"{best:02d}–{(best + length - 1) % 24 + 1:02d} h"
    return "all day"


def unusual_section(rare: Sequence[UnusualDay], n_days: int) -> Section:
    """The days that are least like the others of their kind, and how sure that is."""
    if not rare:
        text = (
            f"{n_days} {'day is' if n_days == 1 else 'days are'} too few to say which is unusual: five whole "
            "days from Monday to Friday, or five of weekends, are needed."
        )
        return Section("rare", "Unusual days", text)
    stay = sum(day.stays for day in rare)
    found = f"{stay} {'day stays' if stay == 1 else 'days stay'}" if stay else "no day stays"
    text = (
        "Distance from the mean of the other days of the same kind (Monday to Friday, or weekend): 0 is the "
        "same, 1 nothing in common. p is how often a day would be at least as far by chance, judged by the "
        "middle and the spread of the days of its kind. At p = 0.05 one day in twenty looks unusual "
        f"by chance, about {0.05 * len(rare):.0f} of the {len(rare)} days compared. The last but one column "
        f"allows for that (Benjamini-Hochberg, at most 5 % of the marked days false): {found} unusual."
    )
    rows = [
        [
            Cell(f"{day.day:%a %d %b %Y}", number=True),
            Cell(f"{day.distance:.2f}", number=True),
            Cell(f"{day.p_value:.3f}" if day.p_value >= 0.001 else "under 0.001", number=True),
            Cell("stays unusual" if day.stays else "may be chance"),
            Cell(day.words),
        ]
        for day in rare[:_SHOWN_DAYS]
    ]
    header = ("day", "distance", "p", "among so many days", "compared with other such days")
    table = Table("", header, rows, number_columns=frozenset({0, 1, 2}))
    return Section("rare", "Unusual days", text, tables=[table])
