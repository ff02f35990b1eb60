"""Probes and rows with few labels against scikit-learn, by hand, and what may not influence them."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from discover.evaluation import EvaluationConfig, evaluate_recognition, few_labels, shots
from discover.evaluation.answers import AnswerLog, row_key
from discover.evaluation.probes import LabelledVectors, linear_probe, mlp_probe
from discover.evaluation.scoring import score_draws
from discover.evaluation.shots import (
    FewShotInputs,
    draw_rows,
    few_shot_probe,
    shot_prototypes,
    text_and_shots,
)
from discover.evaluation.softmax import fit_softmax
from discover.metrics.classification import classification_scores

CLASSES = ("bathing", "eating", "sleeping")


def labelled(seed: int, n: int = 90, noise: float = 0.6) -> LabelledVectors:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 3, n)
    vectors = np.eye(3, 8)[codes] + noise * rng.normal(size=(n, 8))
    return LabelledVectors(vectors.astype(np.float32), np.array(CLASSES)[codes])


@pytest.mark.parametrize("strength", [0.01, 1.0])
def test_softmax_equals_scikit_learn(strength: float) -> None:
    data = labelled(0)
    _, codes = np.unique(data.labels, return_inverse=True)
    ours = fit_softmax(data.vectors, codes, 3, strength=strength, max_iterations=500)
    theirs = LogisticRegression(C=strength, max_iter=500, tol=1e-6).fit(data.vectors.astype(float), codes)
    assert ours.converged
    np.testing.assert_allclose(
        ours.probabilities(data.vectors), theirs.predict_proba(data.vectors.astype(float)), atol=2e-3
    )
    np.testing.assert_allclose(ours.probabilities(data.vectors).sum(axis=1), 1, atol=1e-5)


def test_a_softmax_that_is_stopped_says_so() -> None:
    data = labelled(0)
    _, codes = np.unique(data.labels, return_inverse=True)
    stopped = fit_softmax(data.vectors, codes, 3, strength=1.0, max_iterations=1)
    assert not stopped.converged
    full = fit_softmax(data.vectors, codes, 3, strength=1.0, max_iterations=300)
    again = fit_softmax(data.vectors, codes, 3, strength=1.0, max_iterations=300, start=full)
    np.testing.assert_allclose(again.weights, full.weights, atol=1e-3)


def test_the_strength_is_the_best_on_validation() -> None:
    train, validation, test = labelled(0, 40, 1.5), labelled(1, 300, 1.5), labelled(2)
    strengths = (0.001, 0.1, 100.0)
    accuracies = {}
    for strength in strengths:
        alone, _ = linear_probe(
            train, validation, validation.vectors, strengths=(strength,), max_iterations=300
        )
        guess = np.array(alone.classes)[alone.scores.argmax(axis=1)]
        accuracies[strength] = classification_scores(validation.labels, guess).scores["macro_f1"]
    assert len(set(accuracies.values())) > 1
    _, notes = linear_probe(train, validation, test.vectors, strengths=strengths, max_iterations=300)
    assert accuracies[notes["strength"]] == pytest.approx(max(accuracies.values()), abs=0.02)
    _, without = linear_probe(
        train, validation.only(np.zeros(300, bool)), test.vectors, strengths=strengths, max_iterations=300
    )
    assert without["strength"] == 0.1


def test_equal_strengths_on_validation_go_to_the_smallest() -> None:
    train, validation = labelled(0, 40, 0.05), labelled(1, 60, 0.05)
    for strengths in ((0.1, 1.0, 10.0), (10.0, 1.0, 0.1)):
        fitted, notes = linear_probe(
            train, validation, validation.vectors, strengths=strengths, max_iterations=200
        )
        guess = np.array(fitted.classes)[fitted.scores.argmax(axis=1)]
        assert (guess == validation.labels).all()
        assert notes["strength"] == 0.1


def test_a_hidden_layer_learns_what_a_line_cannot() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(3000, 2)).astype(np.float32)
    labels = np.where((vectors > 0).sum(axis=1) == 1, "one", "none_or_both")
    train, validation = (
        LabelledVectors(vectors[:2000], labels[:2000]),
        LabelledVectors(vectors[2000:], labels[2000:]),
    )
    line, _ = linear_probe(train, validation, vectors, strengths=(1.0,), max_iterations=100)
    hidden, notes = mlp_probe(train, validation, vectors, width=32, epochs=100, seed=0, patience=100)
    right = [(np.array(p.classes)[p.scores.argmax(axis=1)] == labels).mean() for p in (line, hidden)]
    assert right[0] < 0.7 < 0.85 < right[1]
    assert 1 <= notes["epoch"] <= 100


def few(noise: float = 0.3) -> FewShotInputs:
    train = labelled(0, noise=noise)
    return FewShotInputs.build(
        train, labelled(1, noise=noise), labelled(2, noise=noise).vectors, train.vectors.mean(axis=0), CLASSES
    )


def test_draws_take_windows_of_the_class_without_repeats() -> None:
    labels = np.array(["a"] * 10 + ["b"] * 2)
    drawn = draw_rows(labels, ("a", "b", "c"), 3, 20, 0)
    assert [d.shape for d in drawn] == [(20, 3), (20, 2), (20, 0)]
    assert (drawn[0] < 10).all()
    assert all(len(set(rows)) == 3 for rows in drawn[0])
    assert len({tuple(sorted(rows)) for rows in drawn[0].tolist()}) > 5
    np.testing.assert_array_equal(drawn[0], draw_rows(labels, ("a",), 3, 20, 0)[0])
    assert (draw_rows(labels, ("a",), 3, 20, 1)[0] != drawn[0]).any()


def test_prototypes_are_means_of_the_drawn_windows() -> None:
    inputs = few()
    found = shot_prototypes(inputs, 4, 5, 0)
    drawn = draw_rows(inputs.train.labels, CLASSES, 4, 5, 0)
    for draw in range(5):
        means = np.stack([inputs.train.vectors[rows[draw]].mean(axis=0) for rows in drawn])
        cosines = inputs.test @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T
        assert found.answers[draw].tolist() == cosines.argmax(axis=1).tolist()


def test_a_class_without_training_window_or_prompt_is_never_answered() -> None:
    train = labelled(0)
    inputs = FewShotInputs.build(
        train, labelled(1), labelled(2).vectors, np.zeros(8), (*CLASSES, "aaa_unseen")
    )
    assert not (shot_prototypes(inputs, 2, 3, 0).answers == 0).any()
    assert not (few_shot_probe(inputs, 2, 3, 0, strengths=(1.0,)).answers == 0).any()


def test_text_weight_follows_validation_only() -> None:
    inputs = few(noise=1.0)
    truth = labelled(2, noise=1.0).labels
    right_prompts, wrong_prompts = np.eye(3, 8), np.eye(3, 8)[[1, 2, 0]]
    options: dict[str, Any] = {"weights": (0.0, 0.5, 1.0), "prompt_set": "described"}
    helped = text_and_shots(inputs, right_prompts, 1, 10, 0, **options)
    misled = text_and_shots(inputs, wrong_prompts, 1, 10, 0, **options)
    assert helped.notes["text_weight"] > 0
    assert misled.notes["text_weight"] == 0
    alone = shot_prototypes(inputs, 1, 10, 0)
    np.testing.assert_array_equal(misled.answers, alone.answers)
    codes = np.array([CLASSES.index(t) for t in truth])
    assert (helped.answers == codes).mean() > (alone.answers == codes).mean()


def test_more_shots_are_better() -> None:
    inputs, truth = few(noise=0.9), labelled(2, noise=0.9).labels
    codes = np.array([CLASSES.index(t) for t in truth])
    for method in (shot_prototypes, lambda *a: few_shot_probe(*a, strengths=(0.01, 1.0))):
        one, many = ((method(inputs, k, 10, 0).answers == codes).mean() for k in (1, 20))
        assert many > one + 0.03


def test_draws_are_scored_one_by_one() -> None:
    truth = np.array(["bathing", "eating", "eating", "sleeping"])
    answers = np.array([[0, 1, 1, 2], [0, 0, 0, 0], [1, 1, 1, 1]])
    few = score_draws(truth, CLASSES, answers, 7)
    assert few["accuracy"]["low"] is None
    assert few["per_class"]["eating"]["f1_low"] is None
    result = score_draws(truth, CLASSES, answers, 8)
    singles = [classification_scores(truth, np.array(CLASSES)[a], CLASSES).scores for a in answers]
    for name in singles[0]:
        values = [s[name] for s in singles]
        assert result[name]["value"] == pytest.approx(np.mean(values), abs=1e-6)
        assert result[name]["low"] == pytest.approx(np.percentile(values, 2.5), abs=1e-6)
    eating = result["per_class"]["eating"]
    assert (eating["support"], eating["predicted"]) == (2, 2)
    values = [
        classification_scores(truth, np.array(CLASSES)[a], CLASSES).per_class["eating"]["f1"] for a in answers
    ]
    assert eating["f1"] == pytest.approx(np.mean(values))
    assert (eating["f1_low"], eating["f1_high"]) == pytest.approx(
        tuple(np.percentile(values, [2.5, 97.5])), abs=1e-6
    )
    assert np.mean([c["f1"] for c in result["per_class"].values()]) == pytest.approx(
        result["macro_f1"]["value"], abs=1e-6
    )
    assert np.sum(result["confusion"]) == 12


# --- inside the whole evaluation


def test_shots_are_centred_by_training_windows(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By all of them, annotated or not, and by no test window."""
    seen: list[Any] = []
    build = few_labels.FewShotInputs.build
    monkeypatch.setattr(
        few_labels.FewShotInputs,
        "build",
        classmethod(lambda _, *parts: (seen.append(parts[3]), build(*parts))[1]),
    )
    config = EvaluationConfig(
        shots=(1,), shot_draws=2, gradient_boosting=False, mlp_probe=False, coarse=False,
        self_training=False, bootstrap_samples=10, probe_strengths=(1.0,),
    )  # fmt: skip
    evaluate_recognition(
        study.data, encode_text=study.encode_text, project_text=study.project_text, config=config
    )
    table = study.data.window_embeddings
    train = study.data.split("train")
    vectors = table.vectors[table.rows_of(train.ids, what="windows")[:, 0]]
    assert len(train) > train.annotated.sum()
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(seen[0], units.mean(axis=0), atol=1e-6)


