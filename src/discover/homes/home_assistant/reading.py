"""Rows of states become events, by the rules of their entities; every row that is no event is counted.

In: tables of `states.ROWS` and one `EntityRule` per entity. Out: tables of `EVENT_ROWS` and `Counts`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from discover.homes._states import HEALTH, VALUE, read_state
from discover.homes.home_assistant.entities import EntityRule
from discover.homes.home_assistant.recorder import SWITCHED
from discover.homes.home_assistant.states import AUTOMATION

__all__ = ["AUTOMATIC", "EVENT_ROWS", "Counts", "StateReader"]

AUTOMATIC = "@automation"
"""End of the id of the sensor that holds what automations did with a thing."""

EVENT_ROWS: Mapping[str, Any] = {
    "row": pl.Int64,
    "sensor": pl.UInt32,
    "time": pl.Int64,
    "state": pl.String,
    "value": pl.Float64,
}
"""sensor: place in `StateReader.sensor_ids`. time: microseconds since 1970, UTC."""

_PASSING = frozenset(
    ("opening", "closing", "locking", "unlocking", "buffering", "arming", "pending", "returning", "jammed")
)
_ON = frozenset(
    (
        *("on", "playing", "cleaning", "mowing", "heat", "cool", "auto", "heat_cool", "dry", "fan_only"),
        *("eco", "electric", "performance", "high_demand", "heat_pump", "gas"),
    )
)
_OFF = frozenset(("off", "idle", "standby", "paused", "docked"))
_HEALTH_WORDS = frozenset(("unavailable", "unknown", "none", ""))
_HEALTH, _PASSES, _BETWEEN, _STRANGE = "health", "passing", "between", "strange"
_SHOWN = 1_000


@dataclass
class Counts:
    """What became of the rows that were read for the first time.

    Attributes:
        rows: All of them.
        read: Those that say what a sensor does, repeats of a state included.
        skipped: Of entities that are not read, by reason.
        health: `unavailable` and `unknown`, by sensor.
        passing: On the way from one state to another: opening, closing, buffering.
        between: Numbers between two thresholds.
        rejected: Rows that cannot be read, by reason.
        refused: The first of them: line, reason, text.
    """

    rows: int = 0
    read: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    health: Counter[str] = field(default_factory=Counter)
    passing: int = 0
    between: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[int, str, str]] = field(default_factory=list)


class StateReader:
    """Reads rows of the entities of one source."""

    def __init__(self, rules: Sequence[EntityRule], sensors: Sequence[str], *, texts: bool = True) -> None:
        """Take the rule and the sensor id of each entity, in the order of `StateSource.entities`.

        Args:
            rules: Rule of each.
            sensors: Sensor id of each; several entities may be one sensor.
            texts: Whether refused rows are kept with their text.
        """
        self.counts = Counts()
        self._texts = texts
        self._rules = rules
        self.sensor_ids = [name for sensor in sensors for name in (sensor, sensor + AUTOMATIC)]
        columns = {
            "entity": range(len(rules)),
            "read": [rule.read for rule in rules],
            "above": [rule.above for rule in rules],
            "below": [rule.above if rule.below is None else rule.below for rule in rules],
            "switched": [_domain(rule) in SWITCHED for rule in rules],
        }
        kinds = {"entity": pl.UInt32, "read": pl.String, "above": pl.Float64, "below": pl.Float64}
        self._table = pl.DataFrame(columns, schema={**kinds, "switched": pl.Boolean})

    def pressed(self) -> list[str]:
        """Sensors of which every event counts, although all say the same."""
        pressed = [k for k, rule in enumerate(self._rules) if rule.read == "press"]
        return [self.sensor_ids[2 * k] for k in pressed]

    def events(self, rows: pl.DataFrame) -> pl.DataFrame:
        """What sensors say in some rows, in their order; repeats of a state are among it."""
        joined = rows.join(self._table, on="entity", how="left", maintain_order="left")
        no_entity = pl.col("read").is_null()
        no_time = pl.col("time").is_null() & ~no_entity & (pl.col("read") != "skip")
        self._refuse(joined.filter(no_entity), "no entity is known by its number")
        self._refuse(joined.filter(no_time), "its time cannot be read, or a clock was not set")
        skipped = joined.filter((pl.col("read") == "skip") & ~pl.col("again"))
        self._count_skipped(skipped)
        good = joined.filter(~no_entity & ~no_time & (pl.col("read") != "skip"))
        said = self._states(good)
        new = ~pl.col("again")
        for problem, n in said.filter(new).group_by("problem").len().iter_rows():
            self._count(problem, n)
        health = said.filter(new & (pl.col("problem") == _HEALTH)).group_by("entity").len()
        for entity, n in health.iter_rows():
            self.counts.health[self.sensor_ids[2 * entity]] += n
        self._refuse(said.filter(pl.col("problem") == _STRANGE), "a state that nobody knows")
        self.counts.rows += int((~rows["again"]).sum())
        by_automation = (pl.col("cause") == AUTOMATION) & pl.col("switched")
        return (
            said.filter(pl.col("problem") == "")
            .with_columns(sensor=pl.col("entity") * 2 + by_automation.cast(pl.UInt32))
            .select(pl.col(name).cast(kind) for name, kind in EVENT_ROWS.items())
        )

    def _states(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with what they say: `state`, `value`, and `problem`, "" where there is none."""
        rows = rows.with_columns(text=pl.col("state").fill_null(""))
        numeric = pl.col("read").is_in(["threshold", "number"])
        words = rows.filter(~numeric)
        distinct = words.select("entity", "text").unique(maintain_order=True)
        read = [self._word(entity, text) for entity, text in distinct.iter_rows()]
        told = distinct.with_columns(
            pl.Series("state", [state for state, _ in read], dtype=pl.String),
            pl.Series("problem", [problem for _, problem in read], dtype=pl.String),
            value=pl.lit(None, dtype=pl.Float64),
        )
        words = words.drop("state").join(told, on=["entity", "text"], how="left", maintain_order="left")
        words = self._press_times(words)
        numbers = self._numbers(rows.filter(numeric))
        return pl.concat([words, numbers.select(words.columns)]).sort("row", maintain_order=True)

    def _word(self, entity: int, text: str) -> tuple[str, str]:
        """State and problem of one word of an entity."""
        rule, word = self._rules[entity], text.strip().lower()
        if word in _HEALTH_WORDS:
            return "", _HEALTH
        if rule.read == "press":
            return "ON", ""
        if _domain(rule) in ("person", "device_tracker"):
            return ("PRESENT" if word == "home" else "ABSENT"), ""
        if word in _PASSING:
            return "", _PASSES
        state = "ON" if word in _ON else "OFF" if word in _OFF else read_state(text).state
        if state == HEALTH:
            return "", _HEALTH
        if state in ("", VALUE):
            return "", _STRANGE
        if rule.read == "open_close":
            return {"ON": "OPEN", "OFF": "CLOSE"}.get(state, state), ""
        if rule.read == "lock":
            return {"ON": "UNLOCKED", "OFF": "LOCKED"}.get(state, state), ""
        return state, ""

    def _press_times(self, words: pl.DataFrame) -> pl.DataFrame:
        """The state of a button is the time of the last press, which is the time of the event."""
        pressed = (pl.col("read") == "press") & (pl.col("problem") == "")
        told = pl.col("text").str.replace(r"(Z|[+-]00:?00)$", "").str.replace("T", " ")
        stamp = told.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False).dt.epoch("us")
        close = (stamp - pl.col("time")).abs() < 86_400_000_000
        return words.with_columns(time=pl.when(pressed & close).then(stamp).otherwise(pl.col("time")))

    def _numbers(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of entities that measure."""
        value = pl.col("text").cast(pl.Float64, strict=False)
        value = pl.when(value.is_finite()).then(value)
        threshold = pl.col("read") == "threshold"
        state = (
            pl.when(~threshold).then(pl.lit(VALUE))
            .when(pl.col("value") >= pl.col("above")).then(pl.lit("ON"))
            .when(pl.col("value") < pl.col("below")).then(pl.lit("OFF"))
        )  # fmt: skip
        health = pl.col("text").str.strip_chars().str.to_lowercase().is_in(list(_HEALTH_WORDS))
        problem = (
            pl.when(health).then(pl.lit(_HEALTH))
            .when(pl.col("value").is_null()).then(pl.lit(_STRANGE))
            .when(pl.col("state").is_null()).then(pl.lit(_BETWEEN))
            .otherwise(pl.lit(""))
        )  # fmt: skip
        told = rows.with_columns(value=value).with_columns(state=state).with_columns(problem=problem)
        return told.with_columns(value=pl.when(~threshold).then(pl.col("value")))

    def _count(self, problem: str, n: int) -> None:
        if problem == "":
            self.counts.read += n
        elif problem == _PASSES:
            self.counts.passing += n
        elif problem == _BETWEEN:
            self.counts.between += n

    def _count_skipped(self, rows: pl.DataFrame) -> None:
        for entity, n in rows.group_by("entity").len().iter_rows():
            self.counts.skipped[self._rules[entity].why or "skipped by hand"] += n

    def _refuse(self, rows: pl.DataFrame, reason: str) -> None:
        rows = rows.filter(~pl.col("again"))
        if not len(rows):
            return
        self.counts.rejected[reason] += len(rows)
        room = max(_SHOWN - len(self.counts.refused), 0)
        column = "text" if "text" in rows.columns else "state"
        for row, entity, state in rows.head(room).select("row", "entity", column).iter_rows():
            name = "" if entity is None else self.sensor_ids[2 * entity]
            said = (state or "")[:200] if self._texts else ""
            self.counts.refused.append((row % 2**32, reason, f"{name} {said}".strip()))


def _domain(rule: EntityRule) -> str:
    return rule.entity.partition(".")[0]
