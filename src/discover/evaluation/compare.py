"""Several evaluations in one table, each against the first with paired intervals over days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.artifacts import read_json
from discover.core.errors import ConfigError, DataError
from discover.core.reading import mapping_of, taken_apart
from discover.evaluation.answers import SHOT_ANSWERS, AnswerLog, row_key
from discover.metrics.bootstrap import Interval, bootstrap_mean, paired_mean_difference
from discover.metrics.bootstrap_scores import ScoreSamples, score_samples
from discover.metrics.classification import SCORE_NAMES

__all__ = ["COMPARISON_SCHEMA", "Run", "compare_runs", "read_run"]

COMPARISON_SCHEMA = "discover-comparison/1"
"""Format of the result; docs/guides/evaluation.md describes it."""

_RECOGNITION = ("protocol", "level", "pool", "row")
_RETRIEVAL = ("protocol", "direction", "measure")
_DEPTHS = (1, 10, 100)

_Key = tuple[Any, ...]


@dataclass(frozen=True)
class Run:
    """One evaluation.

    Attributes:
        name: How tables call it.
        answers: `answers.ANSWERS`.
        retrieval: `answers.RETRIEVAL_ANSWERS`.
        shots: `answers.SHOT_ANSWERS`; empty where the answers of the draws were not stored.
        shot_scores: For rows with few labels, (protocol, level, pool, row) -> their entry in metrics.json,
            with the mean over draws and the range of the draws.
    """

    name: str
    answers: pl.DataFrame
    retrieval: pl.DataFrame
    shots: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(SHOT_ANSWERS)))  # type: ignore[arg-type]
    shot_scores: Mapping[_Key, Mapping[str, Any]] = field(default_factory=dict)


def read_run(folder: Path, name: str) -> Run:
    """Read the answers in an evaluation's folder, and the scores of rows with few labels.

    Raises:
        ArtifactError: They are missing or damaged.
    """
    log = AnswerLog.read(folder)
    path = folder / "metrics.json"
    with taken_apart(path, "Evaluate again."):
        metrics = mapping_of(read_json(path), path) if path.is_file() else {}
        scores = {
            (protocol, "L1", "annotated", row_key(row)): row["annotated"]
            for protocol, part in metrics.items()
            for row in part.get("recognition", {}).get("rows", ())
            if row.get("shots")
        }
    stored = {"shots": log.shots[0]} if log.shots else {}
    return Run(name, log.recognition[0], log.retrieval[0], shot_scores=scores, **stored)


def compare_runs(runs: Sequence[Run], *, samples: int = 1000, seed: int = 0) -> dict[str, Any]:
    """Every row that the runs have, with intervals, and each later run minus the first.

    Args:
        runs: Two or more, scored on the same test windows; the first is what others are compared with.
        samples: Bootstrap samples of test days.
        seed: Seed of the draws.

    Returns:
        JSON-able result, schema `COMPARISON_SCHEMA`: `runs`, `recognition`, `few_labels` and `retrieval`,
        lists of entries with the row's names, `run`, its scores and, for later runs, `minus_first`.

    Raises:
        ConfigError: Fewer than two runs, or two of one name.
        DataError: A row was scored on other windows or with another truth than in the first run.
    """
    names = [run.name for run in runs]
    if len(runs) < 2 or len(set(names)) < len(names):
        raise ConfigError(f"Compare two runs or more, each under its own name; got {names}.")
    options = {"resamples": samples, "seed": seed}
    return {
        "schema": COMPARISON_SCHEMA,
        "runs": names,
        "intervals": f"95 %, {samples} bootstrap samples of test days",
        "recognition": _recognition(runs, options),
        "few_labels": _few_labels(runs, options),
        "retrieval": _retrieval(runs, options),
    }


def _recognition(runs: Sequence[Run], options: Mapping[str, int]) -> list[dict[str, Any]]:
    parts = [_groups(run.answers, _RECOGNITION) for run in runs]
    entries: list[dict[str, Any]] = []
    for key in _keys(parts):
        first: ScoreSamples | None = None
        for run, groups in zip(runs, parts, strict=True):
            if key not in groups:
                continue
            table = groups[key]
            found = score_samples(*_arrays(table, "truth", "answer", "day"), **options)
            entry = _entry(_RECOGNITION, key, run, table) | _scores(found)
            if first is not None:
                _refuse_other_windows(parts[0][key], table, run, key)
                entry["minus_first"] = _differences(found, first)
            elif run is runs[0]:
                first = found
            entries.append(entry)
    return entries


def _few_labels(runs: Sequence[Run], options: Mapping[str, int]) -> list[dict[str, Any]]:
    """Means over draws: with intervals over days where the draws' answers are stored, else their range.

    Draws of the same windows take part in both runs, so a difference is paired by day like any other.
    """
    parts = [_groups(run.shots, _RECOGNITION) for run in runs]
    entries: list[dict[str, Any]] = []
    for key in _keys([*parts, *(run.shot_scores for run in runs)]):
        first: ScoreSamples | None = None
        base: dict[str, Any] | None = None
        for run, groups in zip(runs, parts, strict=True):
            table = groups.get(key)
            if table is None and key not in run.shot_scores:
                continue
            found = None if table is None else _drawn_samples(table, options)
            if table is None or found is None:
                entry = _range_entry(key, run)
            else:
                entry = _entry(_RECOGNITION, key, run, table) | _scores(found) | {"interval_over": "days"}
            if run is runs[0]:
                first, base = found, entry
            elif table is not None and found is not None and first is not None:
                _refuse_other_windows(parts[0][key], table, run, key)
                entry["minus_first"] = _differences(found, first)
            elif base is not None:
                entry["minus_first"] = _plain_differences(entry, base, key)
            entries.append(entry)
    return entries


def _range_entry(key: _Key, run: Run) -> dict[str, Any]:
    scores = run.shot_scores[key]
    entry = {**dict(zip(_RECOGNITION, key, strict=True)), "run": run.name, "windows": scores["n"]}
    return (
        entry | {n: dict(scores[n]) for n in SCORE_NAMES} | {"days": scores["days"], "interval_over": "draws"}
    )


def _plain_differences(entry: Mapping[str, Any], first: Mapping[str, Any], key: _Key) -> dict[str, Any]:
    """Differences of means without interval: nothing may be claimed from them."""
    if entry["windows"] != first["windows"]:
        raise _other_windows(key, entry["run"])
    return {
        name: {
            "value": round(entry[name]["value"] - first[name]["value"], 6),
            "low": None,
            "high": None,
            "differs": False,
        }
        for name in SCORE_NAMES
    }


def _retrieval(runs: Sequence[Run], options: Mapping[str, int]) -> list[dict[str, Any]]:
    """Mean per query of recall (from ranks) and label precision; every query counts alike."""
    parts = [_groups(_with_recall(run.retrieval), _RETRIEVAL) for run in runs]
    entries: list[dict[str, Any]] = []
    for key in _keys(parts):
        first = parts[0].get(key)
        for run, groups in zip(runs, parts, strict=True):
            if key not in groups:
                continue
            table = groups[key]
            values, days = _arrays(table, "value", "day")
            entry = _entry(_RETRIEVAL, key, run, table)
            entry["mean"] = _plain(bootstrap_mean(values, days, **options))
            if first is not None and run is not runs[0]:
                _refuse_other_windows(first, table, run, key)
                found = paired_mean_difference(values, first["value"].to_numpy(), days, **options)
                entry["minus_first"] = {"mean": _difference(found)}
            entries.append(entry)
    return entries


def _keys(parts: Sequence[Mapping[_Key, Any]]) -> list[_Key]:
    return list(dict.fromkeys(key for groups in parts for key in groups))


def _entry(names: Sequence[str], key: _Key, run: Run, table: pl.DataFrame) -> dict[str, Any]:
    named = dict(zip(names, key, strict=True))
    return {**named, "run": run.name, "windows": len(table), "days": table["day"].n_unique()}


def _drawn_samples(table: pl.DataFrame, options: Mapping[str, int]) -> ScoreSamples:
    """Scores of a row with few labels, its draws averaged."""
    draws = table["answers"].explode().to_numpy().astype(np.str_).reshape(len(table), -1).T
    return score_samples(table["truth"].to_numpy(), draws, table["day"].to_numpy(), **options)


def _arrays(table: pl.DataFrame, *columns: str) -> tuple[NDArray[Any], ...]:
    return tuple(table[c].to_numpy() for c in columns)


def _with_recall(table: pl.DataFrame) -> pl.DataFrame:
    """Ranks replaced by recall@k, a 0 or 1 per query; precisions as they are."""
    ranks = table.filter(pl.col("measure") == "rank")
    recalls = [
        ranks.with_columns(measure=pl.lit(f"recall@{k}"), value=(pl.col("value") <= k).cast(pl.Float32))
        for k in _DEPTHS
    ]
    return pl.concat([*recalls, table.filter(pl.col("measure") != "rank")])


def _groups(table: pl.DataFrame, names: Sequence[str]) -> dict[_Key, pl.DataFrame]:
    parts = table.partition_by(names, as_dict=True, maintain_order=True)
    return {key: part.sort("window_id") for key, part in parts.items()}


def _refuse_other_windows(first: pl.DataFrame, other: pl.DataFrame, run: Run, key: _Key) -> None:
    columns = [c for c in ("window_id", "truth") if c in first.columns]
    if not first.select(columns).equals(other.select(columns)):
        raise _other_windows(key, run.name)


def _other_windows(key: _Key, run: str) -> DataError:
    return DataError(
        f"Row {' / '.join(str(k) for k in key)} of {run} was scored on other windows or labels than "
        "the first run. Only evaluations of the same home, sampling and test days can be compared."
    )


def _scores(found: ScoreSamples) -> dict[str, Any]:
    return {name: _plain(interval) for name, interval in found.intervals().items()}


def _differences(found: ScoreSamples, first: ScoreSamples) -> dict[str, Any]:
    return {name: _difference(interval) for name, interval in found.minus(first).items()}


def _plain(interval: Interval) -> dict[str, float | None]:
    low, high = (round(v, 6) if v == v else None for v in (interval.low, interval.high))
    return {"value": round(interval.estimate, 6), "low": low, "high": high}


def _difference(interval: Interval) -> dict[str, Any]:
    return {**_plain(interval), "differs": interval.excludes_zero}
