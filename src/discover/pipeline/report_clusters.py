"""Clusterings and the report of one model find each other, whichever is made later.

The report stage reads every clustering of its model, and notes in the model's folder where the report is. A
clustering made later writes the report's section anew; the report's manifest then names what it shows, so
the next run leaves it as it is.
"""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from discover.core.artifacts import (
    file_sha256,
    folder_lock,
    read_json,
    read_manifest,
    write_json,
    write_text,
)
from discover.core.reading import mapping_of, taken_apart
from discover.retrieval.clusters import CLUSTERS_FILE, read_clusters

if TYPE_CHECKING:
    from discover.reports.cluster_section import ClusteringNote

__all__ = ["clustering_files", "clustering_notes", "note_report", "refresh_report"]

_NOTE, _PAGE = "report.json", "clusters.html"
_MANIFEST, _REPORT = "manifest_report.json", "report.html"


def clustering_files(model: Path) -> dict[str, Path]:
    """What a report reads of a model's clusterings, by input name."""
    found = {}
    for path in sorted(model.glob(f"clusters_*/{CLUSTERS_FILE}")):
        found[path.parent.name] = path
        if (path.parent / _PAGE).is_file():
            found[f"{path.parent.name} page"] = path.parent / _PAGE
    return found


def clustering_notes(model: Path, results: Path) -> "list[ClusteringNote]":
    """The model's own clusterings as its report tells them; those assigned from elsewhere are left out.

    Args:
        model: Folder of the model.
        results: Folder of the report; links are relative to it, so that a workspace can be moved.
    """
    from discover.reports.cluster_section import ClusteringNote

    sha256 = file_sha256(model / "best_model.pt")
    notes = []
    for path in sorted(model.glob(f"clusters_*/{CLUSTERS_FILE}")):
        content = read_clusters(path)
        if "found_in" in content:
            continue
        page = path.parent / _PAGE
        link = Path(os.path.relpath(page, results)).as_posix() if page.is_file() else ""
        notes.append(ClusteringNote(content, link, content.get("model_sha256", sha256) == sha256))
    return notes


def note_report(model: Path, results: Path) -> None:
    """Write into the model's folder where its report is, relative to it."""
    write_json(model / _NOTE, {"results": os.path.relpath(results, model)})


def refresh_report(model: Path) -> Path | None:
    """Write the report's section on clusters anew; the report's path, or None where nothing changed."""
    if not (model / _NOTE).is_file():
        return None
    with taken_apart(model / _NOTE, "Run `discover run` again."):
        note = mapping_of(read_json(model / _NOTE), model / _NOTE, "results")
        results = Path(os.path.normpath(model / note["results"]))
    report = results / _REPORT
    if not report.is_file():
        return None
    from discover.reports.cluster_section import with_clusters_section

    with folder_lock(results):
        before = report.read_text(encoding="utf-8")
        after = with_clusters_section(before, clustering_notes(model, results))
        if after == before:
            return None
        manifest = read_manifest(results / _MANIFEST)
        digest = hashlib.sha256(after.encode()).hexdigest()
        if manifest is not None and manifest.outputs.get(_REPORT) == file_sha256(report):
            others = {k: v for k, v in manifest.inputs.items() if not k.startswith("clusters_")}
            shown = {name: file_sha256(path) for name, path in clustering_files(model).items()}
            outputs = {**manifest.outputs, _REPORT: digest}
            told = manifest.model_copy(update={"inputs": others | shown, "outputs": outputs})
            # Before the report: a run killed in between leaves a report that is written anew next time, and
            # then is the one the manifest names.
            write_text(results / _MANIFEST, told.model_dump_json(indent=1) + "\n")
        write_text(report, after)
    return report