def test_probes_before_the_head_read_annotated_windows_only(study: Any) -> None:
    from discover.evaluation import EvaluationConfig, evaluate_recognition

    data = study.data
    table = data.window_embeddings
    annotated = set(data.labels.filter(data.labels["label"] != "no_activity")["window_id"].to_list())
    keep = np.array([i in annotated for i in table.sample_ids])
    encoder = dataclasses.replace(
        table,
        vectors=np.tile(table.vectors[keep], (1, 2)),
        sample_ids=table.sample_ids[keep],
        caption_indices=table.caption_indices[keep],
    )
    config = EvaluationConfig(
        bootstrap_samples=20, gradient_boosting=False, shot_draws=2, shots=(2,), mlp_epochs=3, coarse=False
    )
    log = AnswerLog()
    result = evaluate_recognition(
        dataclasses.replace(data, encoder_embeddings=encoder),
        encode_text=study.encode_text,
        project_text=study.project_text,
        config=config,
        answers=log,
    )
    rows = {row_key(r): r for r in result["rows"]}
    assert "full" not in rows["linear_probe/encoder"]
    assert (
        rows["linear_probe/encoder"]["annotated"]["accuracy"]
        == rows["linear_probe/joint"]["annotated"]["accuracy"]
    )
    assert {"k_shot/2_shots", "text_and_shots/2_shots/described", "few_shot_probe/2_shots"} <= set(rows)
    assert {s["shots"] for s in result["few_labels"]} == {2}
    # Answers are those the scores come from.
    for part in log.recognition:
        key, pool = part["row"][0], part["pool"][0]
        share = (part["truth"] == part["answer"]).mean()
        assert share == pytest.approx(rows[key][pool]["accuracy"]["value"], abs=1e-6)


def test_a_label_that_was_never_shown_is_no_class() -> None:
    # Read as the first class, it would count as right where that class is answered.
    assert shots._codes(np.array(["a", "b", "unseen"]), ["b", "a"]).tolist() == [1, 0, -1]
