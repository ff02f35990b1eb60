"""Recogniser: one-hot worlds whose answer is known by eye, thresholds, conventions, students, refusals."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from discover.core.config import config_from_mapping
from discover.core.errors import ConfigError, DataError, ShapeError
from discover.recognition import (
    BACKGROUND_PROMPTS,
    UNKNOWN,
    PromptSet,
    Recogniser,
    RecognitionConfig,
    SelfTrainedClassifier,
    SelfTrainingConfig,
    activity_margins,
    combine_scores,
    probabilities,
    prompt_scores,
    prompt_votes,
)

AXES = {"cook": 0, "sleep": 1, "bathe": 2} | dict.fromkeys(BACKGROUND_PROMPTS, 3)
PROMPTS = PromptSet(
    "described", ("cooking", "sleeping", "bathing"), (("cook", "cook"), ("sleep",), ("bathe", "bathe"))
)


def encode(texts: list[str]) -> np.ndarray:
    return np.eye(4, dtype=np.float32)[[AXES[t] for t in texts]]


def windows(*axes: int) -> np.ndarray:
    return np.eye(4, dtype=np.float32)[list(axes)]


def built(**settings: object) -> Recogniser:
    return Recogniser(PROMPTS, encode, None, RecognitionConfig(**settings))  # type: ignore[arg-type]


@pytest.mark.parametrize("settings", [{}, {"aggregation": "vote", "vote_k": 1}, {"balance": 1.0}])
def test_one_hot_windows_get_their_activity(settings: dict[str, object]) -> None:
    recogniser = built(unknown_share=0.0, **settings).fit(windows(0, 1, 2, 0, 1, 2))
    assert recogniser.predict(windows(2, 0, 1)).tolist() == ["bathing", "cooking", "sleeping"]
    proba = recogniser.predict_proba(windows(2, 0, 1))
    assert proba.shape == (3, 3)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0, rtol=1e-5)
    assert recogniser.classes_.tolist() == ["cooking", "sleeping", "bathing"]
    assert recogniser.n_features_in_ == 4


def test_the_text_head_is_applied_to_the_prompts() -> None:
    def turned(vectors: np.ndarray) -> np.ndarray:
        return np.roll(vectors, 1, axis=1)

    recogniser = Recogniser(PROMPTS, encode, turned, RecognitionConfig(unknown_share=0.0))
    assert recogniser.fit(windows(1, 2, 3)).predict(windows(1)).tolist() == ["cooking"]


def test_only_a_text_head_with_names_reads_the_names_of_activities() -> None:
    """Sentences that say nothing of either activity, and names that do."""
    axes = {"someone is up": 0, "cook": 1, "sleep": 2} | dict.fromkeys(BACKGROUND_PROMPTS, 3)
    prompts = PromptSet("described", ("a", "b"), (("someone is up",),) * 2, ("cook", "sleep"))
    read: list[str] = []

    def encode(texts: list[str]) -> np.ndarray:
        read.extend(texts)
        return np.eye(4, dtype=np.float32)[[axes[t] for t in texts]]

    def plain(sentences: np.ndarray) -> np.ndarray:
        return sentences

    def with_names(sentences: np.ndarray, names: np.ndarray | None = None) -> np.ndarray:
        return sentences if names is None else sentences + names

    config = RecognitionConfig(unknown_share=0.0)
    for head in (None, plain):
        recogniser = Recogniser(prompts, encode, head, config).fit(windows(1, 2))
        assert recogniser.prompt_vectors_.tolist() == windows(0, 0).tolist()
        assert not {"cook", "sleep"} & set(read)
    recogniser = Recogniser(prompts, encode, with_names, config).fit(windows(1, 2))
    assert recogniser.prompt_vectors_.tolist() == [[1, 1, 0, 0], [1, 0, 1, 0]]
    assert recogniser.background_vectors_.tolist() == windows(3, 3).tolist(), "background has no name"
    assert recogniser.predict(windows(2, 1)).tolist() == ["b", "a"]


def test_centring_takes_the_mean_of_the_reference_away() -> None:
    close = windows(0, 1) + 2 * windows(0)
    reference = np.concatenate([windows(0).repeat(9, axis=0), windows(1)])
    plain = built(centring=False, unknown_share=0.0).fit(reference)
    centred = built(unknown_share=0.0).fit(reference)
    assert plain.predict(close[1:]).tolist() == ["cooking"]
    assert centred.predict(close[1:]).tolist() == ["sleeping"]
    np.testing.assert_allclose(centred.decision_function(reference).mean(axis=0), 0, atol=1e-6)


def test_a_window_like_no_activity_is_unknown() -> None:
    recogniser = built(unknown_share=0.3).fit(windows(0, 1, 2, 0, 3, 3))
    assert recogniser.predict(windows(3, 1)).tolist() == [UNKNOWN, "sleeping"]


def test_the_unknown_rule_reads_the_margin_and_not_the_score() -> None:
    # Faint and like nothing else, against strong and just as much like walking about.
    world = np.zeros((2, 5), dtype=np.float32)
    world[0, [0, 4]] = 1, 3
    world[1, [0, 3]] = 2, 2
    wide = Recogniser(
        PROMPTS, lambda texts: np.eye(5, dtype=np.float32)[[AXES[t] for t in texts]], None,
        RecognitionConfig(unknown_share=0.5, centring=False),
    ).fit(world)  # fmt: skip
    scores = wide.decision_function(world).max(axis=1)
    assert scores[0] < scores[1]
    assert wide.margins(world).tolist() == pytest.approx([0.1**0.5, 0.0], abs=1e-6)
    assert wide.predict(world).tolist() == ["cooking", UNKNOWN]


@pytest.mark.parametrize(
    "settings", [{}, {"balance": 1.0}, {"aggregation": "vote"}, {"method": "self_trained"}]
)
def test_margins_are_of_raw_cosines_whatever_the_method(settings: dict[str, object]) -> None:
    vectors = np.random.default_rng(2).normal(size=(40, 4)).astype(np.float32)
    recogniser = built(**settings, unknown_share=0.25).fit(vectors)
    cosines = prompt_scores(vectors, windows(0, 0, 1, 2, 2), PROMPTS.owners)
    expected = activity_margins(cosines, vectors, windows(3, 3))
    np.testing.assert_allclose(recogniser.margins(vectors), expected, atol=1e-6)
    assert recogniser.threshold_ == pytest.approx(float(np.quantile(expected, 0.25)), abs=1e-6)
    assert (recogniser.predict(vectors) == UNKNOWN).sum() == 10
    np.testing.assert_array_equal(recogniser.predict(vectors) == UNKNOWN, expected < recogniser.threshold_)


def test_the_unknown_rule_reads_the_validation_windows_only() -> None:
    vectors = np.concatenate([windows(3).repeat(50, axis=0), windows(0, 1, 2, 0)])
    weak = windows(3) + 0.5 * windows(0)
    validation = np.arange(len(vectors)) >= 50
    everywhere = built().fit(vectors)
    chosen = built().fit(vectors, validation=validation)
    assert everywhere.predict(weak).tolist() == ["cooking"]
    assert chosen.predict(weak).tolist() == [UNKNOWN]
    times = np.arange(len(vectors)) * 3600.0
    chosen.fit(vectors, middles_s=times, validation=validation)
    assert chosen.smoothed_threshold_ == chosen.threshold_, "windows an hour apart do not mix"
    # Without a validation day all windows set it.
    none = built().fit(vectors, validation=np.zeros(len(vectors), bool))
    assert none.threshold_ == everywhere.threshold_


def test_times_smooth_over_neighbours() -> None:
    times = np.arange(7) * 60.0
    vectors = windows(0, 0, 0, 1, 0, 0, 0)
    recogniser = built(unknown_share=0.0, centring=False).fit(vectors, middles_s=times)
    assert recogniser.predict(vectors)[3] == "sleeping"
    assert set(recogniser.predict(vectors, middles_s=times)) == {"cooking"}


def test_smoothed_margins_have_their_own_threshold() -> None:
    times, vectors = np.arange(6) * 60.0, windows(0, 3, 0, 3, 0, 3)
    recogniser = built(unknown_share=0.4).fit(vectors, middles_s=times)
    smoothed = recogniser.margins(vectors, middles_s=times)
    assert np.abs(smoothed).max() < 0.5
    assert recogniser.threshold_ == -1.0
    assert recogniser.smoothed_threshold_ == pytest.approx(float(np.quantile(smoothed, 0.4)))
    answers = recogniser.predict(vectors, middles_s=times)
    np.testing.assert_array_equal(answers == UNKNOWN, smoothed < np.quantile(smoothed, 0.4))
    with pytest.raises(ValueError, match="Give middles_s to fit"):
        built().fit(vectors).predict(vectors, middles_s=times)


def test_labels_change_nothing() -> None:
    vectors = windows(0, 1, 2, 3)
    one, two = built().fit(vectors), built().fit(vectors, None)
    np.testing.assert_array_equal(one.decision_function(vectors), two.decision_function(vectors))


def test_refusals() -> None:
    with pytest.raises(NotFittedError, match="not fitted"):
        built().predict(windows(0))
    with pytest.raises(DataError, match="got 0 windows"):
        built().fit(windows()[:0])
    with pytest.raises(ShapeError, match="must have 4 columns"):
        built().fit(np.eye(3))
    broken = windows(0, 1)
    broken[0, 0] = np.nan
    with pytest.raises(DataError, match=r"1 of .* NaN or infinity"):
        built().fit(broken)
    with pytest.raises(DataError, match="NaN or infinity"):
        built().fit(windows(0, 1)).predict(broken)
    with pytest.raises(ConfigError, match="prompts_or_names"):
        Recogniser(None, encode)  # type: ignore[arg-type]


def noisy(count: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows that resemble their activity's sentence only now and then, captions that do so better."""
    generator = np.random.default_rng(5)
    truth = generator.integers(3, size=count)
    # The last axes tell the activities apart plainly, but no sentence points along them.
    own = np.zeros((count, 4)) + 0.5 * generator.normal(size=(count, 4))
    own[np.arange(count), truth] += 0.5
    plain = np.eye(3)[truth] * 2 + 0.2 * generator.normal(size=(count, 3))
    captions = np.eye(4)[truth] + 0.4 * generator.normal(size=(count, 4))
    return np.hstack([own, plain]).astype(np.float32), captions.astype(np.float32), truth


