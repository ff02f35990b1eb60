"""Recognition in detail: F1 of each activity, and scores by part of the day, for a few chosen rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from discover.core.day_parts import DAY_PARTS
from discover.reports.markdown_evaluation import method_title
from discover.reports.style import COLOURS, INK, Drawing, draw

__all__ = ["compared_rows", "draw_activities", "draw_day_parts"]

_ACTIVITIES_NOTE = (
    "F1 of each activity: 1 means every window of it was found and nothing else was taken for it. "
    "Bars without a label used stand beside a probe that was trained on labels; n is the number of "
    "true windows. Lines are 95 % intervals over days; a bar without one belongs to an activity that "
    "was seen on one day only."
)
_DAY_PARTS_NOTE = (
    "The same rows by the part of the day in which a window begins. A part of the day with few "
    "windows (n) or few different activities can look better or worse by chance."
)


def compared_rows(rows: Sequence[Mapping[str, Any]], pool: str) -> list[Mapping[str, Any]]:
    """Rows shown in detail, fixed beforehand: text only, aligned, probe; centred and described first."""
    wanted: tuple[dict[str, str], ...] = (
        {"variant": "centred", "prompts": "described"},
        {"variant": "centred"},
        {},
    )
    found = []
    for method in ("text_only", "aligned_zero_shot", "linear_probe"):
        own = [r for r in rows if r["method"] == method and not r.get("smoothed") and pool in r]
        picks = (r for extra in wanted for r in own if extra.items() <= dict(r).items())
        row = next(picks, None)
        if row is not None:
            found.append(row)
    return found


def draw_activities(rows: Sequence[Mapping[str, Any]], pool: str, name: str) -> Drawing | None:
    """Horizontal bars per activity, most frequent first; None where no row has scores per activity."""
    shown = [row for row in rows if row.get(pool, {}).get("per_class")]
    if not shown:
        return None
    support = {a: int(c["support"]) for row in shown for a, c in row[pool]["per_class"].items()}
    activities = sorted(support, key=lambda a: (-support[a], a))
    thick = 0.8 / len(shown)

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for i, row in enumerate(shown):
            places = np.arange(len(activities)) - 0.4 + (i + 0.5) * thick
            cells = [row[pool]["per_class"].get(a, {}) for a in activities]
            values = [float(c.get("f1", 0.0)) for c in cells]
            colour = COLOURS[_colour(row)]
            axes.barh(places, values, thick * 0.92, color=colour, label=method_title(row))
            known = [(p, c) for p, c in zip(places, cells, strict=True) if c.get("f1_low") is not None]
            low, high = (np.array([c[end] for _, c in known], float) for end in ("f1_low", "f1_high"))
            bars = {"xerr": (high - low) / 2, "fmt": "none", "ecolor": INK, "elinewidth": 1, "capsize": 2}
            axes.errorbar((low + high) / 2, [p for p, _ in known], **bars)
        words = [f"{a.replace('_', ' ')} (n = {support[a]:,})" for a in activities]
        axes.set_yticks(range(len(activities)), words)
        axes.set_ylim(len(activities) - 0.4, -0.6)
        axes.set_xlim(0, 1)
        axes.set_xlabel("F1")
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
        figure.legend(loc="outside upper left", ncols=1)

    height = 1.0 + 0.2 * len(shown) + len(activities) * (0.16 + 0.13 * len(shown))
    return draw(name, "F1 of each activity", (8.6, height), paint, note=_ACTIVITIES_NOTE)


def draw_day_parts(rows: Sequence[Mapping[str, Any]], pool: str, name: str) -> Drawing | None:
    """Weighted F1 of each part of the day; None where the evaluation has no such scores."""
    shown = [row for row in rows if row.get(pool, {}).get("by_day_part")]
    if not shown:
        return None
    present = [p for p in DAY_PARTS if any(p.name in row[pool]["by_day_part"] for row in shown)]
    counts = {
        p.name: max(int(r[pool]["by_day_part"].get(p.name, {}).get("n", 0)) for r in shown) for p in present
    }
    thick = 0.8 / len(shown)

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for i, row in enumerate(shown):
            parts = row[pool]["by_day_part"]
            values = [parts.get(p.name, {}).get("weighted_f1", 0.0) for p in present]
            places = np.arange(len(present)) - 0.4 + (i + 0.5) * thick
            axes.bar(places, values, thick * 0.92, color=COLOURS[_colour(row)], label=method_title(row))
        words = [f"{p.begin_hour}–{p.end_hour} h\nn = {counts[p.name]:,}" for p in present]
        axes.set_xticks(range(len(present)), words)
        axes.tick_params(axis="x", length=0)
        axes.set_ylim(0, 1)
        axes.set_ylabel("weighted F1")
        axes.grid(axis="y")
        figure.legend(loc="outside upper left", ncols=1)

    height = 2.9 + 0.2 * len(shown)
    return draw(name, "Weighted F1 by part of the day", (8.6, height), paint, note=_DAY_PARTS_NOTE)


def _colour(row: Mapping[str, Any]) -> int:
    return {"text_only": 4, "aligned_zero_shot": 1}.get(str(row["method"]), 0)
