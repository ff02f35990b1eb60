"""`discover homes simulate`."""

from pathlib import Path
from typing import Annotated

import typer

from discover.cli.homes.options import DataOption
from discover.cli.model_options import ModelOptions, Settings, with_models

__all__ = ["simulate"]


def _models() -> dict[str, ModelOptions]:
    from discover.simulator import RandomLifeConfig, SimulatorConfig

    shared = ("seed", "days", "residents", "start")
    return {
        "settings": ModelOptions(SimulatorConfig, "Whose life, and how noisy the log is"),
        "drawn": ModelOptions(
            RandomLifeConfig, "With --random: what is else drawn from the seed", skip=shared
        ),
    }


@with_models(_models)
def simulate(
    settings: Settings,
    drawn: Settings,
    like: Annotated[str, typer.Option(help="Home whose sensors and rooms to live in.")] = "demo",
    random: Annotated[
        bool, typer.Option("--random", help="A random home with a home file and a table of what happened.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; .gz compresses.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it is there.")] = False,
    workspace: DataOption = Path(),
) -> None:
    """Simulate life in a home and write its log as CASAS text with annotations."""
    from discover.cli.console import BarProgress, console
    from discover.core.config import config_from_mapping
    from discover.core.errors import DataError
    from discover.core.paths import Workspace
    from discover.homes import load_home
    from discover.simulator import RandomLifeConfig, SimulatorConfig, write_random, write_simulated

    if drawn and not random:
        raise DataError(
            f"--{next(iter(drawn))} belongs to a random home, but --random was not given. Add it."
        )
    usual = config_from_mapping({} if random else settings, SimulatorConfig, source="options")
    home = load_home(like)
    name = f"random_{settings.get('seed', 0)}" if random else home.name
    path = output or Workspace(workspace).raw(home.family, name) / f"{name}_simulated.txt.gz"
    if path.exists() and not force:
        raise DataError(f"{path} is there already. Give --output for another file, or --force to replace it.")
    if random:
        values = {"days": usual.days, **settings, **drawn}
        config = config_from_mapping(values, RandomLifeConfig, source="options of --random")
        life, paths = write_random(path, config, progress=BarProgress())
        facts = f"{life.facts['dwelling']}, {life.facts['residents']} residents, kit {life.facts['kit']}"
        shown = ", ".join(map(str, paths))
        console.print(f"Wrote {len(life.events):,} events of {config.days} days ({facts}) to {shown}")
        return
    summary = write_simulated(path, home, usual, progress=BarProgress())
    console.print(f"Wrote {summary.events:,} events of {usual.days} days to {path}")
