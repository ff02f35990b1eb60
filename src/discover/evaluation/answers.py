"""What every row answered for every window, so that runs can be compared on the same windows later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.window_set import read_table, write_table
from discover.evaluation.data import SplitData

__all__ = ["ANSWERS", "RETRIEVAL_ANSWERS", "AnswerLog", "row_key"]

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
        retrieval: Parts of a `RETRIEVAL_ANSWERS` table.
    """

    recognition: list[pl.DataFrame] = field(default_factory=list)
    retrieval: list[pl.DataFrame] = field(default_factory=list)

    def add_answers(
        self,
        split: SplitData,
        rows: NDArray[np.int64],
        answers: NDArray[np.str_],
        **names: str,
    ) -> None:
        """Note the answers for some windows of a split; `names`: protocol, level, pool and row."""
        chosen = split.table[rows]
        part = chosen.select("window_id", day=pl.col("start").dt.date(), truth="label")
        part = part.with_columns(
            answer=pl.Series(answers.tolist(), dtype=pl.String), **{k: pl.lit(v) for k, v in names.items()}
        )
        self.recognition.append(part.select(list(ANSWERS)))

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
        """Write `answers.parquet` and `retrieval_answers.parquet`; return their paths."""
        paths = [folder / "answers.parquet", folder / "retrieval_answers.parquet"]
        write_table(paths[0], _joined(self.recognition, ANSWERS), ANSWERS)
        write_table(paths[1], _joined(self.retrieval, RETRIEVAL_ANSWERS), RETRIEVAL_ANSWERS)
        return paths

    @classmethod
    def read(cls, folder: Path) -> "AnswerLog":
        """Read what `write` wrote.

        Raises:
            ArtifactError: A table is missing or damaged.
        """
        answers = read_table(folder / "answers.parquet", ANSWERS)
        return cls([answers], [read_table(folder / "retrieval_answers.parquet", RETRIEVAL_ANSWERS)])


def _joined(parts: list[pl.DataFrame], schema: Mapping[str, object]) -> pl.DataFrame:
    if parts:
        return pl.concat(parts)
    return pl.DataFrame(schema=dict(schema))  # type: ignore[arg-type]
