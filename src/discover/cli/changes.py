"""`discover changes`."""

from pathlib import Path
from typing import Any, get_args

from discover.changes import (
    Change,
    ChangeConfig,
    ChangeSource,
    Comparison,
    RollingComparison,
    RollingConfig,
    parse_period,
)
from discover.changes.day_measures import clock_words
from discover.cli.console import console, print_json, print_table
from discover.core.config import config_from_mapping
from discover.core.errors import ConfigError
from discover.pipeline.cluster_page import write_model_cluster_page
from discover.serving.changes import (
    ChangeRequest,
    changes_of_model,
    comparison_record,
    rolling_changes_of_model,
    rolling_record,
    write_changes,
    write_rolling_changes,
)

__all__ = ["show_changes"]

_MEASURE_WORDS = (
    "`begins` and `ends` are when a tenth and nine tenths of a day's time in it are over; Cliff's delta says "
    "how far the days lie apart (1: all of them), q how sure it is (at most the rate: reported)."
)
_TELLING_DAYS = 14
_COLUMNS = ("what", "measure", "change", "baseline", "period", "difference (95 % interval)", "Cliff", "q")


def show_changes(
    model: Path,
    *,
    baseline: str | None,
    period: str | None,
    rolling: int | None,
    window: int | None,
    by: str,
    clusters: str | None,
    index: Path | None,
    output: Path | None,
    settings: dict[str, Any],
    page: bool,
    show_all: bool,
    as_json: bool,
) -> None:
    """Print what changed between two periods or week by week, or (with `page`) write the cluster page."""
    spans = _rolling_config(rolling, window, baseline, period)
    if page:
        path = write_model_cluster_page(model, clusters=clusters, index=index, output=output)
        console.print(f"Wrote {path}", markup=False, soft_wrap=True)
        if baseline is None and period is None and spans is None:
            return
    if by not in get_args(ChangeSource):
        raise ConfigError(f"--by is '{by}'; it must be one of {', '.join(get_args(ChangeSource))}.")
    given = {key: value for key, value in settings.items() if value is not None}
    config = config_from_mapping(given, ChangeConfig, source="options")
    request = ChangeRequest(model=model, by=by, clusters=clusters, index=index, config=config)  # type: ignore[arg-type]
    if spans is not None:
        _show_rolling(request, spans, output, show_all=show_all, as_json=as_json)
        return
    if baseline is None or period is None:
        raise ConfigError(
            "Give both --baseline and --period, such as --baseline 2009-07 --period 2009-10; or --rolling 28 "
            "to compare every week with the four before it."
        )
    comparison, home = changes_of_model(request, parse_period(baseline), parse_period(period))
    paths = write_changes(output, comparison, title=f"{home.name}, by {by}") if output else []
    if as_json:
        print_json(comparison_record(comparison))
        return
    _print(comparison, by, show_all=show_all)
    _print_paths(paths)


def _rolling_config(
    rolling: int | None, window: int | None, baseline: str | None, period: str | None
) -> RollingConfig | None:
    """Settings of the rolling comparison; None where two periods are asked for."""
    if rolling is None:
        if window is not None:
            raise ConfigError(
                "--window is the length of the windows of --rolling. Add --rolling 28, or drop it."
            )
        return None
    if baseline is not None or period is not None:
        raise ConfigError(
            "--rolling compares every window with the days before it, so it takes no --baseline and no "
            "--period. Drop --rolling to compare two periods, or drop the periods."
        )
    given = {"baseline_days": rolling} | ({} if window is None else {"window_days": window})
    return config_from_mapping(given, RollingConfig, source="options --rolling and --window")


def _show_rolling(
    request: ChangeRequest, spans: RollingConfig, output: Path | None, *, show_all: bool, as_json: bool
) -> None:
    comparison, home = rolling_changes_of_model(request, spans)
    title = f"{home.name}, by {request.by}"
    paths = write_rolling_changes(output, comparison, title=title) if output else []
    if as_json:
        print_json(rolling_record(comparison))
        return
    _print_rolling(comparison, request.by, show_all=show_all)
    _print_paths(paths)


