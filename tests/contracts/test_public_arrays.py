"""Every public function that takes arrays refuses wrong ones: lengths that differ, NaN, text, missing names.

The walk over `__all__` finds functions that are not listed here, so that a new one gets its line.
"""

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import discover.core.embeddings
import discover.metrics
import discover.recognition
from discover.core.embeddings import EmbeddingTable
from discover.core.errors import DiscoverError
from discover.metrics import relevant_ranks
from discover.recognition import (
    BACKGROUND_PROMPTS,
    PromptSet,
    Recogniser,
    RecognitionConfig,
    SelfTrainedClassifier,
)

MODULES: tuple[ModuleType, ...] = (discover.metrics, discover.recognition, discover.core.embeddings)

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(8, 4)).astype(np.float32), RNG.normal(size=(8, 4)).astype(np.float32)
NAMES = np.array(["a", "b", "a", "b", "c", "c", "a", "b"])
OTHER = np.array(["a", "b", "b", "b", "c", "a", "a", "b"])
DAYS = np.arange(8) // 2
CODES = np.array([0, 1, 0, 1, 2, 2, 0, 1])
SCORES = RNG.random((8, 3)).astype(np.float32)
OWNERS = np.array([0, 0, 1, 2])
TIMES = np.arange(8.0) * 30
ROWS, RANKS = relevant_ranks(X, Y, NAMES, NAMES)
EYE = np.eye(4, dtype=np.float32)
WINDOWS = EYE[[0, 1, 2, 0, 1, 2, 0, 3]]

AXES = {"cook": 0, "sleep": 1, "bathe": 2} | dict.fromkeys(BACKGROUND_PROMPTS, 3)
PROMPTS = PromptSet("described", ("cooking", "sleeping", "bathing"), (("cook",), ("sleep",), ("bathe",)))


def fitted(method: str) -> Recogniser:
    config = RecognitionConfig.model_validate({"method": method, "unknown_share": 0.2})
    made = Recogniser(PROMPTS, lambda texts: EYE[[AXES[t] for t in texts]], None, config)
    return made.fit(WINDOWS, middles_s=TIMES)


def statistic(rows: Any) -> float:
    return float(len(rows))


