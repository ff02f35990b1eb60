"""The report's section on clusters: what was found, how often and when, with example moments and a link."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from discover.clustering import share_words
from discover.core.reading import taken_apart
from discover.reports.cluster_page import example_lines
from discover.reports.pages import page_environment

__all__ = ["ClusteringNote", "clusters_section", "with_clusters_section"]

_SHOWN = 10
_METHODS = {
    "scan": "SCAN",
    "temi": "TEMI",
    "kmeans": "k-means",
    "gmm": "a Gaussian mixture",
    "hdbscan": "HDBSCAN",
}
_SPACES = {
    "sensor": "the model's window vectors",
    "encoder": "window vectors before the projection head",
    "captions": "caption vectors",
    "bag": "counts per sensor",
}
_SECTION = re.compile(r'<section id="clusters">.*?</section>\n', re.DOTALL)


@dataclass(frozen=True)
class ClusteringNote:
    """A clustering of the model as the report tells it.

    Attributes:
        content: What its clusters.json holds.
        page: Link to its page, relative to the report; empty where it has none.
        current: False when it was found with another model than the one reported on.
    """

    content: Mapping[str, Any]
    page: str = ""
    current: bool = True


def clusters_section(notes: Sequence[ClusteringNote]) -> dict[str, Any]:
    """The section as plain data for the template; where there is no clustering it says how to make one."""
    current = [note for note in notes if note.current]
    old = [str(note.content["name"]) for note in notes if not note.current]
    text = "" if current else "No clusters yet: `discover cluster` with this model's folder finds them."
    missing = ""
    if old:
        missing = (
            f"Found with an earlier model and left out: {', '.join(old)}. Run `discover cluster` again with "
            "the same settings."
        )
    with taken_apart("clusters.json", "Run `discover cluster` again."):
        told = [_clustering(note) for note in current]
    return {"id": "clusters", "title": "Clusters", "text": text, "missing": missing, "clusterings": told}


def with_clusters_section(page: str, notes: Sequence[ClusteringNote]) -> str:
    """A report with its section on clusters written anew; one without such a section stays as it is."""
    section: dict[str, Any] = {"figures": [], "tables": [], "folded": [], "stages": [], "searches": []}
    template = page_environment().get_template("section.html.j2")
    written = template.module.section(section | clusters_section(notes))  # type: ignore[attr-defined]
    return _SECTION.sub(lambda _: str(written), page, count=1)


def _clustering(note: ClusteringNote) -> dict[str, Any]:
    content = note.content
    config, health = content["config"], content["health"]
    rows = [
        {
            "id": c["id"],
            "title": c["title"],
            "sentence": c["sentence"],
            "share": share_words(c["share"], 1),
            "when": c.get("when", ""),
            "examples": example_lines(c),
        }
        for c in sorted(content["clusters"], key=lambda c: (-c["windows"], c["id"]))
    ]
    text = (
        f"{len(rows)} clusters of {content['sampling']}, found by {_METHODS[config['method']]} in "
        f"{_SPACES[config['on']]}. Numbers are of {content['described_from']}; no label was read."
    )
    if health["noise_share"] > 0:
        text += f" {health['noise_share']:.0%} of the windows are in none."
    if health["collapsed"]:
        text += " They have collapsed: most windows share one cluster, or most clusters are empty."
    return {
        "name": content["name"],
        "text": text,
        "page": note.page,
        "parts": [part for part in (rows[:_SHOWN], rows[_SHOWN:]) if part],
    }
