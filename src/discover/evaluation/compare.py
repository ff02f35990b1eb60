"""Several evaluations in one table, each against the first with paired intervals over days."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from numpy.typing import NDArray

from discover.core.errors import ConfigError, DataError
from discover.evaluation.answers import AnswerLog
from discover.evaluation.markdown_tables import markdown_table, score_cell
from discover.metrics.bootstrap import (
    Interval,
    bootstrap_mean,
    bootstrap_scores,
    paired_mean_difference,
    paired_score_difference,
)
from discover.metrics.classification import SCORE_NAMES

__all__ = ["COMPARISON_SCHEMA", "Run", "compare_runs", "comparison_markdown", "read_run"]

COMPARISON_SCHEMA = "discover-comparison/1"
"""Format of the result; docs/guides/evaluation.md describes it."""

_RECOGNITION = ("protocol", "level", "pool", "row")
_RETRIEVAL = ("protocol", "direction", "measure")
_DEPTHS = (1, 10, 100)


@dataclass(frozen=True)
class Run:
    """One evaluation.

    Attributes:
        name: How tables call it.
        answers: `answers.ANSWERS`.
        retrieval: `answers.RETRIEVAL_ANSWERS`.
    """

    name: str
    answers: pl.DataFrame
    retrieval: pl.DataFrame


def read_run(folder: Path, name: str) -> Run:
    """Read the answers in an evaluation's folder.

    Raises:
        ArtifactError: They are missing or damaged.
    """
    log = AnswerLog.read(folder)
    return Run(name, log.recognition[0], log.retrieval[0])


def compare_runs(runs: Sequence[Run], *, samples: int = 1000, seed: int = 0) -> dict[str, Any]:
    """Every row that the runs have, with intervals, and each later run minus the first.

    Args:
        runs: Two or more, scored on the same test windows; the first is what others are compared with.
        samples: Bootstrap samples of test days.
        seed: Seed of the draws.

    Returns:
        JSON-able result, schema `COMPARISON_SCHEMA`: `runs`, `recognition` and `retrieval`, lists of entries
        with the row's names, `run`, its scores and, for later runs, `minus_first`.

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
        "retrieval": _retrieval(runs, options),
    }


def comparison_markdown(result: Mapping[str, Any]) -> str:
    """Main rows (annotated windows, fine labels) and retrieval; the JSON holds all rows."""
    first = result["runs"][0]
    lines = [
        f"# {', '.join(result['runs'])}",
        "",
        f"Intervals: {result['intervals']}. Differences: minus {first}, on the same windows; "
        "* the interval excludes 0.",
        "",
    ]
    shown = [e for e in result["recognition"] if (e["level"], e["pool"]) == ("L1", "annotated")]
    for protocol in dict.fromkeys(e["protocol"] for e in shown):
        body = [
            [e["row"].replace("_", " "), e["run"], *_cells(e, ("macro_f1", "weighted_f1"))]
            for e in shown
            if e["protocol"] == protocol
        ]
        header = ["row", "run", "macro F1", "difference", "weighted F1", "difference"]
        lines += [f"## Recognition, {protocol.replace('_', '-')}, annotated windows", ""]
        lines += [*markdown_table(header, body, text_columns=2), ""]
    for protocol in dict.fromkeys(e["protocol"] for e in result["retrieval"]):
        body = [
            [e["direction"].replace("_", " "), e["measure"], e["run"], *_cells(e, ("mean",))]
            for e in result["retrieval"]
            if e["protocol"] == protocol
        ]
        lines += [f"## Retrieval, {protocol.replace('_', '-')}", ""]
        lines += [
            *markdown_table(["direction", "measure", "run", "value", "difference"], body, text_columns=3),
            "",
        ]
    return "\n".join(lines).rstrip() + "\n"


