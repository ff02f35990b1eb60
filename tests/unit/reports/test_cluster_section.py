"""The report's section on clusters: whole, escaped, the same whichever command wrote it."""

import dataclasses
from pathlib import Path
from typing import Any

from discover.reports import ReportInputs, write_report
from discover.reports.cluster_section import ClusteringNote, with_clusters_section


def clustering(n: int = 12, **changes: Any) -> dict[str, Any]:
    moment = {"window_id": "w1", "start": "2021-03-01T07:05:00", "text": "Fridge <then> sink."}
    clusters = [
        {
            "id": i, "title": f"Title {i}", "sentence": f"It's sentence {i}.", "windows": 100 - i,
            "share": (100 - i) / 1000, "when": "7–9 h", "examples": [moment] * (i == 0),
        }
        for i in range(n)
    ]  # fmt: skip
    config = {"method": "scan", "on": "bag"}
    health = {"noise_share": 0.0, "collapsed": False}
    return {
        "name": "mine",
        "sampling": "FD_60",
        "described_from": "windows of all days",
        "config": config,
        "health": health,
        "clusters": clusters,
        **changes,
    }


def page_of(folder: Path, inputs: ReportInputs, notes: list[ClusteringNote]) -> str:
    few = dataclasses.replace(
        inputs,
        window_set=None,
        training_metrics=(),
        recognition=(),
        retrieval=None,
        searches=(),
        clusterings=notes,
    )
    return write_report(folder, few).read_text(encoding="utf-8")


def test_clusters_are_told_with_hours_shares_examples_and_a_link(
    tmp_path: Path, inputs: ReportInputs
) -> None:
    page = page_of(tmp_path, inputs, [ClusteringNote(clustering(), "../m/clusters.html")])
    assert '<a href="#clusters">Clusters</a>' in page
    assert "12 clusters of FD_60, found by SCAN in counts per sensor." in page
    assert '<a href="../m/clusters.html">Cluster page' in page
    assert "<b>0: Title 0</b><small>It&#39;s sentence 0.</small>" in page
    assert '<td class="n">10.0 %</td><td>7–9 h</td>' in page
    assert "<b>Mon 01 Mar 2021 07:05</b> Fridge &lt;then&gt; sink." in page
    assert "<summary>2 smaller clusters</summary>" in page
    assert page.index("Title 9") < page.index("<summary>2 smaller") < page.index("Title 10")


def test_a_section_written_later_is_the_one_the_report_would_have(
    tmp_path: Path, inputs: ReportInputs
) -> None:
    notes = [ClusteringNote(clustering(), "x.html"), ClusteringNote(clustering(3, name="b\\1"))]
    empty, full = page_of(tmp_path, inputs, []), page_of(tmp_path, inputs, notes)
    assert "No clusters yet" in empty
    assert with_clusters_section(empty, notes) == full
    assert with_clusters_section(full, []) == empty
    assert with_clusters_section("<p>no such section</p>", notes) == "<p>no such section</p>"


def test_clusters_of_an_earlier_model_are_named_and_not_shown(tmp_path: Path, inputs: ReportInputs) -> None:
    page = page_of(tmp_path, inputs, [ClusteringNote(clustering(name="old"), current=False)])
    assert "Found with an earlier model and left out: old." in page
    assert "Title 0" not in page
