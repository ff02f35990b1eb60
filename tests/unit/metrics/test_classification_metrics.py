"""Classification scores equal scikit-learn's over the classes present in the truth."""

import numpy as np
import pytest
import sklearn.metrics as sk

from discover.core.errors import ConfigError, ShapeError
from discover.metrics import (
    accuracy,
    balanced_accuracy,
    classification_scores,
    confusion_matrix,
    macro_f1,
    scores_from_confusion,
    weighted_f1,
)


def case(seed: int):
    """Predictions name classes that the truth lacks, and some classes are never predicted."""
    rng = np.random.default_rng(seed)
    names = np.array(["cook", "eat", "sleep", "leave home", "other", "read"])
    truth = names[rng.integers(0, 4, 120)]
    guess = np.where(rng.random(120) < 0.5, truth, names[rng.integers(1, 6, 120)])
    return truth, guess


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_scikit_learn(seed):
    truth, guess = case(seed)
    present = np.unique(truth)
    assert set(guess) - set(present)
    assert accuracy(truth, guess) == pytest.approx(sk.accuracy_score(truth, guess))
    assert balanced_accuracy(truth, guess) == pytest.approx(
        sk.recall_score(truth, guess, labels=present, average="macro")
    )
    for average, ours in (("macro", macro_f1), ("weighted", weighted_f1)):
        expected = sk.f1_score(truth, guess, labels=present, average=average)
        assert ours(truth, guess) == pytest.approx(expected)
    whole = classification_scores(truth, guess)
    assert whole.scores["macro_f1"] == macro_f1(truth, guess)
    assert np.array_equal(whole.confusion, sk.confusion_matrix(truth, guess, labels=list(whole.classes)))
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        truth, guess, labels=list(whole.classes), zero_division=0
    )
    for i, name in enumerate(whole.classes):
        row = whole.per_class[name]
        assert [row["precision"], row["recall"], row["f1"]] == pytest.approx([precision[i], recall[i], f1[i]])
        assert row["support"] == support[i]
        assert row["predicted"] == np.sum(guess == name)


def test_macro_mean_is_over_true_classes_only():
    # "b" is predicted but never true: it costs "a" recall, and adds no zero to the mean.
    assert macro_f1(["a", "a", "a", "c"], ["a", "a", "b", "c"]) == pytest.approx((0.8 + 1.0) / 2)


def test_given_class_order_is_kept():
    counts, names = confusion_matrix(["b", "a"], ["a", "a"], classes=["b", "c", "a"])
    assert names == ("b", "c", "a")
    assert counts.tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 1]]


def test_numbers_work_as_labels_and_many_matrices_at_once():
    truth, guess = [2, 0, 2, 1], [2, 0, 1, 1]
    counts, _ = confusion_matrix(truth, guess)
    many = scores_from_confusion(np.stack([counts, 3 * counts]))
    assert many["macro_f1"].tolist() == pytest.approx([macro_f1(truth, guess)] * 2)
    assert many["accuracy"].tolist() == [0.75, 0.75]


def test_plain_data():
    result = classification_scores(["a", "b"], ["a", "a"]).to_dict()
    assert result["confusion"] == [[1, 0], [1, 0]]
    assert result["per_class"]["b"]["precision"] == 0.0
    assert result["accuracy"] == 0.5


def test_an_empty_matrix_is_nan():
    assert np.isnan(scores_from_confusion(np.zeros((2, 2)))["macro_f1"])


def test_refusals():
    with pytest.raises(ShapeError, match="one length"):
        accuracy(["a"], ["a", "b"])
    with pytest.raises(ShapeError, match="at least 1"):
        accuracy([], [])
    with pytest.raises(ConfigError, match=r"missing: \['b'\]"):
        confusion_matrix(["b"], ["a"], classes=["a"])
