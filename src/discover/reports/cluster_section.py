"""The section of a report on clusters: their titles, shares, hours, examples and a link to their page."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from discover.clustering import share_words
from discover.core.reading import taken_apart
from discover.reports.cluster_page import example_lines
from discover.reports.pages import ClusterCard, ClusteringSummary, Section, render_section

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
    """A clustering of the model that a report shows.

    Attributes:
        content: What its clusters.json holds.
        page: Link to its page, relative to the report; empty where it has none.
        current: False when it was found with another model than the one reported on.
    """

    content: Mapping[str, Any]
    page: str = ""
    current: bool = True


def clusters_section(notes: Sequence[ClusteringNote]) -> Section:
    """The section; without a clustering it says how to make one."""
    current = [c for c in notes if c.current]
    old = [str(c.content["name"]) for c in notes if not c.current]
    text = "" if current else "No clusters yet: `discover cluster` with this model's folder finds them."
    note = ""
    if old:
        note = (
            f"Found with an earlier model and left out: {', '.join(old)}. Run `discover cluster` again with "
            "the same settings."
        )
    with taken_apart("clusters.json", "Run `discover cluster` again."):
        summaries = [_summary(clustering) for clustering in current]
    return Section("clusters", "Clusters", text, note=note, clusterings=summaries)


def with_clusters_section(page: str, notes: Sequence[ClusteringNote]) -> str:
    """A report with a new section on clusters; a report without such a section stays as it is."""
    return _SECTION.sub(lambda _: render_section(clusters_section(notes)), page, count=1)


def _summary(note: ClusteringNote) -> ClusteringSummary:
    content = note.content
    config, health = content["config"], content["health"]
    rows = [
        ClusterCard(
            c["id"],
            c["title"],
            share_words(c["share"], 1),
            c["sentence"],
            c.get("when", ""),
            example_lines(c),
        )
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
    return ClusteringSummary(content["name"], text, note.page, rows[:_SHOWN], rows[_SHOWN:])
