"""The cluster page: complete, self-contained, the same every time."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from discover.core.errors import DataError
from discover.core.window_set import WindowSet
from discover.reports.cluster_page import ClusterPageInputs, write_cluster_page
from discover.retrieval import build_window_facts


def inputs_of(window_set: WindowSet, cluster: int | None = None) -> ClusterPageInputs:
    facts = build_window_facts(window_set)
    n = len(facts)
    labels = np.arange(n) % 3 if cluster is None else np.full(n, cluster)
    assignments = pl.DataFrame(
        {
            "window_id": facts["window_id"],
            "cluster": pl.Series(labels, dtype=pl.Int32),
            "confidence": pl.Series(np.ones(n), dtype=pl.Float32),
        }
    )
    moment = {"window_id": "w<1>", "start": "2021-03-01T07:05:00", "text": "Fridge & sink."}
    clusters = [
        {"id": i, "title": f"Title <{i}>", "sentence": f"Sentence {i}.", "examples": [moment] * i}
        for i in range(3)
    ]
    return ClusterPageInputs("Small home", window_set, facts, assignments, clusters)


def test_every_cluster_is_told_and_nothing_is_fetched(tmp_path: Path, window_set: WindowSet) -> None:
    page = write_cluster_page(tmp_path, inputs_of(window_set)).read_text(encoding="utf-8")
    for i in range(3):
        assert f"Title &lt;{i}&gt;" in page
        assert f"Sentence {i}." in page
    assert page.count("data:image/svg+xml;base64,") == 3 + 2
    assert page.count("Mon 01 Mar 2021 07:05: Fridge &amp; sink. [w&lt;1&gt;]") == 0 + 1 + 2
    assert page.count("Example moments:") == 2
    assert 'src="http' not in page
    assert list(tmp_path.iterdir()) == [tmp_path / "clusters.html"]


def test_same_inputs_same_bytes(tmp_path: Path, window_set: WindowSet) -> None:
    first = write_cluster_page(tmp_path / "a", inputs_of(window_set)).read_bytes()
    assert first == write_cluster_page(tmp_path / "b", inputs_of(window_set)).read_bytes()


def test_no_cluster_is_an_error_with_advice(tmp_path: Path, window_set: WindowSet) -> None:
    with pytest.raises(DataError, match="discover cluster"):
        write_cluster_page(tmp_path, inputs_of(window_set, cluster=-1))
