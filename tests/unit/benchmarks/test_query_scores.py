"""Scores of the query benchmark: drawn days, and a model whose answers are known."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from benchmarks.quality.queries import METHODS, HomeScores, differences, drawn_ndcg, home_section
from benchmarks.queries import Query, grade_queries
from query_events import made_up

from discover.metrics import ndcg_at_k


def test_one_of_each_window_is_plain_ndcg() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        scores, grades = rng.normal(size=40), rng.integers(0, 3, size=40).astype(np.int8)
        found = drawn_ndcg(scores, grades, np.ones((1, 40), dtype=np.int64))
        assert found == pytest.approx(ndcg_at_k(scores, grades, 10))


def test_windows_of_drawn_days_count_as_often_as_drawn() -> None:
    rng = np.random.default_rng(1)
    scores, grades = rng.normal(size=400), rng.integers(0, 3, size=400).astype(np.int8)
    # some draws hold few of the best 150 windows, so the tail of the list is needed
    weights = rng.integers(0, 4, size=(25, 400)) * (rng.random((25, 1)) < rng.random((25, 400)))
    weights[:5, np.argsort(-scores)[:200]] = 0
    for found, row in zip(drawn_ndcg(scores, grades, weights), weights, strict=True):
        assert found == pytest.approx(ndcg_at_k(np.repeat(scores, row), np.repeat(grades, row), 10)[0])


def test_a_draw_without_a_relevant_window_says_nothing() -> None:
    grades = np.array([2, 0, 0], dtype=np.int8)
    found = drawn_ndcg(np.arange(3.0), grades, np.array([[0, 1, 1], [1, 1, 1]]))
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(0.5)


@pytest.fixture
def seeds() -> list[HomeScores]:
    """Two seeds that know every grade, beside captions that know none."""
    view, _, _ = made_up(3)
    queries = [
        Query(f"q{k}", "place", k == 14, {"n_events": {"at_least": k}}, {"n_events": {"at_least": k - 2}}, {})
        for k in (14, 16, 18)
    ]
    graded = grade_queries(queries, view)
    knows = graded.grades.astype(float)
    shape = knows.shape
    known = {"aligned": knows, "aligned + time words": knows}
    scores = {name: known.get(name, np.zeros(shape)) for name in METHODS}
    day = np.arange(view.n) % 9
    return [HomeScores("made_up", Path(f"seed_{k}"), graded, scores, day) for k in range(2)]


def test_a_model_that_knows_beats_one_that_does_not(seeds: list[HomeScores]) -> None:
    better, same = ("aligned", "captions"), ("aligned + time words", "aligned")
    found = differences(seeds, [better, same])
    value, low, high = found[better]
    assert 0 < low < value < high < 1
    assert found[same] == (0, 0, 0)


def test_few_days_give_no_interval_and_no_star(seeds: list[HomeScores]) -> None:
    few = [dataclasses.replace(seed, day=seed.day % 7) for seed in seeds]
    value, low, high = differences(few, [("aligned", "captions")])["aligned", "captions"]
    assert value > 0
    assert np.isnan([low, high]).all()
    assert "7 annotated test days, fewer than 8: no intervals, no verdicts; 2 trained" in home_section(few)
    lines = [line for line in home_section(few).splitlines() if line.startswith("- aligned minus")]
    assert lines
    assert not any("[" in line or "*" in line for line in lines)


def test_the_section_names_every_query_and_method(seeds: list[HomeScores]) -> None:
    text = home_section(seeds)
    assert "place (3) | all (3) | portable (1) |" in text
    assert "duration (" not in text
    assert all(f"| place | q{k} | 1.00 |" in text for k in (14, 16, 18))
    assert all(f"| {name} |" in text for name in METHODS)
    assert "2 seeds" in text
    assert "Deviations from the protocol: 2 trained models instead of 3." in text
