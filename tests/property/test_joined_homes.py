"""Homes joined and taken apart again are what they were, bit for bit."""

import numpy as np
import polars as pl
import pytest
from alignment_world import make_windows
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from discover.core.errors import ConfigError, DataError
from discover.core.window_set import WindowSet, join_window_sets
from two_homes import renamed

LOGS = [make_windows(n, seed=n) for n in (3, 8, 15)]


@settings(max_examples=40, deadline=None)
@given(
    picked=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 15)), min_size=1, max_size=5),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_home_taken_out_of_a_joined_set_is_the_home(picked: list[tuple[int, int]], seed: int) -> None:
    parts = []
    for number, (log, kept) in enumerate(picked):
        whole = renamed(LOGS[log], f"home_{number}")
        parts.append(WindowSet(whole.logs, whole.windows.head(kept)))
    joined = join_window_sets(parts)
    assert list(joined.homes) == [part.home.name for part in parts]
    assert len(joined.windows) == sum(len(part.windows) for part in parts)
    # Also where the windows of the homes are mixed.
    order = np.random.default_rng(seed).permutation(len(joined.windows))
    mixed = WindowSet(joined.logs, joined.windows[order])
    for number, part in enumerate(parts):
        own = joined.of_home(part.home.name)
        assert own.home == part.home
        assert own.events is part.events
        assert_frame_equal(own.windows, part.windows)
        rows, again = list(mixed.by_home())[number]
        assert_frame_equal(mixed.windows[rows], again.windows)
        assert_frame_equal(again.windows.sort("window_id"), part.windows.sort("window_id"))
        assert (mixed.home_numbers[rows] == number).all()
        assert_frame_equal(
            joined.of_split("val").of_home(part.home.name).windows, part.of_split("val").windows
        )


def test_one_home_is_the_list_of_length_one() -> None:
    (log,) = [join_window_sets([LOGS[1]])]
    assert log.home is LOGS[1].home
    assert log.events is LOGS[1].events
    assert_frame_equal(log.windows, LOGS[1].windows)


def test_homes_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(DataError, match="toy is given twice"):
        join_window_sets([LOGS[0], LOGS[1]])
    with pytest.raises(DataError, match="no home is given"):
        join_window_sets([])
    both = join_window_sets([LOGS[0], renamed(LOGS[1], "other")])
    with pytest.raises(DataError, match="One home is needed here"):
        _ = both.home
    with pytest.raises(ConfigError, match=r"no home 'othr'.*Did you mean 'other'"):
        both.of_home("othr")
    strange = LOGS[0].windows.with_columns(home=pl.lit("another"))
    with pytest.raises(DataError, match="is of home 'another'"):
        WindowSet(LOGS[0].logs, strange)