def widened(vectors: np.ndarray) -> np.ndarray:
    return np.pad(vectors, ((0, 0), (0, 3)))


def taught(**settings: object) -> Recogniser:
    config = RecognitionConfig(method="self_trained", unknown_share=0.0, **settings)  # type: ignore[arg-type]
    return Recogniser(PROMPTS, encode, widened, config)


def right(answers: np.ndarray, truth: np.ndarray) -> float:
    return float((answers == np.array(PROMPTS.labels)[truth]).mean())


def test_the_student_answers_better_than_the_prompts_that_teach_it() -> None:
    vectors, captions, truth = noisy()
    prompts = Recogniser(PROMPTS, encode, widened, RecognitionConfig(unknown_share=0.0)).fit(vectors)
    student = taught().fit(vectors, caption_vectors=captions)
    assert right(prompts.predict(vectors), truth) < 0.8
    assert right(student.predict(vectors), truth) > 0.98
    assert student.shift_.tolist() == [0.0, 0.0, 0.0]
    assert prompts.student_ is None


@pytest.mark.parametrize("aggregation", ["mean", "vote"])
@pytest.mark.parametrize("with_captions", [False, True])
def test_the_teacher_is_the_sum_of_the_plain_scores(aggregation: str, with_captions: bool) -> None:
    vectors, captions, _ = noisy()
    sentences = windows(0, 0, 1, 2, 2)

    def scores(these: np.ndarray, prompts: np.ndarray) -> np.ndarray:
        if aggregation == "vote":
            return prompt_votes(these, prompts, PROMPTS.owners, 5)
        return prompt_scores(these, prompts, PROMPTS.owners)

    parts = [scores(vectors, widened(sentences))]
    if with_captions:
        parts.append(scores(captions, sentences))
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    settings = SelfTrainingConfig(rounds=1, keep_share=0.3, inverse_penalty=0.05, refusal=False)
    twin = SelfTrainedClassifier(settings).fit(units, combine_scores([(part, part) for part in parts]))
    recogniser = taught(aggregation=aggregation, self_training=settings)
    recogniser.fit(vectors, caption_vectors=captions if with_captions else None)
    np.testing.assert_allclose(recogniser.predict_proba(vectors), twin.predict_proba(units), atol=1e-5)


