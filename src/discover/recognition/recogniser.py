"""Windows in, activities out: a classifier whose only teachers are sentences and unlabelled windows."""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from discover.core.embeddings import EncodeText, ProjectText
from discover.core.errors import DataError, ShapeError
from discover.recognition.config import RecognitionConfig
from discover.recognition.label_free import (
    balance_offsets,
    probabilities,
    prompt_scores,
    prompt_votes,
    rejection_threshold,
    smooth_scores,
)
from discover.recognition.prompts import PromptSet

__all__ = ["UNKNOWN", "Recogniser"]

UNKNOWN = "unknown"
"""Answer for a window that resembles no activity enough."""

# Shape letters: W windows, K activities, P width of the vectors.


class Recogniser:
    """Zero-shot recognition with scikit-learn's conventions.

    `fit` sees unlabelled windows only: from them come each activity's mean score, the balance of the
    activities and the threshold below which the answer is `UNKNOWN`. Times of the windows are optional;
    where they are given, scores are averaged over neighbouring windows first.

    Attributes after `fit`:
        classes_: (K,) activities, in the order of the prompts.
        prompt_vectors_: (S, P) vectors of the sentences.
        shift_: (K,) added to raw scores: minus the means, plus the balance.
        threshold_: Best score below which a window is unknown; -inf where `unknown_share` is 0.
        smoothed_threshold_: The same for smoothed scores; None when fitted without times.
        n_features_in_: P.

    Example:
        >>> recogniser = Recogniser(prompts, encode_text, model.project_text).fit(vectors)  # doctest: +SKIP
        >>> recogniser.predict(new_vectors)  # doctest: +SKIP
    """

    def __init__(
        self,
        prompts: PromptSet,
        encode_text: EncodeText,
        project_text: ProjectText | None = None,
        config: RecognitionConfig | None = None,
    ) -> None:
        """Keep the parts; nothing is computed before `fit`.

        Args:
            prompts: Activities and their sentences.
            encode_text: Text encoder the model was trained with.
            project_text: The model's text head; None where windows live in the text encoder's own space
                (vectors of captions).
            config: Settings.
        """
        self.prompts = prompts
        self.encode_text = encode_text
        self.project_text = project_text
        self.config = config or RecognitionConfig()

    def fit(
        self,
        vectors: NDArray[np.floating],
        y: None = None,
        *,
        middles_s: NDArray[np.float64] | None = None,
        validation: NDArray[np.bool_] | None = None,
    ) -> Self:
        """Learn from unlabelled windows.

        Args:
            vectors: (W, P) windows of the training and validation days, all of them.
            y: Ignored, there for scikit-learn's sake.
            middles_s: (W,) time of each window in seconds; needed to predict with times later.
            validation: (W,) windows that set the unknown rule; None: all.

        Raises:
            DataError: No window, or no activity.
            ShapeError: Another width than the prompts have.
        """
        del y
        if not len(vectors) or not len(self.prompts.labels):
            raise DataError(
                f"Recognition needs unlabelled windows and activities; got {len(vectors)} windows and "
                f"{len(self.prompts.labels)} activities."
            )
        sentences = np.asarray(self.encode_text(self.prompts.sentences), dtype=np.float32)
        projected = sentences if self.project_text is None else self.project_text(sentences)
        self.prompt_vectors_ = np.asarray(projected, dtype=np.float32)
        self.classes_ = np.array(self.prompts.labels)
        self.n_features_in_ = int(self.prompt_vectors_.shape[1])
        raw = self._raw_scores(vectors)
        self.shift_ = np.zeros(raw.shape[1])
        if self.config.centring:
            self.shift_ -= raw.mean(axis=0, dtype=np.float64)
        if self.config.balance > 0:
            self.shift_ += balance_offsets(
                raw + self.shift_, temperature=self.config.temperature, strength=self.config.balance
            )
        scores = np.asarray(raw + self.shift_, dtype=np.float32)
        kept = slice(None) if validation is None or not validation.any() else validation
        self.threshold_ = self._threshold(scores[kept])
        self.smoothed_threshold_ = None
        if middles_s is not None:
            smoothed = smooth_scores(scores, middles_s, self.config.smoothing_s)
            self.smoothed_threshold_ = self._threshold(smoothed[kept])
        return self

    def decision_function(
        self, vectors: NDArray[np.floating], *, middles_s: NDArray[np.float64] | None = None
    ) -> NDArray[np.float32]:
        """(W, K) corrected scores; smoothed over time where `middles_s` (W,) in seconds is given.

        Raises:
            NotFittedError: `fit` was not called.
            ShapeError: Another width than fitted.
        """
        if not hasattr(self, "shift_"):
            raise NotFittedError("This Recogniser is not fitted yet. Call fit with unlabelled windows first.")
        scores = np.asarray(self._raw_scores(vectors) + self.shift_, dtype=np.float32)
        if middles_s is None:
            return scores
        return smooth_scores(scores, middles_s, self.config.smoothing_s)

    def predict_proba(
        self, vectors: NDArray[np.floating], *, middles_s: NDArray[np.float64] | None = None
    ) -> NDArray[np.float32]:
        """(W, K) softmax of the scores: shares of belief among the activities, `UNKNOWN` left aside."""
        return probabilities(self.decision_function(vectors, middles_s=middles_s), self.config.temperature)

    def predict(
        self, vectors: NDArray[np.floating], *, middles_s: NDArray[np.float64] | None = None
    ) -> NDArray[np.str_]:
        """(W,) activity of each window, or `UNKNOWN`.

        Raises:
            ValueError: Times are given, but `fit` saw none.
        """
        scores = self.decision_function(vectors, middles_s=middles_s)
        return self.name_scores(scores, smoothed=middles_s is not None)

    def name_scores(self, scores_WK: NDArray[np.floating], *, smoothed: bool) -> NDArray[np.str_]:
        """(W,) answers for scores of `decision_function`.

        Raises:
            ValueError: Smoothed scores, but `fit` saw no times.
        """
        threshold = self.smoothed_threshold_ if smoothed else self.threshold_
        if threshold is None:
            raise ValueError("Give middles_s to fit as well: smoothed scores have a threshold of their own.")
        names = self.classes_[scores_WK.argmax(axis=1)]
        return np.where(scores_WK.max(axis=1) < threshold, UNKNOWN, names).astype(np.str_)

    def _raw_scores(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        if vectors.ndim != 2 or vectors.shape[1] != self.n_features_in_:
            raise ShapeError(
                f"Windows {vectors.shape} must have {self.n_features_in_} columns, as the prompts do. "
                "Embed both with the same model."
            )
        if self.config.aggregation == "vote":
            return prompt_votes(vectors, self.prompt_vectors_, self.prompts.owners, self.config.vote_k)
        return prompt_scores(vectors, self.prompt_vectors_, self.prompts.owners)

    def _threshold(self, scores_WK: NDArray[np.floating]) -> float:
        share = self.config.unknown_share
        return rejection_threshold(scores_WK, share) if share > 0 else float("-inf")
