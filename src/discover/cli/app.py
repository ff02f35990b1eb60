"""The `discover` command. Only typer is imported here; each command imports what it needs."""

from pathlib import Path
from typing import Annotated

import typer

from discover.cli.discovery_command import changes, cluster
from discover.cli.homes import homes_app
from discover.cli.options import AcceptRefusedOption, ConfigOption, SetOption, WorkspaceOption, with_accepted
from discover.cli.permission_options import with_permissions
from discover.cli.search_command import search

__all__ = ["app"]

app = typer.Typer(
    name="discover",
    help=(
        "Search, recognise and explore smart-home sensor logs in plain language, without activity labels.\n\n"
        "Start with `discover run --config configs/pipelines/demo.yaml`, then "
        '`discover search trained_models/demo/demo "someone opens the fridge at night"`.'
    ),
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(homes_app, name="homes")


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Options before the command."""
    if version:
        from discover import __version__

        typer.echo(__version__)
        raise typer.Exit
    del context


@app.command()
@with_permissions
def run(
    config: ConfigOption,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would run and why; run nothing.")
    ] = False,
    accept_refused: AcceptRefusedOption = False,
    set_: SetOption = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Run the whole chain: log → windows → captions → text vectors → model → evaluation → report.

    Stages whose settings and inputs have not changed are skipped; a run that was stopped, or killed,
    goes on where it was when the same command is given again.
    """
    from discover.cli.chain import run_whole_chain

    run_whole_chain(config, with_accepted(set_, accept_refused), workspace, dry_run=dry_run)


@app.command()
def check(
    config: ConfigOption,
    accept_refused: AcceptRefusedOption = False,
    set_: SetOption = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Check a run's settings, files and combinations. Trains nothing, writes nothing."""
    from discover.cli.chain import check_config

    check_config(config, with_accepted(set_, accept_refused), workspace)


@app.command()
def sample(
    config: ConfigOption,
    accept_refused: AcceptRefusedOption = False,
    set_: SetOption = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Step 1: read the log if needed, and cut it into windows."""
    from discover.cli.chain import run_steps

    names = {"simulate", "import", "sample", "sample_p"}
    run_steps(config, with_accepted(set_, accept_refused), workspace, names)


@app.command()
def caption(config: ConfigOption, set_: SetOption = None, workspace: WorkspaceOption = Path()) -> None:
    """Step 3: describe windows in words."""
    from discover.cli.chain import run_steps

    run_steps(config, set_ or [], workspace, {"caption", "caption_p"})


@app.command("encode-text")
@with_permissions
def encode_text(config: ConfigOption, set_: SetOption = None, workspace: WorkspaceOption = Path()) -> None:
    """Step 4: turn captions into text vectors."""
    from discover.cli.chain import run_steps

    run_steps(config, set_ or [], workspace, {"encode-text", "encode-text_p"})


@app.command()
@with_permissions
def align(config: ConfigOption, set_: SetOption = None, workspace: WorkspaceOption = Path()) -> None:
    """Steps 2 and 5: train the sensor encoder and the heads into one space with the captions."""
    from discover.cli.chain import run_steps

    run_steps(config, set_ or [], workspace, {"align"})


@app.command()
@with_permissions
def evaluate(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="YAML of the run; see configs/pipelines/.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", "-m", help="Folder of a trained model with its index; needs no config."),
    ] = None,
    protocol: Annotated[str, typer.Option(help="With --model: all, recognition or retrieval.")] = "all",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="With --model: folder to write into. Default: MODEL/evaluation."),
    ] = None,
    home: Annotated[
        str | None,
        typer.Option(
            "--home",
            help="With --model: score it on the windows of another home (data/processed of --workspace).",
        ),
    ] = None,
    set_: SetOption = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Score recognition and retrieval on the test days (docs/protocol.md).

    With --config: the run's model, as part of its chain, and the report. With --model: any trained model
    folder that has an index; metrics and the answers of every row are written into it.
    """
    if (config is None) == (model is None):
        raise typer.BadParameter("give either --config or --model")
    if model is not None:
        from discover.cli.evaluate import evaluate_trained

        evaluate_trained(model, protocol, set_ or [], output, home=home, workspace=workspace)
        return
    if home is not None:
        raise typer.BadParameter("--home goes with --model; a run's home is in its config")
    assert config is not None
    from discover.cli.chain import run_steps

    run_steps(config, set_ or [], workspace, {"embed", "embed_p", "evaluate", "report"})


@app.command()
def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="Results folders or model folders; the first is compared with.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write NAME.md, NAME.json and figures.")
    ] = None,
    samples: Annotated[int, typer.Option(min=10, help="Bootstrap samples of test days.")] = 1000,
) -> None:
    """Merge evaluations into one table, with paired intervals of each against the first.

    Rows with few labels are means over draws of the labelled windows; their intervals are over days too.
    """
    from discover.cli.evaluate import compare_folders

    compare_folders(runs, output, samples)


