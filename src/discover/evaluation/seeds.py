"""Results of several seeds as one: mean and range of every score."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from discover.core.errors import ConfigError
from discover.evaluation.answers import row_key
from discover.metrics.classification import SCORE_NAMES

__all__ = ["summarise_seeds"]


def summarise_seeds(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row per method of recognition results that differ in the model's seed only.

    Returns:
        Rows as in the results, each score with `mean`, `min`, `max` and `values` (one per seed), the
        calibration error with `values`.

    Raises:
        ConfigError: No result, or results of another home, protocol, prompts or set of rows.
    """
    if not results:
        raise ConfigError("Give at least one evaluation result to summarise.")
    keys = [_identity(result) for result in results]
    if any(key != keys[0] for key in keys[1:]):
        raise ConfigError(
            "These results are not repetitions of one evaluation: home, protocol, prompts or rows differ. "
            "Summarise runs of one configuration with different seeds."
        )
    summary: list[dict[str, Any]] = []
    for i, row in enumerate(results[0]["rows"]):
        merged: dict[str, Any] = {
            k: row[k]
            for k in ("method", "uses_labels", "prompts", "variant", "smoothed", "unit", "space", "shots")
            if k in row
        }
        for pool in ("annotated", "full"):
            if pool in row:
                merged[pool] = {"n": row[pool]["n"], "seeds": len(results)}
                for score in SCORE_NAMES:
                    values = [float(result["rows"][i][pool][score]["value"]) for result in results]
                    merged[pool][score] = {
                        "mean": float(np.mean(values)),
                        "min": min(values),
                        "max": max(values),
                        "values": values,
                    }
                errors = [result["rows"][i][pool].get("calibration_error") for result in results]
                if None not in errors:
                    merged[pool]["calibration_error"] = {"values": errors}
        summary.append(merged)
    return summary


def _identity(result: Mapping[str, Any]) -> tuple[Any, ...]:
    hashes = tuple((name, p.get("sha256")) for name, p in result.get("prompts", {}).items())
    rows = tuple((row_key(r), r["unit"], r["annotated"]["n"]) for r in result["rows"])
    return (result["schema"], result["home"], result["protocol"], hashes, rows)
