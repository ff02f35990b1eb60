"""Exact and approximate search give the same lists where they must, and say so where they may not."""

import hashlib
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from discover.core.artifacts import read_manifest
from discover.core.errors import ArtifactError, ConfigError
from discover.retrieval import Index, IndexConfig, approximate, storage
from discover.retrieval import index as index_module
from discover.retrieval.exact import best_rows

FAISS = IndexConfig(backend="faiss")


def clustered_index(n: int, dim: int = 16, seed: int = 0) -> Index:
    """n windows around 12 centres, one a minute."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(12, dim))[rng.integers(12, size=n)] + 0.4 * rng.normal(size=(n, dim))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    start = pl.Series("start", np.arange(n) * 60_000_000).cast(pl.Datetime("us"))
    facts = pl.DataFrame({"number": np.arange(n), "start": start}).select(
        window_id=pl.lit("w") + pl.col("number").cast(pl.String),
        home=pl.lit("h"),
        split=pl.lit("test"),
        start="start",
        end="start",
        first_event="number",
        n_events=pl.lit(1, pl.Int64),
        rooms=pl.concat_list(pl.lit("hall")),
        objects=pl.concat_list(pl.lit("fridge")),
    )
    return Index(vectors.astype(np.float16), facts, "m")


@pytest.mark.parametrize(("n", "k"), [(1000, 3), (1000, 200), (64, 1), (5000, 40)])
def test_the_best_rows_equal_a_stable_full_sort(n: int, k: int) -> None:
    # Few distinct values, so that every border is a tie.
    scores = np.random.default_rng(n + k).integers(0, 30, size=(3, n)).astype(np.float32) / 30
    scores[0, :10] = -np.inf
    np.testing.assert_array_equal(best_rows(scores, k), np.argsort(-scores, axis=1, kind="stable")[:, :k])


def test_a_bonus_changes_the_order_but_not_the_scores() -> None:
    index = clustered_index(500)
    query = np.random.default_rng(1).normal(size=16)
    bonus = np.where(np.arange(500) % 50 == 7, 2, 0).astype(np.float32)
    rows, scores = index.top_rows(query, 12, bonus=bonus)
    plain, plain_scores = index.top_rows(query, 500)
    assert set(rows[0][:10] % 50) == {7}
    assert rows[0][:10].tolist() == [r for r in plain[0] if r % 50 == 7]
    assert rows[0][10:].tolist() == [r for r in plain[0] if r % 50 != 7][:2]
    lookup = dict(zip(plain[0].tolist(), plain_scores[0].tolist(), strict=True))
    assert scores[0] == pytest.approx([lookup[r] for r in rows[0].tolist()], abs=1e-6)
    hits = index.hits(query, 11, bonus=bonus)
    assert [h.preference for h in hits] == [2] * 10 + [0]
    few = np.arange(500) % 10 == 7
    some, _ = index.top_rows(query, 12, mask=few, bonus=bonus)
    assert some[0][:10].tolist() == rows[0][:10].tolist()
    assert few[some[0]].all()


@pytest.fixture(scope="module")
def pair() -> tuple[Index, Index]:
    pytest.importorskip("faiss")
    exact = clustered_index(4000)
    return exact, exact.with_backend(FAISS)


def test_measured_recall_is_what_one_finds(pair: tuple[Index, Index]) -> None:
    exact, lists = pair
    assert lists.ann is not None
    report = lists.ann.report
    assert report.recall_at_10 >= 0.95
    assert report.n_probe < report.n_lists
    queries = exact.vectors[::37].astype(np.float32)
    found, wanted = lists.top_rows(queries, 10)[0], exact.top_rows(queries, 10)[0]
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, wanted, strict=True)])
    assert recall == pytest.approx(report.recall_at_10, abs=0.03)
    assert f"{report.recall_at_10:.3f}" in lists.search_note
    assert exact.search_note == "exact search"


def test_a_low_recall_is_reported_low(pair: tuple[Index, Index], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approximate, "_SENTENCE_FACTOR", 1)
    vectors = np.random.default_rng(0).normal(size=(1000, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = Index(vectors.astype(np.float16), pair[0].windows.head(1000), "m")
    monkeypatch.setattr(approximate, "_SAMPLE", 1000)
    # Ten large groups, so that each holds eleven windows and no question goes to the exact search.
    monkeypatch.setattr(approximate, "_LISTS_PER_ROOT", 0.3)
    low = index.with_backend(IndexConfig(backend="faiss", min_recall=0.01))
    assert low.ann is not None
    assert low.ann.report.n_probe == 1
    assert 0.01 < low.ann.report.recall_at_10 < 0.9
    # Without the window itself, which every search finds.
    queries = index.vectors.astype(np.float32)
    found, wanted = low.top_rows(queries, 11)[0], index.top_rows(queries, 11)[0]
    shares = [
        len((set(a) - {row}) & (set(b) - {row})) / 10
        for row, (a, b) in enumerate(zip(found.tolist(), wanted.tolist(), strict=True))
    ]
    assert low.ann.report.recall_at_10 == pytest.approx(np.mean(shares), abs=0.015)


def test_too_few_windows_in_the_groups_are_asked_exactly(
    pair: tuple[Index, Index], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "_EXACT_WINDOWS", 0)
    monkeypatch.setattr(approximate, "_SENTENCE_FACTOR", 1)
    low = pair[0].with_backend(IndexConfig(backend="faiss", min_recall=0.01))
    spread = np.arange(4000) % 400 == 0
    rows, _ = low.top_rows(pair[0].vectors[7].astype(np.float32), 10, mask=spread)
    assert sorted(rows[0].tolist()) == list(range(0, 4000, 400))


def test_looking_into_every_group_is_exact_also_under_a_filter(
    pair: tuple[Index, Index], monkeypatch: pytest.MonkeyPatch
) -> None:
    exact, _ = pair
    monkeypatch.setattr(index_module, "_EXACT_WINDOWS", 0)
    everything = exact.with_backend(IndexConfig(backend="faiss", min_recall=1.0))
    assert everything.ann is not None
    queries = np.random.default_rng(5).normal(size=(4, 16))
    for mask in (None, np.arange(4000) % 3 == 0):
        rows, scores = everything.top_rows(queries, 10, mask=mask)
        wanted, wanted_scores = exact.top_rows(queries, 10, mask=mask)
        assert np.mean(rows == wanted) > 0.9
        np.testing.assert_allclose(scores, wanted_scores, atol=0.02)
        assert mask is None or mask[rows].all()
    only = np.zeros(4000, dtype=bool)
    only[[5, 3999]] = True
    assert sorted(everything.top_rows(queries[:1], 10, mask=only)[0][0].tolist()) == [5, 3999]


def test_the_same_seed_gives_the_same_bytes(pair: tuple[Index, Index], tmp_path: Path) -> None:
    exact, lists = pair
    digests = []
    for name, index in (("a", lists), ("b", exact.with_backend(FAISS))):
        index.save(tmp_path / name)
        digests.append(hashlib.sha256((tmp_path / name / storage.ANN_FILE).read_bytes()).hexdigest())
    assert digests[0] == digests[1]


def test_lists_are_saved_with_their_recall(pair: tuple[Index, Index], tmp_path: Path) -> None:
    exact, lists = pair
    lists.save(tmp_path)
    manifest = read_manifest(tmp_path / "manifest.json")
    assert manifest is not None
    assert lists.ann is not None
    assert manifest.config["backend"] == "faiss"
    assert manifest.config["ann"]["recall_at_10"] == lists.ann.report.recall_at_10
    assert set(manifest.outputs) == {"vectors.npz", "windows.parquet", storage.ANN_FILE}
    loaded = Index.load(tmp_path, model_sha256="m")
    assert loaded.search_note == lists.search_note
    query = np.random.default_rng(2).normal(size=16)
    assert loaded.search(query, 5) == lists.search(query, 5)
    as_exact = Index.load(tmp_path, config=IndexConfig(backend="exact"))
    assert as_exact.ann is None
    assert as_exact.search(query, 5) == exact.search(query, 5)
    path = tmp_path / storage.ANN_FILE
    path.write_bytes(b"x" + path.read_bytes()[1:])
    with pytest.raises(ArtifactError, match="altered since it was written"):
        Index.load(tmp_path)
    exact.save(tmp_path)
    assert not path.exists()
    asked = Index.load(tmp_path, config=FAISS)
    assert asked.ann is not None


def test_without_faiss(pair: tuple[Index, Index], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exact, lists = pair
    lists.save(tmp_path)
    for module in (approximate, storage, index_module):
        monkeypatch.setattr(module, "faiss_installed", lambda: False)
    with pytest.raises(ConfigError, match=r"pip install 'discover-v2\[ann\]'"):
        exact.with_backend(FAISS)
    loaded = Index.load(tmp_path)
    assert loaded.ann is None
    assert "FAISS is not installed" in loaded.search_note
    with pytest.raises(ConfigError, match="pip install"):
        Index.load(tmp_path, config=FAISS)
    monkeypatch.setattr(index_module, "AUTO_ANN_WINDOWS", 3999)
    large = exact.with_backend(IndexConfig())
    assert large.ann is None
    assert "pip install" in large.search_note


def test_auto_takes_faiss_above_the_limit_only(
    pair: tuple[Index, Index], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "AUTO_ANN_WINDOWS", 4000)
    assert pair[0].with_backend(IndexConfig()).ann is None
    monkeypatch.setattr(index_module, "AUTO_ANN_WINDOWS", 3999)
    assert pair[0].with_backend(IndexConfig()).ann is not None
