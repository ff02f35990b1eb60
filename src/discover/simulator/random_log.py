"""A random home as files: its log as CASAS text, its home file, and what truly happened."""

from pathlib import Path

import polars as pl

from discover.core.artifacts import atomic_path
from discover.core.progress import SILENT, Progress
from discover.core.window_set import write_home
from discover.simulator.life import RandomLife, RandomLifeConfig, simulate_random
from discover.simulator.log import text_sink

__all__ = ["write_random"]


def write_random(
    path: Path, config: RandomLifeConfig, progress: Progress = SILENT
) -> tuple[RandomLife, list[Path]]:
    """Write the log, and beside it `<log>.home.yaml` and `<log>.truth.csv`; each whole or not at all.

    A line of the log is `date time<TAB>sensor<TAB>state or reading`. It carries no annotations: the truth
    has a row per activity and person, and activities inside others.

    Raises:
        DataError: There is no kit, dwelling or naming style of that name.
        ArtifactError: The folder cannot be written.
    """
    progress.start("simulating", total=1)
    life = simulate_random(config)
    line = pl.concat_str(
        pl.col("time").dt.strftime("%Y-%m-%d %H:%M:%S%.6f"),
        pl.lit("\t"),
        pl.col("sensor").cast(pl.String),
        pl.lit("\t"),
        pl.col("value").cast(pl.String).fill_null(pl.col("state").cast(pl.String)),
    )
    stem = path.name.removesuffix(".gz").removesuffix(".txt")
    home_file, truth_file = path.with_name(f"{stem}.home.yaml"), path.with_name(f"{stem}.truth.csv")
    with atomic_path(path) as temporary, text_sink(temporary, compressed=path.suffix == ".gz") as sink:
        life.events.select(line).write_csv(sink, include_header=False, quote_style="never")
    write_home(home_file, life.home)
    with atomic_path(truth_file) as temporary:
        life.truth.write_csv(temporary)
    progress.advance(note=f"{config.days} days")
    progress.finish()
    return life, [path, home_file, truth_file]
