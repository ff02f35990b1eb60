"""Recurring behaviour, as it is shown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from discover.api.shown import Part, Shown, Table
from discover.clustering import CLUSTERER_FILE, ClusteringConfig, share_words
from discover.core.config import config_from_mapping
from discover.core.tables import ASSIGNMENTS
from discover.core.window_set import read_table
from discover.retrieval.clusters import ASSIGNMENTS_FILE, CLUSTERS_FILE, clustering_name, read_clusters
from discover.serving.apply_clusters import AppliedClusters, find_saved

if TYPE_CHECKING:
    from discover.api.opened import OpenedHome

__all__ = ["AppliedResult", "ClustersResult", "clusters_of"]


def clusters_of(
    opened: "OpenedHome", name: str | None, home: str | None, settings: Mapping[str, Any]
) -> "ClustersResult":
    """`OpenedHome.clusters`."""
    from discover.api.raw_log import cluster_inputs
    from discover.pipeline.clusters import cluster_model

    prefix = clustering_name(opened.samplings[0].name, "")
    made = sorted(p.parent.name for p in opened.folder.glob(f"{prefix}*/{CLUSTERER_FILE}"))
    # A raw log may have grown, so its clusters are looked at again; windows of a model stay.
    if not settings and (name is not None or (made and opened.prepared is None)):
        folder = find_saved(opened.folder, name or (made[0] if len(made) == 1 else ""))
        return ClustersResult(folder, read_clusters(folder / CLUSTERS_FILE), made=False)
    inputs = None
    if opened.prepared is not None:
        inputs = cluster_inputs(opened.prepared, opened.searcher)
        settings = {**_raw_settings(len(inputs.ids), settings), **settings}
    found = cluster_model(
        opened.folder,
        config_from_mapping(settings, ClusteringConfig, source="clustering"),
        name=name, index=opened.index, home=home, caption_style=opened.caption_style, inputs=inputs,
        progress=opened.progress,
    )  # fmt: skip
    return ClustersResult(found.path, found.content, found.made)


def _raw_settings(windows: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """Nothing is trained for a raw log, so no heads are either; a short one has fewer clusters."""
    small = windows // 9
    if given.keys() & {"k", "merge_from"} or small >= ClusteringConfig().k:
        return {"method": "kmeans"}
    return {"method": "kmeans", "k": max(small, 2), "merge_from": max(windows // 3, 2)}


@dataclass(frozen=True)
class ClustersResult(Shown):
    """The clusters of a model's windows, with titles and sentences.

    Attributes:
        path: The clustering's folder.
        content: What its clusters.json holds.
        made: Whether it was computed just now.
    """

    path: Path
    content: Mapping[str, Any]
    made: bool

    @cached_property
    def assignments(self) -> pl.DataFrame:
        """One row per window: window_id, cluster (-1: none), confidence."""
        return read_table(self.path / ASSIGNMENTS_FILE, ASSIGNMENTS)

    @property
    def table(self) -> pl.DataFrame:
        """One row per cluster, the largest first: id, title, windows, share, when, sentence."""
        names = ("id", "title", "windows", "share", "when", "sentence")
        return pl.DataFrame([{name: c[name] for name in names} for c in _largest_first(self.content)])

    def parts(self) -> Iterator[Part]:
        """A table of the clusters, and how evenly windows are spread over them."""
        content, health = self.content, self.content["health"]
        clusters = _largest_first(content)
        if not clusters:
            yield (
                f"0 clusters, {health['noise_share']:.0%} of the windows in none: {content['name']}, "
                f"{content['sampling']}. Try another --method or --on."
            )
        else:
            rows = [(c["id"], c["title"], c["windows"], share_words(c["share"], 1), c["sentence"])
                    for c in clusters]  # fmt: skip
            title = f"{content['name']}, {content['sampling']}"
            yield Table(("id", "title", "windows", "share", ""), rows, title)
            spread = (
                f"{health['used']} of {health['n_clusters']} clusters used, the largest holds "
                f"{health['largest_share']:.0%}, evenness {health['entropy']:.2f}"
            )
            if health["noise_share"] > 0:
                spread += f", {health['noise_share']:.0%} of the windows in none"
            yield spread + "."
            if health["collapsed"]:
                yield (
                    "These clusters have collapsed: most windows share one. Try another --method or --on, a "
                    "larger scan.entropy_weight, or fewer clusters."
                )
        yield f"{'Wrote' if self.made else 'Up to date:'} {self.path}"


@dataclass(frozen=True)
class AppliedResult(Shown):
    """The windows of another log in the clusters that were found before."""

    applied: AppliedClusters

    def parts(self) -> Iterator[Part]:
        """A table of the clusters now and where they were found, and how well the windows fit."""
        applied, content = self.applied, self.applied.content
        rows = [
            (c["id"], c["title"], c["windows"], share_words(c["share"], 1),
             share_words(c["share_found"], 1), c["when"])
            for c in _largest_first(content)
        ]  # fmt: skip
        columns = ("id", "title", "windows", "share", "when found", "hours")
        yield Table(columns, rows, f"{content['name']}, {content['sampling']}")
        yield (
            f"Mean confidence {content['confidence']:.2f}; {content['confidence_found']:.2f} in the windows "
            f"of {content['found_in']}, where the clusters were found."
        )
        if content["health"]["noise_share"] > 0:
            yield f"{content['health']['noise_share']:.0%} of the windows are in no cluster."
        else:
            yield "A window like none of the clusters is in the nearest one too."
        if applied.unseen_share > 0.01:
            yield (
                f"{applied.unseen_share:.0%} of the events come from sensors the model never met; "
                "they say little to it."
            )
        yield f"Wrote {', '.join(path.name for path in applied.files)} to {applied.path}"


def _largest_first(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    return sorted(content["clusters"], key=lambda c: (-c["windows"], c["id"]))
