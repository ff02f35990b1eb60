"""The database of Home Assistant's recorder, schema 16 to 53: its entities and the rows of their states.

In: a `Database`. Out: tables of `states.ROWS`, in ranges of `state_id`, so that no read lasts longer than a
second and a recorder that writes meanwhile is not held up.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import polars as pl

from discover.core.errors import DataError
from discover.core.reading import parse_json
from discover.homes.home_assistant.databases import Database
from discover.homes.home_assistant.states import (
    AUTOMATION,
    LONGEST_ID,
    NEW_DATABASE,
    USER,
    Entity,
    Mark,
    typed_rows,
)

__all__ = ["NEWEST_SCHEMA", "OLDEST_SCHEMA", "SWITCHED", "Recorder"]

OLDEST_SCHEMA, NEWEST_SCHEMA = 16, 53

SWITCHED = frozenset(
    (
        *("light", "switch", "fan", "cover", "lock", "media_player", "climate", "humidifier", "valve"),
        *("siren", "vacuum", "water_heater", "input_boolean"),
    )
)
"""Domains of things that a person or an automation can switch."""

_CHUNK = 200_000
_MOST_ATTRIBUTES = 65_536
_HOUR_S, _OLDEST_S = 3_600.0, 1_262_304_000.0
_OVERLAP_ROWS = 20_000
_MOST_LISTED = 5_000


class Recorder:
    """States of a recorder's database, up to the row that was the last when it was opened."""

    def __init__(self, database: Database, *, chunk: int = _CHUNK) -> None:
        """Look at the tables.

        Raises:
            DataError: It is no database of a recorder, or of a schema before 16.
        """
        self._database, self._chunk = database, chunk
        self._columns = database.columns("states")
        needed = {"state_id", "state", "last_updated"}
        if not needed <= self._columns or not {"entity_id", "metadata_id"} & self._columns:
            raise DataError(
                "The database has no table of states as Home Assistant's recorder writes it (missing: "
                f"{', '.join(sorted(needed - self._columns)) or 'an entity'}). Give home-assistant_v2.db."
            )
        self.schema = self._schema()
        ((last,),) = database.rows("SELECT MAX(state_id) FROM states")
        self._end = int(last or 0)
        self._automations = pl.Series("context", [], dtype=self._context_type)
        self._notes: list[str] = []
        if self.schema > NEWEST_SCHEMA:
            self._notes.append(
                f"The database has schema {self.schema}; this version knows schemas up to {NEWEST_SCHEMA}. "
                "Compare some days with Home Assistant's history."
            )

    def _schema(self) -> int:
        if "schema_version" not in self._database.columns("schema_changes"):
            raise DataError(
                "The database does not say its schema (table schema_changes). Give home-assistant_v2.db."
            )
        ((found,),) = self._database.rows("SELECT MAX(schema_version) FROM schema_changes")
        schema = int(found or 0)
        if schema < OLDEST_SCHEMA:
            raise DataError(
                f"The database has schema {schema}; the oldest that is read is {OLDEST_SCHEMA}. Let a newer "
                "Home Assistant start with it once: it brings the database up to date."
            )
        return schema

    @property
    def notes(self) -> Sequence[str]:
        """What the user should know of the database."""
        return self._notes

    @property
    def _has_meta(self) -> bool:
        return "metadata_id" in self._columns

    @property
    def _context_type(self) -> Any:
        return pl.Binary if "context_id_bin" in self._columns else pl.String

    @cached_property
    def entities(self) -> list[Entity]:
        """All entities that have rows, with the attributes of the last one."""
        counts = "COUNT(*), MAX(state_id)"
        found: list[tuple[str, str, int, int]] = []
        if self._has_meta:
            sql = (
                "SELECT s.metadata_id, m.entity_id, s.n, s.last FROM (SELECT metadata_id, COUNT(*) AS n, "
                "MAX(state_id) AS last FROM states WHERE metadata_id IS NOT NULL GROUP BY metadata_id) s "
                "JOIN states_meta m ON m.metadata_id = s.metadata_id"
            )
            found += [(str(k), str(e), int(n), int(i)) for k, e, n, i in self._database.rows(sql) if e]
        if "entity_id" in self._columns:
            unnamed = "metadata_id IS NULL AND" if self._has_meta else ""
            sql = f"SELECT entity_id, {counts} FROM states WHERE {unnamed} entity_id <> '' GROUP BY entity_id"
            found += [(str(e), str(e), int(n), int(i)) for e, n, i in self._database.rows(sql)]
        found = [one for one in found if 0 < len(one[1]) <= LONGEST_ID]
        last = self._last_states([number for *_, number in found])
        listed = [Entity(e, k, n, *last.get(i, ("", {}))) for k, e, n, i in found]
        return sorted(listed, key=lambda entity: (entity.id, entity.key))

    def _last_states(self, numbers: Sequence[int]) -> dict[int, tuple[str, Mapping[str, Any]]]:
        """State and attributes of some rows."""
        shared = "attributes_id" in self._columns
        own = "s.attributes" if "attributes" in self._columns else "NULL"
        select = f"SELECT s.state_id, s.state, {'a.shared_attrs' if shared else 'NULL'}, {own} FROM states s"
        join = " LEFT JOIN state_attributes a ON a.attributes_id = s.attributes_id" if shared else ""
        found = {}
        for first in range(0, len(numbers), 500):
            listed = ", ".join(map(str, numbers[first : first + 500]))
            for row in self._database.rows(f"{select}{join} WHERE s.state_id IN ({listed})"):
                found[int(row[0])] = (_text(row[1]), _attributes(row[2]) or _attributes(row[3]))
        return found

    def same_entity(self, key: str, before: Mark) -> bool:
        """Whether rows that were read before still stand under the same key; else the key was given anew."""
        if not self._continues(before):
            return False
        if not self._has_meta or not key.isdigit():
            return True
        sql = "SELECT state_id FROM states WHERE metadata_id = :key AND state_id <= :row LIMIT 1"
        return any(True for _ in self._database.rows(sql, {"key": int(key), "row": before.row}))

    def rows(self, after: Mark) -> Iterator[pl.DataFrame]:
        """Rows after a mark, and those of the hour before it again: a late or changed row is among them."""
        if after.row and not self._continues(after):
            self._notes.append(NEW_DATABASE)
            after = Mark()
        first = self._first_row(after)
        sql = self._select()
        while first < self._end:
            values = {"first": first, "end": self._end, "most": self._chunk}
            listed = list(self._database.rows(sql, values))
            if not listed:
                return
            yield self._table(listed, after.row)
            first = int(listed[-1][0])

    def _first_row(self, after: Mark) -> int:
        """The row after which to begin."""
        if not after.row:
            return 0
        if "last_updated_ts" not in self._columns:
            return max(after.row - _OVERLAP_ROWS, 0)
        # A row that comes late may part two that were taken for a repeat: all is read again from its time on.
        sql = "SELECT MIN(last_updated_ts) FROM states WHERE state_id > :row AND last_updated_ts > :old"
        ((late,),) = self._database.rows(sql, {"row": after.row, "old": _OLDEST_S})
        begin = after.time / 1e6 if late is None else min(after.time / 1e6, float(late))
        sql = "SELECT MIN(state_id) FROM states WHERE last_updated_ts >= :cut"
        ((found,),) = self._database.rows(sql, {"cut": begin - _HOUR_S})
        return after.row if found is None else min(after.row, int(found) - 1)

    def _continues(self, after: Mark) -> bool:
        """Whether this is the database that was read up to a mark, with more in it now."""
        if self._end < after.row:
            return False
        sql = self._select().replace(":end", ":row").replace(":most", "1")
        found = list(self._database.rows(sql, {"first": after.row - 1, "row": after.row}))
        # A row that the recorder has purged cannot be compared.
        return not found or self._table(found)["time"][0] in (None, after.time) or not after.time

    def _select(self) -> str:
        """SQL of `_CHUNK` rows; how a column is called depends on the schema."""
        has = self._columns.__contains__
        old_time = "COALESCE(last_changed, last_updated)"
        if has("last_updated_ts"):
            time = "COALESCE(last_changed_ts, last_updated_ts)"
            old_time = f"CASE WHEN last_updated_ts IS NULL THEN {old_time} END"
        else:
            time = "NULL"
        said = {kind: self._said(f"context_{kind}_id") for kind in ("user", "parent")}
        cause = f"CASE WHEN {said['user']} THEN {USER} WHEN {said['parent']} THEN {AUTOMATION} ELSE 0 END"
        columns = [
            "state_id",
            "metadata_id" if has("metadata_id") else "NULL",
            "entity_id" if has("entity_id") else "NULL",
            "state",
            time,
            old_time,
            cause,
            self._context(said),
        ]
        return (
            f"SELECT {', '.join(columns)} FROM states WHERE state_id > :first AND state_id <= :end "
            "ORDER BY state_id LIMIT :most"
        )

    def _said(self, column: str) -> str:
        """SQL that tells whether a row names a context; it is bytes in newer schemas, text in older ones."""
        parts = [f"{column}_bin IS NOT NULL"] if f"{column}_bin" in self._columns else []
        # An empty cell is NULL, and NULL compared with anything is neither true nor false.
        parts += [f"COALESCE({column}, '') <> ''"] if column in self._columns else []
        return f"({' OR '.join(parts)})" if parts else "(1 = 0)"

    def _context(self, said: Mapping[str, str]) -> str:
        """SQL of the context of automations, and of what they may have switched."""
        column = "context_id_bin" if "context_id_bin" in self._columns else "context_id"
        if column not in self._columns:
            return "NULL"
        wanted = [e for e in self.entities if e.id.partition(".")[0] in SWITCHED or _is_automation(e.id)]
        keys = [e.key for e in wanted if e.key.isdigit()]
        listed = f" AND metadata_id IN ({', '.join(keys)})" if len(keys) == len(wanted) < _MOST_LISTED else ""
        if not wanted:
            return "NULL"
        return f"CASE WHEN NOT {said['user']} AND NOT {said['parent']}{listed} THEN {column} END"

    @cached_property
    def _places(self) -> pl.DataFrame:
        """Place of each entity by key; the automations among them."""
        listed = self.entities
        automation = [_is_automation(e.id) for e in listed]
        columns = {"key": [e.key for e in listed], "entity": range(len(listed)), "automation": automation}
        return pl.DataFrame(columns, schema={"key": pl.String, "entity": pl.UInt32, "automation": pl.Boolean})

    def _table(self, listed: Sequence[tuple[Any, ...]], read: int = 0) -> pl.DataFrame:
        kinds = {
            "row": pl.Int64, "meta": pl.Int64, "name": pl.String, "state": pl.String, "seconds": pl.Float64,
            "old": pl.String, "cause": pl.Int64, "context": self._context_type,
        }  # fmt: skip
        columns = [list(column) for column in zip(*listed, strict=True)]
        columns[5] = [_utc(old) for old in columns[5]]
        # One of PostgreSQL's drivers gives bytes as a view of them.
        columns[7] = [bytes(one) if isinstance(one, memoryview) else one for one in columns[7]]
        raw = pl.DataFrame(
            [
                pl.Series(name, column, dtype=kind, strict=False)
                for (name, kind), column in zip(kinds.items(), columns, strict=True)
            ]
        )
        seconds = pl.when(pl.col("seconds").is_finite()).then(pl.col("seconds"))
        old = pl.col("old").str.slice(0, 26).str.replace("T", " ")
        old = old.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False).dt.epoch("us")
        table = raw.with_columns(
            key=pl.coalesce(pl.col("meta").cast(pl.String), "name"),
            again=pl.col("row") <= read,
            time=pl.coalesce((seconds * 1e6).round().cast(pl.Int64, strict=False), old),
        ).join(self._places, on="key", how="left", maintain_order="left")
        return typed_rows(self._with_automations(table))

    def _with_automations(self, table: pl.DataFrame) -> pl.DataFrame:
        """Rows whose context is that of an automation that ran are its doing, whoever is not named."""
        ran = table.filter(pl.col("automation") & pl.col("context").is_not_null())["context"]
        known = pl.concat([self._automations, ran]).unique()
        self._automations = ran.unique()
        if not len(known):
            return table
        # By a join, which takes bytes as well as text.
        caused = table.join(
            known.to_frame().with_columns(ran=True), on="context", how="left", maintain_order="left"
        )
        by_it = pl.col("ran").fill_null(False) & (pl.col("cause") == 0)
        return caused.with_columns(cause=pl.when(by_it).then(AUTOMATION).otherwise(pl.col("cause")))


def _is_automation(entity: str) -> bool:
    return entity.partition(".")[0] in ("automation", "script")


def _utc(value: Any) -> str | None:
    """A time of an old schema as text; PostgreSQL gives it in the time zone of the connection."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    return None if value is None else str(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _attributes(text: Any) -> Mapping[str, Any]:
    """Attributes from their JSON; none where it is damaged or too long."""
    if not isinstance(text, str) or not text or len(text) > _MOST_ATTRIBUTES:
        return {}
    try:
        found = parse_json(text, "attributes", error=DataError)
    except DataError:
        return {}
    return found if isinstance(found, dict) else {}
