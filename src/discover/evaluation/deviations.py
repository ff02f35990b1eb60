"""Where an evaluation departs from docs/protocol.md, in words for the head of its tables."""

from collections.abc import Mapping
from typing import Any

from discover.metrics.bootstrap import MIN_DAYS, enough_days

__all__ = ["SMALL_POOL", "deviations", "few_days", "reference_doubts", "sampling_deviations"]

SMALL_POOL = 200
"""Annotated test windows below which a table says that its pool is small."""

_TREES = 100
_MIN_EVENTS = {"fixed_length": 8}
_REFERENCES = ("bag_logistic", "bag_gradient_boosting", "linear_probe", "mlp_probe", "fine_tuned")
_PROTOCOL_ROWS = {"bag_gradient_boosting": "gradient boosting", "fine_tuned": "fine-tuned"}


def sampling_deviations(sampling: Mapping[str, Any]) -> list[str]:
    """What differs from the protocol in how windows were cut and days split; `sampling`: settings as data."""
    found: list[str] = []
    wanted = _MIN_EVENTS.get(str(sampling.get("type")), 3)
    least = sampling.get("min_events", wanted)
    if least != wanted:
        found.append(f"windows of at least {least} event{'s' if least != 1 else ''} instead of {wanted}")
    split = sampling.get("split") or {}
    if split.get("strategy", "chronological") != "chronological":
        found.append("random days for testing instead of the last ones")
    ratios = [float(r) for r in split.get("ratios") or (0.7, 0.1, 0.2)]
    if ratios != [0.7, 0.1, 0.2]:
        shares = "/".join(f"{100 * r:.0f}" for r in ratios)
        found.append(f"days split {shares} instead of 70/10/20")
    for key, usual, words in (("overlap_train", 0.5, "training"), ("overlap_eval", 0.0, "test")):
        share = float(sampling.get(key, usual))
        if share != usual:
            found.append(f"{words} windows overlap by {100 * share:.0f} % instead of {100 * usual:.0f} %")
    return found


def few_days(days: int) -> list[str]:
    """One sentence where so many annotated test days carry no interval."""
    if enough_days(days):
        return []
    return [f"{days} annotated test days, fewer than {MIN_DAYS}: no intervals, no verdicts"]


def deviations(recognition: Mapping[str, Any]) -> list[str]:
    """What a recognition result itself shows: few days, a small pool, shared days, rows that are missing."""
    rows = recognition.get("rows") or ()
    if not rows:
        return []
    found = few_days(int(rows[0]["annotated"]["days"]))
    annotated = int(recognition["pools"]["test"]["annotated"])
    if annotated < SMALL_POOL:
        found.append(f"a small pool of {annotated:,} annotated test windows")
    shared = recognition.get("leak_check", {}).get("shared_days", 0)
    if shared:
        found.append(f"{shared} days have windows of two splits")
    trees = recognition.get("config", {}).get("gradient_boosting_iterations", _TREES)
    if trees < _TREES:
        found.append(f"gradient boosting with at most {trees} trees instead of {_TREES}")
    methods = {row["method"] for row in rows}
    missing = [words for method, words in _PROTOCOL_ROWS.items() if method not in methods]
    if missing:
        found.append(f"rows left out: {', '.join(missing)}")
    return found


def reference_doubts(recognition: Mapping[str, Any]) -> list[str]:
    """Why supervised references are not to be believed; empty where they are sane.

    A reference is doubted where it knows its own training windows worse than the majority class does, or is
    less accurate than the majority class on annotated test windows. Hour of day alone may be.
    """
    found: list[str] = []
    rows = [row for row in recognition.get("rows") or () if row["unit"] == "window"]
    majority = next((row for row in rows if row["method"] == "majority"), None)
    for row in rows:
        if "doubt" in row:
            found.append(str(row["doubt"]))
        if majority is None or row["method"] not in _REFERENCES:
            continue
        own, floor = (r["annotated"]["accuracy"]["value"] for r in (row, majority))
        if own < floor:
            found.append(
                f"{row['method']} has accuracy {own:.3f} on annotated test windows, where the majority class "
                f"has {floor:.3f}"
            )
    return found
