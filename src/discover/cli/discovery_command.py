"""The options of `discover cluster` and `discover changes`; imports only typer, the rest when called."""

from pathlib import Path
from typing import Annotated

import typer

from discover.cli.options import SetOption

__all__ = ["changes", "cluster"]


def cluster(
    model: Annotated[Path, typer.Argument(help="Folder of a trained model, e.g. trained_models/demo/demo.")],
    log: Annotated[
        Path | None, typer.Argument(help="With --apply: raw log whose windows are assigned to the clusters.")
    ] = None,
    k: Annotated[int | None, typer.Option("--k", "-k", help="Number of clusters. Default 20.")] = None,
    method: Annotated[str | None, typer.Option(help="scan (default), temi, kmeans, gmm or hdbscan.")] = None,
    on: Annotated[
        str | None,
        typer.Option(
            help="Cluster window vectors of the model (sensor; encoder: before its head), captions, "
            "or counts per sensor (bag)."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of this clustering. Default: method and space, e.g. scan_bag.")
    ] = None,
    unfreeze: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="scan and temi on sensor or encoder: also train the last N layers of the sensor encoder "
            "(-1: all) with the clusters. Default 0: it stays as it is.",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same clusters. Default 0.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="YAML with more settings; see configs/clustering/.")
    ] = None,
    set_: SetOption = None,
    index: Annotated[
        Path | None,
        typer.Option(help="Index folder. Default: the model's only one of free-running windows."),
    ] = None,
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
        typer.Option(help="With --apply: home of the log, shipped or a YAML. Default: the model's home."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="With --apply: folder to write into. Default: clusters_of_LOG."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Step 7: find recurring behaviour and say in words what it is, without any label.

    Clusters are found on training days, and every window is assigned. Writes
    MODEL/clusters_SAMPLING_NAME/: assignments.parquet, clusters.json, clusters.csv and the fitted clustering,
    clusterer.safetensors. A stopped fit goes on where it was when the same command is given again.

    `discover cluster MODEL LOG --apply NAME` reads a new log with a fitted clustering: each of its windows
    gets one of the clusters found before, and the same files are written.
    """
    if apply is not None:
        from discover.cli.clusters import assign_windows
        from discover.serving.apply_clusters import ApplyRequest

        assign_windows(
            ApplyRequest(
                model=model, clustering=apply, log=log, home=home, index=index, output=output, page=page
            ),
            unused={
                "k": k, "method": method, "on": on, "name": name, "seed": seed is not None,
                "unfreeze": unfreeze is not None, "config": config, "set": set_, "captions": captions,
            },
            as_json=as_json,
        )  # fmt: skip
        return
    for value, what in ((log, "a log"), (home, "--home"), (output, "--output")):
        if value is not None:
            raise typer.BadParameter(f"{what} goes with --apply NAME, the clustering to read it with")
    from discover.cli.clusters import cluster_windows

    cluster_windows(
        model,
        config=config,
        options={"k": k, "method": method, "on": on, "seed": seed},
        # Last, so that --set scan={...} does not undo it.
        overrides=[*(set_ or []), *([] if unfreeze is None else [f"scan.unfreeze.layers={unfreeze}"])],
        name=name,
        index=index,
        captions=captions,
        page=page,
        as_json=as_json,
    )


def changes(
    model: Annotated[Path, typer.Argument(help="Folder of a trained model, e.g. trained_models/demo/demo.")],
    baseline: Annotated[
        str | None,
        typer.Option(help="Month (2009-07), day, or range (2009-07-01..2009-07-20) to compare with."),
    ] = None,
    period: Annotated[str | None, typer.Option(help="Month, day or range that is compared.")] = None,
    rolling: Annotated[
        int | None,
        typer.Option(
            help="Instead of two periods: compare every window with this many days before it, e.g. 28."
        ),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(
            help="Days of a window of --rolling. Default 7. Not fewer than --min-days: with a day missing, a "
            "window of 7 is skipped unless --min-days is lower."
        ),
    ] = None,
    by: Annotated[
        str, typer.Option(help="Count by cluster, room, object, activity, or company (callers at the door).")
    ] = "cluster",
    clusters: Annotated[
        str | None, typer.Option(help="Name of the clustering, where there are several.")
    ] = None,
    index: Annotated[Path | None, typer.Option(help="Index folder, where the model has several.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write CSV, JSON and a picture here.")
    ] = None,
    fdr: Annotated[float | None, typer.Option(help="False discovery rate accepted. Default 0.05.")] = None,
    min_days: Annotated[
        int | None, typer.Option(help="Fewest usable days per side, 4 or more. Default 7.")
    ] = None,
    page: Annotated[
        bool, typer.Option("--page", help="(Re)write the cluster page; --baseline may then be left out.")
    ] = False,
    show_all: Annotated[bool, typer.Option("--all", help="Also list what did not change.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Compare two periods, or each week with those before it: what became more, less, earlier or later.

    Days are the unit: shares of observed time, in a test that allows for neighbouring days that resemble each
    other, with all tests corrected together (with --rolling: over all windows and measures).
    """
    from discover.cli.changes import show_changes

    show_changes(
        model,
        baseline=baseline,
        period=period,
        rolling=rolling,
        window=window,
        by=by,
        clusters=clusters,
        index=index,
        output=output,
        settings={"fdr": fdr, "min_days": min_days},
        page=page,
        show_all=show_all,
        as_json=as_json,
    )
