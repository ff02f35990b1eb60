"""evaluate_retrieval: known ranks, one relevant set per caption, and the chance level."""

import dataclasses
from typing import Any

import numpy as np
import polars as pl
import pytest

from discover.core.embeddings import EmbeddingTable
from discover.core.errors import ArtifactError, JoinError
from discover.core.window_set import WindowSet
from discover.evaluation import EvaluationConfig, EvaluationData, evaluate_retrieval
from discover.evaluation.rank_directions import chance_recall, paired_ranks
from discover.reports.markdown_evaluation import to_markdown


@pytest.fixture
def paired(study: Any) -> EvaluationData:
    """Every window and its first caption share a direction of their own; second captions are noise."""
    ids = study.data.window_set.windows["window_id"].to_numpy().astype(np.str_)
    own = np.eye(len(ids), dtype=np.float32)
    texts = np.empty((2 * len(ids), len(ids)), dtype=np.float32)
    texts[::2], texts[1::2] = own, np.random.default_rng(0).normal(size=own.shape)
    return dataclasses.replace(
        study.data,
        window_embeddings=EmbeddingTable(own, ids, np.zeros(len(ids), np.int16)),
        caption_embeddings=EmbeddingTable(
            texts, np.repeat(ids, 2), np.tile(np.arange(2, dtype=np.int16), len(ids))
        ),
    )


def test_a_paired_difference_of_recall_counts_the_same_queries() -> None:
    first, second = np.array([1, 3, 1, 12]), np.array([2, 1, 11, 20])
    days, draws = np.array([0, 0, 1, 1]), np.eye(2, dtype=np.int64)
    found = paired_ranks(first, second, days, draws, [1, 10])
    # Found within k by the first: 2 and 3 of 4; by the second: 1 and 2 of 4.
    assert (found["recall@1"]["value"], found["recall@10"]["value"]) == (0.25, 0.25)


def same(vectors: Any) -> Any:
    return vectors


def test_own_pairs_come_first(paired: EvaluationData) -> None:
    result = evaluate_retrieval(paired, project_text=same)
    for direction in ("text_to_window", "window_to_text"):
        scores = result[direction]
        assert (scores["recall@1"], scores["median_rank"], scores["pool_size"]) == (1.0, 1.0, 24)


def test_two_swapped_windows_are_two_misses(paired: EvaluationData) -> None:
    table = paired.window_embeddings
    assert table is not None
    vectors = table.vectors.copy()
    rows = [int(np.flatnonzero(table.sample_ids == f"small_home_T_test_08{i}")[0]) for i in (0, 2)]
    vectors[rows] = vectors[rows[::-1]]
    swapped = dataclasses.replace(paired, window_embeddings=dataclasses.replace(table, vectors=vectors))
    result = evaluate_retrieval(swapped, project_text=same)
    assert result["text_to_window"]["recall@1"] == pytest.approx(22 / 24)
    assert result["window_to_text"]["recall@1"] == pytest.approx(22 / 24)


def test_the_two_directions_are_not_mixed_up(paired: EvaluationData) -> None:
    table = paired.window_embeddings
    assert table is not None
    vectors = table.vectors.copy()
    first, second = (int(np.flatnonzero(table.sample_ids == f"small_home_T_test_08{i}")[0]) for i in (0, 2))
    vectors[first] = vectors[second]
    doubled = dataclasses.replace(paired, window_embeddings=dataclasses.replace(table, vectors=vectors))
    result = evaluate_retrieval(doubled, project_text=same)
    # The second caption has two equal windows before it, the first one none; only the first window errs.
    assert result["text_to_window"]["recall@1"] == pytest.approx(22 / 24)
    assert result["window_to_text"]["recall@1"] == pytest.approx(23 / 24)


def test_windows_with_one_caption_are_one_relevant_set(paired: EvaluationData) -> None:
    assert paired.captions is not None
    swap = {"sleeping 0 on day 8": "x", "bathing 0 on day 8": "x"}
    captions = paired.captions.with_columns(pl.col("caption").replace(swap))
    result = evaluate_retrieval(dataclasses.replace(paired, captions=captions), project_text=same)
    plain = evaluate_retrieval(paired, project_text=same)
    assert result["pool"]["distinct_captions"] < plain["pool"]["distinct_captions"]
    assert result["pool"]["largest_relevant_set"] > plain["pool"]["largest_relevant_set"]
    assert result["text_to_window"]["map"] < plain["text_to_window"]["map"]


