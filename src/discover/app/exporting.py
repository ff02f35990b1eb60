"""Files to take away: events, windows, activities, corrections as tables or a calendar, the plan as YAML."""

import io
from collections.abc import Sequence

import polars as pl
import yaml

from discover.app.contract_patterns import ExportFormat, ExportWhat
from discover.app.correcting import held
from discover.app.event_arrays import Range, ms_datetime
from discover.app.home_view import HomeView, Recognised
from discover.core.errors import ConfigError

__all__ = ["export"]

_MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "ics": "text/calendar; charset=utf-8",
    "yaml": "application/yaml; charset=utf-8",
}


def export(
    view: HomeView,
    what: ExportWhat,
    kind: ExportFormat,
    part: Range,
    rows: Sequence[int],
    recognised: Recognised | None,
) -> tuple[bytes, str, str]:
    """Content, media type and file name.

    Raises:
        ConfigError: A format that does not go with what is asked for, or activities before they are known.
    """
    name = f"{view.name}_{what}.{kind}"
    if (kind == "yaml") != (what == "plan") or (kind == "ics" and what == "events"):
        raise ConfigError(
            f"There is no {what} as {kind}: the plan is yaml, events are csv or parquet, and windows, "
            "activities and corrections are csv, parquet or ics. Choose one of these."
        )
    if what == "plan":
        return _plan_yaml(view).encode(), _MEDIA[kind], name
    table = _table(view, what, part, rows, recognised)
    if kind == "ics":
        return _calendar(view, table).encode(), _MEDIA[kind], name
    stream = io.BytesIO()
    if kind == "parquet":
        table.write_parquet(stream, compression="zstd")
    else:
        flat = table.with_columns(pl.col(pl.List(pl.String)).list.join("; "))
        _harmless(flat).write_csv(stream, datetime_format="%Y-%m-%d %H:%M:%S%.f", float_precision=4)
    return stream.getvalue(), _MEDIA[kind], name


def _table(
    view: HomeView, what: ExportWhat, part: Range, rows: Sequence[int], recognised: Recognised | None
) -> pl.DataFrame:
    if what == "events":
        places = {s.id: s for s in view.events.sensors}
        table = view.window_set.events[view.events.rows(part)]
        names = table["sensor"].cast(pl.String)
        return table.select(
            "time",
            sensor=names,
            state=pl.col("state").cast(pl.String),
            value="value",
            room=names.replace_strict({i: s.room for i, s in places.items()}, return_dtype=pl.String),
            object=names.replace_strict({i: s.object for i, s in places.items()}, return_dtype=pl.String),
        )
    if what == "corrections":
        return pl.DataFrame(
            [
                (ms_datetime(c.begin), ms_datetime(c.end), c.kind, c.text, c.note, list(c.windows), c.made)
                for c in held(view, learned=False).corrections
                if c.begin < part.end and c.end > part.begin
            ],
            schema={
                "start": pl.Datetime("us"), "end": pl.Datetime("us"), "kind": pl.String, "text": pl.String,
                "note": pl.String, "windows": pl.List(pl.String), "made": pl.String,
            },
            orient="row",
        )  # fmt: skip
    if what == "windows":
        chosen = [view.row(r) for r in rows] or view.rows_in(part.begin, part.end)
        captions = pl.Series("captions", [view.captions[r] for r in chosen], pl.List(pl.String))
        return view.windows[chosen].with_columns(captions)
    if recognised is None:
        raise ConfigError("Activities are not recognised yet. Ask again when that is ready.")
    return pl.DataFrame(
        [
            (ms_datetime(b), ms_datetime(e), recognised.names[a], float(c), int(n))
            for b, e, a, c, n in zip(
                recognised.begin.tolist(), recognised.end.tolist(), recognised.activity.tolist(),
                recognised.confidence.tolist(), recognised.windows.tolist(), strict=True,
            )
            if b < part.end and e > part.begin
        ],
        schema={
            "start": pl.Datetime("us"), "end": pl.Datetime("us"), "activity": pl.String,
            "confidence": pl.Float64, "n_windows": pl.Int64,
        },
        orient="row",
    )  # fmt: skip


def _harmless(table: pl.DataFrame) -> pl.DataFrame:
    """Text that a spreadsheet would compute gets an apostrophe before it: names come from files."""
    return table.with_columns(
        pl.when(pl.col(name).str.contains(r"^[=+\-@\t\r]"))
        .then("'" + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name, kind in table.schema.items()
        if kind == pl.String
    )


def _calendar(view: HomeView, table: pl.DataFrame) -> str:
    """ICalendar (RFC 5545) with floating local times: the wall clock of the log."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//discover-v2//app//EN", "CALSCALE:GREGORIAN"]
    stamp = f"{ms_datetime(view.events.end):%Y%m%dT%H%M%S}Z"
    for k, row in enumerate(table.iter_rows(named=True)):
        said = row.get("activity") or row.get("text") or " ".join(row.get("captions") or ()) or "moment"
        lines += [
            "BEGIN:VEVENT",
            f"UID:{view.name}-{k}-{row['start']:%Y%m%dT%H%M%S}@discover-v2",
            f"DTSTAMP:{stamp}",
            f"DTSTART:{row['start']:%Y%m%dT%H%M%S}",
            f"DTEND:{row['end']:%Y%m%dT%H%M%S}",
            f"SUMMARY:{_calendar_text((said or 'moment').replace('_', ' '))}",
            "END:VEVENT",
        ]
    return "\r\n".join(_folded(line) for line in [*lines, "END:VCALENDAR"]) + "\r\n"


def _calendar_text(text: str) -> str:
    plain = " ".join(text.split()).replace("\\", "\\\\")
    return plain.replace(";", r"\;").replace(",", r"\,")


def _folded(line: str) -> str:
    """At most 75 bytes a line, as RFC 5545 asks; no character is cut."""
    parts, current = [], ""
    for char in line:
        if len((current + char).encode()) > 73:
            parts.append(current)
            current = ""
        current += char
    return "\r\n ".join([*parts, current])


def _plan_yaml(view: HomeView) -> str:
    """The home's file with the places as they were drawn, on a plan 1,000 wide."""
    home = view.home
    aspect = home.floor_plan.width / home.floor_plan.height if home.floor_plan else 1.0
    width, height = 1000.0, round(1000.0 / aspect, 1)
    content = home.model_dump(mode="json", exclude_defaults=True)
    places = {s.sensor: s for s in view.facts().sensors if s.placed}
    content["floor_plan"] = {"width": width, "height": height}
    for sensor in content.get("sensors", []):
        if sensor["id"] in places:
            place = places[sensor["id"]]
            sensor["x"], sensor["y"] = round(place.x * width, 1), round(place.y * height, 1)
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
