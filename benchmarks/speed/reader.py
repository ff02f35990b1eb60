"""How long a raw CASAS log takes to become typed events, against polars reading the same file into columns.

    python -m benchmarks.speed.reader [--log FILE] [--pairs 9]

Both sides run in turn in this process (docs/protocol.md, "Speed, memory, scale").
Side A: file -> events and annotations (`read_casas(...).events(...)`), that is times as integers, sensors and
states as enums, repeats and damage set apart, markers paired.
Side B: `polars.scan_csv(...).collect()` into four columns, once as plain text, and once with the time column
read as a time, which is nearer to what side A hands over.
"""

import argparse
import statistics
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.harness import PairedTiming, data_root, markdown_table, time_pairs
from discover.homes import import_log
from discover.homes._bytes import read_log_bytes
from discover.homes._cutting import CUTTERS
from discover.homes.casas_reader import read_casas

__all__ = ["run"]


def run(log: Path | None = None, *, pairs: int = 9) -> dict[str, Any]:
    """Time the reader on one log; print a Markdown table and return its figures.

    Args:
        log: The log, by default bosch_b2 where the real data is, else an invented log of 250,000 lines.
        pairs: Interleaved pairs, at least five.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, plain = _plain_log(log, Path(folder))
        lines = plain.read_bytes().count(b"\n")
        sides = {
            "into text columns": lambda: _scan(plain, pl.String),
            "into columns, times parsed": lambda: _scan(plain, pl.Datetime("us")),
        }
        timings = {
            name: time_pairs(lambda: _events(plain), side, pairs=pairs) for name, side in sides.items()
        }
        whole = time_pairs(lambda: import_log(plain), sides["into text columns"], pairs=pairs)
    figures: dict[str, Any] = {"log": source, "lines": lines, "polars_threads": pl.thread_pool_size()}
    figures["reader_threads"] = 1 + CUTTERS
    rows = []
    for name, timing in timings.items():
        figures[f"file to events / scan_csv {name}"] = _figures(timing)
        rows.append(_row("file → events", f"scan_csv {name}", lines, timing))
    figures["import / scan_csv into text columns"] = _figures(whole)
    rows.append(_row("import_log (checksum and report too)", "scan_csv into text columns", lines, whole))
    columns = ("A", "B", "A, ms", "B, ms", "A, M lines/s", "A / B: median (range)")
    print(
        f"Reader, {source}, {lines:,} lines; threads: polars {pl.thread_pool_size()}, reader {1 + CUTTERS}\n"
    )
    print(markdown_table(columns, rows))
    return figures


def _events(path: Path) -> pl.DataFrame:
    log = read_casas(path)
    return log.events(log.clean.sensor_ids)


def _scan(path: Path, time_type: Any) -> pl.DataFrame:
    schema = {"time": time_type, "sensor": pl.String, "state": pl.String, "label": pl.String}
    return pl.scan_csv(
        path,
        separator="\t",
        has_header=False,
        schema=schema,
        truncate_ragged_lines=True,
        missing_columns="insert",
        quote_char=None,
    ).collect()


def _plain_log(log: Path | None, folder: Path) -> tuple[str, Path]:
    """The log unpacked, since unpacking would be the same work on both sides."""
    plain = folder / "log.txt"
    root = data_root()
    if log is None and root is not None:
        log = root / "casas" / "bosch_b2" / "data.gz"
    if log is not None:
        plain.write_bytes(read_log_bytes(log))
        return "/".join(log.parts[-2:]), plain
    rng = np.random.default_rng(0)
    seconds = np.cumsum(rng.exponential(30.0, 250_000))
    sensors, states = rng.integers(1, 31, len(seconds)), rng.choice(["ON", "OFF"], len(seconds))
    start = datetime(2011, 3, 1)
    plain.write_text(
        "".join(
            f"{start + timedelta(seconds=s, microseconds=7):%Y-%m-%d %H:%M:%S.%f}\tM{m:03d}\t{state}\n"
            for s, m, state in zip(seconds.tolist(), sensors.tolist(), states.tolist(), strict=True)
        )
    )
    return "invented log", plain


def _figures(timing: PairedTiming) -> dict[str, float]:
    return {
        "ratio": statistics.median(timing.ratios),
        "lowest": min(timing.ratios),
        "highest": max(timing.ratios),
        "pairs": len(timing.ratios),
    }


def _row(a: str, b: str, lines: int, timing: PairedTiming) -> tuple[object, ...]:
    a_s, b_s = statistics.median(timing.a_s), statistics.median(timing.b_s)
    return a, b, a_s * 1e3, b_s * 1e3, lines / a_s / 1e6, timing.describe()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--log", type=Path, help="log to read")
    parser.add_argument("--pairs", type=int, default=9, help="interleaved pairs, at least 5")
    arguments = parser.parse_args()
    run(arguments.log, pairs=arguments.pairs)