def _recognition(runs: Sequence[Run], options: Mapping[str, int]) -> list[dict[str, Any]]:
    def score(table: pl.DataFrame) -> dict[str, Any]:
        found = bootstrap_scores(*_arrays(table, "truth", "answer", "day"), **options)
        return {"days": table["day"].n_unique(), **{n: _plain(i) for n, i in found.items()}}

    def minus(table: pl.DataFrame, first: pl.DataFrame) -> dict[str, Any]:
        truth, answer, days = _arrays(table, "truth", "answer", "day")
        found = paired_score_difference(truth, answer, first["answer"].to_numpy(), days, **options)
        return {n: _difference(found[n]) for n in SCORE_NAMES}

    return _entries(runs, [run.answers for run in runs], _RECOGNITION, score, minus)


def _retrieval(runs: Sequence[Run], options: Mapping[str, int]) -> list[dict[str, Any]]:
    """Mean per query of recall (from ranks) and label precision; every query counts alike."""

    def score(table: pl.DataFrame) -> dict[str, Any]:
        return {"mean": _plain(bootstrap_mean(*_arrays(table, "value", "day"), **options))}

    def minus(table: pl.DataFrame, first: pl.DataFrame) -> dict[str, Any]:
        values, days = _arrays(table, "value", "day")
        found = paired_mean_difference(values, first["value"].to_numpy(), days, **options)
        return {"mean": _difference(found)}

    return _entries(runs, [_with_recall(run.retrieval) for run in runs], _RETRIEVAL, score, minus)


def _entries(
    runs: Sequence[Run],
    tables: Sequence[pl.DataFrame],
    names: Sequence[str],
    score: Callable[[pl.DataFrame], dict[str, Any]],
    minus: Callable[[pl.DataFrame, pl.DataFrame], dict[str, Any]],
) -> list[dict[str, Any]]:
    """One entry per group of rows and run: its scores, and what they are minus the first run's.

    A group the first run lacks has no difference.
    """
    entries: list[dict[str, Any]] = []
    parts = [_groups(table, names) for table in tables]
    for key in dict.fromkeys(k for groups in parts for k in groups):
        first = parts[0].get(key)
        for run, groups in zip(runs, parts, strict=True):
            if key not in groups:
                continue
            table = groups[key]
            entry: dict[str, Any] = {**dict(zip(names, key, strict=True)), "run": run.name}
            entry |= {"windows": len(table), **score(table)}
            if first is not None and run is not runs[0]:
                _refuse_other_windows(first, table, run, key)
                entry["minus_first"] = minus(table, first)
            entries.append(entry)
    return entries


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


def _groups(table: pl.DataFrame, names: Sequence[str]) -> dict[tuple[Any, ...], pl.DataFrame]:
    parts = table.partition_by(names, as_dict=True, maintain_order=True)
    return {key: part.sort("window_id") for key, part in parts.items()}


def _refuse_other_windows(first: pl.DataFrame, other: pl.DataFrame, run: Run, key: Sequence[Any]) -> None:
    columns = [c for c in ("window_id", "truth") if c in first.columns]
    if not first.select(columns).equals(other.select(columns)):
        raise DataError(
            f"Row {' / '.join(str(k) for k in key)} of {run.name} was scored on other windows or labels than "
            "the first run. Only evaluations of the same home, sampling and test days can be compared."
        )


def _plain(interval: Interval) -> dict[str, float | None]:
    low, high = (round(v, 6) if v == v else None for v in (interval.low, interval.high))
    return {"value": round(interval.estimate, 6), "low": low, "high": high}


def _difference(interval: Interval) -> dict[str, Any]:
    return {**_plain(interval), "differs": interval.excludes_zero}


def _cells(entry: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    cells: list[str] = []
    for name in names:
        minus = entry.get("minus_first")
        cells.append(score_cell(entry[name]))
        cells.append(
            ""
            if minus is None
            else score_cell(minus[name], sign=True) + ("*" if minus[name]["differs"] else "")
        )
    return cells
