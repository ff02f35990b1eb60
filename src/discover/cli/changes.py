"""`discover changes`."""

import json
from pathlib import Path
from typing import Any, get_args

from discover.changes import Change, ChangeConfig, ChangeSource, Comparison, parse_period
from discover.changes.day_measures import clock_words
from discover.cli.console import console, print_table
from discover.core.config import config_from_mapping
from discover.core.errors import ConfigError
from discover.pipeline.discovery import (
    ChangeRequest,
    changes_of_model,
    comparison_record,
    write_changes,
    write_model_cluster_page,
)

__all__ = ["show_changes"]


def show_changes(
    model: Path,
    *,
    baseline: str | None,
    period: str | None,
    by: str,
    clusters: str | None,
    index: Path | None,
    output: Path | None,
    settings: dict[str, Any],
    page: bool,
    show_all: bool,
    as_json: bool,
) -> None:
    """Print what changed between two periods, or (with `page`) write the cluster page."""
    if page:
        path = write_model_cluster_page(model, clusters=clusters, index=index, output=output)
        console.print(f"Wrote {path}", markup=False, soft_wrap=True)
        if baseline is None and period is None:
            return
    if baseline is None or period is None:
        raise ConfigError("Give both --baseline and --period, such as --baseline 2009-07 --period 2009-10.")
    if by not in get_args(ChangeSource):
        raise ConfigError(f"--by is '{by}'; it must be one of {', '.join(get_args(ChangeSource))}.")
    given = {key: value for key, value in settings.items() if value is not None}
    request = ChangeRequest(
        model=model, baseline=parse_period(baseline), period=parse_period(period), by=by,  # type: ignore[arg-type]
        clusters=clusters, index=index, config=config_from_mapping(given, ChangeConfig, source="options"),
    )  # fmt: skip
    comparison, home = changes_of_model(request)
    paths = write_changes(output, comparison, title=f"{home.name}, by {by}") if output else []
    if as_json:
        print(json.dumps(comparison_record(comparison), indent=1, ensure_ascii=False))  # noqa: T201
        return
    _print(comparison, by, show_all=show_all)
    if paths:
        console.print(f"Wrote {', '.join(p.name for p in paths)} to {output}", markup=False)


def _print(comparison: Comparison, by: str, *, show_all: bool) -> None:
    c = comparison
    console.print(
        f"{c.period} ({c.period_days} days) against {c.baseline} ({c.baseline_days} days), by {by}; "
        f"{c.left_out_days} days with too little recording left out.",
        markup=False, highlight=False, soft_wrap=True,
    )  # fmt: skip
    shown = c.changes if show_all else c.found
    if not c.found:
        console.print(f"No change passes a false discovery rate of {c.fdr:g}.", markup=False, highlight=False)
    if shown:
        columns = ("what", "measure", "change", "baseline", "period", "difference (95 %)", "Cliff", "q")
        print_table("", columns, [_row(x) for x in shown])
    console.print(
        f"{len(c.found)} of {len(c.changes)} measures changed at a false discovery rate of {c.fdr:g}. A day "
        "is one observation; "
        "`begins` and `ends` are when a tenth and nine tenths of a day's time in it are over.",
        markup=False, highlight=False, soft_wrap=True,
    )  # fmt: skip


def _row(x: Change) -> tuple[str, ...]:
    if x.measure in ("begins", "ends"):
        values = clock_words(x.baseline), clock_words(x.period)
        span = f"{x.difference:+.1f} h ({x.low:+.1f} to {x.high:+.1f})"
    else:
        unit = " h/day" if x.measure == "time" else "/day"
        values = f"{x.baseline:.2f}{unit}", f"{x.period:.2f}{unit}"
        span = f"{x.difference:+.2f} ({x.low:+.2f} to {x.high:+.2f})"
    # Without certainty no direction is claimed.
    word = x.direction if x.found else "-"
    return (
        x.thing.replace("_", " "),
        x.measure,
        word,
        *values,
        span,
        f"{x.cliffs_delta:+.2f}",
        f"{x.q_value:.4f}",
    )