Call = tuple[Callable[..., Any], dict[str, Any]]
m, r = discover.metrics, discover.recognition
SAMPLES = {"resamples": 20}
CALLS: dict[str, Call] = {
    "accuracy": (m.accuracy, {"truth": NAMES, "predicted": OTHER}),
    "balanced_accuracy": (m.balanced_accuracy, {"truth": NAMES, "predicted": OTHER}),
    "macro_f1": (m.macro_f1, {"truth": NAMES, "predicted": OTHER}),
    "weighted_f1": (m.weighted_f1, {"truth": NAMES, "predicted": OTHER}),
    "classification_scores": (m.classification_scores, {"truth": NAMES, "predicted": OTHER}),
    "confusion_matrix": (m.confusion_matrix, {"truth": NAMES, "predicted": OTHER}),
    "expected_calibration_error": (
        m.expected_calibration_error,
        {"right": np.arange(8) % 2 * 1.0, "confidence": TIMES / 210},
    ),
    "scores_from_confusion": (m.scores_from_confusion, {"confusion": np.eye(3)}),
    "bootstrap_interval": (m.bootstrap_interval, {"metric": statistic, "days": DAYS * 1.0, **SAMPLES}),
    "paired_difference": (
        m.paired_difference,
        {"metric_a": statistic, "metric_b": statistic, "days": DAYS * 1.0, **SAMPLES},
    ),
    "bootstrap_mean": (m.bootstrap_mean, {"values": TIMES, "days": DAYS, **SAMPLES}),
    "paired_mean_difference": (
        m.paired_mean_difference,
        {"values_a": TIMES, "values_b": TIMES + 1, "days": DAYS, **SAMPLES},
    ),
    "bootstrap_scores": (m.bootstrap_scores, {"truth": NAMES, "predicted": OTHER, "days": DAYS, **SAMPLES}),
    "score_samples": (m.score_samples, {"truth": NAMES, "predicted": OTHER, "days": DAYS, **SAMPLES}),
    "clustering_scores": (m.clustering_scores, {"labels": NAMES, "clusters": OTHER}),
    "purity": (m.purity, {"labels": NAMES, "clusters": OTHER}),
    "hungarian_accuracy": (m.hungarian_accuracy, {"labels": NAMES, "clusters": OTHER}),
    "normalise_rows": (m.normalise_rows, {"vectors": X}),
    "uniformity": (m.uniformity, {"vectors_ND": X}),
    "alignment_health": (m.alignment_health, {"windows_ND": X, "captions_ND": Y, "groups": NAMES}),
    "cosine_top_k": (m.cosine_top_k, {"queries_QD": X, "items_ND": Y, "k": 3}),
    "nearest_rows": (m.nearest_rows, {"queries_QD": X, "items_ND": X, "k": 3, "own": np.arange(8)}),
    "ndcg_at_k": (m.ndcg_at_k, {"scores_QN": SCORES, "grades_QN": np.ones((8, 3)), "k": 2}),
    "relevant_ranks": (
        m.relevant_ranks,
        {"queries_QD": X, "items_ND": Y, "query_groups": NAMES, "item_groups": NAMES},
    ),
    "average_precision": (m.average_precision, {"rows": ROWS, "ranks": RANKS * 1.0}),
    "retrieval_scores": (
        m.retrieval_scores,
        {"queries_QD": X, "items_ND": Y, "query_groups": NAMES, "item_groups": NAMES},
    ),
    "recall_at_k": (m.recall_at_k, {"queries_QD": X, "items_ND": Y}),
    "mean_average_precision": (m.mean_average_precision, {"queries_QD": X, "items_ND": Y}),
    "median_rank": (m.median_rank, {"queries_QD": X, "items_ND": Y}),
    "caption_retrieval": (
        m.caption_retrieval,
        {"windows_ND": X, "captions_CD": Y, "caption_windows": np.arange(8), "caption_texts": NAMES},
    ),
    "merge_by_text": (
        m.merge_by_text,
        {"caption_windows": np.arange(8), "caption_texts": NAMES, "n_windows": 8},
    ),
    "label_precision_at_k": (
        m.label_precision_at_k,
        {"queries_QD": X, "items_ND": Y, "query_labels": NAMES, "item_labels": NAMES, "ks": (1, 2)},
    ),
    "label_shares": (
        m.label_shares,
        {"rows_QK": CODES[:, None], "query_labels": NAMES, "item_labels": NAMES, "ks": (1,)},
    ),
    "label_means": (
        m.label_means,
        {"values_Q": TIMES, "label_codes_Q": CODES, "pool_counts_C": np.array([3.0, 3.0, 2.0])},
    ),
    "retrieved_labels": (
        m.retrieved_labels,
        {"rows_QK": CODES[:, None], "query_codes": CODES, "item_codes": CODES, "n_labels": 3},
    ),
    "activity_margins": (
        r.activity_margins,
        {"scores_WK": SCORES, "windows_WD": X, "background_BD": Y},
    ),
    "balance_offsets": (r.balance_offsets, {"reference_WK": SCORES}),
    "balance_scores": (r.balance_scores, {"scores_WK": SCORES, "reference_WK": SCORES}),
    "centre_scores": (r.centre_scores, {"scores_WK": SCORES, "reference_WK": SCORES}),
    "combine_scores": (lambda a, b: r.combine_scores([(a, SCORES), (b, SCORES)]), {"a": SCORES, "b": SCORES}),
    "confident_rows": (r.confident_rows, {"scores_WK": SCORES, "keep_share": 0.5}),
    "mean_over_prompts": (r.mean_over_prompts, {"scores": SCORES, "owners": np.array([0, 0, 1])}),
    "place_prompts": (lambda s: r.place_prompts(PROMPTS, s, lambda _: EYE, None), {"s": EYE[:3]}),
    "probabilities": (r.probabilities, {"scores_WK": SCORES}),
    "prompt_scores": (r.prompt_scores, {"windows_WD": X, "prompts_SD": EYE, "owners": OWNERS}),
    "prompt_votes": (r.prompt_votes, {"windows_WD": X, "prompts_SD": EYE, "owners": OWNERS, "k": 2}),
    "rejection_threshold": (r.rejection_threshold, {"reference_W": TIMES, "quantile": 0.5}),
    "smooth_scores": (r.smooth_scores, {"scores_WK": SCORES, "middles_s": TIMES, "kernel_s": 60.0}),
    "Recogniser.fit": (
        lambda vectors, middles_s, validation: fitted("prompts").fit(
            vectors, middles_s=middles_s, validation=validation
        ),
        {"vectors": WINDOWS, "middles_s": TIMES, "validation": np.arange(8) > 1},
    ),
    **{
        f"Recogniser.{name} ({method})": (
            lambda vectors, middles_s, name=name, method=method: getattr(fitted(method), name)(
                vectors, middles_s=middles_s
            ),
            {"vectors": WINDOWS, "middles_s": TIMES},
        )
        for method in ("prompts", "self_trained")
        for name in ("predict", "predict_proba", "decision_function", "margins")
    },
    "balance_exponent": (r.balance_exponent, {"shares_K": np.array([0.5, 0.3, 0.2])}),
    "check_student": (
        r.check_student,
        {"teacher_RK": SCORES, "student_RK": SCORES, "middles_s": TIMES},
    ),
    "steadiness": (r.steadiness, {"answers_R": CODES, "middles_s": TIMES}),
    "SelfTrainedClassifier.fit": (
        lambda vectors, teacher: SelfTrainedClassifier().fit(vectors, teacher),
        {"vectors": WINDOWS, "teacher": WINDOWS[:, :3] + 0.1},
    ),
    "EmbeddingTable": (
        EmbeddingTable,
        {"vectors": X, "sample_ids": NAMES, "caption_indices": np.arange(8, dtype=np.int16)},
    ),
}
# Several rows of one array may go: nothing else has as many.
FREE = {
    ("activity_margins", "background_BD"), ("balance_offsets", "reference_WK"),
    ("balance_exponent", "shares_K"),
    ("balance_scores", "reference_WK"), ("balance_scores", "scores_WK"), ("centre_scores", "scores_WK"),
    ("centre_scores", "reference_WK"), ("confident_rows", "scores_WK"), ("cosine_top_k", "queries_QD"),
    ("cosine_top_k", "items_ND"), ("normalise_rows", "vectors"), ("probabilities", "scores_WK"),
    ("prompt_scores", "windows_WD"), ("prompt_votes", "windows_WD"), ("rejection_threshold", "reference_W"),
    ("uniformity", "vectors_ND"), ("bootstrap_interval", "days"), ("paired_difference", "days"),
    ("label_shares", "item_labels"), ("retrieved_labels", "item_codes"),
    ("nearest_rows", "items_ND"), ("mean_over_prompts", "scores"), ("merge_by_text", "caption_windows"),
}  # fmt: skip
NOT_HERE = {
    "unit_rows": "a step inside other functions, called for every batch; what it is given was checked",
    "window_timeline": "asks a Recogniser, which checks what it is given",
    "mean_caption_vectors": "takes a table, which was checked",
    "save_embeddings": "takes a table, which was checked, and keys that a stage made from its ids",
    "place_prompts": "takes vectors that the text encoder made of the same prompts",
}


