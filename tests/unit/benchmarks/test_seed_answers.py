"""Three seeds of one system: one interval over seeds and days, equal to the metrics' own."""

import dataclasses
import datetime

import numpy as np
import polars as pl
import pytest
from benchmarks.quality.seed_answers import SeedAnswers

from discover.core.errors import DataError
from discover.evaluation.answers import ANSWERS, RETRIEVAL_ANSWERS
from discover.evaluation.compare import Run
from discover.metrics import bootstrap_mean, score_samples
from discover.metrics.classification import SCORE_NAMES

DAYS, PER_DAY, SEEDS = 10, 12, 3
N = DAYS * PER_DAY
TRUTH = np.random.default_rng(0).choice(["bathing", "eating", "sleeping"], N, p=[0.2, 0.3, 0.5])
DAY = np.repeat(np.arange(DAYS), PER_DAY)


def guesses(row: str, seed: int) -> np.ndarray:
    rng = np.random.default_rng([seed, len(row)])
    right = rng.random(N) < (0.8 if row == "good" else 0.6) - 0.1 * seed
    return np.where(right, TRUTH, rng.choice(["bathing", "eating", "sleeping"], N))


def ranks(seed: int) -> np.ndarray:
    return np.random.default_rng([seed, 9]).integers(1, 30, N)


def shares(seed: int) -> np.ndarray:
    return np.random.default_rng([seed, 8]).random(N)


def run_of(seed: int) -> Run:
    shared = {
        "window_id": [f"w{i:03d}" for i in range(N)],
        "day": [datetime.date(2024, 1, 1) + datetime.timedelta(days=int(d)) for d in DAY],
    }
    names = {"protocol": "free_running", "level": "L1", "pool": "annotated"}
    tables = [
        pl.DataFrame(
            {**{k: [v] * N for k, v in names.items()}, **shared, "row": [row] * N, "truth": TRUTH.tolist(),
             "answer": guesses(row, seed).tolist()}
        ).select(list(ANSWERS))
        for row in ("good", "bad")
    ]  # fmt: skip
    found = {"rank": ranks(seed), "L1@10": shares(seed)}
    retrieval = [
        pl.DataFrame(
            {"protocol": ["free_running"] * N, "direction": ["text_to_window"] * N, **shared,
             "measure": [measure] * N, "value": values}
        ).select(list(RETRIEVAL_ANSWERS)).with_columns(pl.col("value").cast(pl.Float32))
        for measure, values in found.items()
    ]  # fmt: skip
    # Rows of a table on disk stand in no promised order.
    answers = pl.concat(tables).sample(fraction=1, shuffle=True, seed=seed)
    return Run(f"seed_{seed}", answers, pl.concat(retrieval))


@pytest.fixture(scope="module")
def answers() -> SeedAnswers:
    return SeedAnswers([run_of(seed) for seed in range(SEEDS)], resamples=100)


def test_scores_are_those_of_all_seeds_together(answers: SeedAnswers) -> None:
    stacked = np.stack([guesses("good", seed) for seed in range(SEEDS)])
    expected = score_samples(TRUTH, stacked, DAY, resamples=100).intervals()
    found = answers.scores("free_running", "L1", "annotated", "good")
    assert found is not None
    assert found.intervals() == expected
    assert expected["accuracy"].low < expected["accuracy"].estimate < expected["accuracy"].high
    assert answers.scores("free_running", "L1", "full", "good") is None


def test_differences_pair_the_seeds(answers: SeedAnswers) -> None:
    one, two = (np.stack([guesses(row, seed) for seed in range(SEEDS)]) for row in ("good", "bad"))
    first, second = (score_samples(TRUTH, row, DAY, resamples=100) for row in (one, two))
    expected = first.minus(second)
    assert answers.minus("free_running", "L1", "annotated", "good", "bad") == expected
    assert set(expected) == set(SCORE_NAMES)
    assert answers.minus("free_running", "L1", "annotated", "good", "nothing") == {}


def test_recall_and_label_precision(answers: SeedAnswers) -> None:
    hits = np.stack([ranks(seed) <= 10 for seed in range(SEEDS)]).astype(float)
    assert answers.recall("free_running", "text_to_window", 10) == bootstrap_mean(hits, DAY, resamples=100)
    same = answers.recall("free_running", "text_to_window", 10, minus="text_to_window")
    assert same is not None
    assert (same.low, same.high) == (0, 0)
    assert answers.recall("free_running", "window_to_text", 10) is None
    found = answers.label_precision("free_running", "text_to_window", "L1", 10)
    values = np.stack([shares(seed).astype(np.float32) for seed in range(SEEDS)]).astype(float)
    by_label = [values[:, label == TRUTH].mean() for label in ("bathing", "eating", "sleeping")]
    assert found["macro"].estimate == pytest.approx(np.mean(by_label))
    assert found["weighted"].estimate == pytest.approx(values.mean())
    assert found["macro"].low < found["macro"].estimate < found["macro"].high


def test_seeds_on_other_windows_are_refused() -> None:
    one, other = run_of(0), run_of(1)
    fewer = dataclasses.replace(other, answers=other.answers.filter(pl.col("window_id") != "w003"))
    with pytest.raises(DataError, match="other windows or labels"):
        SeedAnswers([one, fewer], resamples=20).scores("free_running", "L1", "annotated", "good")
