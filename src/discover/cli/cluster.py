"""`discover cluster`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from discover.cli.model_options import ModelOptions, Settings, with_models
from discover.cli.options import IndexOption, JsonOption, ModelArgument, SetOption
from discover.cli.permission_options import with_permissions

__all__ = ["cluster"]


def _models() -> dict[str, ModelOptions]:
    from discover.clustering.config import ClusteringConfig

    decided = ("scan.n_clusters", "scan.objective", "scan.seed")
    also = {"k": ("-k",), "scan.unfreeze.layers": ("--unfreeze",)}
    return {"settings": ModelOptions(ClusteringConfig, "How to cluster", skip=decided, also=also)}


@with_permissions
@with_models(_models)
def cluster(
    model: ModelArgument,
    settings: Settings,
    log: Annotated[
        Path | None, typer.Argument(help="With --apply: raw log whose windows are assigned to the clusters.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of this clustering. Default: method and space, e.g. scan_bag.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="YAML with more settings; see configs/clustering/.")
    ] = None,
    set_: SetOption = None,
    index: IndexOption = None,
    captions: Annotated[str | None, typer.Option(help="Caption style, where windows have several.")] = None,
    page: Annotated[
        bool, typer.Option(help="Also write clusters.html: where, when, how long, what follows what.")
    ] = True,
    apply: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Find nothing: assign the windows of LOG (or of another --index) to the clusters of this "
            "clustering, given by name or folder.",
        ),
    ] = None,
    home: Annotated[
        str | None,
        typer.Option(
            help="Which home of an index of several; with --apply LOG, home of the log: one of the model's, "
            "shipped or a YAML. Default: the model's home."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="With --apply: folder to write into. Default: clusters_of_LOG."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Step 7: find recurring behaviour and say in words what it is, without any label.

    Clusters are found on training days, and every window is assigned. Writes
    MODEL/clusters_SAMPLING_NAME/: assignments.parquet, clusters.json, clusters.csv and the fitted clustering,
    clusterer.safetensors. A stopped fit goes on where it was when the same command is given again.

    `discover cluster MODEL LOG --apply NAME` reads a new log with a fitted clustering: each of its windows
    gets one of the clusters found before, and the same files are written.
    """
    from discover.cli.console import BarProgress, console, print_json, print_result
    from discover.core.progress import SILENT

    progress = SILENT if as_json else BarProgress()
    if apply is not None:
        from discover.api.clusters_result import AppliedResult
        from discover.serving.apply_clusters import ApplyRequest, apply_clusters

        _refuse({**settings, "name": name, "config": config, "set": set_, "captions": captions})
        request = ApplyRequest(
            model=model, clustering=apply, log=log, home=home, index=index, output=output, page=page
        )
        applied = apply_clusters(request, progress)
        if as_json:
            print_json(applied.content)
        else:
            print_result(AppliedResult(applied))
        return
    for value, what in ((log, "a log"), (output, "--output")):
        if value is not None:
            raise typer.BadParameter(f"{what} goes with --apply NAME, the clustering to read it with")
    from discover.api.clusters_result import ClustersResult
    from discover.clustering.config import ClusteringConfig
    from discover.core.config import apply_overrides, config_from_mapping, merged, read_yaml_mapping
    from discover.pipeline.cluster_page import make_cluster_page
    from discover.pipeline.clusters import cluster_model

    values = apply_overrides(read_yaml_mapping(config) if config is not None else {}, set_ or [])
    chosen = config_from_mapping(merged(values, settings), ClusteringConfig, source=str(config or "options"))
    found = cluster_model(
        model, chosen, name=name, index=index, home=home, caption_style=captions, progress=progress
    )
    written = make_cluster_page(model, found, index=index) if page else None
    if as_json:
        print_json(found.content)
        return
    print_result(ClustersResult(found.path, found.content, found.made))
    if written is not None:
        console.print(f"Page  {written}", highlight=False, soft_wrap=True)


def _refuse(unused: dict[str, Any]) -> None:
    """Refuse an option that only finding clusters takes."""
    from discover.core.errors import ConfigError

    given = [f"--{name.replace('_', '-')}" for name, value in unused.items() if value is not None]
    if given:
        raise ConfigError(
            f"--apply takes the clusters as they were found, so {given[0]} changes nothing: leave it out, or "
            "leave --apply out to find clusters anew."
        )
