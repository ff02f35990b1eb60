"""Captions of a window, the caption-only index, and clusters as a filter."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from discover.core.embeddings import EmbeddingTable
from discover.core.errors import ArtifactError, ConfigError, ShapeError
from discover.core.tables import CAPTIONS
from discover.core.window_set import WindowSet
from discover.retrieval import (
    CaptionPool,
    Index,
    SearchFilters,
    build_window_facts,
    caption_index,
    filter_mask,
    find_clustering,
)


@pytest.fixture
def captions(story: WindowSet) -> tuple[pl.DataFrame, EmbeddingTable]:
    """Two captions per window; "fridge" stands for windows 0 and 1. Vectors are stored in another order."""
    ids = story.windows["window_id"].to_list()
    sentences = ["fridge", "kitchen", "fridge", "stove", "bath", "night", "warm", "quiet"]
    rows = [(ids[i // 2], i % 2, s) for i, s in enumerate(sentences)]
    table = pl.DataFrame(rows, schema=["window_id", "caption_index", "caption"], orient="row")
    table = table.select(pl.col(name).cast(kind) for name, kind in CAPTIONS.items() if name in table.columns)  # type: ignore[arg-type]
    axis = {s: i for i, s in enumerate(dict.fromkeys(sentences))}
    vectors = np.array([np.eye(7)[axis[s]] * 3 for s in sentences], dtype=np.float16)
    order = np.arange(8)[::-1]
    return table, EmbeddingTable(
        vectors[order],
        np.array([r[0] for r in rows], dtype=np.str_)[order],
        np.array([r[1] for r in rows], dtype=np.int16)[order],
    )


def test_nearest_captions(captions: tuple[pl.DataFrame, EmbeddingTable], story: WindowSet) -> None:
    pool = CaptionPool.build(*captions)
    ids = story.windows["window_id"]
    first, second, third = pool.nearest(np.array([0.9, 0, 0.5, 0, 0, 0.2, 0]), 3, window_id=ids[0])
    assert [c.caption for c in (first, second, third)] == ["fridge", "stove", "warm"]
    assert (first.n_windows, first.own, second.own) == (2, True, False)
    assert first.score == pytest.approx(0.9 / np.linalg.norm([0.9, 0.5, 0.2]), abs=1e-5)
    (only,) = pool.nearest(np.ones(7), 1, window_ids=ids[3:4])
    assert (only.caption, only.n_windows) == ("warm", 1)
    (one,) = pool.nearest(np.eye(7)[0], 1, window_ids=ids[1:2])
    assert (one.caption, one.n_windows) == ("fridge", 1)
    with pytest.raises(ShapeError, match="7 wide"):
        pool.nearest(np.ones(3), 1)


def test_captions_in_another_space(captions: tuple[pl.DataFrame, EmbeddingTable]) -> None:
    pool = CaptionPool.build(*captions, project=lambda v: v[:, ::-1] @ np.eye(7)[:, :7])
    assert pool.nearest(np.eye(7)[6], 1)[0].caption == "fridge"


def test_the_caption_only_index(captions: tuple[pl.DataFrame, EmbeddingTable], story: WindowSet) -> None:
    index = caption_index(build_window_facts(story), captions[1])
    hits = index.search(np.eye(7)[0], 4, filters=SearchFilters(splits=("train",)))
    assert [h.window_id for h in hits] == story.windows["window_id"].to_list()[:2]
    assert hits[0].score == pytest.approx(np.sqrt(0.5), abs=1e-3)


def write_clusters(folder: Path, ids: list[str], numbers: list[int]) -> None:
    folder.mkdir(parents=True)
    pl.DataFrame(
        {"window_id": ids, "cluster": numbers, "confidence": [1.0] * len(ids)},
        schema={"window_id": pl.String, "cluster": pl.Int32, "confidence": pl.Float32},
    ).write_parquet(folder / "assignments.parquet")


def test_clusters_as_a_filter(story: WindowSet, one_hot: EmbeddingTable, tmp_path: Path) -> None:
    index = Index.build(one_hot, story, model_sha256="m")
    ids = index.windows["window_id"]
    with pytest.raises(ArtifactError, match="discover cluster"):
        find_clustering(tmp_path, "FD_60", ids)
    write_clusters(tmp_path / "clusters_FD_60_scan", ids.to_list()[:3], [4, -1, 4])
    # Another sampling whose name begins alike, with windows of its own.
    write_clusters(tmp_path / "clusters_FD_60_p_scan", ["other_0"], [4])
    table = find_clustering(tmp_path, "FD_60", ids).assignments
    known = index.with_clusters(table)
    assert filter_mask(known.windows, SearchFilters(clusters=(4,))).tolist() == [True, False, True, False]
    assert filter_mask(known.windows, SearchFilters(clusters=(-1,))).tolist() == [False, True, False, False]
    hits = known.search(np.ones(6), 4, filters=SearchFilters(clusters=(4,)))
    assert {h.window_id for h in hits} == {ids[0], ids[2]}
    with pytest.raises(ConfigError, match=r"cluster 7. The clusters are: -1, 4"):
        known.search(np.ones(6), 4, filters=SearchFilters(clusters=(7,)))
    with pytest.raises(ConfigError, match="none are known"):
        index.search(np.ones(6), 4, filters=SearchFilters(clusters=(4,)))
    known.save(tmp_path / "index")
    assert Index.load(tmp_path / "index").windows.equals(index.windows)


def test_several_clusterings_need_a_name(story: WindowSet, tmp_path: Path) -> None:
    ids = story.windows["window_id"]
    write_clusters(tmp_path / "clusters_FD_60_scan", ids.to_list(), [0, 0, 1, 1])
    write_clusters(tmp_path / "clusters_FD_60_kmeans", ids.to_list(), [1, 1, 0, 0])
    with pytest.raises(ConfigError, match=r"several clusterings of FD_60: kmeans, scan"):
        find_clustering(tmp_path, "FD_60", ids)
    assert find_clustering(tmp_path, "FD_60", ids, "kmeans").assignments["cluster"].to_list() == [1, 1, 0, 0]
    with pytest.raises(ConfigError, match=r"'skan' of FD_60. Did you mean 'scan'"):
        find_clustering(tmp_path, "FD_60", ids, "skan")
