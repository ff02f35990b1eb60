"""One table of intervals: file -> rows and an account of every line.

    25-Feb-2008 00:20:14<TAB>25-Feb-2008 00:22:57<TAB>24<TAB>1
    2011-11-28 02:27:59<TAB><TAB>2011-11-28 10:18:11<TAB><TAB>Bed<TAB><TAB>Pressure<TAB>Bedroom
    24-Jul-2009 16:46:19<TAB>24-Jul-2009 18:32:57<TAB>1

In: a file. Out: `IntervalTable`. Tables in other shapes (commas, headings, seconds since 1970) are first
rewritten line by line to this one (`_interval_shapes`); the rest are column operations of polars. The shapes
are listed in docs/formats_logs.md.
"""

import re
from dataclasses import dataclass

import polars as pl

from discover.homes._bytes import all_lines
from discover.homes._interval_shapes import STAMP, is_zoned, rewrite_rows, shape_of, with_dates
from discover.homes._sources import Source

__all__ = ["IntervalTable", "read_interval_table", "read_names"]

_FORMATS = ("%d-%b-%Y %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f")
_NAMED_ID = re.compile(r"^\s*\[?\s*(\d+)\s*\]?\s*:?\s*'([^']*)'")
_PROMISE = re.compile(r"^\s*length\s*:\s*(\d+)\s*$", re.IGNORECASE)

NOT_A_ROW = "not a row: start, end and what they belong to are needed"
NO_SUCH_TIME = "no such date or time"
ENDS_FIRST = "ends before it begins"
NOT_ON = "value is not 1"
WRONG_WIDTH = "wrong number of columns after the two times"


@dataclass(frozen=True)
class IntervalTable:
    """The rows of one table.

    Attributes:
        name: Of the file.
        rows: line UInt32, begin and end Datetime(us), fields List(String); in file order.
        rejected: line UInt32, reason, text of lines that are neither rows nor heading nor blank.
        n_lines, n_blank, n_heading: Counts; the heading is what stands before the first row, rules, and
            the line `Length: N`.
        repeats: Lines that say exactly what an earlier row says; left out of `rows`.
        late: Lines that begin earlier than the row before them.
        names: Ids that the heading names, id -> name.
        promised: N of `Length: N`, None without one.
        ignored: Columns of its heading that are not read.
        zoned: Lines of rows whose times name a zone or count from 1970.
        time_zone: What such times were converted to, "" if nothing is known of the home's zone.
    """

    name: str
    rows: pl.DataFrame
    rejected: pl.DataFrame
    n_lines: int
    n_blank: int
    n_heading: int
    repeats: tuple[int, ...]
    late: tuple[int, ...]
    names: dict[str, str]
    promised: int | None
    ignored: tuple[str, ...] = ()
    zoned: tuple[int, ...] = ()
    time_zone: str = ""


def read_interval_table(file: Source, *, sensors: bool, time_zone: str = "") -> IntervalTable:
    """Read a table.

    Args:
        file: Plain or packed, in any of the shapes of `_interval_shapes`.
        sensors: True: one, two or three columns follow the times (id; id and value; location, type and
            place). False: one column does, the activity.
        time_zone: Wall clock of times that name a zone or count from 1970; "": as `rewrite_rows` says.

    Raises:
        DataError: The file cannot be read, or its dates can be read in two ways.
    """
    lines = _lines(file)
    written = lines["text"].to_list()
    lines = lines.with_columns(written="text")
    shape = shape_of(written)
    if shape is not None and shape.separator:
        shape = with_dates(shape, written, str(file.path))
        rewritten = rewrite_rows(written, shape, sensors=sensors, time_zone=time_zone)
        lines = lines.with_columns(text=pl.Series(rewritten, dtype=pl.String))
    kind = _kinds(lines)
    good = _parsed(lines.filter(kind["kind"] == "row"), sensors=sensors)
    bad = good.filter(pl.col("reason").is_not_null())
    stray = lines.filter(kind["kind"] == "stray").with_columns(reason=pl.lit(NOT_A_ROW))
    columns = ["line", "reason", pl.col("written").str.slice(0, 200).alias("text")]
    rows = good.filter(pl.col("reason").is_null()).select("line", "begin", "end", "fields")
    # A row may be written twice; of equal rows the first one counts.
    kept = rows.unique(["begin", "end", "fields"], keep="first", maintain_order=True)
    late = kept.filter(pl.col("begin") < pl.col("begin").shift(1))
    heading = lines.filter(kind["kind"] == "heading")["text"].to_list()
    promises = [int(found[1]) for text in heading if (found := _PROMISE.match(text))]
    return IntervalTable(
        name=file.name,
        rows=kept,
        rejected=pl.concat([bad.select(columns), stray.select(columns)]).sort("line"),
        n_lines=len(lines),
        n_blank=int((kind["kind"] == "blank").sum()),
        n_heading=len(heading),
        repeats=tuple(rows.join(kept, on="line", how="anti")["line"].sort().to_list()),
        late=tuple(late["line"].to_list()),
        names={found[1]: found[2].strip() for text in heading if (found := _NAMED_ID.match(text))},
        promised=promises[-1] if promises else None,
        ignored=shape.ignored if shape is not None else (),
        zoned=tuple(
            k for k in kept["line"].to_list() if shape is not None and is_zoned(written[k - 1], shape)
        ),
        time_zone=time_zone,
    )


