"""Examples move the answers for windows like them, and leave the others."""

import numpy as np
import pytest

from discover.core.embeddings import unit_rows
from discover.core.errors import DataError, ShapeError
from discover.recognition import PromptSet, Recogniser, RecognitionConfig
from discover.recognition.examples import learn_examples

SENTENCES = {"cook": 0, "eat": 1, "wash": 2}
PROMPTS = PromptSet("described", ("cooking", "eating", "washing"), (("cook",), ("eat",), ("wash",)))


def encode(texts: list[str]) -> np.ndarray:
    found = np.zeros((len(texts), 8), dtype=np.float32)
    for row, text in zip(found, texts, strict=True):
        row[SENTENCES.get(text, 7)] = 1
    return found


def day(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """240 windows of four kinds: three near their sentence; the fourth, axis 3, a little nearer to eating."""
    rng = np.random.default_rng(seed)
    kinds = np.repeat([0, 1, 2, 3], 60)
    centres = np.eye(8, dtype=np.float32)[[0, 1, 2, 3]]
    centres[3, 1] = 0.15
    noise = rng.normal(0, 0.05, size=(240, 8)).astype(np.float32)
    return unit_rows(centres[kinds] + noise), kinds


@pytest.mark.parametrize(("n", "least"), [(1, 0.2), (5, 0.5), (20, 0.8)])
def test_one_corrected_activity_takes_its_kind_and_no_other(n: int, least: float) -> None:
    vectors, kinds = day()
    rows = np.flatnonzero(kinds == 3)[:n]
    config = RecognitionConfig(centring=0, unknown_share=0)
    plain = Recogniser(PROMPTS, encode, None, config).fit(vectors)
    assert (plain.predict(vectors)[kinds == 3] == "eating").mean() > 0.9
    told = Recogniser(PROMPTS, encode, None, config)
    told.fit(vectors, examples=(vectors[rows], np.full(n, 2)))
    answers = told.predict(vectors)
    assert (answers[kinds == 3] == "washing").mean() > least
    for kind, name in enumerate(("cooking", "eating", "washing")):
        assert (answers[kinds == kind] == name).all()
    np.testing.assert_allclose(told.predict_proba(vectors).sum(axis=1), 1, atol=1e-5)
    assert told.margins(vectors)[rows].mean() > plain.margins(vectors)[rows].mean()


def test_a_student_follows_examples_too() -> None:
    vectors, kinds = day()
    rows = np.flatnonzero(kinds == 3)[:20]
    config = RecognitionConfig(method="self_trained", unknown_share=0)
    told = Recogniser(PROMPTS, encode, None, config)
    told.fit(vectors, examples=(vectors[rows], np.full(20, 2)))
    assert (told.predict(vectors)[kinds == 3] == "washing").mean() > 0.9
    np.testing.assert_allclose(told.predict_proba(vectors).sum(axis=1), 1, atol=1e-5)


def test_order_of_examples_does_not_matter() -> None:
    vectors, _ = day()
    logits = np.random.default_rng(1).normal(size=(240, 3))
    rows, codes = np.array([5, 70, 200, 130]), np.array([0, 1, 2, 2])
    turned = np.array([2, 0, 3, 1])
    first = learn_examples(vectors[rows], codes, vectors, logits[rows], logits)
    again = learn_examples(vectors[rows[turned]], codes[turned], vectors, logits[rows[turned]], logits)
    assert np.array_equal(first, again)


def test_what_does_not_fit_is_refused() -> None:
    vectors, _ = day()
    logits = np.zeros((240, 3))
    with pytest.raises(DataError, match="from 0 to 2"):
        learn_examples(vectors[:1], np.array([3]), vectors, logits[:1], logits)
    with pytest.raises(ShapeError, match="one width"):
        learn_examples(vectors[:1, :4], np.array([0]), vectors, logits[:1], logits)
    with pytest.raises(ShapeError):
        learn_examples(vectors[:2], np.array([0]), vectors, logits[:2], logits)
    no_change = Recogniser(PROMPTS, encode).fit(vectors, examples=(vectors[:0], np.zeros(0, dtype=np.int64)))
    assert no_change.learned_ is None
