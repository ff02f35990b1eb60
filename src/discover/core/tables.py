"""The typed tables that rooms exchange: events, annotations, windows, labels, captions, clusters.

Windows never copy events: a window is the slice `[first_event, first_event + n_events)` of one
home's event table. Labels live in a file of their own, so that a stage which must not see them
(captions, text encoding, alignment) has nothing to open by mistake.
"""

from collections.abc import Mapping

import polars as pl

from discover.core.errors import DataError

__all__ = [
    "ANNOTATIONS",
    "ANNOTATION_WINDOWS",
    "ASSIGNMENTS",
    "CAPTIONS",
    "EVENTS",
    "LABELS",
    "SPLITS",
    "WINDOWS",
    "empty_table",
    "validate_table",
]

SPLITS: tuple[str, ...] = ("train", "val", "test")

EVENTS: Mapping[str, object] = {
    "time": pl.Datetime("us"),
    "sensor": pl.Enum,
    "state": pl.Enum,
    "value": pl.Float64,
    "resident": pl.String,
    "line": pl.UInt32,
}
"""One row per event, sorted by time (stable: equal stamps keep the log's order).

time: local wall clock, no zone. sensor: Enum over the home's sensor ids, so `.to_physical()` is a
stable code. state: Enum over the states seen ("ON", "OFF", "OPEN", "CLOSE", "PRESENT", "ABSENT", ...;
"VALUE" for numeric readings). value: the reading, null otherwise. resident: only when the log itself
carries one per event (never taken from labels). line: 1-based line in the raw log.
"""

ANNOTATIONS: Mapping[str, object] = {
    "activity": pl.String,
    "raw_label": pl.String,
    "resident": pl.String,
    "first_event": pl.Int64,
    "n_events": pl.Int64,
    "begin": pl.Datetime("us"),
    "end": pl.Datetime("us"),
    "closed_by": pl.String,
}
"""One row per labelled interval, sorted by begin. Its events are [first_event, first_event + n_events), both
marker events included. closed_by: "marker", or the rule that closed it ("next_begin", "hole",
"end_of_log", ...)."""

WINDOWS: Mapping[str, object] = {
    "window_id": pl.String,
    "home": pl.String,
    "split": pl.Enum(SPLITS),
    "first_event": pl.Int64,
    "n_events": pl.Int32,
    "start": pl.Datetime("us"),
    "end": pl.Datetime("us"),
}
"""One row per window. start/end: times of its first and last event; window_id is globally unique,
`<home>_<sampling>_<date>_<time>` of its first event, with a number where several begin in one second. Further
columns are not allowed; metadata follows from the events."""

LABELS: Mapping[str, object] = {
    "window_id": pl.String,
    "label": pl.String,
    "coarse": pl.String,
    "share": pl.Float32,
    "all_labels": pl.List(pl.String),
    "segment": pl.Int32,
}
"""Ground truth per window, for evaluation only. label: `no_activity` where no annotation covers half
the events; share: covered share of the label's annotation (of the best one when no_activity); segment:
row of the annotation a presegmented window was cut from, null for free-running windows."""

ANNOTATION_WINDOWS: Mapping[str, object] = {
    "annotation": pl.Int32,
    "label": pl.String,
    "split": pl.Enum(SPLITS),
    "day": pl.Date,
    "window_id": pl.String,
}
"""For evaluation only: one row per annotation and window of its split that share an event; window_id is null
where an annotation shares one with no window. annotation: row of the annotations; day: of its first event."""

CAPTIONS: Mapping[str, object] = {
    "window_id": pl.String,
    "caption_index": pl.Int16,
    "style": pl.String,
    "caption": pl.String,
}
"""N rows per window, caption_index 0..N-1, captions of one window distinct."""

ASSIGNMENTS: Mapping[str, object] = {
    "window_id": pl.String,
    "cluster": pl.Int32,
    "confidence": pl.Float32,
}
"""One row per window of an index: its cluster, -1 for none."""


def validate_table(table: pl.DataFrame, schema: Mapping[str, object], name: str) -> pl.DataFrame:
    """Check column names, order-free, and types; return the table with columns in schema order.

    Raises:
        DataError: A column is missing, unexpected or of another type.
    """
    missing = [c for c in schema if c not in table.columns]
    extra = [c for c in table.columns if c not in schema]
    wrong = [
        f"{c} is {table.schema[c]}, not {t}"
        for c, t in schema.items()
        if c in table.columns and not _same_type(table.schema[c], t)
    ]
    if missing or extra or wrong:
        parts = []
        if missing:
            parts.append("missing " + ", ".join(missing))
        if extra:
            parts.append("unexpected " + ", ".join(extra))
        parts.extend(wrong)
        raise DataError(f"{name} is not a table this version reads: {'; '.join(parts)}. Make it again.")
    return table.select(list(schema))


def empty_table(schema: Mapping[str, object]) -> pl.DataFrame:
    """A table without rows; bare Enum columns get no categories."""
    types = {c: pl.Enum([]) if t is pl.Enum else t for c, t in schema.items()}
    return pl.DataFrame(schema=types)  # type: ignore[arg-type]


def _same_type(found: pl.DataType, wanted: object) -> bool:
    if wanted is pl.Enum:
        return isinstance(found, pl.Enum)
    return bool(found == wanted)
