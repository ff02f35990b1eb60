"""What `discover run`, `check` and the single steps have in common: running stages and telling of them."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from discover.cli.console import BarProgress, console, print_table
from discover.core.artifacts import read_json
from discover.core.reading import taken_apart
from discover.pipeline import Chain, RefusedLines, run_chain
from discover.stages import Executor, Failure, Stage, StageOutcome, StagePlan

__all__ = ["print_outcome", "print_plan", "print_refused", "print_results", "run_steps"]


def run_steps(
    config: Path,
    overrides: Sequence[str],
    workspace: Path,
    names: Collection[str] | None,
    *,
    output_dir: Path | None = None,
    executor: Executor | None = None,
) -> Chain:
    """Run some stages, whose inputs must be up to date; None runs every stage that is not current."""
    return run_chain(
        config,
        overrides,
        workspace,
        output_dir=output_dir,
        only=names,
        executor=executor,
        progress=BarProgress(),
        on_outcome=print_outcome,
        on_failure=_print_failure,
    )


def _print_failure(home: str, failure: Failure) -> None:
    """Why one of several homes failed; the run goes on with the others."""
    console.print(f"✗ {home}: {failure.message}", style="bold red", markup=False, soft_wrap=True)


def print_plan(plans: Sequence[StagePlan]) -> None:
    """What a run would do with each stage, and why."""
    words = {"skip": "skip", "run": "run", "depends": "run if its input changes"}
    rows = [(_named(p.stage), p.stage.title, words[p.action], p.reason) for p in plans]
    print_table("Plan", ("stage", "what it does", "action", "why"), rows)


def _named(stage: Stage) -> str:
    return f"{stage.name} {stage.home}".rstrip()


def print_outcome(outcome: StageOutcome) -> None:
    """One line per stage."""
    counts = ", ".join(f"{n:,} {name}" for name, n in outcome.rows.items())
    if outcome.ran:
        console.print(
            f"✓ {_named(outcome.stage):<14} {outcome.seconds:6.1f} s  {counts}", markup=False, highlight=False
        )
    else:
        console.print(f"· {_named(outcome.stage):<14} up to date {counts}", markup=False, highlight=False)

    if outcome.stage.name == "import":
        print_refused(RefusedLines.of_folder(outcome.stage.folder))


def print_refused(refused: RefusedLines) -> None:
    """How many lines of the log were refused and why: loudly where they are many, nothing where none was."""
    if refused.loud:
        line = f"Warning: {refused.describe()}. `discover homes verify` shows them."
        console.print(line, style="bold yellow", markup=False, highlight=False, soft_wrap=True)
    elif refused.count:
        console.print(f"  {refused.describe()}", markup=False, highlight=False, soft_wrap=True)


def print_results(chain: Chain) -> None:
    """Example searches with answers, and where the results are."""
    model = chain.model_folders.model
    for results in chain.model_folders.results_by_home.values():
        path = results / "searches.json"
        with taken_apart(path, "Delete it and run again."):
            _print_searches(read_json(path))
        console.print(
            f"\nReport   {results / 'report.html'}\nFigures  {results / 'metrics.json'}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    console.print(
        f'Model    {model}\nAsk more: discover search {model} "..."',
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _print_searches(searches: list[dict[str, Any]]) -> None:
    for entry in searches:
        console.print(f'\nSearch: "{entry["query"]}"', markup=False)
        for answer in entry["answers"][:2]:
            rooms = " → ".join(room.replace("_", " ") for room in answer["rooms"][:5])
            head = f"{answer['start'][:19].replace('T', ' ')}  {answer['duration_s']:.0f} s  {rooms}"
            console.print(f"  {head}  (score {answer['score']:.2f})", markup=False, highlight=False)
            for line in answer["timeline"][:4]:
                console.print(f"      {line}", markup=False, highlight=False)