def test_only_test_windows_and_first_captions_count(paired: EvaluationData) -> None:
    table = paired.caption_embeddings
    assert table is not None
    vectors = table.vectors.copy()
    vectors[1::2] = 1
    train = np.char.find(table.sample_ids.astype(str), "_test_") < 0
    vectors[train] = 1
    changed = dataclasses.replace(paired, caption_embeddings=dataclasses.replace(table, vectors=vectors))
    first, second = (evaluate_retrieval(data, project_text=same) for data in (changed, paired))
    for direction in ("text_to_window", "window_to_text"):
        assert first[direction] == second[direction]
        assert first["labels"]["L1"][direction] == second["labels"]["L1"][direction]
    assert first["caption_only"] != second["caption_only"]


def test_equal_vectors_score_like_the_worst_order(paired: EvaluationData) -> None:
    result = evaluate_retrieval(paired, project_text=np.ones_like)
    assert result["text_to_window"]["recall@1"] < 0.2


def shares_by_hand(queries: Any, items: Any, labels: Any, rows: list[int], own: list[int], k: int) -> Any:
    """Share of the k nearest items with the query's label, own window left out, ties in order of row."""
    asked = labels[own]
    items = items / np.linalg.norm(items, axis=1, keepdims=True)
    found = []
    for query, label, mine in zip(queries, asked, own, strict=True):
        score = {row: float(items[row] @ query) for row in rows if row != mine}
        best = sorted(score, key=lambda row: (-round(score[row], 5), row))[:k]
        found.append(np.mean(labels[best] == label))
    names = np.unique(asked)
    means = np.array([np.mean([f for f, a in zip(found, asked, strict=True) if a == n]) for n in names])
    sizes = np.array([(asked == n).sum() for n in names])
    return {
        f"label_precision@{k}_macro": pytest.approx(means.mean()),
        f"label_precision@{k}_weighted": pytest.approx((means * sizes).sum() / sizes.sum()),
    }


def test_label_precision_in_the_whole_pool_and_in_the_annotated_one(study: Any) -> None:
    data = study.data
    config = EvaluationConfig(label_precision_ks=(4,), bootstrap_samples=20)
    result = evaluate_retrieval(data, project_text=same, config=config)
    whole, labels = result["label_precision"], result["labels"]
    test = data.split("test")
    known = np.flatnonzero(test.annotated)
    windows = data.window_embeddings.vectors[data.window_embeddings.rows_of(test.ids, what="w")[:, 0]]
    texts = data.caption_embeddings.vectors[data.caption_embeddings.rows_of(test.ids, what="c")[:, 0]]
    spaces = {"text_to_window": (texts, windows), "window_to_window": (windows, windows)}
    assert (whole["windows"], whole["pool"], labels["annotated_pool"]["pool"]) == (20, 24, 20)
    for name, (asked, pool) in spaces.items():
        for rows, found in (
            (range(24), whole[name]),
            (known.tolist(), labels["annotated_pool"]["L1"][name]["values"]),
        ):
            own = known.tolist()
            assert found == shares_by_hand(asked[known], pool, test.labels, list(rows), own, 4)
    # A query never finds itself: the only bath that looks like one finds none on one day of its own.
    assert whole["window_to_window"] != whole["text_to_window"]


def test_the_only_window_of_an_activity_finds_nothing(study: Any) -> None:
    """Its own window is no answer, in no direction and no pool."""
    test = study.data.split("test")
    only = str(test.ids[1])
    label = pl.when(pl.col("window_id") == only).then(pl.lit("singing")).otherwise("label")
    data = dataclasses.replace(study.data, labels=study.data.labels.with_columns(label=label))
    config = EvaluationConfig(label_precision_ks=(1, 4), bootstrap_samples=20)
    labels = evaluate_retrieval(data, project_text=same, config=config)["labels"]
    for part in (labels, labels["annotated_pool"]):
        for direction in part["L1"].values():
            sung = direction["per_label"]["singing"]
            assert sung == {"windows": 1, "label_precision@1": 0.0, "label_precision@4": 0.0}


def test_chance_equals_random_orders() -> None:
    sizes = np.array([1, 1, 3, 5])
    owner = np.repeat(np.arange(4), sizes)
    rng = np.random.default_rng(0)
    found = [[(owner[rng.permutation(10)[:3]] == owner[q]).any() for q in range(10)] for _ in range(4000)]
    assert chance_recall(sizes, 3) == pytest.approx(np.mean(found), abs=0.01)
    assert chance_recall(sizes, 10) == 1


def test_missing_parts_are_named(paired: EvaluationData) -> None:
    with pytest.raises(ArtifactError, match="Run the caption"):
        evaluate_retrieval(dataclasses.replace(paired, captions=None), project_text=same)
    assert paired.captions is not None
    fewer = paired.captions.filter(pl.col("caption_index") == 1)
    with pytest.raises(JoinError, match="exactly one first caption"):
        evaluate_retrieval(dataclasses.replace(paired, captions=fewer), project_text=same)


