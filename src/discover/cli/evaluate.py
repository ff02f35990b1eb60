"""`discover evaluate`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from discover.cli.model_options import ModelOptions, Settings, with_models
from discover.cli.options import SetOption, WorkspaceOption
from discover.cli.permission_options import with_permissions

__all__ = ["evaluate"]


def _models() -> dict[str, ModelOptions]:
    from discover.evaluation.config import EvaluationConfig

    return {"settings": ModelOptions(EvaluationConfig, "What is measured (`evaluation` of a run's YAML)")}


@with_permissions
@with_models(_models)
def evaluate(
    settings: Settings,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="YAML of the run; see configs/pipelines/.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", "-m", help="Folder of a trained model with its index; needs no config."),
    ] = None,
    protocol: Annotated[
        Literal["all", "recognition", "retrieval"], typer.Option(help="With --model: what is scored.")
    ] = "all",
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
    given = list(_assignments(settings))
    if config is not None:
        if home is not None:
            raise typer.BadParameter("--home goes with --model; a run's home is in its config")
        from discover.cli.chain_output import run_steps

        overrides = [*(set_ or []), *(f"evaluation.{one}" for one in given)]
        run_steps(config, overrides, workspace, {"embed", "embed_p", "evaluate", "report"})
        return
    assert model is not None
    from discover.cli.console import BarProgress, print_written
    from discover.core.config import apply_overrides
    from discover.pipeline.evaluate_folder import evaluate_folder

    written = evaluate_folder(
        model,
        output=output,
        home=home,
        workspace=workspace,
        protocol=protocol,
        overrides=apply_overrides({}, [*(o.removeprefix("evaluation.") for o in set_ or []), *given]),
        progress=BarProgress(),
    )
    print_written(written)


def _assignments(settings: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Nested settings as the `a.b=c` that --set takes."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _assignments(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}={json.dumps(value)}"
