"""What changed between two periods of a model's windows."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from discover.changes import (
    ChangeConfig,
    ChangeSource,
    Comparison,
    Period,
    RollingComparison,
    RollingConfig,
    TimeGrid,
    build_grid,
    check_countable,
    compare_periods,
    compare_rolling,
    countable_by,
    marks_of_company,
    marks_of_lists,
    marks_of_objects,
    marks_of_windows,
    thin_windows,
)
from discover.core.artifacts import atomic_path, write_json
from discover.core.errors import DataError
from discover.core.event_semantics import person_mask
from discover.core.home import UNKNOWN_ROOM, Home
from discover.retrieval.clusters import CLUSTERS_FILE, Clustering, find_clustering, read_clusters
from discover.serving.index_folders import IndexedHome, only_index

if TYPE_CHECKING:
    from discover.reports.style import Drawing

__all__ = [
    "ChangeRequest",
    "changes_of_model",
    "rolling_changes_of_model",
    "write_changes",
    "write_rolling_changes",
]


@dataclass(frozen=True, kw_only=True)
class ChangeRequest:
    """A comparison of two periods: the model, and what is counted.

    Attributes:
        model: Folder of a trained model with an index.
        by: What is counted: time in clusters, rooms, at objects or in recognised activities; moments that
            hint at company.
        clusters: Name of a clustering, where the model has several.
        index: Index folder; None: the only one of free-running windows.
        home: Whose time, where the index is of several homes.
        config: Settings of the comparison.
    """

    model: Path
    by: ChangeSource = "cluster"
    clusters: str | None = None
    index: Path | None = None
    home: str | None = None
    config: ChangeConfig = field(default_factory=ChangeConfig)


def changes_of_model(request: ChangeRequest, baseline: Period, period: Period) -> tuple[Comparison, Home]:
    """Compare two periods without a common day of the windows of a model's index; no label is read.

    Raises:
        ArtifactError: The model has no index, no clusters, or its windows are gone.
        DataError: A period has too few usable days.
    """
    grid, home = _grid_of_model(request)
    return compare_periods(grid, baseline, period, request.config), home


def rolling_changes_of_model(
    request: ChangeRequest, rolling: RollingConfig
) -> tuple[RollingComparison, Home]:
    """Compare every window of days of a model's index with the days before it; no label is read.

    Raises:
        ArtifactError: The model has no index, no clusters, or its windows are gone.
        ConfigError: Window or baseline is too short for the days a comparison needs.
        DataError: No window has enough usable days.
    """
    grid, home = _grid_of_model(request)
    return compare_rolling(grid, rolling, request.config), home


def _grid_of_model(request: ChangeRequest) -> tuple[TimeGrid, Home]:
    folder = request.index or only_index(request.model)
    own = IndexedHome.open(folder, request.home)
    return _grid(request, folder, own), own.window_set.home


def _grid(request: ChangeRequest, folder: Path, own: IndexedHome) -> TimeGrid:
    windows, window_set = own.index.windows, own.window_set
    check_countable(window_set.home, request.by)
    facts = thin_windows(windows)
    if request.by == "room":
        marks = marks_of_lists(facts, "rooms").with_columns(pl.col("thing").replace({UNKNOWN_ROOM: None}))
    elif request.by in ("object", "company"):
        present = pl.Series(person_mask(window_set.events, window_set.home))
        make = marks_of_objects if request.by == "object" else marks_of_company
        marks = make(window_set.events, window_set.home, present)
    elif request.by == "activity":
        # Recognition loads the model and a text encoder; the other sources need neither.
        from discover.serving.recognise import RecogniseRequest, recognise

        timeline = recognise(RecogniseRequest(model=request.model, index=folder, home=request.home)).timeline
        named = facts.join(timeline.select("window_id", "activity"), on="window_id", how="left")
        marks = marks_of_windows(named, named["activity"])
    else:
        found = find_clustering(request.model, own.sampling.name, windows["window_id"], request.clusters)
        titles = {c["id"]: c["title"] for c in _clusters(found)}
        named = facts.join(found.assignments.select("window_id", "cluster"), on="window_id", how="left")
        things = named["cluster"].map_elements(
            lambda c: f"{c}: {titles.get(c, 'cluster')}" if c >= 0 else None, return_dtype=pl.String
        )
        marks = marks_of_windows(named, things)
    if not marks["thing"].drop_nulls().len():
        raise DataError(_nothing_counted(request.by, window_set.home))
    moments = request.by == "company"
    return build_grid(marks, window_set.events["time"], request.config, moments=moments)


def _nothing_counted(by: ChangeSource, home: Home) -> str:
    missing = {
        "cluster": "No window belongs to a cluster: all are noise. Cluster again with other settings",
        "room": "No window lies in a known room. Check the rooms in home.yaml",
        "object": "No event of a sensor with an object shows a person. Check the sensors' types in home.yaml",
        "company": "No outer door opened, and no two seats were used in turn. There is nothing to count",
        "activity": "No window was recognised as an activity. Check the activities in home.yaml",
    }
    others = [f"--by {other}" for other in countable_by(home) if other != by]
    return f"{missing[by]}, or count {' or '.join(others)}."


def _clusters(found: Clustering) -> list[dict[str, Any]]:
    clusters: list[dict[str, Any]] = read_clusters(found.folder / CLUSTERS_FILE)["clusters"]
    return clusters


def write_changes(folder: Path, comparison: Comparison, *, title: str) -> list[Path]:
    """Write changes.csv, changes.json and changes.png/.svg into a folder; their paths."""
    from discover.reports.change_figures import draw_changes

    rows = [c.to_dict() for c in comparison.changes]
    return _write(folder, "changes", rows, comparison_record(comparison), draw_changes(comparison, title))


def write_rolling_changes(folder: Path, comparison: RollingComparison, *, title: str) -> list[Path]:
    """Write rolling_changes.csv (all measures of all windows), .json, .png and .svg; their paths."""
    from discover.reports.change_strip import draw_rolling_changes

    rows = [
        {"window": str(w.period.first), "window_end": str(w.period.last), **c.to_dict()}
        for w in comparison.compared
        for c in w.changes
    ]
    record, drawing = rolling_record(comparison), draw_rolling_changes(comparison, title)
    return _write(folder, "rolling_changes", rows, record, drawing)


def _write(
    folder: Path, name: str, rows: list[dict[str, Any]], record: dict[str, Any], drawing: "Drawing"
) -> list[Path]:
    paths = [folder / f"{name}.{end}" for end in ("csv", "json", "png", "svg")]
    with atomic_path(paths[0]) as temporary:
        pl.DataFrame(rows).write_csv(temporary)
    write_json(paths[1], record)
    for path, data in zip(paths[2:], (drawing.png, drawing.svg), strict=True):
        with atomic_path(path) as temporary:
            temporary.write_bytes(data)
    return paths


def comparison_record(comparison: Comparison) -> dict[str, Any]:
    """A comparison as plain data."""
    return {
        "baseline": str(comparison.baseline),
        "period": str(comparison.period),
        "baseline_days": comparison.baseline_days,
        "period_days": comparison.period_days,
        "left_out_days": comparison.left_out_days,
        "false_discovery_rate": comparison.fdr,
        "measures": len(comparison.changes),
        "found": len(comparison.found),
        "changes": [c.to_dict() for c in comparison.changes],
    }


def rolling_record(comparison: RollingComparison) -> dict[str, Any]:
    """A rolling comparison as plain data: the found changes flat, all measures by window."""
    return {
        "rolling_days": comparison.rolling.baseline_days,
        "window_days": comparison.rolling.window_days,
        "false_discovery_rate": comparison.fdr,
        "corrected": "Benjamini-Hochberg over all windows and measures together",
        "windows_compared": len(comparison.compared),
        "windows_skipped": len(comparison.skipped),
        "measures": comparison.n_measures,
        "found": [{"window": str(w.period.first), **c.to_dict()} for w, c in comparison.found],
        "windows": [
            {
                "period": str(w.period),
                "baseline": str(w.baseline),
                "period_days": w.period_days,
                "baseline_days": w.baseline_days,
                "changes": [c.to_dict() for c in w.changes],
            }
            for w in comparison.compared
        ],
        "holes": [str(hole) for hole in comparison.holes],
        "skipped": [
            {"period": str(w.period), "baseline": str(w.baseline), "reason": w.skipped}
            for w in comparison.skipped
        ],
    }
