"""Label-free rows: windows and captions against prompts, both together, and a student of both.

Everything here is taken from windows without their labels: means, balance, threshold and pseudo-labels come
from all training windows, annotated or not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.core.embeddings import EncodeText, ProjectText, mean_caption_vectors
from discover.core.home import NO_ACTIVITY
from discover.evaluation.config import EvaluationConfig
from discover.evaluation.data import EvaluationData, SplitData
from discover.evaluation.methods import Method
from discover.evaluation.supervised import FittedScores
from discover.recognition.label_free import (
    activity_margins,
    balance_scores,
    centre_scores,
    prompt_scores,
    rejection_threshold,
    smooth_scores,
)
from discover.recognition.prompts import BACKGROUND_PROMPTS, PromptSet, place_prompts
from discover.recognition.self_training import (
    FIRST_SETTINGS,
    SelfTrainedClassifier,
    SelfTrainingConfig,
    combine_scores,
)

__all__ = ["LabelFreeRows"]

_STUDENTS = {"text_only": "text_only_self_trained", "combined": "self_trained"}

# Shape letters: W windows, K activities, D vector width.


@dataclass(frozen=True)
class _Space:
    """A space that windows and sentences share.

    Attributes:
        name: The method that compares them there.
        place: Text vectors -> vectors of this space; None: they are of this space.
        train, test: (W, D) windows.
        background: (B, D) background sentences.
    """

    name: str
    place: ProjectText | None
    train: NDArray[np.float32]
    test: NDArray[np.float32]
    background: NDArray[np.floating]


@dataclass(frozen=True)
class _Side:
    """What is known of one split's windows: vectors (W, D), scores (W, K), margins (W,)."""

    vectors: NDArray[np.float32]
    scores: NDArray[np.float32]
    margins: NDArray[np.float32]


@dataclass(frozen=True)
class _Source:
    """One way to compare windows with prompts, on training and test windows.

    Attributes:
        name: The method.
        train, test: What it says of the windows.
        temperature: Softmax temperature that makes probabilities of its scores.
    """

    name: str
    train: _Side
    test: _Side
    temperature: float


@dataclass(frozen=True)
class _Rejection:
    """Test windows whose margin (W,) is below the threshold have no activity."""

    threshold: float
    margins: NDArray[np.float32]


