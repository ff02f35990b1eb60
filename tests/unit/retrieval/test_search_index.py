"""Index: known rankings, joins by id, ties, storage, and what it refuses."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from discover.core.embeddings import EmbeddingTable
from discover.core.errors import ArtifactError, ConfigError, DataError, JoinError, ShapeError
from discover.core.window_set import WindowSet
from discover.retrieval import Index, SearchFilters, exact

MODEL = "a" * 64


@pytest.fixture
def index(one_hot: EmbeddingTable, story: WindowSet) -> Index:
    return Index.build(one_hot, story, model_sha256=MODEL)


def random_index(n: int, dim: int = 8, seed: int = 0) -> Index:
    """n windows without rooms, one a minute."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    start = pl.datetime_range(
        pl.datetime(2021, 1, 1), pl.datetime(2021, 1, 1) + pl.duration(minutes=n - 1), "1m", eager=True
    ).cast(pl.Datetime("us"))
    facts = pl.DataFrame(
        {
            "window_id": [f"w{i:05d}" for i in range(n)],
            "home": ["h"] * n,
            "split": ["test"] * n,
            "start": start,
            "end": start,
            "first_event": np.arange(n),
            "n_events": np.ones(n, dtype=np.int64),
            "rooms": pl.Series([[]] * n, dtype=pl.List(pl.String)),
            "objects": pl.Series([[]] * n, dtype=pl.List(pl.String)),
        }
    )
    return Index(vectors.astype(np.float16), facts, MODEL)


def test_hits_are_joined_by_id_and_ranked(index: Index) -> None:
    hits = index.search(np.array([0.1, 0.9, 0.0, 0.4, 0, 0]), top_k=3)
    assert [h.window_id[-4:] for h in hits] == ["0001", "0003", "0000"]
    norm = np.linalg.norm([0.1, 0.9, 0.4])
    assert [h.score for h in hits] == pytest.approx(np.array([0.9, 0.4, 0.1]) / norm, abs=1e-3)


def test_a_hit_says_when_where_and_what(index: Index) -> None:
    (hit,) = index.search(np.eye(6)[1], top_k=1)
    assert hit.rooms == ("kitchen", "hall", "kitchen")
    assert hit.objects == ("fridge", "stove")
    assert (str(hit.start), hit.duration_s, hit.split) == ("2021-03-01 07:01:00", 50.0, "train")
    assert (hit.first_event, hit.n_events, hit.home) == (4, 4, "small_home")