def test_markdown_names_the_pool(paired: EvaluationData) -> None:
    text = to_markdown(evaluate_retrieval(paired, project_text=same))
    assert "pool of all 24 test windows" in text
    assert "| text to window | 1.000 | 1.000 | 1.000 |" in text


def test_caption_only_never_compares_a_caption_with_itself(paired: EvaluationData) -> None:
    table = paired.caption_embeddings
    assert table is not None
    # Second captions point nowhere in particular: a search that used the first ones would be perfect.
    only = evaluate_retrieval(paired, project_text=same)["caption_only"]
    assert only["encoder"]["recall@1"] < 0.5
    vectors = table.vectors.copy()
    vectors[1::2] = vectors[::2] * 2
    agreeing = dataclasses.replace(paired, caption_embeddings=dataclasses.replace(table, vectors=vectors))
    only = evaluate_retrieval(agreeing, project_text=same)["caption_only"]
    assert only["encoder"]["recall@1"] == only["joint"]["recall@1"] == 1
    assert only["text_to_window_minus_encoder"]["recall@1"]["value"] == 0


def test_one_caption_per_window_leaves_caption_only_out(paired: EvaluationData) -> None:
    table = paired.caption_embeddings
    assert table is not None
    first = dataclasses.replace(
        table,
        vectors=table.vectors[::2],
        sample_ids=table.sample_ids[::2],
        caption_indices=table.caption_indices[::2],
    )
    result = evaluate_retrieval(dataclasses.replace(paired, caption_embeddings=first), project_text=same)
    assert result["caption_only"] is None
    assert set(result["recall_curve"]) == {"text_to_window", "window_to_text"}


def test_prompts_find_windows_and_windows_their_prompt(study: Any) -> None:
    config = EvaluationConfig(label_precision_ks=(4,), bootstrap_samples=20)
    result = evaluate_retrieval(
        study.data, project_text=study.project_text, encode_text=study.encode_text, config=config
    )
    entry = next(
        e
        for e in result["prompts"]
        if (e["level"], e["prompts"], e["source"], e["pool"]) == ("L1", "described", "aligned", "annotated")
    )
    # The false bath has the vector of a meal and stands before all meals: one of the first four is wrong.
    assert {k: v["label_precision@4"] for k, v in entry["per_label"].items()} == {
        "sleeping": 1.0, "meal_preparation": 0.75, "bathing": 0.75,
    }  # fmt: skip
    assert entry["prompt_to_window"]["label_precision@4_macro"] == pytest.approx((1 + 0.75 + 0.75) / 3)
    # 19 of 20 windows find their prompt first; the false bath ties with sleep behind the meal.
    assert entry["window_to_prompt"]["recall@1"] == pytest.approx(19 / 20)
    assert entry["window_to_prompt"]["mean_rank"] == pytest.approx((19 + 3) / 20)
    # Without a bath in test its prompt is not asked for, and still stands among the answers.
    test_bath = pl.col("window_id").str.contains("_test_") & (pl.col("label") == "bathing")
    labels = study.data.labels.with_columns(
        label=pl.when(test_bath).then(pl.lit("sleeping")).otherwise("label")
    )
    without = evaluate_retrieval(
        dataclasses.replace(study.data, labels=labels),
        project_text=study.project_text,
        encode_text=study.encode_text,
        config=config,
    )["prompts"][0]
    assert set(without["per_label"]) == {"sleeping", "meal_preparation"}
    assert entry["window_to_prompt"]["prompts"] == without["window_to_prompt"]["prompts"] == 3


def test_coarse_labels_merge_what_they_share(study: Any) -> None:
    home = study.data.home
    activities = tuple(
        a.model_copy(update={"coarse": "care" if a.label != "sleeping" else "sleep"}) for a in home.activities
    )
    cared = home.model_copy(update={"activities": activities})
    window_set = WindowSet.of(cared, study.data.window_set.events, study.data.window_set.windows)
    result = evaluate_retrieval(
        dataclasses.replace(study.data, window_set=window_set),
        project_text=same,
        config=EvaluationConfig(label_precision_ks=(4,), bootstrap_samples=20, confusion_k=4),
    )["labels"]
    fine, coarse = (result[level]["window_to_window"] for level in ("L1", "L2"))
    assert coarse["confusion"]["classes"] == ["care", "no_activity", "sleep"]
    assert fine["values"]["label_precision@4_weighted"] < coarse["values"]["label_precision@4_weighted"] <= 1
    for found in (fine, coarse):
        asked = [float(name in found["per_label"]) for name in found["confusion"]["classes"]]
        assert np.sum(found["confusion"]["shares"], axis=1) == pytest.approx(asked, abs=1e-3)