class LabelFreeRows:
    """Makes the label-free rows of one evaluation; vectors are joined and encoded once for all prompts.

    Args:
        data: Windows and vectors; training windows are those of `data.unlabelled`.
        test: Test windows.
        encode_text: The text encoder.
        project_text: The model's text head; None leaves out the aligned rows.
        config: Settings.
    """

    def __init__(
        self,
        data: EvaluationData,
        test: SplitData,
        *,
        encode_text: EncodeText,
        project_text: ProjectText | None,
        config: EvaluationConfig,
    ) -> None:
        unlabelled = data.unlabelled
        self.train, self.test = unlabelled.split("train", config.background_labels), test
        self.presegmented = data.presegmented
        self.encode_text, self.config = encode_text, config
        self._spaces: list[_Space] = []
        background = np.asarray(encode_text(list(BACKGROUND_PROMPTS)), dtype=np.float32)
        sides = ((unlabelled, self.train), (data, test))
        captions = [(d.caption_embeddings, split) for d, split in sides]
        embeddings = [(d.window_embeddings, split) for d, split in sides]
        if all(table is not None for table, _ in captions):
            own, other = (mean_caption_vectors(t, split.ids) for t, split in captions if t is not None)
            self._spaces.append(_Space("text_only", None, own, other, background))
        if all(table is not None for table, _ in embeddings) and project_text is not None:
            own, other = (t.of_windows(split.ids) for t, split in embeddings if t is not None)
            placed = project_text(background)
            self._spaces.append(_Space("aligned_zero_shot", project_text, own, other, placed))

    def methods(self, prompts: PromptSet, *, students: bool = False) -> list[Method]:
        """All rows of one prompt set, single and smoothed.

        text_only and aligned_zero_shot in the variants plain, centred and balanced; combined (both scores
        added, plain); with `students` also self_trained (a student on window vectors taught by the combined
        scores) and text_only_self_trained (a student on caption vectors taught by the text-only scores), and
        both again with `FIRST_SETTINGS` if the config asks for them. A refused student's row holds its
        teacher's scores; the row's `student` says so. A teacher that names one activity only has no student.
        """
        sentences = np.asarray(self.encode_text(prompts.sentences), dtype=np.float32)
        sources = [
            _source(
                space, prompts, place_prompts(prompts, sentences, self.encode_text, space.place), self.config
            )
            for space in self._spaces
        ]
        rejections = {source.name: self._rejections(source) for source in sources}
        rows: list[Method] = []
        for source in sources:
            for variant, scores in _variants(source, self.config).items():
                rows += self._rows(source, variant, prompts, scores, rejections[source.name])
        if len(sources) == 2:
            both = _combined(sources)
            sources.append(both)
            rejections[both.name] = self._rejections(both)
            rows += self._rows(both, "plain", prompts, both.test.scores, rejections[both.name])
        for source in sources if students else ():
            name = _STUDENTS.get(source.name)
            if name is None or len(np.unique(source.train.scores.argmax(axis=1))) < 2:
                continue
            asked = {name: self.config.self_training_settings}
            if self.config.first_student:
                asked[f"{name}_first"] = FIRST_SETTINGS
            for row, settings in asked.items():
                scores, check = _student(source, settings, self.train.middles_s)
                heat = source.temperature if check["refused"] else None
                found = self._rows(source, "plain", prompts, scores, rejections[source.name])
                notes = {"student": check}
                rows += [replace(m, method=row, temperature=heat, notes={**m.notes, **notes}) for m in found]
        return rows

    def _rejections(self, source: _Source) -> dict[bool, _Rejection]:
        """For single windows (False) and, where windows follow each other, for smoothed scores (True)."""
        quantile, kernel = self.config.rejection_quantile, self.config.smoothing_s
        train, test = source.train.margins, source.test.margins
        found = {False: _Rejection(rejection_threshold(train, quantile), test)}
        if not self.presegmented:
            train, test = (
                smooth_scores(margins[:, None], split.middles_s, kernel)[:, 0]
                for margins, split in ((train, self.train), (test, self.test))
            )
            found[True] = _Rejection(rejection_threshold(train, quantile), test)
        return found

    def _rows(
        self,
        source: _Source,
        variant: str,
        prompts: PromptSet,
        scores: NDArray[np.floating],
        rejections: Mapping[bool, _Rejection],
    ) -> list[Method]:
        rows = []
        for smoothed, rejection in rejections.items():
            used = scores
            if smoothed:
                used = smooth_scores(scores, self.test.middles_s, self.config.smoothing_s)
            full = None
            if not self.test.annotated.all():
                # A last column for "no activity" that wins exactly where the margin is below the threshold.
                rejected = used.max(axis=1) + (rejection.threshold - rejection.margins)
                full = FittedScores(np.column_stack([used, rejected]), (*prompts.labels, NO_ACTIVITY))
            rows.append(
                Method(
                    source.name,
                    uses_labels=False,
                    annotated=FittedScores(used, prompts.labels),
                    full=full,
                    prompts=prompts.name,
                    variant=variant,
                    smoothed=smoothed,
                    temperature=source.temperature,
                    notes={"rejection_threshold": round(rejection.threshold, 6)} if full is not None else {},
                )
            )
        return rows


def _source(space: _Space, prompts: PromptSet, own: NDArray[np.float32], config: EvaluationConfig) -> _Source:
    def side(vectors: NDArray[np.float32]) -> _Side:
        scores = prompt_scores(vectors, own, prompts.owners)
        return _Side(vectors, scores, activity_margins(scores, vectors, space.background))

    return _Source(space.name, side(space.train), side(space.test), config.balance_temperature)


def _variants(source: _Source, config: EvaluationConfig) -> dict[str, NDArray[np.float32]]:
    reference, scores = source.train.scores, source.test.scores
    centred = centre_scores(scores, reference, strength=config.centring)
    balanced = balance_scores(
        scores, reference, temperature=config.balance_temperature, strength=config.balance_strength
    )
    return {"plain": scores, "centred": centred, "balanced": balanced}


def _combined(sources: Sequence[_Source]) -> _Source:
    """Both scores added in units of their spread over training windows; vectors are the windows'."""

    def side(which: str) -> _Side:
        parts = [(getattr(s, which), s.train.scores) for s in sources]
        scores = combine_scores([(part.scores, reference) for part, reference in parts])
        margins = combine_scores([(part.margins[:, None], reference) for part, reference in parts])[:, 0]
        return _Side(parts[-1][0].vectors, scores, margins)

    # `Recogniser` does the same: the mean of both, in units of the window vectors' cosines.
    windows = sources[-1]
    spread = float(np.std(windows.train.scores)) or 1.0
    return _Source("combined", side("train"), side("test"), windows.temperature * len(sources) / spread)


def _student(
    source: _Source, settings: SelfTrainingConfig, middles_s: NDArray[np.float64]
) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """(W, K) scores of the test windows, the teacher's where the student is refused, and its check."""
    student = SelfTrainedClassifier(settings).fit(
        source.train.vectors, source.train.scores, middles_s=middles_s
    )
    assert student.check is not None
    check = {**student.check.to_dict(), "refused": student.refused, "exponents": list(student.exponents)}
    scores = source.test.scores if student.refused else student.predict_proba(source.test.vectors)
    return scores, check
