"""`discover cluster` on a finished chain: the files of the contract, skipped when up to date."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from chain_runs import chain_arguments, discover_here
from numpy.typing import NDArray

from discover.clustering.baselines import HDBSCANClusterer, Projection


def test_cluster_writes_assignments_and_words(finished: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    shutil.copytree(finished, workspace)
    model = workspace / "trained_models/demo/demo"
    arguments = ("cluster", str(model), "--k", "4", "--on", "bag", "--name", "mine")
    fast = ("--set", "merge_from=0", "--set", "scan={n_heads: 2, epochs: 2, self_label: {epochs: 1}}")
    done = discover_here(*arguments, *fast)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = model / "clusters_FD_60_mine"
    table = pl.read_parquet(folder / "assignments.parquet")
    assert table.schema == {"window_id": pl.String, "cluster": pl.Int32, "confidence": pl.Float32}
    windows = pl.read_parquet(model / "index_FD_60/windows.parquet")
    assert table["window_id"].to_list() == windows["window_id"].to_list()
    content = json.loads((folder / "clusters.json").read_text())
    first = content["clusters"][0]
    assert first["title"]
    assert first["sentence"].endswith("of all windows.")
    assert first["captions"][0]["contrast"] > 0
    assert len(first["hours"]) == 24
    assert {c["id"] for c in content["clusters"]} >= set(table["cluster"].unique().to_list()) - {-1}
    in_table = pl.read_csv(folder / "clusters.csv")
    assert len(in_table) == len(content["clusters"])
    assert not (folder / "training_state.pt").exists()
    page = (folder / "clusters.html").read_text()
    assert first["title"] in page
    assert f"{content['windows']:,} windows on {content['recorded_days']} recorded days" in page
    printed = "".join(done.stdout.split())
    for row, line in zip(content["clusters"], in_table.iter_rows(named=True), strict=True):
        share = f"{100 * row['share']:.1f} %"
        assert row["sentence"].endswith(f"; {share} of all windows.")
        assert row["sentence"] in (html := page.replace("&#39;", "'"))
        assert f"{share} of all windows</span>" in html
        assert share.replace(" ", "") in printed
        assert {k: line[k] for k in ("share", "days_seen", "when", "windows")} == {
            k: row[k] for k in ("share", "days_seen", "when", "windows")
        }
    assert "http" not in page.replace("http://www.w3.org", "").replace("https://www.w3.org", "")
    before = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    again = discover_here(*arguments, *fast)
    assert "Up to date" in again.stdout
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before
    # The report was made before: its section is written anew, and the next run finds it up to date.
    (report,) = (workspace / "results").glob("*/*/*/report.html")
    assert "No clusters yet" in (finished / report.relative_to(workspace)).read_text()
    shown = report.read_text()
    assert "No clusters yet" not in shown
    assert first["sentence"].replace("'", "&#39;") in shown
    assert first["examples"][0]["text"] in shown
    (link,) = re.findall(r'href="([^"]*clusters.html)"', shown)
    assert (report.parent / link).resolve() == (folder / "clusters.html").resolve()
    plan = discover_here(*chain_arguments(workspace), "--dry-run")
    assert re.search(r"report  .*skip +up to date", plan.stdout), plan.stdout
    shutil.rmtree(folder)
    plan = discover_here(*chain_arguments(workspace), "--dry-run")
    assert "input changed: clusters_FD_60_mine" in plan.stdout, plan.stdout
    wrong = discover_here("cluster", str(model), "--method", "kmeens")
    assert wrong.returncode == 2
    assert "method" in wrong.stderr + wrong.stdout


def test_changes_between_two_periods(finished: Path, tmp_path: Path) -> None:
    model = finished / "trained_models/demo/demo"
    days = pl.read_parquet(model / "index_FD_60/windows.parquet")["start"].dt.date().unique().sort().to_list()
    half = len(days) // 2
    spans = [f"{days[0]}..{days[half - 1]}", f"{days[half]}..{days[-1]}"]
    arguments = ("changes", str(model), "--baseline", spans[0], "--period", spans[1], "--by", "room")
    done = discover_here(*arguments, "-o", str(tmp_path / "out"), "--all", "--min-days", "4")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "false discovery rate" in " ".join(done.stdout.split())
    assert {p.suffix for p in (tmp_path / "out").iterdir()} >= {".csv", ".json", ".png"}
    assert len(pl.read_csv(next((tmp_path / "out").glob("*.csv")))) > 0
    few = discover_here(*arguments[:2], "--baseline", str(days[0]), "--period", str(days[-1]), "--by", "room")
    assert few.returncode != 0
    assert "days" in few.stderr + few.stdout


def test_every_week_against_the_days_before(finished: Path, tmp_path: Path) -> None:
    model = finished / "trained_models/demo/demo"
    out = tmp_path / "out"
    arguments = ("changes", str(model), "--rolling", "4", "--window", "4", "--min-days", "4")
    done = discover_here(*arguments, "--by", "room", "--all", "-o", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    words = " ".join(done.stdout.split())
    assert "Windows of 4 days against the 4 days before each, by room" in words
    assert "skipped 20" in words
    assert "any activity" in words
    assert "corrected over all windows and measures together" in words
    assert {p.name for p in out.iterdir()} == {f"rolling_changes.{e}" for e in ("csv", "json", "png", "svg")}
    printed = discover_here(*arguments, "--by", "company", "--json")
    assert printed.returncode == 0, printed.stdout + printed.stderr
    record = json.loads(printed.stdout)
    assert record["windows_compared"] >= 1
    assert record["measures"] == sum(len(w["changes"]) for w in record["windows"])
    assert {c["thing"] for w in record["windows"] for c in w["changes"]} <= {
        "outer door opened", "outer door opened, home not empty", "two seats in turn"
    }  # fmt: skip
    refused = discover_here(*arguments, "--by", "room", "--baseline", "2024-01")
    assert refused.returncode != 0
    assert "takes no --baseline" in " ".join((refused.stderr + refused.stdout).split())


def test_only_noise_is_no_cluster_and_a_report_without_rows(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = tmp_path / "workspace"
    shutil.copytree(finished, workspace)
    model = workspace / "trained_models/demo/demo"

    def all_noise(self: HDBSCANClusterer, rows: NDArray[np.float32]) -> None:
        self.projection_ = Projection.fit(rows, 0)
        self.points_ = self.projection_(rows)
        self.fitted_labels_ = np.full(len(rows), -1)
        self.strength_ = np.zeros(len(rows))

    monkeypatch.setattr(HDBSCANClusterer, "_fit", all_noise)
    done = discover_here("cluster", str(model), "--method", "hdbscan", "--set", "merge_from=0")
    assert done.returncode == 0, done.stderr
    assert "0 clusters, 100% of the windows in none" in done.stdout
    folder = model / "clusters_FD_60_hdbscan_sensor"
    assert json.loads((folder / "clusters.json").read_text())["clusters"] == []
    assert not (folder / "clusters.html").exists()
    report = (workspace / "results/demo/FD_60/demo/report.html").read_text()
    assert "0 clusters of FD_60, found by" in report


def test_a_page_that_was_lost_or_altered_is_written_again(finished: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    shutil.copytree(finished, workspace)
    model = str(workspace / "trained_models/demo/demo")
    arguments = ("cluster", model, "--method", "kmeans", "--on", "bag", "--k", "4", "--set", "merge_from=0")
    assert discover_here(*arguments).returncode == 0
    page = workspace / "trained_models/demo/demo/clusters_FD_60_kmeans_bag/clusters.html"
    whole = page.read_bytes()
    assert "clusters.html" in json.loads((page.parent / "manifest_page.json").read_text())["outputs"]
    page.write_bytes(b"the page of other clusters")
    assert "Up to date" in discover_here(*arguments).stdout
    assert page.read_bytes() == whole
    page.unlink()
    discover_here(*arguments)
    assert page.read_bytes() == whole


def test_a_refused_clustering_leaves_no_folder(finished: Path) -> None:
    model = finished / "trained_models/demo/demo"
    refused = discover_here(
        "cluster", str(model), "--method", "kmeans", "--k", "50000", "--on", "bag", "--name", "no"
    )
    assert refused.returncode == 2
    assert not list(model.glob("clusters_*_no"))
