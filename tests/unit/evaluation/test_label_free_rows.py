"""Label-free rows: where spreads come from, and what stands in a refused student's row."""

from typing import Any

import numpy as np

from discover.evaluation import EvaluationConfig
from discover.evaluation.label_free_rows import LabelFreeRows, _combined, _Side, _Source, _student
from discover.recognition import (
    FIRST_SETTINGS,
    SelfTrainedClassifier,
    SelfTrainingConfig,
    build_prompt_set,
    probabilities,
)


def source(name: str, seed: int, train_scale: float, test_scale: float) -> _Source:
    generator = np.random.default_rng(seed)

    def side(windows: int, scale: float) -> _Side:
        scores = (scale * generator.normal(size=(windows, 3))).astype(np.float32)
        vectors = generator.normal(size=(windows, 5)).astype(np.float32)
        return _Side(vectors, scores, (scale * generator.normal(size=windows)).astype(np.float32))

    return _Source(name, side(40, train_scale), side(30, test_scale), 0.05)


def test_both_kinds_are_added_in_units_of_their_spread_over_training_windows() -> None:
    text, aligned = source("text_only", 0, 1.0, 9.0), source("aligned_zero_shot", 1, 5.0, 2.0)
    both = _combined([text, aligned])
    spreads = [part.train.scores.std() for part in (text, aligned)]
    for which in ("train", "test"):
        sides = [getattr(part, which) for part in (text, aligned)]
        for values in ("scores", "margins"):
            expected = sum(getattr(s, values) / spread for s, spread in zip(sides, spreads, strict=True))
            np.testing.assert_allclose(getattr(getattr(both, which), values), expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(getattr(both, which).vectors, sides[1].vectors)


def test_a_refused_student_leaves_its_row_to_its_teacher() -> None:
    both = source("combined", 2, 1.0, 1.0)
    times = np.empty(40)
    times[np.argsort(both.train.scores.argmax(axis=1), kind="stable")] = np.arange(40) * 60.0
    scores, check = _student(both, SelfTrainingConfig(), times)
    assert check["refused"]
    np.testing.assert_array_equal(scores, both.test.scores)
    free, unchecked = _student(both, SelfTrainingConfig(refusal=False), times)
    student = SelfTrainedClassifier(SelfTrainingConfig(refusal=False))
    student.fit(both.train.vectors, both.train.scores, middles_s=times)
    np.testing.assert_allclose(free, student.predict_proba(both.test.vectors), atol=1e-6)
    assert unchecked == {**check, "refused": ""}


def test_probabilities_of_both_kinds_are_those_of_the_recogniser(study: Any) -> None:
    """Softmax of both kinds' mean in units of the windows' cosines; students are as sure as they say."""
    text, aligned = source("text_only", 0, 1.0, 9.0), source("aligned_zero_shot", 1, 5.0, 2.0)
    both = _combined([text, aligned])
    mean = (
        text.train.scores / text.train.scores.std() + aligned.train.scores / aligned.train.scores.std()
    ) / 2
    np.testing.assert_allclose(
        probabilities(both.train.scores, both.temperature),
        probabilities(mean * aligned.train.scores.std(), 0.05),
        atol=1e-5,
    )
    prompts = build_prompt_set(study.data.home, "described", ("sleeping", "meal_preparation", "bathing"))
    config = EvaluationConfig(first_student=True, balance_temperature=0.3)
    rows = LabelFreeRows(
        study.data,
        study.data.split("test", config.background_labels),
        encode_text=study.encode_text,
        project_text=study.project_text,
        config=config,
    )
    assert prompts is not None
    methods = {m.method: m for m in rows.methods(prompts, students=True)}
    assert methods["text_only"].temperature == methods["aligned_zero_shot"].temperature == 0.3
    for name, teacher in (("self_trained", "combined"), ("text_only_self_trained", "text_only")):
        refused = methods[name].notes["student"]["refused"]
        assert methods[name].temperature == (methods[teacher].temperature if refused else None)
    never_refused = methods["self_trained_first"]
    assert never_refused.temperature is None
    scores = never_refused.annotated.scores
    np.testing.assert_array_equal(never_refused.to_probabilities(scores), scores)


def test_names_change_the_rows_of_windows_and_leave_those_of_captions_bit_for_bit(study: Any) -> None:
    def with_names(sentences: np.ndarray, names: np.ndarray | None = None) -> np.ndarray:
        return study.project_text(sentences if names is None else sentences + names[::-1])

    labels = ("sleeping", "meal_preparation", "bathing")
    prompts = build_prompt_set(study.data.home, "described", labels)
    assert prompts is not None
    test, scores = study.data.split("test"), []
    for head in (study.project_text, with_names):
        rows = LabelFreeRows(
            study.data, test, encode_text=study.encode_text, project_text=head, config=EvaluationConfig()
        )
        scores.append({m.method: m.annotated.scores for m in rows.methods(prompts) if m.variant == "plain"})
    plain, named = scores
    np.testing.assert_array_equal(plain["text_only"], named["text_only"])
    assert np.abs(plain["aligned_zero_shot"] - named["aligned_zero_shot"]).max() > 0.01


def test_the_student_of_the_first_version_has_rows_of_its_own(study: Any) -> None:
    config = EvaluationConfig(first_student=True)
    test = study.data.split("test")
    rows = LabelFreeRows(
        study.data, test, encode_text=study.encode_text, project_text=study.project_text, config=config
    )
    labels = [
        a.label for a in study.data.home.activities if a.label in ("sleeping", "meal_preparation", "bathing")
    ]
    prompts = build_prompt_set(study.data.home, "described", labels)
    assert prompts is not None
    methods = {m.method: m for m in rows.methods(prompts, students=True) if not m.smoothed}
    assert {"self_trained", "self_trained_first", "text_only_self_trained_first"} <= set(methods)
    first = methods["self_trained_first"]
    assert first.notes["student"]["refused"] == ""
    assert first.notes["student"]["exponents"] == [1.0] * FIRST_SETTINGS.rounds
    assert methods["self_trained"].notes["student"]["exponents"] != [1.0, 1.0]
    plain = LabelFreeRows(
        study.data,
        test,
        encode_text=study.encode_text,
        project_text=study.project_text,
        config=EvaluationConfig(),
    )
    assert not any(m.method.endswith("_first") for m in plain.methods(prompts, students=True))