def test_a_student_gives_proper_probabilities_with_and_without_times() -> None:
    vectors, captions, _ = noisy()
    times = np.arange(len(vectors)) * 30.0
    free = SelfTrainingConfig(refusal=False)
    student = taught(temperature=0.001, self_training=free).fit(
        vectors, middles_s=times, caption_vectors=captions
    )
    for middles_s in (None, times):
        proba = student.predict_proba(vectors, middles_s=middles_s)
        scores = student.decision_function(vectors, middles_s=middles_s)
        assert proba.dtype == np.float32
        assert proba.min() >= 0
        np.testing.assert_allclose(proba.sum(axis=1), 1.0, atol=1e-6)
        np.testing.assert_allclose(proba, scores, atol=1e-6)
    # The mean of probabilities: a window an hour away from all others keeps its own.
    alone = np.r_[times[:-1], times[-1] + 3600]
    np.testing.assert_allclose(
        student.decision_function(vectors, middles_s=alone)[-1],
        student.decision_function(vectors)[-1],
        atol=1e-6,
    )


def test_a_student_does_not_care_how_long_vectors_are() -> None:
    vectors, _, _ = noisy()
    lengths = np.random.default_rng(1).uniform(0.1, 9, size=(len(vectors), 1)).astype(np.float32)
    one, two = taught().fit(vectors), taught().fit(vectors * lengths)
    np.testing.assert_allclose(one.predict_proba(vectors), two.predict_proba(vectors * 5), atol=1e-4)


