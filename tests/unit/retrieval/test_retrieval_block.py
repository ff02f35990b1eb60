"""The `retrieval` block of a run: checked before anything is loaded, and nothing in it is idle."""

import json
from pathlib import Path

import numpy as np
import pytest

from discover.core.artifacts import file_sha256
from discover.core.config import config_from_mapping
from discover.core.embeddings import EmbeddingTable
from discover.core.errors import ConfigError
from discover.core.window_set import WindowSet
from discover.pipeline.config import RunConfig
from discover.retrieval import Index, RetrievalConfig, SearchDefaults
from discover.serving.index_folders import note_source, search_defaults_of

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "configs" / "pipelines" / "demo.yaml"


def test_a_run_takes_the_block_and_refuses_what_changes_nothing() -> None:
    run = RunConfig.from_yaml(
        DEMO, ["retrieval.vectors=float32", "retrieval.search.mmr=0.6", "retrieval.index.backend=faiss"]
    )
    assert (run.retrieval.vectors, run.retrieval.search.mmr) == ("float32", 0.6)
    assert RunConfig.from_yaml(DEMO).retrieval == RetrievalConfig()
    for override, message in (
        ("retrieval.search.mrr=0.6", "Did you mean 'mmr'"),
        ("retrieval.search.mmr=1.5", "less than or equal to 1"),
        ("retrieval.search.query_words=maybe", "'prefer', 'filter' or 'off'"),
        ("retrieval.vectors=int8", "float16"),
    ):
        with pytest.raises(ConfigError, match=message):
            RunConfig.from_yaml(DEMO, [override])
    idle = ["retrieval.index.backend=exact", "retrieval.index.min_recall=0.9"]
    with pytest.raises(ConfigError, match="backend exact has none"):
        RunConfig.from_yaml(DEMO, idle)


def test_vectors_are_stored_as_told(story: WindowSet, one_hot: EmbeddingTable, tmp_path: Path) -> None:
    for dtype in ("float16", "float32"):
        index = Index.build(one_hot, story, model_sha256="a" * 64, dtype=dtype)  # type: ignore[arg-type]
        index.save(tmp_path / dtype)
        again = Index.load(tmp_path / dtype)
        assert again.vectors.dtype == np.dtype(dtype)
        assert again.activations is not None
        assert again.activations[story.home.name].n_activations.tolist() == [3, 3, 3, 0]
        query = np.eye(1, 6, dtype=np.float32)
        assert again.search(query, 1)[0].window_id == story.windows["window_id"][0]


def test_an_index_with_the_former_name_of_its_activations_is_read(
    story: WindowSet, one_hot: EmbeddingTable, tmp_path: Path
) -> None:
    """Indexes up to 0.1.0 hold `signs.npz` with a column `n_signs`."""
    folder = tmp_path / "index"
    built = Index.build(one_hot, story, model_sha256="a" * 64)
    built.save(folder)
    columns = dict(np.load(folder / "activations.npz"))
    columns["n_signs"] = columns.pop("n_activations")
    np.savez(folder / "signs.npz", **columns)
    (folder / "activations.npz").unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["outputs"]["activations.npz"]
    manifest["outputs"]["signs.npz"] = file_sha256(folder / "signs.npz")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    old = Index.load(folder)
    assert old.activations is not None
    assert built.activations is not None
    home = story.home.name
    for name in ("window", "begins", "ends", "n_activations", "stay_s", "last_sensor"):
        np.testing.assert_array_equal(
            getattr(old.activations[home], name), getattr(built.activations[home], name)
        )
    old.save(folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "activations.npz", "manifest.json", "vectors.npz", "windows.parquet",
    ]  # fmt: skip


def test_defaults_lie_beside_the_index_and_older_notes_have_none(tmp_path: Path) -> None:
    defaults = config_from_mapping({"top_k": 3, "query_words": "filter"}, SearchDefaults)
    note_source(tmp_path, [tmp_path / "FD_60"], defaults)
    assert search_defaults_of(tmp_path) == defaults
    note_source(tmp_path, [tmp_path / "FD_60"])
    assert search_defaults_of(tmp_path) == SearchDefaults()
    assert search_defaults_of(tmp_path / "nowhere") == SearchDefaults()