@app.command()
def export(
    config: ConfigOption,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write into.")],
    set_: SetOption = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Write a run's windows, captions and text vectors as discover-v2's files (JSON and NPZ per split)."""
    from discover.cli.chain import export_files

    export_files(config, set_ or [], workspace, output)


@app.command()
@with_permissions
def train(
    config: ConfigOption,
    run_full_pipeline: Annotated[
        bool, typer.Option("--run-full-pipeline", help="First make windows, captions and vectors.")
    ] = False,
    resume: Annotated[Path | None, typer.Option(help="Go on from this checkpoint_step_*.pt.")] = None,
    output_dir: Annotated[
        Path | None, typer.Option(help="Folder for this model, instead of the config's output_dir.")
    ] = None,
    set_: SetOption = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Train an alignment model from a config (what `python train.py` does)."""
    from discover.cli.training import train_model

    train_model(
        config,
        set_ or [],
        workspace,
        run_full_pipeline=run_full_pipeline,
        resume=resume,
        output_dir=output_dir,
    )


app.command()(with_permissions(search))


@app.command()
@with_permissions
def recognise(
    model: Annotated[Path, typer.Argument(help="Folder of a trained model, e.g. trained_models/demo/demo.")],
    log: Annotated[
        Path | None, typer.Argument(help="Raw log to read. Default: the windows the model has indexed.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write into.")] = Path("timeline"),
    home: Annotated[
        str | None, typer.Option(help="Home of the log, shipped or a YAML. Default: the model's home.")
    ] = None,
    day: Annotated[
        list[str] | None, typer.Option(help="Only this day, such as 2009-07-21. Repeatable.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Without a log: train, val or test days only.")] = None,
    prompts: Annotated[
        Path | None, typer.Option(help="YAML with activities of your own: one line of sentences each.")
    ] = None,
    index: Annotated[
        Path | None,
        typer.Option(help="Index folder. Default: the model's only one of free-running windows."),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="prompts: the nearest sentences answer. self_trained: a student that they teach answers. "
            "Default: self_trained where the windows' caption vectors are still there, else prompts."
        ),
    ] = None,
    captions: Annotated[
        str | None, typer.Option(help="Captions that help to teach, where windows have several styles.")
    ] = None,
    smoothing_s: Annotated[
        float | None, typer.Option(help="Width in seconds of the averaging over neighbours. Default 60.")
    ] = None,
    unknown_share: Annotated[
        float | None,
        typer.Option(help="Share of ordinary windows to call unknown, 0 to name all. Default 0.5."),
    ] = None,
    balance: Annotated[
        float | None,
        typer.Option(help="Method prompts: pull activities towards equal shares, 0 to 1. Default 0."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Say what was done when: a timeline of activities for a log, without any label.

    Writes timeline_windows and timeline_segments (.parquet and .csv) and a day-by-day picture.
    """
    from discover.cli.recognise import recognise_log

    recognise_log(
        model,
        log,
        output=output,
        home=home,
        index=index,
        split=split,
        days=day or [],
        prompts=prompts,
        method=method,
        captions=captions,
        settings={"smoothing_s": smoothing_s, "unknown_share": unknown_share, "balance": balance},
        as_json=as_json,
    )


app.command()(with_permissions(cluster))
app.command()(with_permissions(changes))
