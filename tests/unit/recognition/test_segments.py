"""Timelines: windows become segments, gaps and overlaps are respected, time stays in order."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.core.errors import ShapeError
from discover.recognition import (
    BACKGROUND_PROMPTS,
    SEGMENTS,
    TIMELINE,
    PromptSet,
    Recogniser,
    RecognitionConfig,
    SelfTrainingConfig,
    to_segments,
    window_timeline,
)

BEGIN = datetime(2021, 3, 1, 8)


def timeline(*rows: tuple[int, int, str], home: str = "h", confidence: float = 0.5) -> pl.DataFrame:
    """Rows of (start second, end second, activity)."""
    return pl.DataFrame(
        [
            {"window_id": f"{home}_{i}", "home": home, "start": BEGIN + timedelta(seconds=s),
             "end": BEGIN + timedelta(seconds=e), "activity": a, "confidence": confidence + i / 10,
             "best": a, "score": 0.1, "margin": 0.1}
            for i, (s, e, a) in enumerate(rows)
        ],
        schema=TIMELINE,
    )  # fmt: skip


def spans(segments: pl.DataFrame) -> list[tuple[int, int, str, int]]:
    begin = (segments["start"] - BEGIN).dt.total_seconds()
    end = (segments["end"] - BEGIN).dt.total_seconds()
    return list(zip(begin, end, segments["activity"], segments["n_windows"], strict=True))


def test_runs_of_one_activity_become_one_segment() -> None:
    found = to_segments(timeline((0, 50, "a"), (60, 110, "a"), (120, 170, "b"), (180, 230, "a")))
    assert spans(found) == [(0, 110, "a", 2), (120, 170, "b", 1), (180, 230, "a", 1)]
    assert found.schema == pl.Schema(SEGMENTS)
    assert found["confidence"].to_list() == pytest.approx([0.55, 0.7, 0.8])


def test_a_gap_in_the_recording_is_not_bridged() -> None:
    rows = timeline((0, 50, "a"), (650, 700, "a"), (1301, 1350, "a"))
    assert spans(to_segments(rows)) == [(0, 700, "a", 2), (1301, 1350, "a", 1)]
    assert len(to_segments(rows, RecognitionConfig(join_gap_s=100))) == 3


def test_overlapping_windows_give_segments_that_do_not_overlap() -> None:
    rows = timeline((0, 60, "a"), (30, 90, "a"), (60, 120, "b"), (90, 150, "b"))
    assert spans(to_segments(rows)) == [(0, 60, "a", 2), (60, 150, "b", 2)]


def test_a_long_window_covers_the_silence_after_a_short_one() -> None:
    rows = timeline((0, 2000, "a"), (10, 20, "a"), (1000, 1010, "a"))
    assert spans(to_segments(rows)) == [(0, 2000, "a", 3)]


def test_homes_are_kept_apart() -> None:
    rows = pl.concat([timeline((0, 50, "a"), (60, 110, "a")), timeline((30, 90, "a"), home="i")])
    found = to_segments(rows.sample(fraction=1, shuffle=True, seed=3))
    assert found["home"].to_list() == ["h", "i"]
    assert spans(found) == [(0, 110, "a", 2), (30, 90, "a", 1)]


def test_no_windows_no_segments() -> None:
    assert to_segments(pl.DataFrame(schema=TIMELINE)).schema == pl.Schema(SEGMENTS)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 90), st.sampled_from("ab")), max_size=40))
def test_segments_are_ordered_apart_and_count_every_window(rows: list[tuple[int, int, str]]) -> None:
    found = to_segments(timeline(*[(s, s + d, a) for s, d, a in rows], confidence=0.0))
    assert found["n_windows"].sum() == len(rows)
    assert (found["end"] >= found["start"]).all()
    assert (found["start"].shift(-1).drop_nulls() >= found["end"][:-1]).all()


AXES = {"a": 0, "b": 1} | dict.fromkeys(BACKGROUND_PROMPTS, 2)
ONE_HOT = np.eye(3, dtype=np.float32)
AB = PromptSet("name", ("a", "b"), (("a",), ("b",)))


def encode(texts: list[str]) -> np.ndarray:
    return ONE_HOT[[AXES[t] for t in texts]]


def test_the_timeline_has_a_row_per_window_by_time() -> None:
    recogniser = Recogniser(AB, encode)
    rows = timeline((600, 650, "?"), (0, 50, "?"), (3000, 3050, "?"), (9000, 9050, "?"))
    vectors = ONE_HOT[[0, 1, 2, 0]]
    recogniser.fit(vectors, middles_s=np.array([625.0, 25.0, 3025.0, 9025.0]))
    table = window_timeline(recogniser, vectors, rows)
    assert table.schema == pl.Schema(TIMELINE)
    assert table["window_id"].to_list() == ["h_1", "h_0", "h_2", "h_3"]
    assert table["activity"].to_list() == ["b", "a", "unknown", "a"]
    assert table["best"].to_list() == ["b", "a", "b", "a"]
    assert table["confidence"].min() > 0.5
    assert table["margin"].to_list() == pytest.approx([1.0, 1.0, -1.0, 1.0])
    with pytest.raises(ShapeError, match="2 vectors for 4 windows"):
        window_timeline(recogniser, vectors[:2], rows)


def test_margins_are_smoothed_within_a_home_like_the_scores() -> None:
    config = RecognitionConfig(centring=False, smoothing_s=60.0)
    # A walk between two windows of "a", 60 s apart, in one home; the same walk alone in another.
    rows = pl.concat(
        [timeline((0, 50, "?"), (60, 110, "?"), (120, 170, "?")), timeline((60, 110, "?"), home="i")]
    )
    vectors = ONE_HOT[[0, 2, 0, 2]]
    times = np.array([25.0, 85.0, 145.0, 9e6])
    recogniser = Recogniser(AB, encode, config=config).fit(vectors, middles_s=times)
    table = window_timeline(recogniser, vectors, rows)
    near, far = np.exp(-0.5), np.exp(-2.0)
    edge = (1 - near + far) / (1 + near + far)
    middle = (2 * near - 1) / (1 + 2 * near)
    assert table["margin"].to_list() == pytest.approx([edge, middle, edge, -1.0], abs=1e-6)
    assert table["activity"].to_list() == ["a", "unknown", "a", "unknown"]


def test_a_student_s_timeline_holds_its_probabilities() -> None:
    config = RecognitionConfig(
        method="self_trained", self_training=SelfTrainingConfig(keep_share=1.0), unknown_share=0.0
    )
    vectors = ONE_HOT[[0, 1, 0, 1]]
    rows = timeline((0, 50, "?"), (2000, 2050, "?"), (4000, 4050, "?"), (6000, 6050, "?"))
    recogniser = Recogniser(AB, encode, config=config).fit(vectors, middles_s=np.arange(4) * 2000.0 + 25)
    table = window_timeline(recogniser, vectors, rows)
    assert table["activity"].to_list() == ["a", "b", "a", "b"]
    proba = recogniser.predict_proba(vectors).max(axis=1)
    # Not a softmax of probabilities at cosine temperature, which would claim certainty.
    assert table["confidence"].to_list() == pytest.approx(proba.tolist(), abs=1e-6)
    assert table["score"].to_list() == pytest.approx(proba.tolist(), abs=1e-6)
    assert table["confidence"].max() < 0.9
