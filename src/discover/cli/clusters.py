"""`discover cluster`."""

from pathlib import Path
from typing import Any

from discover.cli.console import BarProgress, console, print_json, print_table
from discover.clustering import ClusteringConfig, share_words
from discover.core.config import apply_overrides, config_from_mapping, read_yaml_mapping
from discover.core.errors import ConfigError
from discover.core.progress import SILENT
from discover.pipeline.cluster_page import make_cluster_page
from discover.pipeline.clusters import ClusterFolder, cluster_model
from discover.serving.apply_clusters import AppliedClusters, ApplyRequest, apply_clusters

__all__ = ["assign_windows", "cluster_windows"]


def cluster_windows(
    model: Path,
    *,
    config: Path | None,
    options: dict[str, Any],
    overrides: list[str],
    name: str | None,
    index: Path | None,
    captions: str | None,
    page: bool,
    as_json: bool,
) -> None:
    """Find clusters in a model's windows, write them and their page, and print one line per cluster."""
    values = read_yaml_mapping(config) if config is not None else {}
    values |= {key: value for key, value in options.items() if value is not None}
    settings = config_from_mapping(
        apply_overrides(values, overrides), ClusteringConfig, source=str(config or "options")
    )
    progress = SILENT if as_json else BarProgress()
    found = cluster_model(model, settings, name=name, index=index, caption_style=captions, progress=progress)
    written = make_cluster_page(model, found, index=index) if page else None
    if as_json:
        print_json(found.content)
        return
    _print_clusters(found)
    if written is not None:
        console.print(f"Page  {written}", markup=False, highlight=False, soft_wrap=True)


def assign_windows(request: ApplyRequest, *, unused: dict[str, Any], as_json: bool) -> None:
    """Assign the windows of a log, or of another index, to saved clusters, and print one line per cluster.

    Raises:
        ConfigError: An option of `unused`, which only finding clusters takes, was given.
    """
    given = [f"--{name.replace('_', '-')}" for name, value in unused.items() if value]
    if given:
        raise ConfigError(
            f"--apply takes the clusters as they were found, so {given[0]} changes nothing: leave it out, or "
            "leave --apply out to find clusters anew."
        )
    applied = apply_clusters(request, SILENT if as_json else BarProgress())
    if as_json:
        print_json(applied.content)
        return
    _print_applied(applied)


def _print_applied(applied: AppliedClusters) -> None:
    content = applied.content
    clusters = sorted(content["clusters"], key=lambda c: (-c["windows"], c["id"]))
    rows = [
        (
            c["id"],
            c["title"],
            c["windows"],
            share_words(c["share"], 1),
            share_words(c["share_found"], 1),
            c["when"],
        )
        for c in clusters
    ]
    columns = ("id", "title", "windows", "share", "when found", "hours")
    print_table(f"{content['name']}, {content['sampling']}", columns, rows)
    lines = [
        f"Mean confidence {content['confidence']:.2f}; {content['confidence_found']:.2f} in the windows of "
        f"{content['found_in']}, where the clusters were found."
    ]
    if content["health"]["noise_share"] > 0:
        lines.append(f"{content['health']['noise_share']:.0%} of the windows are in no cluster.")
    else:
        lines.append("A window like none of the clusters is in the nearest one too.")
    if applied.unseen_share > 0.01:
        lines.append(
            f"{applied.unseen_share:.0%} of the events come from sensors the model never met; "
            "they say little to it."
        )
    lines.append(f"Wrote {', '.join(path.name for path in applied.files)} to {applied.path}")
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _print_clusters(found: ClusterFolder) -> None:
    content = found.content
    clusters = sorted(content["clusters"], key=lambda c: (-c["windows"], c["id"]))
    rows = [(c["id"], c["title"], c["windows"], share_words(c["share"], 1), c["sentence"]) for c in clusters]
    health = content["health"]
    if not rows:
        console.print(
            f"0 clusters, {health['noise_share']:.0%} of the windows in none: {content['name']}, "
            f"{content['sampling']}. Try another --method or --on.",
            style="yellow",
            markup=False,
            soft_wrap=True,
        )
        _print_where(found)
        return
    print_table(f"{content['name']}, {content['sampling']}", ("id", "title", "windows", "share", ""), rows)
    spread = (
        f"{health['used']} of {health['n_clusters']} clusters used, the largest holds "
        f"{health['largest_share']:.0%}, evenness {health['entropy']:.2f}"
    )
    if health["noise_share"] > 0:
        spread += f", {health['noise_share']:.0%} of the windows in none"
    console.print(spread + ".", markup=False, highlight=False)
    if health["collapsed"]:
        console.print(
            "These clusters have collapsed: most windows share one. Try another --method or --on, a larger "
            "scan.entropy_weight, or fewer clusters.",
            style="yellow",
            markup=False,
        )
    _print_where(found)


def _print_where(found: ClusterFolder) -> None:
    state = "Wrote" if found.made else "Up to date:"
    console.print(f"{state} {found.path}", markup=False, highlight=False, soft_wrap=True)
