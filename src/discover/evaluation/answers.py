"""What every row answered for every window, so that runs can be compared on the same windows later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.window_set import read_table, write_table
from discover.evaluation.data import SplitData

__all__ = ["ANSWERS", "RETRIEVAL_ANSWERS", "SHOT_ANSWERS", "SHOT_ANSWERS_FILE", "AnswerLog", "row_key"]

ANSWERS: Mapping[str, object] = {
    "protocol": pl.String,
    "level": pl.String,
    "pool": pl.String,
    "row": pl.String,
    "window_id": pl.String,
    "day": pl.Date,
    "truth": pl.String,
    "answer": pl.String,
}
"""One row per protocol, level (L1, L2), pool, table row (`row_key`) and window. Coarse answers by mapping
are not repeated: they follow from the fine ones."""

SHOT_ANSWERS: Mapping[str, object] = {
    **{name: kind for name, kind in ANSWERS.items() if name != "answer"},
    "answers": pl.List(pl.String),
}
"""The same for rows with few labels: one answer per draw of the labelled windows."""

SHOT_ANSWERS_FILE = "shot_answers.parquet"
"""Absent from the folders of earlier versions."""

RETRIEVAL_ANSWERS: Mapping[str, object] = {
    "protocol": pl.String,
    "direction": pl.String,
    "window_id": pl.String,
    "day": pl.Date,
    "measure": pl.String,
    "value": pl.Float32,
}
"""One row per protocol, direction, query window and measure: `rank` (of the first right item), and
`L1@k`, `L2@k` (share of the first k items with the query's label; annotated windows only)."""


def row_key(row: Mapping[str, Any]) -> str:
    """A row's name, the same in every run, for example aligned_zero_shot/described/centred/smoothed."""
    shots = row.get("shots")
    parts = [
        row["method"],
        row.get("space"),
        f"{shots}_shots" if shots else None,
        row.get("coarse_by"),
        row.get("prompts"),
        row.get("variant"),
        "smoothed" if row.get("smoothed") else None,
    ]
    return "/".join(str(part) for part in parts if part)


@dataclass
class AnswerLog:
    """Collects answers while an evaluation runs.

    Attributes:
        recognition: Parts of an `ANSWERS` table.
        shots: Parts of a `SHOT_ANSWERS` table.
        retrieval: Parts of a `RETRIEVAL_ANSWERS` table.
    """

    recognition: list[pl.DataFrame] = field(default_factory=list)
    retrieval: list[pl.DataFrame] = field(default_factory=list)
    shots: list[pl.DataFrame] = field(default_factory=list)

    def add_answers(
        self,
        split: SplitData,
        rows: NDArray[np.int64],
        answers: NDArray[np.str_],
        **names: str,
    ) -> None:
        """Note the answers for some windows of a split; `names`: protocol, level, pool and row."""
        part = _truths(split.table[rows], names)
        part = part.with_columns(answer=pl.Series(answers.tolist(), dtype=pl.String))
        self.recognition.append(part.select(list(ANSWERS)))

    def add_draws(
        self, split: SplitData, classes: Sequence[str], answers_TW: NDArray[np.int64], **names: str
    ) -> None:
        """Note the answers of every draw, (T, W) places in `classes`, for all windows of a split."""
        flat = pl.Series(list(classes), dtype=pl.String).gather(answers_TW.T.ravel())
        listed = flat.reshape((len(split), len(answers_TW))).arr.to_list()
        part = _truths(split.table, names).with_columns(answers=listed)
        self.shots.append(part.select(list(SHOT_ANSWERS)))

    def add_retrieval(
        self, split: SplitData, rows: NDArray[np.int64], values: NDArray[np.floating], **names: str
    ) -> None:
        """Note one value per query window; `names`: protocol, direction and measure."""
        part = split.table[rows].select("window_id", day=pl.col("start").dt.date())
        part = part.with_columns(
            value=pl.Series(np.asarray(values, dtype=np.float32)), **{k: pl.lit(v) for k, v in names.items()}
        )
        self.retrieval.append(part.select(list(RETRIEVAL_ANSWERS)))

    def write(self, folder: Path) -> list[Path]:
        """Write `answers.parquet`, `retrieval_answers.parquet`, `shot_answers.parquet`; return the paths."""
        tables = {
            "answers.parquet": (self.recognition, ANSWERS),
            "retrieval_answers.parquet": (self.retrieval, RETRIEVAL_ANSWERS),
            SHOT_ANSWERS_FILE: (self.shots, SHOT_ANSWERS),
        }
        for name, (parts, schema) in tables.items():
            write_table(folder / name, _joined(parts, schema), schema)
        return [folder / name for name in tables]

    @classmethod
    def read(cls, folder: Path) -> "AnswerLog":
        """Read what `write` wrote; `shots` is empty for a folder of an earlier version.

        Raises:
            ArtifactError: A table is missing or damaged.
        """
        answers = read_table(folder / "answers.parquet", ANSWERS)
        retrieval = read_table(folder / "retrieval_answers.parquet", RETRIEVAL_ANSWERS)
        stored = folder / SHOT_ANSWERS_FILE
        return cls([answers], [retrieval], [read_table(stored, SHOT_ANSWERS)] if stored.is_file() else [])


def _truths(windows: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    part = windows.select("window_id", day=pl.col("start").dt.date(), truth="label")
    return part.with_columns(**{k: pl.lit(v) for k, v in names.items()})


def _joined(parts: list[pl.DataFrame], schema: Mapping[str, object]) -> pl.DataFrame:
    if parts:
        return pl.concat(parts)
    return pl.DataFrame(schema=dict(schema))  # type: ignore[arg-type]
