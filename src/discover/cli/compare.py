"""`discover compare`."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["compare"]


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
    from discover.cli.console import print_written
    from discover.core.artifacts import atomic_path, write_json, write_text
    from discover.core.shown import terminal_text
    from discover.evaluation.compare import compare_runs
    from discover.pipeline.evaluate_folder import read_runs
    from discover.reports.compare_figures import draw_comparison
    from discover.reports.markdown_compare import comparison_markdown

    result = compare_runs(read_runs(runs), samples=samples)
    text = comparison_markdown(result)
    if output is None:
        print(terminal_text(text))  # noqa: T201
        return
    written = [output.with_suffix(".md"), output.with_suffix(".json")]
    write_text(written[0], text)
    write_json(written[1], result)
    for protocol in dict.fromkeys(e["protocol"] for e in result["recognition"]):
        drawing = draw_comparison(result, protocol)
        if drawing is not None:
            written.append(output.with_name(f"{output.stem}_{protocol}.png"))
            with atomic_path(written[-1]) as temporary:
                temporary.write_bytes(drawing.png)
    print_written(written)
