"""Exports of Home Assistant's history as CSV: `entity_id,state,last_changed`, times with Z or an offset."""

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from discover.core.errors import DataError
from discover.homes._bytes import read_log_bytes
from discover.homes.home_assistant.states import LONGEST_ID, Entity, Mark, typed_rows

__all__ = ["HistoryFile", "micros", "state_rows"]

_COLUMNS = ("entity_id", "state", "last_changed")
_EXPECTED = (
    "Expected the columns entity_id, state and last_changed, as Home Assistant's history page exports them. "
    "Any other CSV is read by `discover homes import --columns time=...,sensor=...,state=...`."
)


class HistoryFile:
    """States of an export. It is read whole."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            DataError: It is no such export.
        """
        self._notes: list[str] = []
        try:
            table = pl.read_csv(
                io.BytesIO(read_log_bytes(path)), infer_schema=False, truncate_ragged_lines=True
            )
        except pl.exceptions.PolarsError as error:
            raise DataError(f"{path} is no readable CSV ({error!s:.100}). {_EXPECTED}") from error
        missing = [name for name in _COLUMNS if name not in table.columns]
        if missing:
            raise DataError(f"{path} lacks the column {', '.join(missing)}. {_EXPECTED}")
        self._table = table.select(_COLUMNS)
        number = pl.col("state").cast(pl.Float64, strict=False).is_not_null()
        said = ~pl.col("state").str.to_lowercase().is_in(["unavailable", "unknown", ""]) & ~number
        # A sensor that mostly says numbers measures, whatever it said last.
        usual = pl.when(number.mean() > 0.5).then(pl.col("state").filter(number).last())
        last = pl.coalesce(usual, pl.col("state").filter(said).last(), pl.col("state").last())
        named = self._table.filter(pl.col("entity_id").str.len_chars().is_between(1, LONGEST_ID)).group_by(
            "entity_id", maintain_order=True
        )
        listed = named.agg(pl.len().alias("n"), last.alias("last"))
        self._entities = [Entity(e, e, n, state or "") for e, n, state in listed.iter_rows()]

    @property
    def notes(self) -> Sequence[str]:
        """What the user should know of the file."""
        return self._notes

    @property
    def entities(self) -> Sequence[Entity]:
        """All entities, in the order of the file."""
        return self._entities

    def same_entity(self, key: str, before: Mark) -> bool:
        """An export knows entities by their ids only."""
        return True

    def rows(self, after: Mark) -> Iterator[pl.DataFrame]:
        """All rows; those up to the mark's time were read before."""
        if len(self._table):
            yield state_rows(self._table, self._entities, after)


def state_rows(table: pl.DataFrame, entities: Sequence[Entity], after: Mark, first: int = 1) -> pl.DataFrame:
    """Rows of states from texts: entity_id, state, last_changed.

    Args:
        table: The texts.
        entities: Those of the source.
        after: Rows up to its time count as read before.
        first: Number of the first row.
    """
    places: Mapping[str, Any] = {"entity_id": [e.id for e in entities], "entity": range(len(entities))}
    kinds = {"entity_id": pl.String, "entity": pl.UInt32}
    return typed_rows(
        table.join(pl.DataFrame(places, schema=kinds), on="entity_id", how="left", maintain_order="left")
        .with_columns(
            row=pl.int_range(first, first + len(table), dtype=pl.Int64),
            time=micros("last_changed"),
            cause=pl.lit(0),
        )
        .with_columns(again=pl.col("time").fill_null(0) <= after.time if after.time else pl.lit(False))
    )


def micros(column: str) -> pl.Expr:
    """Microseconds since 1970 of a text column: ISO times with Z or an offset, or seconds since 1970."""
    text = pl.col(column).str.strip_chars().str.replace(" ", "T").str.replace(r"Z$", "+00:00")
    stamp = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", strict=False)
    seconds = pl.when(text.str.contains(r"^\d{9,10}(\.\d*)?$")).then(text)
    return pl.coalesce(
        stamp.dt.epoch("us"),
        (seconds.cast(pl.Float64, strict=False) * 1e6).round().cast(pl.Int64, strict=False),
    )