@pytest.mark.parametrize("with_captions", [False, True])
def test_where_the_student_is_refused_the_teacher_answers(with_captions: bool) -> None:
    vectors, captions, _ = noisy()
    parts = [prompt_scores(vectors, widened(windows(0, 0, 1, 2, 2)), PROMPTS.owners)]
    if with_captions:
        parts.append(prompt_scores(captions, windows(0, 0, 1, 2, 2), PROMPTS.owners))
    teacher = combine_scores([(part, part) for part in parts]) / len(parts) * parts[0].std()
    times = np.empty(len(vectors))  # the teacher's answers follow each other, so no student can be steadier
    times[np.argsort(teacher.argmax(axis=1), kind="stable")] = np.arange(len(vectors)) * 60.0
    refused = taught().fit(vectors, middles_s=times, caption_vectors=captions if with_captions else None)
    assert "not clearly steadier" in refused.student_refused_
    scores = refused.decision_function(vectors)
    if with_captions:
        # What captions add is estimated from the windows.
        assert np.corrcoef(scores.ravel(), teacher.ravel())[0, 1] > 0.9
        assert (scores.argmax(axis=1) == teacher.argmax(axis=1)).mean() > 0.8
    else:
        np.testing.assert_allclose(scores, teacher, atol=1e-3)
    np.testing.assert_allclose(
        refused.predict_proba(vectors), probabilities(scores, refused.config.temperature), atol=1e-6
    )


def test_a_student_that_may_answer_is_not_refused() -> None:
    vectors, captions, truth = noisy()
    times = np.empty(len(vectors))
    times[np.argsort(truth, kind="stable")] = np.arange(len(vectors)) * 60.0  # one activity after the other
    student = taught().fit(vectors, middles_s=times, caption_vectors=captions)
    assert student.student_refused_ == ""
    assert student.student_ is not None
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(
        student.decision_function(vectors), student.student_.predict_proba(units), atol=1e-5
    )


def test_refusals_of_a_student() -> None:
    vectors, captions, _ = noisy(30)
    with pytest.raises(ShapeError, match=r"Caption vectors \(29, 4\) must be \(30, 4\)"):
        taught().fit(vectors, caption_vectors=captions[:-1])
    with pytest.raises(ShapeError, match="made by the text encoder"):
        taught().fit(vectors, caption_vectors=vectors)
    with pytest.raises(DataError, match="the same of 3 activities"):
        taught().fit(vectors[:1])
    with pytest.raises(ConfigError, match="but it corrects prompt scores"):
        config_from_mapping({"method": "self_trained", "balance": 0.5}, RecognitionConfig)
    with pytest.raises(NotFittedError):
        taught().margins(vectors)


def test_an_activity_called_unknown_is_told_from_no_answer() -> None:
    labels = ("unknown", "sleeping", "unknown_activity")
    prompts = PromptSet("described", labels, (("cook",), ("sleep",), ("bathe",)))
    recogniser = Recogniser(prompts, encode, None, RecognitionConfig(unknown_share=0.25))
    recogniser.fit(windows(0, 1, 2, 3))
    assert recogniser.classes_.tolist() == ["unknown_activity_activity", "sleeping", "unknown_activity"]
    answers = recogniser.predict(windows(0, 1, 2, 3)).tolist()
    assert answers == ["unknown_activity_activity", "sleeping", "unknown_activity", UNKNOWN]
