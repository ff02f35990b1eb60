"""`discover run`, `check` and the single steps."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from discover.cli.console import BarProgress, console, print_table
from discover.core.artifacts import read_json
from discover.core.errors import ConfigError
from discover.core.reading import taken_apart
from discover.pipeline import Chain, RefusedLines, build_chain, check_log, check_run, export_v2, run_chain
from discover.stages import StageOutcome, StagePlan, plan_stages

__all__ = [
    "check_config",
    "export_files",
    "print_outcome",
    "print_refused",
    "print_results",
    "run_steps",
    "run_whole_chain",
]


def run_whole_chain(config: Path, overrides: Sequence[str], workspace: Path, *, dry_run: bool) -> None:
    """Run every stage that is not current, then say where the results are."""
    if dry_run:
        _print_plan(plan_stages(build_chain(config, overrides, workspace).stages))
        return
    chain = run_chain(config, overrides, workspace, progress=BarProgress(), on_outcome=print_outcome)
    print_results(chain)


def run_steps(config: Path, overrides: Sequence[str], workspace: Path, names: Collection[str]) -> None:
    """Run some stages; everything they need must be up to date."""
    run_chain(config, overrides, workspace, only=names, progress=BarProgress(), on_outcome=print_outcome)


def check_config(config: Path, overrides: Sequence[str], workspace: Path) -> None:
    """Say what a run would do, after checking settings and files."""
    chain = build_chain(config, overrides, workspace)
    plans = plan_stages(chain.stages)
    check_run(chain, plans)
    refused = check_log(chain, plans)
    _print_plan(plans)
    if refused is not None:
        print_refused(refused)
    console.print("The config is valid. Nothing was run.", markup=False)


def export_files(config: Path, overrides: Sequence[str], workspace: Path, output: Path) -> None:
    """Write discover-v2's files into an empty or new folder."""
    if output.is_dir() and any(output.iterdir()):
        raise ConfigError(f"{output} is not empty. Give another --output; nothing is overwritten unasked.")
    paths = export_v2(build_chain(config, overrides, workspace), output)
    for path in paths:
        console.print(f"Wrote {path}", markup=False, soft_wrap=True)


def _print_plan(plans: Sequence[StagePlan]) -> None:
    words = {"skip": "skip", "run": "run", "depends": "run if its input changes"}
    rows = [(p.stage.name, p.stage.title, words[p.action], p.reason) for p in plans]
    print_table("Plan", ("stage", "what it does", "action", "why"), rows)


def print_outcome(outcome: StageOutcome) -> None:
    """One line per stage."""
    counts = ", ".join(f"{n:,} {name}" for name, n in outcome.rows.items())
    if outcome.ran:
        console.print(
            f"✓ {outcome.stage.name:<14} {outcome.seconds:6.1f} s  {counts}", markup=False, highlight=False
        )
    else:
        console.print(f"· {outcome.stage.name:<14} up to date {counts}", markup=False, highlight=False)

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
    results = chain.model_folders.results
    path = results / "searches.json"
    with taken_apart(path, "Delete it and run again."):
        _print_searches(read_json(path))
    model = chain.model_folders.model
    console.print(
        f"\nModel    {model}\nReport   {results / 'report.html'}\nFigures  {results / 'metrics.json'}\n"
        f'Ask more: discover search {model} "..."',
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
