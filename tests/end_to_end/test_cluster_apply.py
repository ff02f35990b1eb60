"""`discover cluster --apply`: clusters that were found once are used on another log."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from chain_runs import discover_here

from discover.alignment import load_model
from discover.clustering import load_clustering, save_clustering
from discover.core.progress import SILENT
from discover.core.window_set import load_window_set
from discover.evaluation.features import bag_of_sensors
from discover.serving.new_windows import NewWindows

FAST = ("--method", "kmeans", "--k", "4", "--set", "merge_from=0", "--no-page")


@pytest.fixture(scope="module")
def model(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with a clustering in each kind of space, and one that trained the encoder."""
    workspace = tmp_path_factory.mktemp("clustered")
    shutil.copytree(finished, workspace, dirs_exist_ok=True)
    folder = workspace / "trained_models/demo/demo"
    for space in ("sensor", "captions", "bag"):
        done = discover_here("cluster", str(folder), "--on", space, "--name", f"by_{space}", *FAST)
        assert done.returncode == 0, done.stdout + done.stderr
    scan = "scan={n_heads: 1, epochs: 1, max_fit_windows: 300, self_label: {epochs: 0}, "
    scan += "unfreeze: {epochs: 2, batch_size: 40}}"
    tuned = ("--method", "scan", "--on", "sensor", "--name", "by_tuned", "--unfreeze", "1", "--set", scan)
    done = discover_here("cluster", str(folder), *FAST[2:], *tuned)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def log(finished: Path) -> Path:
    (path,) = (finished / "data/raw/simulated/demo").glob("*.txt.gz")
    return path


def said(*arguments: str) -> str:
    """What a command that is refused says."""
    done = discover_here("cluster", *arguments)
    assert done.returncode == 2, done.stdout
    return " ".join((done.stdout + done.stderr).split())


def test_an_encoder_trained_with_its_clusters_is_saved_and_the_model_left_alone(model: Path) -> None:
    saved = load_clustering(model / "clusters_FD_60_by_tuned")
    assert any(name.startswith("encoder.blocks") for name in saved.encoder)
    assert not any(name.startswith("encoder.tokens") for name in saved.encoder)
    own = load_model(model).model.state_dict()
    assert any((own[name].numpy() != weight).any() for name, weight in saved.encoder.items())
    training = json.loads((model / "clusters_FD_60_by_tuned/clusters.json").read_text())["training"]
    assert training["trained_weights"] == sum(w.size for w in saved.encoder.values())
    assert "scan or temi" in said(str(model), "--method", "kmeans", "--unfreeze", "1")
    assert "but this encoder has" in said(str(model), "--name", "deep", "--unfreeze", "9")


