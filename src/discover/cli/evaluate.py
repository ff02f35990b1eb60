"""`discover evaluate --model` and `discover compare`."""

from collections.abc import Sequence
from pathlib import Path

from discover.cli.console import BarProgress, console
from discover.core.artifacts import atomic_path, write_json, write_text
from discover.core.config import apply_overrides
from discover.core.errors import ConfigError
from discover.core.shown import terminal_text
from discover.evaluation.compare import compare_runs
from discover.pipeline.evaluate_folder import evaluate_folder, read_runs
from discover.pipeline.evaluate_stage import Protocol
from discover.reports.compare_figures import draw_comparison
from discover.reports.markdown_compare import comparison_markdown

__all__ = ["compare_folders", "evaluate_trained"]

_PROTOCOLS: tuple[Protocol, ...] = ("all", "recognition", "retrieval")


def evaluate_trained(
    model: Path,
    protocol: str,
    overrides: Sequence[str],
    output: Path | None,
    *,
    home: str | None = None,
    workspace: Path = Path(),
) -> None:
    """Score a model folder, on its own home or another one, and say where the tables are."""
    chosen = next((p for p in _PROTOCOLS if p == protocol), None)
    if chosen is None:
        raise ConfigError(f"--protocol is all, recognition or retrieval, not '{protocol}'.")
    settings = apply_overrides({}, [o.removeprefix("evaluation.") for o in overrides])
    paths = evaluate_folder(
        model,
        output=output,
        home=home,
        workspace=workspace,
        protocol=chosen,
        overrides=settings,
        progress=BarProgress(),
    )
    for path in paths:
        console.print(f"Wrote {path}", markup=False, highlight=False, soft_wrap=True)


def compare_folders(folders: Sequence[Path], output: Path | None, samples: int) -> None:
    """Print the merged table, or write it with all rows as JSON and a figure per protocol beside it."""
    result = compare_runs(read_runs(folders), samples=samples)
    text = comparison_markdown(result)
    if output is None:
        print(terminal_text(text))  # noqa: T201
        return
    write_text(output.with_suffix(".md"), text)
    write_json(output.with_suffix(".json"), result)
    written = [output.with_suffix(".md"), output.with_suffix(".json")]
    for protocol in dict.fromkeys(e["protocol"] for e in result["recognition"]):
        drawing = draw_comparison(result, protocol)
        if drawing is not None:
            written.append(output.with_name(f"{output.stem}_{protocol}.png"))
            with atomic_path(written[-1]) as temporary:
                temporary.write_bytes(drawing.png)
    for path in written:
        console.print(f"Wrote {path}", markup=False, highlight=False, soft_wrap=True)
