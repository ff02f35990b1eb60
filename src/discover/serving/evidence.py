"""How far a count from sensors can be from the truth, as simulated homes show it."""

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from discover.core.reading import parse_yaml

__all__ = ["likely_range"]


@cache
def _table() -> dict[str, dict[str, tuple[float, float]]]:
    text = resources.files("discover.serving").joinpath("evidence.yaml").read_text(encoding="utf-8")
    values: Any = parse_yaml(text, "evidence.yaml")
    return {kind: {name: tuple(pair) for name, pair in rows.items()} for kind, rows in values.items()}


def likely_range(
    low: float, high: float, kind: str, evidence: str, names: Sequence[str]
) -> tuple[float, float, str]:
    """An interval widened by what the evidence misses or invents, and a note that says so.

    Args:
        low, high: From days drawn again.
        kind: count, hours or clock.
        evidence: Of the moments: sensor, stay, episode or recognised.
        names: The things asked about.
    """
    rows = _table().get(kind, {})
    row = next((rows[key] for name in names for key in (f"{name} {evidence}", name) if key in rows), None)
    if row is None:
        row = rows.get(evidence)
    if row is None or (evidence == "sensor" and not any(f"{n} sensor" in rows for n in names)):
        return low, high, ""
    what = {
        "episode": "the order of events",
        "stay": "stays",
        "recognised": "recognition",
        "sensor": "such sensors",
    }[evidence]
    note = f"The interval includes how far counts from {what} are off in simulated homes."
    if kind == "clock":
        return low + row[0], high + row[1], note
    return low * row[0], high * row[1], note
