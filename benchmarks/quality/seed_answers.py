"""Answers of several seeds of one system: one interval over seeds and days, paired differences alike."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.errors import DataError
from discover.evaluation.compare import Run
from discover.metrics import Interval, ScoreSamples, bootstrap_mean, paired_mean_difference, score_samples
from discover.metrics.bootstrap import day_draws, sample_interval, seed_draws
from discover.metrics.label_retrieval import label_means

__all__ = ["SeedAnswers"]

# Shape letters: S seeds, W windows.

_Key = tuple[str, ...]


class SeedAnswers:
    """Answers of the seeds of one configuration, all on the same test windows.

    Args:
        runs: One per seed, as `compare.read_run` gives them.
        resamples: Draws of seeds and days behind each interval.
        seed: Seed of the draws.
    """

    def __init__(self, runs: Sequence[Run], *, resamples: int = 1000, seed: int = 0) -> None:
        self.runs = tuple(runs)
        self._options: dict[str, int] = {"resamples": resamples, "seed": seed}
        self._found: dict[_Key, ScoreSamples | None] = {}

    def scores(self, protocol: str, level: str, pool: str, row: str) -> ScoreSamples | None:
        """Scores of one row (`answers.row_key`); None where its answers are not noted.

        Raises:
            DataError: The seeds answered for other windows, or with another truth.
        """
        key = (protocol, level, pool, row)
        if key not in self._found:
            tables = self._tables(self._answers, key)
            self._found[key] = None
            if tables:
                guesses = np.stack([t["answer"].to_numpy().astype(np.str_) for t in tables])
                truth, days = (tables[0][c].to_numpy() for c in ("truth", "day"))
                self._found[key] = score_samples(truth, guesses, days, **self._options)
        return self._found[key]

    def minus(self, protocol: str, level: str, pool: str, first: str, second: str) -> dict[str, Interval]:
        """Intervals of the first row's scores minus the second's; empty where one is not noted."""
        one, two = (self.scores(protocol, level, pool, row) for row in (first, second))
        return {} if one is None or two is None else one.minus(two)

    def recall(self, protocol: str, direction: str, k: int, minus: str | None = None) -> Interval | None:
        """Recall at k of a direction, or the first direction's minus another's on the same queries."""
        hits = self._values(protocol, direction, "rank")
        if hits is None:
            return None
        values, days, _ = hits
        found = (values <= k).astype(np.float64)
        if minus is None:
            return bootstrap_mean(found, days, **self._options)
        other = self._values(protocol, minus, "rank")
        if other is None:
            return None
        return paired_mean_difference(found, (other[0] <= k).astype(np.float64), days, **self._options)

    def label_precision(self, protocol: str, direction: str, level: str, k: int) -> dict[str, Interval]:
        """`macro` and `weighted` label precision at k; empty where it is not noted."""
        found = self._values(protocol, direction, f"{level}@{k}")
        truth = self._truth(protocol, level)
        if found is None or not truth:
            return {}
        values, days, ids = found
        _, codes = np.unique([truth[str(i)] for i in ids], return_inverse=True)
        _, day_codes = np.unique(days, return_inverse=True)
        counts = np.bincount(codes)
        n_days = int(day_codes.max()) + 1
        draws = day_draws(n_days, self._options["resamples"], self._options["seed"])
        weights = seed_draws(len(values), self._options["resamples"], self._options["seed"])
        whole = [label_means(v, codes, counts) for v in values]
        drawn = [label_means(v, codes, counts, day_codes, draws) for v in values]
        return {
            average: sample_interval(
                float(np.mean([w[average][0] for w in whole])),
                np.sum([d[average] * w for d, w in zip(drawn, weights.T, strict=True)], axis=0),
                0.95,
                n_days,
            )
            for average in ("macro", "weighted")
        }

    @cached_property
    def _answers(self) -> list[dict[_Key, pl.DataFrame]]:
        return [_parts(run.answers, ("protocol", "level", "pool", "row")) for run in self.runs]

    @cached_property
    def _retrieval(self) -> list[dict[_Key, pl.DataFrame]]:
        return [_parts(run.retrieval, ("protocol", "direction", "measure")) for run in self.runs]

    def _tables(self, parts: Sequence[Mapping[_Key, pl.DataFrame]], key: _Key) -> list[pl.DataFrame]:
        tables = [part[key] for part in parts if key in part]
        if len(tables) < len(parts):
            return []
        columns = [c for c in ("window_id", "truth") if c in tables[0].columns]
        for table in tables[1:]:
            if not table.select(columns).equals(tables[0].select(columns)):
                raise DataError(
                    f"Seeds of row {' / '.join(key)} were scored on other windows or labels than the first. "
                    "Take seeds of one configuration, on the same windows."
                )
        return tables

    def _values(
        self, protocol: str, direction: str, measure: str
    ) -> tuple[NDArray[np.float64], NDArray[Any], NDArray[Any]] | None:
        tables = self._tables(self._retrieval, (protocol, direction, measure))
        if not tables:
            return None
        values = np.stack([t["value"].to_numpy().astype(np.float64) for t in tables])
        return values, tables[0]["day"].to_numpy(), tables[0]["window_id"].to_numpy()

    def _truth(self, protocol: str, level: str) -> dict[str, str]:
        rows = (
            self.runs[0]
            .answers.filter(
                (pl.col("protocol") == protocol)
                & (pl.col("level") == level)
                & (pl.col("pool") == "annotated")
            )
            .unique("window_id")
        )
        return dict(zip(rows["window_id"].to_list(), rows["truth"].to_list(), strict=True))


def _parts(table: pl.DataFrame, names: Sequence[str]) -> dict[_Key, pl.DataFrame]:
    parts = table.partition_by(names, as_dict=True, maintain_order=True)
    return {tuple(map(str, key)): part.sort("window_id") for key, part in parts.items()}