@pytest.mark.parametrize("k", [1, 7, 100, 300])
def test_ranking_equals_a_full_sort(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    index = random_index(300)
    queries = np.random.default_rng(1).normal(size=(5, 8))
    unit = (queries / np.linalg.norm(queries, axis=1, keepdims=True)).astype(np.float32)
    scores = unit @ index.vectors.astype(np.float32).T
    wanted = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    rows, found = index.top_rows(queries, k)
    np.testing.assert_array_equal(rows, wanted)
    np.testing.assert_allclose(found, np.take_along_axis(scores, wanted, axis=1), atol=1e-6)
    for q in range(5):
        np.testing.assert_array_equal(index.top_rows(queries[q : q + 1], k)[0][0], wanted[q])
    monkeypatch.setattr(exact, "KEEP_FLOAT32_BYTES", 0)
    monkeypatch.setattr(exact, "BLOCK_ROWS", 37)
    in_blocks, _ = random_index(300).top_rows(queries, k)
    np.testing.assert_array_equal(in_blocks, wanted)


def test_equal_scores_come_in_order_of_row() -> None:
    index = random_index(50)
    same = Index(np.tile(index.vectors[:1], (50, 1)), index.windows, MODEL)
    rows, _ = same.top_rows(np.ones((1, 8)), 10)
    assert rows[0].tolist() == list(range(10))


@pytest.mark.parametrize("share", [0.1, 0.6])
def test_a_mask_gives_the_best_of_the_kept_rows(share: float) -> None:
    index = random_index(200)
    mask = np.random.default_rng(2).random(200) < share
    query = np.random.default_rng(3).normal(size=(2, 8))
    everything, scores = index.top_rows(query, 200)
    rows, kept_scores = index.top_rows(query, 15, mask=mask)
    for q in range(2):
        wanted = [r for r in everything[q] if mask[r]][:15]
        assert rows[q].tolist() == wanted
        assert kept_scores[q] == pytest.approx(
            [scores[q][list(everything[q]).index(r)] for r in wanted], abs=1e-6
        )
    nothing, _ = index.top_rows(query, 5, mask=np.zeros(200, dtype=bool))
    assert nothing.shape == (2, 0)


def test_vectors_are_scaled_and_stored_as_float16(story: WindowSet, one_hot: EmbeddingTable) -> None:
    longer = dataclasses.replace(one_hot, vectors=one_hot.vectors * 7)
    index = Index.build(longer, story, model_sha256=MODEL)
    assert index.vectors.dtype == np.float16
    np.testing.assert_allclose(np.linalg.norm(index.vectors.astype(float), axis=1), 1, atol=1e-3)
    assert index.search(np.eye(6)[2] * 50, 1)[0].score == pytest.approx(1, abs=1e-3)


def test_round_trip_and_damage(index: Index, tmp_path: Path) -> None:
    index.save(tmp_path)
    loaded = Index.load(tmp_path, model_sha256=MODEL)
    np.testing.assert_array_equal(loaded.vectors, index.vectors)
    assert loaded.windows.equals(index.windows)
    assert loaded.search(np.ones(6), 2) == index.search(np.ones(6), 2)
    with pytest.raises(ArtifactError, match=r"come from model aaaaaaaaaaaa, the queries from bbbbbbbbbbbb"):
        Index.load(tmp_path, model_sha256="b" * 64)
    path = tmp_path / "vectors.npz"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ArtifactError, match="altered since it was written"):
        Index.load(tmp_path)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(ArtifactError, match=r"manifest\.json is missing"):
        Index.load(tmp_path)
    with pytest.raises(ArtifactError, match="No search index"):
        Index.load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"format": 2}, "has format 2 of stage 'index'; this version reads format 1"),
        ({"stage_version": 99}, "is of version 99 of stage 'index'"),
        ({"stage": "embed"}, "of stage 'embed'"),
        ({"outputs": {}}, "does not list vectors.npz, windows.parquet"),
        ({"outputs": {"../vectors.npz": "0" * 64}}, "damaged or of another version"),
        ({"outputs": {"/etc/passwd": "0" * 64}}, "damaged or of another version"),
    ],
)
def test_a_manifest_that_promises_something_else_is_refused(
    changed: dict[str, object], words: str, index: Index, tmp_path: Path
) -> None:
    index.save(tmp_path)
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))
    with pytest.raises(ArtifactError, match=re.escape(words)):
        Index.load(tmp_path)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ArtifactError, match=r"damaged or of another version.*discover run"):
        Index.load(tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_vectors_that_are_not_finite_are_refused(value: float, index: Index) -> None:
    vectors = index.vectors.copy()
    vectors[1, 2] = value
    with pytest.raises(DataError, match="1 of 4 rows"):
        Index(vectors, index.windows, MODEL)
    with pytest.raises(DataError, match="int64"):
        Index(np.ones(vectors.shape, dtype=np.int64), index.windows, MODEL)  # type: ignore[arg-type]


def test_building_refuses_what_does_not_fit(story: WindowSet, one_hot: EmbeddingTable) -> None:
    other = dataclasses.replace(one_hot, meta={"model_sha256": "b" * 64})
    with pytest.raises(ArtifactError, match="two models"):
        Index.build(other, story, model_sha256=MODEL)
    fewer = EmbeddingTable(one_hot.vectors[1:], one_hot.sample_ids[1:], one_hot.caption_indices[1:])
    with pytest.raises(JoinError, match=r"1 of 4 windows"):
        Index.build(fewer, story, model_sha256=MODEL)
    with pytest.raises(DataError, match="zero or not finite"):
        Index.build(dataclasses.replace(one_hot, vectors=one_hot.vectors * 0), story, model_sha256=MODEL)
    double = EmbeddingTable(*(np.concatenate([a, a]) for a in (one_hot.vectors, one_hot.sample_ids)),
                            np.repeat(np.arange(2, dtype=np.int16), 4))  # fmt: skip
    with pytest.raises(JoinError, match="caption embeddings"):
        Index.build(double, story, model_sha256=MODEL)
    with pytest.raises(DataError, match="no window"):
        Index.build(
            one_hot, WindowSet.of(story.home, story.events, story.windows.head(0)), model_sha256=MODEL
        )


def test_searching_refuses_what_does_not_fit(index: Index) -> None:
    with pytest.raises(ShapeError, match="width 5, the index 6"):
        index.search(np.ones(5))
    with pytest.raises(ShapeError, match="search_many"):
        index.search(np.ones((2, 6)))
    with pytest.raises(DataError, match="zero or not finite"):
        index.search(np.zeros(6))
    with pytest.raises(ConfigError, match="at least 1"):
        index.search(np.ones(6), 0)


def test_several_homes_in_one_index(index: Index) -> None:
    other = random_index(20, dim=6)
    both = Index(
        np.concatenate([index.vectors, other.vectors]), pl.concat([index.windows, other.windows]), MODEL
    )
    assert both.homes == ("small_home", "h")
    hits = both.search(np.eye(6)[0], 5, filters=SearchFilters(homes=("h",)))
    assert {h.home for h in hits} == {"h"}
    assert both.of_home("h").windows.equals(other.windows)
    assert np.array_equal(both.of_home("small_home").vectors, index.vectors)
    with pytest.raises(ConfigError, match="home 'x'"):
        both.of_home("x")


def test_windows_like_a_window(index: Index) -> None:
    wanted = index.windows["window_id"][2]
    assert index.search(index.vectors_of([wanted]), 1)[0].window_id == wanted
    with pytest.raises(JoinError, match="nowhere"):
        index.vectors_of(["nowhere"])