def _print_rolling(comparison: RollingComparison, by: str, *, show_all: bool) -> None:
    c = comparison
    _say(
        f"Windows of {c.rolling.window_days} days against the {c.rolling.baseline_days} days before each, "
        f"by {by}: {len(c.compared)} compared, {len(c.skipped)} skipped."
    )
    for hole in c.holes:
        days = (hole.last - hole.first).days + 1
        _say(f"  nothing recorded {hole}: {days:,} days without a window")
    for w in c.skipped:
        _say(f"  skipped {w.period}: {w.skipped}")
    if len(c.skipped) > len(c.compared):
        _say(
            "Most windows lack days: longer windows (--window 14) or a lower --min-days leave room for gaps."
        )
    if not c.found:
        _say(f"No change passes a false discovery rate of {c.fdr:g}.")
    shown = [(w, x) for w in c.compared for x in w.changes] if show_all else list(c.found)
    if shown:
        columns = (
            "window from",
            "what",
            "measure",
            "change",
            "before",
            "in it",
            "difference (95 % interval)",
            "Cliff",
            "q",
        )
        print_table("", columns, [(str(w.period.first), *_row(x)) for w, x in shown])
    _say(
        f"{len(c.found)} of {c.n_measures} measures changed at a false discovery rate of {c.fdr:g}, "
        "corrected over all windows and measures together (Benjamini-Hochberg). A lasting change shows in "
        f"the first windows after it and then becomes the baseline. {_MEASURE_WORDS}"
    )


def _print_paths(paths: list[Path]) -> None:
    if paths:
        _say(f"Wrote {', '.join(p.name for p in paths)} to {paths[0].parent}")


def _say(text: str) -> None:
    """One line as it is: no markup, no colours, no wrapping."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


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
    if max(c.baseline_days, c.period_days) < _TELLING_DAYS:
        _say(
            f"Fewer than {_TELLING_DAYS} days a side can hardly tell how alike days are, so only very large "
            "changes pass: that nothing is found is no sign that nothing changed. Longer periods tell more."
        )
    if shown:
        columns = _COLUMNS
        print_table("", columns, [_row(x) for x in shown])
    console.print(
        f"{len(c.found)} of {len(c.changes)} measures changed at a false discovery rate of {c.fdr:g}. A day "
        "is one observation; "
        f"{_MEASURE_WORDS}",
        markup=False, highlight=False, soft_wrap=True,
    )  # fmt: skip


def _row(x: Change) -> tuple[str, ...]:
    if x.measure in ("begins", "ends"):
        values, unit = (clock_words(x.baseline), clock_words(x.period)), ""
    elif x.measure == "time":
        values, unit = (f"{x.baseline:.2f} h/day", f"{x.period:.2f} h/day"), " a day"
    else:
        values, unit = (f"{x.baseline:.2f}/day", f"{x.period:.2f}/day"), " a day"
    in_hours = x.measure in ("begins", "ends", "time")
    span = [_signed(v, in_hours) for v in (x.difference, x.low, x.high)]
    # Without certainty no direction is claimed.
    word = f"{x.direction} by {span[0].lstrip('+-')}{unit}" if x.found else "-"
    return (
        x.thing.replace("_", " "),
        x.measure,
        word,
        *values,
        f"{span[0]} ({span[1]} to {span[2]})",
        f"{x.cliffs_delta:+.2f}",
        f"{x.q_value:.4f}",
    )


def _signed(value: float, in_hours: bool) -> str:
    """A difference as "+40 min" or "-1 h 05 min", a number of times as "+0.70"."""
    if not in_hours:
        return f"{value:+.2f}"
    minutes = round(abs(value) * 60)
    words = f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
    return ("-" if value < 0 else "+") + words
