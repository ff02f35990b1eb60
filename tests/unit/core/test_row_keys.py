"""A row is found again by what it was made from, and only then."""

from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest

from discover.core.row_keys import KeptRows, kept_rows, sealed_rows, text_keys, window_keys
from discover.core.window_set import EventLog, WindowSet
from discover.sampling import SamplingConfig, sample_windows


def cut(log: EventLog) -> WindowSet:
    return WindowSet.of(log.home, log.events, sample_windows(log, SamplingConfig()).windows)


def changed(window_set: WindowSet, row: int, **columns: Any) -> WindowSet:
    """The same set with other values in one event."""
    events = window_set.events.with_row_index("row")
    at = pl.col("row") == row
    values = [
        pl.when(at).then(v).otherwise(pl.col(n)).cast(events.schema[n]).alias(n) for n, v in columns.items()
    ]
    return WindowSet.of(window_set.home, events.with_columns(values).drop("row"), window_set.windows)


@pytest.mark.parametrize(
    "columns",
    [
        {"sensor": pl.lit("D002")},
        {"state": pl.lit("OPEN")},
        {"value": 21.5},
        {"time": pl.col("time").dt.offset_by("1us")},
    ],
)
def test_a_window_has_another_key_when_an_event_changes(small_home_log: EventLog, columns: Any) -> None:
    before = cut(small_home_log)
    window = before.windows.row(40, named=True)
    row = window["first_event"] + window["n_events"] - 1
    after = changed(before, row, **columns)
    assert not after.events.equals(before.events)
    holds = (before.windows["first_event"] <= row) & (
        row < before.windows["first_event"] + before.windows["n_events"]
    )
    differs = window_keys(before, {"a": 1}) != window_keys(after, {"a": 1})
    assert np.array_equal(differs, holds.to_numpy())


def test_events_of_one_time_count_in_their_order(small_homes: ModuleType) -> None:
    log = small_homes.plain_log(
        [0, 0, 0, 0, 1_000_000, 90_000_000_000, 90_001_000_000, 90_002_000_000, 180 * 10**9]
    )
    config = SamplingConfig(min_events=1)
    before = WindowSet.of(log.home, log.events, sample_windows(log, config).windows)
    swapped = log.events.with_columns(pl.col("sensor").gather([1, 0, 2, 3, 4, 5, 6, 7, 8]))
    after = WindowSet.of(log.home, swapped, before.windows)
    assert (window_keys(before, {}) != window_keys(after, {})).tolist() == [True, False, False]


def test_keys_do_not_depend_on_codes_rows_or_other_windows(small_home_log: EventLog) -> None:
    before = cut(small_home_log)
    keys = window_keys(before, {})
    assert len(np.unique(keys)) == len(keys)
    part = replace(before, windows=before.windows[5:50:3])
    assert np.array_equal(window_keys(part, {}), keys[5:50:3])
    # 7 events earlier, and categories the other way round.
    head = before.events.head(7).with_columns(pl.col("time").dt.offset_by("-9d"))
    events = pl.concat([head, before.events])
    turned = [
        pl.col(n).cast(pl.String).cast(pl.Enum(events.schema[n].categories.reverse()))  # type: ignore[attr-defined]
        for n in ("sensor", "state")
    ]
    windows = before.windows.with_columns(pl.col("first_event") + 7)
    assert np.array_equal(
        window_keys(WindowSet.of(before.home, events.with_columns(turned), windows), {}), keys
    )
    assert not np.isin(window_keys(before, {"seed": 1}), keys).any()


def test_rows_are_found_by_key() -> None:
    texts = pl.Series(["a", "b", "c", "a"])
    kept = KeptRows(np.array([[3.0], [2.0]]), text_keys(pl.Series(["c", "a"]), {}))
    assert kept.find(text_keys(texts, {})).tolist() == [1, -1, 0, 1]
    assert kept.find(text_keys(texts, {"other": 1})).tolist() == [-1] * 4
    assert KeptRows(np.zeros((0, 1)), np.zeros(0, np.uint64)).find(text_keys(texts, {})).tolist() == [-1] * 4


def test_rows_that_were_altered_are_not_kept(tmp_path: Path) -> None:
    rows, keys = np.arange(6, dtype=np.float32).reshape(3, 2), np.array([5, 6, 7], dtype=np.uint64)
    path = tmp_path / "x.npz"

    def stored(rows: np.ndarray, arrays: dict[str, np.ndarray]) -> KeptRows | None:
        np.savez(path, vectors=rows, **arrays)
        return kept_rows(path, "vectors")

    assert kept_rows(path, "vectors") is None
    sealed = sealed_rows(rows, keys)
    kept = stored(rows, sealed)
    assert kept is not None
    assert np.array_equal(kept.rows, rows)
    for wrong in (rows + 1, rows[:2], rows.astype(np.float16)):
        assert stored(wrong, sealed) is None
    assert stored(rows, {**sealed, "row_keys": keys[::-1]}) is None
    assert stored(rows, {}) is None
    path.write_bytes(b"no archive")
    assert kept_rows(path, "vectors") is None
