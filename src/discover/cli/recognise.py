"""`discover recognise`."""

from datetime import date
from pathlib import Path
from typing import Any, get_args

import polars as pl

from discover.cli.console import BarProgress, console, print_json, print_table
from discover.core.config import config_from_mapping
from discover.core.errors import ConfigError
from discover.core.progress import SILENT
from discover.core.tables import SPLITS
from discover.recognition import UNKNOWN, RecognitionConfig, RecognitionMethod
from discover.serving.recognise import RecognisedLog, RecogniseRequest, day_span, recognise, write_timeline

__all__ = ["recognise_log"]

_HOW: dict[RecognitionMethod, str] = {
    "prompts": "Prompts answered (method prompts); means",
    "self_trained": "A student of the prompts answered (method self_trained); it",
}

_REFUSED = "A student was taught and refused, and its teacher answered (the prompts' scores); they"


def recognise_log(
    model: Path,
    log: Path | None,
    *,
    output: Path,
    home: str | None,
    index: Path | None,
    split: str | None,
    days: list[str],
    prompts: Path | None,
    method: str | None,
    captions: str | None,
    settings: dict[str, Any],
    as_json: bool,
) -> None:
    """Write the timeline of a log, or of the model's own windows, and print what it says in short."""
    if split is not None and split not in SPLITS:
        raise ConfigError(f"--split is '{split}'; it must be one of {', '.join(SPLITS)}.")
    given = {key: value for key, value in settings.items() if value is not None}
    request = RecogniseRequest(
        model=model,
        log=log,
        home=home,
        index=index,
        splits=(split,) if split else (),
        days=tuple(_day(text) for text in days),
        prompts=prompts,
        method=_method(method),
        captions=captions,
        config=config_from_mapping(given, RecognitionConfig, source="options"),
    )
    found = recognise(request, SILENT if as_json else BarProgress())
    source = (
        log.name if log is not None else f"windows of {model.name}" + (f", {split} days" if split else "")
    )
    paths = write_timeline(output, found, title=f"{found.home.name}: {source}")
    if as_json:
        print_json(_as_json(found, paths))
        return
    _print_summary(found, source, home_given=home is not None)
    console.print(f"Wrote {len(paths)} files to {output}: {', '.join(p.name for p in paths)}", markup=False)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--day is '{text}'; write it as YEAR-MONTH-DAY, such as 2009-07-21.") from None


def _method(name: str | None) -> RecognitionMethod | None:
    methods: tuple[RecognitionMethod, ...] = get_args(RecognitionMethod)
    for method in methods:
        if name == method:
            return method
    if name is not None:
        raise ConfigError(f"--method is '{name}'; it must be one of {', '.join(methods)}.")
    return None


def _totals(segments: pl.DataFrame) -> pl.DataFrame:
    hours = (pl.col("end") - pl.col("start")).sum() / pl.duration(hours=1)
    return (
        segments.group_by("activity")
        .agg(
            hours.alias("hours"),
            pl.len().alias("segments"),
            pl.col("n_windows").sum().alias("windows"),
            (pl.col("confidence") * pl.col("n_windows"))
            .sum()
            .truediv(pl.col("n_windows").sum())
            .cast(pl.Float64)
            .alias("confidence"),
        )
        .with_columns((pl.col("windows") / pl.col("windows").sum()).alias("share"))
        .sort(pl.col("activity") == UNKNOWN, pl.col("windows"), "activity", descending=[False, True, False])
    )


_OF_ANOTHER_HOME = "If the log is of another home, say which with --home."
_OF_THE_HOME_GIVEN = (
    "What they show is read from their types and rooms alone; check that --home describes this log."
)


def _print_summary(found: RecognisedLog, source: str, *, home_given: bool) -> None:
    timeline = found.timeline
    console.print(
        f"{len(timeline):,} windows of {found.home.name} ({source}) of {day_span(timeline)}; "
        f"{len(found.segments):,} segments.",
        markup=False,
        highlight=False,
    )
    how = _REFUSED if found.student_refused else _HOW[found.method]
    console.print(
        f"No label was read. {how} and the unknown rule come from {found.reference}.",
        markup=False,
        highlight=False,
    )
    if found.student_refused:
        console.print(
            f"Note: the student is refused because {found.student_refused}. --method prompts teaches none.",
            markup=False,
            highlight=False,
        )
    if found.note:
        console.print(f"Note: {found.note}", markup=False, highlight=False)
    if found.unseen_share > 0.05:
        console.print(
            f"Note: {100 * found.unseen_share:.0f} % of the events are of sensors this model never saw. "
            f"{_OF_THE_HOME_GIVEN if home_given else _OF_ANOTHER_HOME}",
            markup=False,
            highlight=False,
        )
    rows = [
        (r["activity"].replace("_", " "), f"{100 * r['share']:.1f} %", f"{r['hours']:.1f}", r["segments"],
         f"{r['confidence']:.2f}")
        for r in _totals(found.segments).to_dicts()
    ]  # fmt: skip
    print_table("", ("activity", "of windows", "hours", "segments", "confidence"), rows)


def _as_json(found: RecognisedLog, paths: list[Path]) -> dict[str, Any]:
    totals = _totals(found.segments).to_dicts()
    segments = found.segments.with_columns(pl.col("start", "end").dt.strftime("%Y-%m-%dT%H:%M:%S")).to_dicts()
    return {
        "home": found.home.name,
        "windows": len(found.timeline),
        "method": found.method,
        "note": found.note,
        "student_refused": found.student_refused,
        "reference": found.reference,
        "unseen_sensor_share": round(found.unseen_share, 4),
        "prompts_sha256": found.prompts.sha256,
        "activities": [{**row, "hours": round(row["hours"], 3)} for row in totals],
        "segments": segments,
        "files": [str(path) for path in paths],
    }
