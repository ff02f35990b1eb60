"""Retrieval curves: recall against depth, label precision against depth, and labels found instead."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from discover.reports.style import COLOURS, INK, Drawing, draw, paint_shares, shares_side

__all__ = ["draw_label_precision", "draw_recall_curves", "draw_retrieved_labels"]

_DIRECTIONS = {
    "text_to_window": "caption → window",
    "window_to_text": "window → caption",
    "window_to_window": "window → window",
    "text_to_text": "caption → caption (aligned)",
    "text_to_captions_encoder": "caption → other captions (text encoder only)",
    "text_to_captions_joint": "caption → other captions (aligned)",
    "captions_to_captions_encoder": "caption → caption (text encoder only)",
}
_RECALL_NOTE = (
    "Each test window is looked for with its own caption, and each caption with its window, among "
    "all test windows. The curve says how often the right one is among the first K answers. Dotted: "
    "chance."
)
_PRECISION_NOTE = (
    "Share of the first K answers that have the query's own activity, averaged over activities (each "
    "counts once). All test windows can be found but the query's own. It falls with K where an "
    "activity has fewer windows than K: more right answers than that do not exist."
)
_RETRIEVED_NOTE = (
    "For captions of the activity on the left: the activities of the first {k} windows found, as "
    "shares of a row. A full diagonal would mean that only windows of the same activity are found."
)


def draw_recall_curves(retrieval: Mapping[str, Any], name: str = "recall_curves") -> Drawing | None:
    """Recall against K per direction; None where the evaluation has no curve."""
    curves = {d: c for d, c in (retrieval.get("recall_curve") or {}).items() if d in _DIRECTIONS}
    if not curves:
        return None
    chance = {int(k): float(v) for k, v in retrieval.get("pool", {}).get("chance_recall", {}).items()}

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for i, (direction, curve) in enumerate(curves.items()):
            axes.plot(curve["k"], curve["recall"], "o-", color=COLOURS[i % len(COLOURS)], markersize=4,
                      linewidth=1.8, clip_on=False, label=_DIRECTIONS[direction])  # fmt: skip
        if chance:
            axes.plot(list(chance), list(chance.values()), ":", color=INK, linewidth=1.4, label="chance")
        _log_axis(axes, sorted({int(k) for c in curves.values() for k in c["k"]}))
        axes.set_ylabel("recall@K")

    alt = "Recall against the number of answers looked at"
    return _with_legend(name, alt, paint, len(curves) + 1, _RECALL_NOTE)


def draw_label_precision(retrieval: Mapping[str, Any], name: str = "label_precision") -> Drawing | None:
    """Macro label precision against K per direction with 95 % intervals; None where there is none."""
    by_direction = (retrieval.get("labels") or {}).get("L1") or {
        d: {"values": v}
        for d, v in (retrieval.get("label_precision") or {}).items()
        if isinstance(v, Mapping)
    }
    curves = {d: _macro_points(v) for d, v in by_direction.items() if d in _DIRECTIONS}
    curves = {d: points for d, points in curves.items() if points}
    if not curves:
        return None

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for i, (direction, points) in enumerate(curves.items()):
            ks, values = [p[0] for p in points], [p[1] for p in points]
            colour = COLOURS[i % len(COLOURS)]
            axes.plot(
                ks, values, "o-", color=colour, markersize=4, linewidth=1.8, label=_DIRECTIONS[direction]
            )
            low = [p[2] for p in points if p[2] is not None]
            high = [p[3] for p in points if p[3] is not None]
            if len(low) == len(high) == len(ks):
                axes.fill_between(ks, low, high, color=colour, alpha=0.1,
                                  linewidth=0)  # fmt: skip
        _log_axis(axes, sorted({p[0] for points in curves.values() for p in points}))
        axes.set_ylabel("label precision@K, macro")

    alt = "Label precision against the number of answers looked at"
    return _with_legend(name, alt, paint, len(curves), _PRECISION_NOTE)


def draw_retrieved_labels(retrieval: Mapping[str, Any], name: str = "retrieved_labels") -> Drawing | None:
    """Activities of what captions of each activity find; None where the evaluation has no such table."""
    level = (retrieval.get("labels") or {}).get("L1") or {}
    table = level.get("text_to_window", {}).get("confusion")
    if not table or not table["classes"]:
        return None
    shares = np.asarray(table["shares"], dtype=float)
    names = [c.replace("_", " ") for c in table["classes"]]
    side = shares_side(names)
    words = {(i, j): f"{100 * shares[i, j]:.0f}" for i, j in np.argwhere(shares >= 0.005)}

    def paint(figure: Figure) -> None:
        paint_shares(
            figure, shares, words, names, across="activity of the windows found",
            down="activity of the caption", bar="share of the windows found (%, inside)",
        )  # fmt: skip

    alt = "Activities of the windows that captions of each activity find"
    return draw(name, alt, (side + 1.2, side), paint, note=_RETRIEVED_NOTE.format(k=table["k"]))


def _macro_points(direction: Mapping[str, Any]) -> list[tuple[int, float, float | None, float | None]]:
    points = []
    for key, value in direction.get("values", direction).items():
        found = re.fullmatch(r"label_precision@(\d+)_macro", key)
        if found:
            interval = direction.get("intervals", {}).get(key, {})
            points.append((int(found[1]), float(value), interval.get("low"), interval.get("high")))
    return sorted(points)


def _log_axis(axes: Any, ks: list[int]) -> None:
    axes.set_xscale("log")
    axes.set_xticks(ks, [str(k) for k in ks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("K, number of answers looked at")
    axes.set_ylim(0, 1)
    axes.grid()


def _with_legend(name: str, alt: str, paint: Any, lines: int, note: str) -> Drawing:
    def whole(figure: Figure) -> None:
        paint(figure)
        figure.legend(loc="outside right upper", ncols=1)

    return draw(name, alt, (9.6, max(3.6, 1.2 + 0.25 * lines)), whole, note=note)