def read_names(file: Source | None) -> dict[str, str]:
    """Id -> name of a list `id<TAB>name`; empty without a file."""
    if file is None:
        return {}
    lines = file.text.decode("utf-8", errors="replace").splitlines()
    pairs = (line.strip().split(None, 1) for line in lines)
    return {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}


def _lines(file: Source) -> pl.DataFrame:
    """Columns line (UInt32) and text (without spaces around) of every line."""
    text = pl.Series(all_lines(file.text), dtype=pl.String).str.strip_chars()
    return pl.DataFrame({"line": pl.int_range(1, len(text) + 1, dtype=pl.UInt32, eager=True), "text": text})


def _kinds(lines: pl.DataFrame) -> pl.DataFrame:
    """Kind of every line: row, blank, heading, stray."""
    text = pl.col("text")
    is_row = text.str.contains(rf"^{STAMP}\s+{STAMP}")
    before_rows = is_row.cast(pl.UInt8).cum_max() == 0
    furniture = text.str.contains(r"^[-=\s]+$") | text.str.contains(r"(?i)^length\s*:\s*\d+$")
    return lines.select(
        kind=pl.when(is_row)
        .then(pl.lit("row"))
        .when(text == "")
        .then(pl.lit("blank"))
        .when(before_rows | furniture)
        .then(pl.lit("heading"))
        .otherwise(pl.lit("stray"))
    )


def _parsed(lines: pl.DataFrame, *, sensors: bool) -> pl.DataFrame:
    """line, text, begin, end, fields, reason (null: a good row)."""
    parts = pl.col("text").str.extract_groups(rf"^({STAMP})\s+({STAMP})\s*(.*)$")
    table = lines.with_columns(
        begin=_time(parts.struct.field("1")),
        end=_time(parts.struct.field("2")),
        rest=parts.struct.field("3").str.strip_chars(),
    )
    rest = pl.col("rest").str.replace_all(r"\s*\t\s*", "\t").str.replace_all(r"\t+", "\t")
    if sensors:  # copies whose TABs became spaces; names of activities may hold a space, ids may not
        spaced = pl.col("rest").str.replace_all(r"\s+", "\t")
        rest = pl.when(pl.col("rest").str.contains("\t")).then(rest).otherwise(spaced)
    table = table.with_columns(fields=rest.str.split("\t")).with_columns(n=pl.col("fields").list.len())
    value = pl.col("fields").list.get(1, null_on_oob=True).cast(pl.Float64, strict=False)
    width = pl.col("n").is_between(1, 3 if sensors else 1)
    reason = (
        pl.when(pl.col("begin").is_null() | pl.col("end").is_null())
        .then(pl.lit(NO_SUCH_TIME))
        .when(pl.col("rest") == "")
        .then(pl.lit(NOT_A_ROW))
        .when(~width)
        .then(pl.lit(WRONG_WIDTH))
        .when((pl.col("n") == 2) & (value.is_null() | (value != 1)))
        .then(pl.lit(NOT_ON))
        .when(pl.col("end") < pl.col("begin"))
        .then(pl.lit(ENDS_FIRST))
    )
    return table.with_columns(reason=reason)


def _time(text: pl.Expr) -> pl.Expr:
    plain = text.str.replace(r"[ T]+", " ")
    return pl.coalesce(*(plain.str.to_datetime(form, time_unit="us", strict=False) for form in _FORMATS))
