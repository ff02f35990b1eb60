"""The report's section on clusters: killed while it is written anew, the next command makes it whole."""

from pathlib import Path

import pytest

from discover.core.artifacts import file_sha256, read_manifest, write_manifest, write_text
from discover.pipeline import report_clusters
from discover.reports import cluster_section


class KilledError(Exception):
    pass


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model with a report whose manifest knows it, and clusters found since."""
    model, results = tmp_path / "model", tmp_path / "results"
    model.mkdir(), results.mkdir()
    write_text(results / "report.html", "no clusters")
    write_manifest(
        results / "manifest_report.json", stage="report", stage_version=1, config={}, inputs={},
        outputs=[results / "report.html"],
    )  # fmt: skip
    report_clusters.note_report(model, results)
    monkeypatch.setattr(report_clusters, "clustering_notes", lambda model, results: [])
    monkeypatch.setattr(cluster_section, "with_clusters_section", lambda page, notes: "two clusters")
    return model


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_kill_at_any_write_leaves_nothing_stale(
    model: Path, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Path] = []

    def write_until_killed(path: Path, text: str) -> None:
        if len(done) == writes:
            raise KilledError
        done.append(path)
        write_text(path, text)

    with monkeypatch.context() as patch:
        patch.setattr(report_clusters, "write_text", write_until_killed)
        try:
            report_clusters.refresh_report(model)
        except KilledError:
            assert writes < 2
    report_clusters.refresh_report(model)
    report = model.parent / "results" / "report.html"
    manifest = read_manifest(report.parent / "manifest_report.json")
    assert report.read_text() == "two clusters"
    assert manifest is not None
    assert manifest.outputs["report.html"] == file_sha256(report)


def test_a_report_that_the_manifest_does_not_know_stays_unknown(model: Path) -> None:
    report = model.parent / "results" / "report.html"
    report.write_text("changed by hand")
    before = read_manifest(report.parent / "manifest_report.json")
    report_clusters.refresh_report(model)
    assert read_manifest(report.parent / "manifest_report.json") == before
    assert report.read_text() == "two clusters"
