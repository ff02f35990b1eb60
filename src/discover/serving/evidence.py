"""How far a count from sensors can be from the truth, as simulated homes show it."""

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from discover.core.reading import parse_yaml
from discover.query import activities

__all__ = ["OFFSET", "likely_range", "proven"]

WILDEST = 30.0
"""Recognition that is off by factors further apart than this shows nothing about a number."""
OFFSET = 0.05
"""Added to both sides of a factor, so that a count of nothing can be off as well."""


@cache
def _table() -> dict[str, dict[str, tuple[float, float]]]:
    text = resources.files("discover.serving").joinpath("evidence.yaml").read_text(encoding="utf-8")
    values: Any = parse_yaml(text, "evidence.yaml")
    return {kind: {name: tuple(pair) for name, pair in rows.items()} for kind, rows in values.items()}


def proven(kind: str, evidence: str, names: Sequence[str]) -> bool:
    """Whether a number may be made of some evidence: of recognition where simulated homes bound its error."""
    rows = [_table().get(kind, {}).get(f"{name} recognised") for name in names]
    known = [row for row in rows if row is not None]
    return evidence != "recognised" or any(kind == "clock" or r[1] <= WILDEST * r[0] for r in known)


def likely_range(
    value: float, low: float, high: float, kind: str, evidence: str, names: Sequence[str]
) -> tuple[float, float, str]:
    """An interval widened by what the evidence misses or invents, and a note that says so.

    It always holds the number that was found: a real home's sensors may be better than simulated ones.

    Args:
        value: As found.
        low, high: From days drawn again.
        kind: count, hours or clock.
        evidence: Of the moments: sensor, stay, episode, guess or recognised.
        names: The things asked about.
    """
    rows = _table().get(kind, {})
    row = next((rows[f"{name} {evidence}"] for name in names if f"{name} {evidence}" in rows), None)
    # A sensor of the thing itself counts right, unless simulated homes say otherwise for that activity.
    activity = any(name in activities() for name in names)
    row = rows.get(evidence) if row is None and evidence != "sensor" and activity else row
    if row is None:
        return low, high, ""
    what = {
        "episode": "the order of events",
        "guess": "movement near the outer door",
        "stay": "stays",
        "recognised": "recognition",
        "sensor": "such sensors",
    }[evidence]
    note = f"The interval includes how far counts from {what} are off in simulated homes."
    if kind == "clock":
        low, high = low + row[0], high + row[1]
    else:
        low, high = (
            max(0.0, (edge + OFFSET) * factor - OFFSET) for edge, factor in zip((low, high), row, strict=True)
        )
    return min(low, value), max(high, value), note
