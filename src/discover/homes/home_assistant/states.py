"""What every source of Home Assistant states gives: its entities, and rows of their states."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import polars as pl

__all__ = [
    "AUTOMATION",
    "LONGEST_ID",
    "NEW_DATABASE",
    "ROWS",
    "USER",
    "Entity",
    "Mark",
    "StateSource",
    "typed_rows",
]

USER, AUTOMATION = 1, 2

ROWS: Mapping[str, Any] = {
    "row": pl.Int64,
    "entity": pl.UInt32,
    "state": pl.String,
    "time": pl.Int64,
    "cause": pl.UInt8,
    "again": pl.Boolean,
}
"""Rows of states.

row: number in the source, rising. entity: place in `StateSource.entities`, null for one that is not known.
time: microseconds since 1970, UTC, null if it cannot be read. cause: `USER`, `AUTOMATION`, or 0: not said.
again: it was read at an earlier import.
"""

LONGEST_ID = 255
"""An id that is longer is none of Home Assistant's; its rows are refused."""

NEW_DATABASE = "the database is another one than at the last import: all of it was read"

_FIRST, _LAST = 1_262_304_000_000_000, 4_102_444_800_000_000  # 2010 and 2100: outside, a clock was not set


@dataclass(frozen=True)
class Entity:
    """One entity as a source knows it.

    Attributes:
        id: Entity id, such as binary_sensor.kitchen_motion.
        key: What the source calls it; stays when the user renames the entity.
        rows: Its rows in the source.
        state: A recent state.
        attributes: Attributes of that state.
    """

    id: str
    key: str
    rows: int = 0
    state: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Mark:
    """How far a source was read: number of the last row, and the latest time in microseconds since 1970."""

    row: int = 0
    time: int = 0


class StateSource(Protocol):
    """A database, a file or a server that has states."""

    @property
    def notes(self) -> Sequence[str]:
        """What the user should know of the source."""
        ...

    @property
    def entities(self) -> Sequence[Entity]:
        """All entities, those without rows left out."""
        ...

    def same_entity(self, key: str, before: Mark) -> bool:
        """Whether rows of `key` up to a mark are those of the entity that has it now."""
        ...

    def rows(self, after: Mark) -> Iterator[pl.DataFrame]:
        """Tables of `ROWS` with what came after a mark; rows of an hour before it may come again.

        Raises:
            DataError: The source cannot be read.
        """
        ...


def typed_rows(table: pl.DataFrame) -> pl.DataFrame:
    """Columns of `ROWS`, with times outside 2010 to 2100 taken out."""
    time = pl.col("time").cast(pl.Int64)
    return table.with_columns(
        time=pl.when(time.is_between(_FIRST, _LAST)).then(time).otherwise(None),
    ).select(pl.col(name).cast(kind) for name, kind in ROWS.items())
