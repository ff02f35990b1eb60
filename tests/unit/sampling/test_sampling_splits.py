"""Day splits and the leak check."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from discover.core.errors import DataError
from discover.core.tables import SPLITS, WINDOWS
from discover.sampling import SplitConfig, assign_days, check_no_leakage


def windows(rows: list[tuple[str, int, int, int]]) -> pl.DataFrame:
    """From (split, first_event, n_events, day)."""
    day = [datetime(2020, 1, 1) + timedelta(days=r[3]) for r in rows]
    return pl.DataFrame(
        {
            "window_id": [f"w{i}" for i in range(len(rows))],
            "home": ["h"] * len(rows),
            "split": pl.Series([r[0] for r in rows], dtype=pl.Enum(SPLITS)),
            "first_event": pl.Series([r[1] for r in rows], dtype=pl.Int64),
            "n_events": pl.Series([r[2] for r in rows], dtype=pl.Int32),
            "start": pl.Series(day, dtype=pl.Datetime("us")),
            "end": pl.Series(day, dtype=pl.Datetime("us")),
        }
    ).select(list(WINDOWS))


@pytest.mark.parametrize(
    ("days", "ratios", "counts"),
    [
        (10, (0.7, 0.1, 0.2), [7, 1, 2]),
        (89, (0.7, 0.1, 0.2), [62, 9, 18]),
        (3, (0.7, 0.1, 0.2), [1, 1, 1]),
        (4, (0.7, 0.1, 0.2), [2, 1, 1]),
        (5, (0.98, 0.01, 0.01), [3, 1, 1]),
        (1, (1, 0, 0), [1, 0, 0]),
        (2, (80, 0, 20), [1, 0, 1]),
    ],
)
def test_day_counts(days: int, ratios: tuple[float, float, float], counts: list[int]) -> None:
    codes = assign_days(days, SplitConfig(ratios=ratios))
    assert np.bincount(codes, minlength=3).tolist() == counts
    assert (np.diff(codes) >= 0).all(), "chronological means train days before val days before test days"


def test_random_days_depend_on_the_seed_only() -> None:
    draws = [assign_days(40, SplitConfig(strategy="random", seed=s)).tolist() for s in (0, 0, 1)]
    assert draws[0] == draws[1]
    assert draws[0] != draws[2]
    assert draws[0] != sorted(draws[0])


def test_too_few_days_is_explained() -> None:
    with pytest.raises(DataError, match=r"1 calendar day, but 3 splits \(train, val, test\).*split.ratios"):
        assign_days(1, SplitConfig())


def test_clean_windows_pass() -> None:
    check_no_leakage(windows([("train", 0, 5, 0), ("train", 3, 5, 0), ("test", 8, 4, 1), ("val", 12, 1, 2)]))
    check_no_leakage(windows([]))


@pytest.mark.parametrize(
    "rows",
    [
        [("train", 0, 5, 0), ("test", 4, 5, 1)],
        [("test", 0, 5, 0), ("train", 4, 1, 1)],
        # The overlapping window is not the neighbour in the order of first events.
        [("train", 0, 100, 0), ("train", 5, 2, 0), ("val", 50, 2, 1)],
        [("val", 50, 2, 0), ("val", 60, 2, 0), ("test", 10, 51, 1)],
    ],
)
def test_a_shared_event_is_a_hard_error(rows: list[tuple[str, int, int, int]]) -> None:
    with pytest.raises(DataError, match=r"1 windows of split .* share events"):
        check_no_leakage(windows(rows))


def test_a_shared_day_is_a_hard_error() -> None:
    with pytest.raises(DataError, match="1 calendar days have windows in splits train and test"):
        check_no_leakage(windows([("train", 0, 5, 3), ("test", 5, 5, 3)]))