def wrong_calls() -> list[Any]:
    cases = []
    for name, (_, arguments) in CALLS.items():
        for argument, value in arguments.items():
            if not isinstance(value, np.ndarray):
                continue
            wrong: dict[str, np.ndarray] = {}
            if (name, argument) not in FREE and name != "scores_from_confusion":
                wrong["shorter"] = value[:-1]
            if value.dtype.kind == "f":
                holed = value.copy()
                holed.flat[0] = np.nan
                wrong["nan"] = holed
                if argument != "days":  # a day may be any sortable value
                    wrong["text"] = value.astype(str)
            if value.dtype.kind == "U":
                missing = value.astype(object)
                missing[0] = None
                wrong["missing"] = missing
                missing = value.astype(object)
                missing[0] = float("nan")
                wrong["nan among names"] = missing
            cases += [pytest.param(name, argument, w, id=f"{name}-{argument}-{k}") for k, w in wrong.items()]
    return cases


@pytest.mark.parametrize("name", CALLS)
def test_right_arrays_are_taken(name: str) -> None:
    call, arguments = CALLS[name]
    call(**arguments)


@pytest.mark.parametrize(("name", "argument", "wrong"), wrong_calls())
def test_wrong_arrays_are_refused(name: str, argument: str, wrong: np.ndarray) -> None:
    call, arguments = CALLS[name]
    with pytest.raises((DiscoverError, ValueError)) as caught:
        call(**{**arguments, argument: wrong})
    assert str(caught.value)


def test_every_public_function_with_arrays_is_here() -> None:
    absent = []
    for module in MODULES:
        for name in module.__all__:
            thing = getattr(module, name)
            if not inspect.isfunction(thing) or name in CALLS or name in NOT_HERE:
                continue
            text = str(inspect.signature(thing))
            if "ArrayLike" in text or "NDArray" in text or "ndarray" in text:
                absent.append(f"{module.__name__}.{name}")
    assert absent == []


def test_the_cases_of_the_report() -> None:
    with pytest.raises(DiscoverError, match="NaN"):
        m.accuracy([float("nan")], [float("nan")])
    with pytest.raises(DiscoverError, match="middles_s has shape"):
        fitted("prompts").predict(np.tile(WINDOWS, (8, 1))[:60], middles_s=TIMES[:3])


def test_an_index_takes_no_nan(window_index_parts: tuple[Any, Any]) -> None:
    from discover.retrieval import Index

    vectors, facts = window_index_parts
    Index(vectors, facts, "x")
    broken = vectors.copy()
    broken[0, 0] = np.nan
    with pytest.raises(DiscoverError, match="finite"):
        Index(broken, facts, "x")


@pytest.fixture(scope="module")
def window_index_parts(world: ModuleType) -> tuple[Any, Any]:
    from discover.retrieval import build_window_facts

    facts = build_window_facts(world.make_windows(10))
    return RNG.normal(size=(10, 4)).astype(np.float32), facts