@pytest.mark.parametrize("space", ["sensor", "bag", "tuned"])
def test_a_window_is_in_the_same_cluster_whichever_way_it_came(
    space: str, model: Path, log: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = discover_here(
        "cluster", str(model), str(log), "--apply", f"by_{space}", "-o", str(out), "--no-page"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert {p.name for p in out.iterdir()} == {
        "assignments.parquet", "assignments.csv", "clusters.json", "clusters.csv",
    }  # fmt: skip
    applied = pl.read_csv(out / "assignments.csv", try_parse_dates=True)
    found = model / f"clusters_FD_60_by_{space}"
    known = pl.read_parquet(model / "index_FD_60/windows.parquet").filter(pl.col("split") != "train")
    known = known.join(pl.read_parquet(found / "assignments.parquet"), on="window_id")
    seconds = pl.col("start", "end").dt.truncate("1s").cast(pl.Datetime("us"))
    both = known.with_columns(seconds).join(
        applied.with_columns(seconds), on=["start", "end"], suffix="_applied"
    )
    # Validation and test windows of the index are cut as the windows of a new log are.
    assert len(both) == len(known) > 50
    assert both["cluster"].to_list() == both["cluster_applied"].to_list()
    assert np.allclose(both["confidence"], both["confidence_applied"], atol=1e-3)


def test_captions_are_made_as_those_the_clusters_were_found_in(model: Path) -> None:
    # A window's id picks the wording, so only windows of the same ids can be compared.
    folder = model / "clusters_FD_60_by_captions"
    loaded, clustering = load_model(model), load_clustering(folder)
    vectors = NewWindows.of_index(model / "index_FD_60", loaded, clustering).vectors(SILENT)
    known = pl.read_parquet(folder / "assignments.parquet")
    assert clustering.predict(vectors).tolist() == known["cluster"].to_list()


def test_the_words_are_of_this_log_and_the_titles_of_the_clusters(
    model: Path, log: Path, tmp_path: Path
) -> None:
    done = discover_here("cluster", str(model), str(log), "--apply", "by_bag", "-o", str(tmp_path), "--json")
    content = json.loads(done.stdout)
    assert content == json.loads((tmp_path / "clusters.json").read_text())
    found = json.loads((model / "clusters_FD_60_by_bag/clusters.json").read_text())
    assert [c["title"] for c in content["clusters"]] == [c["title"] for c in found["clusters"]]
    assert [c["sentence_found"] for c in content["clusters"]] == [c["sentence"] for c in found["clusters"]]
    table = pl.read_parquet(tmp_path / "assignments.parquet")
    assert table.schema == {"window_id": pl.String, "cluster": pl.Int32, "confidence": pl.Float32}
    inside = 1 - content["health"]["noise_share"]
    assert sum(c["windows"] for c in content["clusters"]) == pytest.approx(inside * content["windows"], abs=1)
    assert sum(c["windows_all"] for c in content["clusters"]) == (table["cluster"] >= 0).sum()
    first = content["clusters"][0]
    assert f"{100 * first['share']:.1f} % of all windows" in first["sentence"]
    assert len({m["start"][:10] for m in first["examples"]}) == len(first["examples"]) == 3
    assert first["examples"][0]["text"][0].isupper(), "a caption, not a list of rooms"
    page = (tmp_path / "clusters.html").read_text()
    assert first["title"] in page
    assert "Where the clusters were found: " in page


def test_another_index_of_the_model_can_be_searched_by_these_clusters(model: Path) -> None:
    index = model / "index_FD_60_p"
    assert index.is_dir()
    done = discover_here("cluster", str(model), "--apply", "by_sensor", "--index", str(index), "--no-page")
    assert done.returncode == 0, done.stdout + done.stderr
    table = pl.read_parquet(model / "clusters_FD_60_p_by_sensor/assignments.parquet")
    windows = pl.read_parquet(index / "windows.parquet")
    assert table["window_id"].to_list() == windows["window_id"].to_list()
    some = str(table["cluster"].mode().min())
    found = discover_here("search", str(model), "dinner", "--index", str(index), "--cluster", some, "--json")
    assert found.returncode == 0, found.stderr
    assert "holds a fitted clustering" in said(
        str(model), "--apply", "by_sensor", "--index", str(model / "index_FD_60")
    )


def test_what_does_not_fit_is_refused_with_advice(model: Path, log: Path, tmp_path: Path) -> None:
    assert "goes with --apply" in said(str(model), str(log))
    assert "--k changes nothing" in said(str(model), str(log), "--apply", "by_bag", "--k", "3")
    assert "Did you mean 'by_bag'" in said(str(model), str(log), "--apply", "by_bags")
    assert "give either a log" in said(str(model), "--apply", "by_bag")
    stranger = tmp_path / "clusters_FD_60_stranger"
    shutil.copytree(model / "clusters_FD_60_by_bag", stranger)
    save_clustering(stranger, replace(load_clustering(stranger), model_sha256="c" * 64))
    refused = said(str(model), str(log), "--apply", str(stranger), "-o", str(tmp_path / "out"))
    assert "were found in windows of model cccccccccccc, and this is model" in refused
    assert not (tmp_path / "out").exists()


def test_python_predicts_what_the_command_wrote(model: Path) -> None:
    folder = model / "clusters_FD_60_by_bag"
    clustering = load_clustering(folder)
    window_set = load_window_set(model.parents[2] / "data/processed/simulated/demo/FD_60")
    labels = clustering.predict(bag_of_sensors(window_set, window_set.windows))
    ids = window_set.windows.select("window_id").with_columns(own=pl.Series(labels))
    both = pl.read_parquet(folder / "assignments.parquet").join(ids, on="window_id")
    assert len(both) == len(labels)
    assert both["cluster"].to_list() == both["own"].to_list()
