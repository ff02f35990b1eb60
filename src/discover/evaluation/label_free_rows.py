"""Label-free rows: windows and captions against prompts, both together, and a student of both.

Everything here is taken from windows without their labels: means, balance, threshold and pseudo-labels come
from all training windows, annotated or not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discover.core.embeddings import EncodeText, ProjectText, mean_caption_vectors
from discover.core.home import NO_ACTIVITY
from discover.evaluation.config import EvaluationConfig
from discover.evaluation.data import EvaluationData, SplitData, window_vectors
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
from discover.recognition.prompts import BACKGROUND_PROMPTS, PromptSet
from discover.recognition.self_training import SelfTrainedClassifier, combine_scores

__all__ = ["label_free_methods"]

# Shape letters: W windows, K activities, D vector width.


@dataclass(frozen=True)
class _Side:
    """What is known of one split's windows: vectors (W, D), scores (W, K), margins (W,)."""

    vectors: NDArray[np.float32]
    scores: NDArray[np.float32]
    margins: NDArray[np.float32]


@dataclass(frozen=True)
class _Source:
    """One way to compare windows with prompts, on training and test windows."""

    name: str
    train: _Side
    test: _Side


@dataclass(frozen=True)
class _Rows:
    """What all rows of one prompt set share."""

    prompts: PromptSet
    train: SplitData
    test: SplitData
    config: EvaluationConfig
    presegmented: bool

    def of(
        self, name: str, variant: str, scores: NDArray[np.floating], margins: Sequence[NDArray[np.float32]]
    ) -> list[Method]:
        """The row of some scores of test windows, and where windows follow each other the smoothed one."""
        methods = [self._row(name, variant, scores, margins, smoothed=False)]
        if not self.presegmented:
            kernel = self.config.smoothing_s
            smooth = [
                smooth_scores(margin[:, None], split.middles_s, kernel)[:, 0]
                for margin, split in zip(margins, (self.train, self.test), strict=True)
            ]
            averaged = smooth_scores(scores, self.test.middles_s, kernel)
            methods.append(self._row(name, variant, averaged, smooth, smoothed=True))
        return methods

    def _row(
        self,
        name: str,
        variant: str,
        scores: NDArray[np.floating],
        margins: Sequence[NDArray[np.float32]],
        *,
        smoothed: bool,
    ) -> Method:
        threshold = rejection_threshold(margins[0], self.config.rejection_quantile)
        full = None
        if not self.test.annotated.all():
            # A last column for "no activity" that wins exactly where the margin is below the threshold.
            rejected = scores.max(axis=1) + (threshold - margins[1])
            full = FittedScores(np.column_stack([scores, rejected]), (*self.prompts.labels, NO_ACTIVITY))
        return Method(
            name,
            uses_labels=False,
            annotated=FittedScores(scores, self.prompts.labels),
            full=full,
            prompts=self.prompts.name,
            variant=variant,
            smoothed=smoothed,
            notes={"rejection_threshold": round(threshold, 6)} if full is not None else {},
        )


def label_free_methods(
    data: EvaluationData,
    prompts: PromptSet,
    train: SplitData,
    test: SplitData,
    *,
    encode_text: EncodeText,
    project_text: ProjectText | None,
    config: EvaluationConfig,
    students: bool = False,
) -> list[Method]:
    """All label-free rows of one prompt set, single and smoothed.

    text_only and aligned_zero_shot in the variants plain, centred and balanced; combined (both scores
    added, plain); with `students` also self_trained (a student on window vectors taught by the combined
    scores) and text_only_self_trained (a student on caption vectors taught by the text-only scores);
    a teacher that names one activity only has no student.
    """
    sources = _sources(data, prompts, (train, test), encode_text, project_text)
    rows = _Rows(prompts, train, test, config, data.presegmented)
    methods: list[Method] = []
    for source in sources:
        margins = (source.train.margins, source.test.margins)
        for variant, scores in _variants(source, config).items():
            methods += rows.of(source.name, variant, scores, margins)
    both = _combined(sources) if len(sources) == 2 else None
    if both is not None:
        methods += rows.of("combined", "plain", both.test.scores, (both.train.margins, both.test.margins))
    if students:
        taught = {f"{s.name}_self_trained": s for s in sources if s.name == "text_only"}
        for name, source in (taught | ({"self_trained": both} if both else {})).items():
            if len(np.unique(source.train.scores.argmax(axis=1))) > 1:
                margins = (source.train.margins, source.test.margins)
                methods += rows.of(name, "plain", _student(source, config), margins)
    return methods


def _sources(
    data: EvaluationData,
    prompts: PromptSet,
    splits: tuple[SplitData, SplitData],
    encode_text: EncodeText,
    project_text: ProjectText | None,
) -> list[_Source]:
    sentences = np.asarray(encode_text(prompts.sentences), dtype=np.float32)
    background = np.asarray(encode_text(list(BACKGROUND_PROMPTS)), dtype=np.float32)
    found: list[_Source] = []

    def add(
        name: str, own: NDArray[np.float32], other: NDArray[np.float32], *windows: NDArray[np.float32]
    ) -> None:
        sides = []
        for vectors in windows:
            scores = prompt_scores(vectors, own, prompts.owners)
            sides.append(_Side(vectors, scores, activity_margins(scores, vectors, other)))
        found.append(_Source(name, *sides))

    captions, embeddings = data.caption_embeddings, data.window_embeddings
    if captions is not None:
        add("text_only", sentences, background, *(mean_caption_vectors(captions, s.ids) for s in splits))
    if embeddings is not None and project_text is not None:
        joint, other = (np.asarray(project_text(v), dtype=np.float32) for v in (sentences, background))
        add("aligned_zero_shot", joint, other, *(window_vectors(embeddings, s) for s in splits))
    return found


def _variants(source: _Source, config: EvaluationConfig) -> dict[str, NDArray[np.float32]]:
    reference, scores = source.train.scores, source.test.scores
    balanced = balance_scores(
        scores, reference, temperature=config.balance_temperature, strength=config.balance_strength
    )
    return {"plain": scores, "centred": centre_scores(scores, reference), "balanced": balanced}


def _combined(sources: Sequence[_Source]) -> _Source:
    """Both scores added in units of their spread over training windows; vectors are the windows'."""

    def side(which: str) -> _Side:
        parts = [(getattr(s, which), s.train.scores) for s in sources]
        scores = combine_scores([(part.scores, reference) for part, reference in parts])
        margins = combine_scores([(part.margins[:, None], reference) for part, reference in parts])[:, 0]
        return _Side(parts[-1][0].vectors, scores, margins)

    return _Source("combined", side("train"), side("test"))


def _student(source: _Source, config: EvaluationConfig) -> NDArray[np.float32]:
    student = SelfTrainedClassifier(config.self_training_settings).fit(
        source.train.vectors, source.train.scores
    )
    return student.predict_proba(source.test.vectors)
