"""Recogniser: one-hot worlds whose answer is known by eye, thresholds, conventions, refusals."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from discover.core.errors import DataError, ShapeError
from discover.recognition import UNKNOWN, PromptSet, Recogniser, RecognitionConfig

AXES = {"cook": 0, "sleep": 1, "bathe": 2}
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


def test_centring_takes_the_mean_of_the_reference_away() -> None:
    close = windows(0, 1) + 2 * windows(0)
    reference = np.concatenate([windows(0).repeat(9, axis=0), windows(1)])
    plain = built(centring=False, unknown_share=0.0).fit(reference)
    centred = built(unknown_share=0.0).fit(reference)
    assert plain.predict(close[1:]).tolist() == ["cooking"]
    assert centred.predict(close[1:]).tolist() == ["sleeping"]
    np.testing.assert_allclose(centred.decision_function(reference).mean(axis=0), 0, atol=1e-6)


def test_a_window_like_no_activity_is_unknown() -> None:
    recogniser = built(unknown_share=0.3, centring=False).fit(windows(0, 1, 2, 0, 3, 3))
    assert recogniser.predict(windows(3, 1)).tolist() == [UNKNOWN, "sleeping"]


def test_the_unknown_rule_reads_the_validation_windows_only() -> None:
    vectors = np.concatenate([windows(3).repeat(50, axis=0), windows(0, 1, 2, 0)])
    weak = windows(3) + 0.5 * windows(0)
    validation = np.arange(len(vectors)) >= 50
    everywhere = built(centring=False).fit(vectors)
    chosen = built(centring=False).fit(vectors, validation=validation)
    assert everywhere.predict(weak).tolist() == ["cooking"]
    assert chosen.predict(weak).tolist() == [UNKNOWN]
    times = np.arange(len(vectors)) * 3600.0
    chosen.fit(vectors, middles_s=times, validation=validation)
    assert chosen.smoothed_threshold_ == chosen.threshold_, "windows an hour apart do not mix"
    # Without a validation day all windows set it.
    none = built(centring=False).fit(vectors, validation=np.zeros(len(vectors), bool))
    assert none.threshold_ == everywhere.threshold_


def test_times_smooth_over_neighbours() -> None:
    times = np.arange(7) * 60.0
    vectors = windows(0, 0, 0, 1, 0, 0, 0)
    recogniser = built(unknown_share=0.0, centring=False).fit(vectors, middles_s=times)
    assert recogniser.predict(vectors)[3] == "sleeping"
    assert set(recogniser.predict(vectors, middles_s=times)) == {"cooking"}


def test_smoothed_scores_have_their_own_threshold() -> None:
    times, vectors = np.arange(6) * 60.0, windows(0, 1, 0, 1, 0, 1)
    recogniser = built(centring=False).fit(vectors, middles_s=times)
    assert recogniser.smoothed_threshold_ is not None
    assert recogniser.smoothed_threshold_ < recogniser.threshold_
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
