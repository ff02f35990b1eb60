"""Windows in, activities out: a classifier whose only teachers are sentences and unlabelled windows."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from discover.core.arrays import refuse_other_length
from discover.core.embeddings import EncodeText, ProjectText, unit_rows
from discover.core.errors import ConfigError, DataError, ShapeError
from discover.recognition.config import RecognitionConfig
from discover.recognition.examples import learn_examples
from discover.recognition.label_free import (
    activity_margins,
    balance_offsets,
    probabilities,
    prompt_scores,
    prompt_votes,
    rejection_threshold,
    smooth_scores,
)
from discover.recognition.prompts import BACKGROUND_PROMPTS, PromptSet, place_prompts
from discover.recognition.self_training import SelfTrainedClassifier, combine_scores

__all__ = ["UNKNOWN", "Recogniser"]

UNKNOWN = "unknown"
"""Answer for a window that resembles no activity enough."""

# Shape letters: W windows, E examples, K activities, P width of window vectors, D width of text vectors.


class Recogniser:
    """Recognition without labels, with scikit-learn's conventions.

    `fit` sees unlabelled windows only. From them come each activity's mean score and the balance of the
    activities (method prompts) or a student (method self_trained), and the threshold of the unknown rule.
    Where the student is refused (`recognition.check_student`), its teacher answers: the sum of the scores it
    was taught by, as a linear function of the window vectors.
    Times of the windows are optional; where they are given, answers are averaged over neighbouring windows.

    The unknown rule is the same for both methods: a window is `UNKNOWN` where its margin, the best mean
    cosine of an activity minus the best cosine with `BACKGROUND_PROMPTS`, is below the threshold.

    Windows whose activity somebody has told (`examples`) move the scores of all windows: a linear function of
    the window vectors is added to the logits, fitted to the examples (`learn_examples`).

    Attributes after `fit`:
        classes_: (K,) activities, in the order of the prompts. One that is called `UNKNOWN`
            is listed as `unknown_activity`.
        prompt_vectors_: (S, P) vectors of the sentences.
        background_vectors_: (B, P) vectors of the sentences that stand for no activity.
        shift_: (K,) added to raw scores: minus the means, plus the balance; zeros for a student.
        student_: The self-trained classifier; None for method prompts.
        student_refused_: Why the student does not answer, as a clause; empty where it does or there is none.
        learned_: (P, K) what examples add to the logits of unit window vectors; None without examples.
        threshold_: Margin below which a window is unknown; -inf where `unknown_share` is 0.
        smoothed_threshold_: The same for smoothed margins; None when fitted without times.
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
                (vectors of captions). That of the shipped network reads the activities' names as well.
            config: Settings.

        Raises:
            ConfigError: `prompts` is no PromptSet.
        """
        if not isinstance(prompts, PromptSet):
            raise ConfigError(
                f"Recognition needs a PromptSet, got {type(prompts).__name__}. A home without described "
                "prompts has none of that kind: prompts_or_names falls back to the activities' names."
            )
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
        caption_vectors: NDArray[np.floating] | None = None,
        examples: tuple[NDArray[np.floating], NDArray[np.int64]] | None = None,
    ) -> Self:
        """Learn from unlabelled windows.

        Args:
            vectors: (W, P) windows of the training and validation days, all of them.
            y: Ignored, there for scikit-learn's sake.
            middles_s: (W,) time of each window in seconds; needed to predict with times later.
            validation: (W,) windows that set the unknown rule; None: all.
            caption_vectors: (W, D) mean caption vector of each window in the text encoder's own space
                (`core.embeddings.mean_caption_vectors`). A student is then taught by both scores, those of
                windows and those of captions, added in units of their spread. Method prompts does not read
                them. Answering needs window vectors only.
            examples: Windows whose activity is known, (E, P), and the place of it among the prompts' labels,
                (E,). None, or no window: answers come without any label.

        Raises:
            DataError: No window, no activity, values that are not finite, or nothing to teach a student.
            ShapeError: Another width than the prompts have, or another number of caption vectors.
        """
        del y
        if not len(vectors) or not len(self.prompts.labels):
            raise DataError(
                f"Recognition needs unlabelled windows and activities; got {len(vectors)} windows and "
                f"{len(self.prompts.labels)} activities."
            )
        refuse_other_length(len(vectors), middles_s=middles_s, validation=validation)
        sentences = np.asarray(self.encode_text(self.prompts.sentences), dtype=np.float32)
        background = np.asarray(self.encode_text(list(BACKGROUND_PROMPTS)), dtype=np.float32)
        self.prompt_vectors_ = place_prompts(self.prompts, sentences, self.encode_text, self.project_text)
        told = background if self.project_text is None else self.project_text(background)
        self.background_vectors_ = np.asarray(told, dtype=np.float32)
        self.classes_ = np.array(_answers(self.prompts.labels))
        self.n_features_in_ = int(self.prompt_vectors_.shape[1])
        raw = self._raw_scores(vectors)
        self.shift_ = np.zeros(raw.shape[1])
        self.student_: SelfTrainedClassifier | None = None
        self.student_refused_ = ""
        if self.config.method == "self_trained":
            teacher = self._teacher(vectors, raw, caption_vectors, sentences)
            # Unit length, as in every cosine: a student must not learn from how long a vector happens to be.
            student = SelfTrainedClassifier(self.config.self_training)
            self.student_ = student.fit(unit_rows(vectors), teacher, middles_s=middles_s)
            self.student_refused_ = self.student_.refused
            if self.student_refused_:
                # In units of the window's cosines, which the temperature of the probabilities is made for.
                self._imitation = _imitate(unit_rows(vectors), teacher * (float(raw.std()) or 1.0))
        else:
            self._set_shift(raw)
        self.learned_: NDArray[np.float32] | None = None
        if examples is not None and len(examples[0]):
            known, codes = examples
            logits = [_log(self.predict_proba(part)) for part in (known, vectors)]
            self.learned_ = learn_examples(unit_rows(known), codes, unit_rows(vectors), *logits)
        kept = slice(None) if validation is None or not validation.any() else validation
        self.threshold_ = self._threshold(self.margins(vectors)[kept])
        self.smoothed_threshold_ = None
        if middles_s is not None:
            self.smoothed_threshold_ = self._threshold(self.margins(vectors, middles_s=middles_s)[kept])
        return self

    def decision_function(
        self, vectors: NDArray[np.floating], *, middles_s: NDArray[np.float64] | None = None
    ) -> NDArray[np.float32]:
        """(W, K) scores; averaged over time where `middles_s` (W,) in seconds is given.

        Method prompts: corrected cosines (or votes), in cosine units. Method self_trained: the student's
        probabilities, as they are. Averaged, they stay probabilities, and one window that the student is
        very sure of cannot outweigh all its neighbours, as it would in an average of log-probabilities.
        With a refused student: the teacher's scores, in cosine units. With examples, what they add is in it.

        Raises:
            NotFittedError: `fit` was not called.
            ShapeError: Another width than fitted.
            DataError: Values that are not finite.
        """
        self._check_fitted()
        if self.student_refused_:
            self._check_width(vectors)
            weights, shift = self._imitation
            scores = np.asarray(unit_rows(vectors) @ weights + shift, dtype=np.float32)
        elif self.student_ is not None:
            self._check_width(vectors)
            scores = self.student_.predict_proba(unit_rows(vectors))
        else:
            scores = np.asarray(self._raw_scores(vectors) + self.shift_, dtype=np.float32)
        if self.learned_ is not None:
            added = unit_rows(vectors) @ self.learned_
            if self.student_ is None or self.student_refused_:
                scores += self.config.temperature * added
            else:
                scores = probabilities(_log(scores) + added, 1.0)
        return scores if middles_s is None else smooth_scores(scores, middles_s, self.config.smoothing_s)

    def margins(
        self, vectors: NDArray[np.floating], *, middles_s: NDArray[np.float64] | None = None
    ) -> NDArray[np.float32]:
        """(W,) input of the unknown rule: `activity_margins`, averaged over time where times are given.

        Uncorrected mean cosines, for every method and aggregation; with examples, plus the most that they add
        to an activity.

        Raises:
            NotFittedError: `fit` was not called.
            ShapeError: Another width than fitted.
            DataError: Values that are not finite.
        """
        self._check_fitted()
        self._check_width(vectors)
        cosines = prompt_scores(vectors, self.prompt_vectors_, self.prompts.owners)
        margins = activity_margins(cosines, vectors, self.background_vectors_)
        if self.learned_ is not None:
            # What is like an example of anything is something.
            margins += self.config.temperature * (unit_rows(vectors) @ self.learned_).max(axis=1)
        if middles_s is None:
            return margins
        return smooth_scores(margins[:, None], middles_s, self.config.smoothing_s)[:, 0]

    def predict_proba(
        self, vectors: NDArray[np.floating], *, middles_s: NDArray[np.float64] | None = None
    ) -> NDArray[np.float32]:
        """(W, K) shares of belief among the activities, `UNKNOWN` left aside; rows sum to 1."""
        return self.score_probabilities(self.decision_function(vectors, middles_s=middles_s))

    def score_probabilities(self, scores_WK: NDArray[np.floating]) -> NDArray[np.float32]:
        """(W, K) probabilities for scores of `decision_function`.

        Method prompts, and a refused student's teacher: their softmax at `config.temperature`. Method
        self_trained: they are probabilities already, and no temperature is applied; rows are only rid of
        rounding.
        """
        if self.student_ is None or self.student_refused_:
            return probabilities(scores_WK, self.config.temperature)
        return np.asarray(scores_WK / scores_WK.sum(axis=1, keepdims=True), dtype=np.float32)

    def predict(
        self, vectors: NDArray[np.floating], *, middles_s: NDArray[np.float64] | None = None
    ) -> NDArray[np.str_]:
        """(W,) activity of each window, or `UNKNOWN`.

        Raises:
            ValueError: Times are given, but `fit` saw none.
        """
        scores = self.decision_function(vectors, middles_s=middles_s)
        margins = self.margins(vectors, middles_s=middles_s)
        return self.name_scores(scores, margins, smoothed=middles_s is not None)

    def name_scores(
        self, scores_WK: NDArray[np.floating], margins_W: NDArray[np.floating], *, smoothed: bool
    ) -> NDArray[np.str_]:
        """(W,) answers for scores of `decision_function` and the `margins` of the same windows.

        Raises:
            ValueError: Smoothed ones, but `fit` saw no times.
        """
        threshold = self.smoothed_threshold_ if smoothed else self.threshold_
        if threshold is None:
            raise ValueError("Give middles_s to fit as well: smoothed margins have a threshold of their own.")
        names = self.classes_[scores_WK.argmax(axis=1)]
        return np.where(margins_W < threshold, UNKNOWN, names).astype(np.str_)

    def _set_shift(self, raw_WK: NDArray[np.float32]) -> None:
        self.shift_ -= self.config.centring * raw_WK.mean(axis=0, dtype=np.float64)
        if self.config.balance > 0:
            self.shift_ += balance_offsets(
                raw_WK + self.shift_, temperature=self.config.temperature, strength=self.config.balance
            )

    def _teacher(
        self,
        vectors: NDArray[np.floating],
        raw_WK: NDArray[np.float32],
        captions_WD: NDArray[np.floating] | None,
        sentences_SD: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """(W, K) sum of the scores a student is taught by, each divided by its spread, over their number."""
        parts = [raw_WK]
        if captions_WD is not None:
            width = sentences_SD.shape[1]
            if captions_WD.shape != (len(vectors), width):
                raise ShapeError(
                    f"Caption vectors {captions_WD.shape} must be ({len(vectors)}, {width}): one per window, "
                    "made by the text encoder of the prompts."
                )
            parts.append(self._scores_against(captions_WD, sentences_SD))
        teacher = combine_scores([(scores, scores) for scores in parts]) / np.float32(len(parts))
        if len(np.unique(teacher.argmax(axis=1))) < 2:
            raise DataError(
                f"All {len(vectors):,} windows come nearest to the same of {teacher.shape[1]} activities, so "
                "there is nothing to teach a student. Use method prompts, which centres the scores, or "
                "check the sentences."
            )
        return np.asarray(teacher, dtype=np.float32)

    def _raw_scores(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        self._check_width(vectors)
        return self._scores_against(vectors, self.prompt_vectors_)

    def _scores_against(
        self, vectors: NDArray[np.floating], prompts: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        if self.config.aggregation == "vote":
            return prompt_votes(vectors, prompts, self.prompts.owners, self.config.vote_k)
        return prompt_scores(vectors, prompts, self.prompts.owners)

    def _check_fitted(self) -> None:
        if not hasattr(self, "shift_"):
            raise NotFittedError("This Recogniser is not fitted yet. Call fit with unlabelled windows first.")

    def _check_width(self, vectors: NDArray[np.floating]) -> None:
        if vectors.dtype.kind not in "fiub":
            raise DataError(f"Window vectors must be numbers; got {vectors.dtype}.")
        if vectors.ndim != 2 or vectors.shape[1] != self.n_features_in_:
            raise ShapeError(
                f"Windows {vectors.shape} must have {self.n_features_in_} columns, as the prompts do. "
                "Embed both with the same model."
            )
        broken = int((~np.isfinite(vectors).all(axis=1)).sum())
        if broken:
            raise DataError(
                f"{broken:,} of {len(vectors):,} window vectors hold NaN or infinity, so no answer for them "
                "would mean anything. Leave them out, or embed the windows again."
            )

    def _threshold(self, margins_W: NDArray[np.floating]) -> float:
        share = self.config.unknown_share
        return rejection_threshold(margins_W, share) if share > 0 else float("-inf")


def _log(probabilities_WK: NDArray[np.floating]) -> NDArray[np.float32]:
    """Logarithms of probabilities, those of zero included."""
    return np.asarray(np.log(np.maximum(probabilities_WK, 1e-9)), dtype=np.float32)


def _answers(labels: Sequence[str]) -> list[str]:
    """The labels; an activity that bears the name of the unknown rule's answer gets a longer one."""
    other = f"{UNKNOWN}_activity"
    while other in labels:
        other += "_activity"
    return [other if label == UNKNOWN else label for label in labels]


def _imitate(
    vectors_WP: NDArray[np.float32], scores_WK: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights (P, K) and shift (K,) of a ridge regression from windows to scores.

    Scores of windows against prompts are linear in the vectors; what captions add is estimated from them. The
    penalty is the one with the least leave-one-out error.
    """
    from sklearn.linear_model import RidgeCV

    # Penalties in units of the spread of a unit vector's coordinates, independent of the width.
    unit = len(vectors_WP) / vectors_WP.shape[1]
    ridge = RidgeCV(alphas=unit * np.logspace(-6, 1, 8))
    ridge.fit(np.asarray(vectors_WP, np.float64), np.asarray(scores_WK, np.float64))
    return np.asarray(ridge.coef_.T), np.asarray(ridge.intercept_)
