"""Annotations as the unit: what a method makes of each, and those that no window covers are misses.

Windows alone flatter a method in a sparse home: what happens in too few events for a window is never asked.
An annotation is right where the mean scores of the test windows that share an event with it are best for its
label. One without a window gets the answer "no window", which is always wrong.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.evaluation.config import EvaluationConfig
from discover.evaluation.data import SplitData
from discover.evaluation.methods import Method
from discover.evaluation.scoring import Pool, Scored, score_pool
from discover.evaluation.supervised import FittedScores
from discover.metrics.bootstrap import day_draws

__all__ = ["NO_WINDOW", "AnnotationPool"]

NO_WINDOW = "no window"
"""Answer for an annotation that no window covers; never a label, since labels hold no spaces."""

_NEVER = -1e30
"""A score that no mean of real ones comes near."""

# Shape letters: N annotations, W test windows, C classes.


class AnnotationPool:
    """The test annotations of one home, with the test windows that cover each.

    Args:
        table: `core.tables.ANNOTATION_WINDOWS`.
        test: Test windows.
        methods: All methods to score; their classes and the labels make up the confusion matrix.
        config: Settings; annotations of `background_labels` are left out.

    Attributes:
        without_window: Annotations that no window covers.
    """

    def __init__(
        self, table: pl.DataFrame, test: SplitData, methods: Sequence[Method], config: EvaluationConfig
    ) -> None:
        mine = table.filter(
            (pl.col("split").cast(pl.String) == "test")
            & ~pl.col("label").is_in(list(config.background_labels))
        )
        place = pl.DataFrame({"window_id": test.ids.tolist(), "window": np.arange(len(test))})
        # One row beyond the test windows stands for no window.
        joined = mine.join(place, on="window_id", how="left", maintain_order="left").with_columns(
            pl.col("window").fill_null(len(test))
        )
        heads = joined.unique("annotation", keep="first", maintain_order=True)
        unit = {annotation: i for i, annotation in enumerate(heads["annotation"].to_list())}
        units = np.array([unit[a] for a in joined["annotation"].to_list()], dtype=np.int64)
        truth = heads["label"].to_numpy().astype(np.str_)
        days = heads["day"].to_physical().to_numpy().astype(np.int64)
        named = {c for m in methods for c in m.annotated.classes} | {str(t) for t in truth}
        weights = day_draws(len(np.unique(days)), config.bootstrap_samples, config.seed)
        windows = joined["window"].to_numpy().astype(np.int64)
        self._pool = Pool((windows, units), truth, days, (*sorted(named), NO_WINDOW), weights)
        self.without_window = int((heads["window"] == len(test)).sum())

    def __len__(self) -> int:
        return len(self._pool.truth)

    def score(self, scores: FittedScores) -> Scored:
        """Score a method by its (W, C) scores of all test windows."""
        return score_pool(self._pool, _with_no_window(scores.scores), (*scores.classes, NO_WINDOW))


def _with_no_window(scores_WC: NDArray[np.floating]) -> NDArray[np.float64]:
    """(W + 1, C + 1): one more class, which only the last row, the place of no window, has."""
    padded = np.full((len(scores_WC) + 1, scores_WC.shape[1] + 1), _NEVER)
    padded[:-1, :-1] = scores_WC
    padded[-1, -1] = 1.0
    return padded
