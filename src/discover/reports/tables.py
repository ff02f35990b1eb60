"""Plain data as tables for the page: any JSON-able mapping, recognition rows, retrieval scores."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from discover.reports.markdown_evaluation import method_title

__all__ = ["Cell", "Table", "mapping_tables", "per_class_table", "recognition_tables", "retrieval_tables"]

# Microseconds of a time stamp are noise in a table.
_FRACTION = re.compile(r"(\d\d:\d\d:\d\d)\.\d+")
_MOST_ROWS = 40
_MOST_COLUMNS = 5
_SCORES = (
    ("accuracy", "accuracy"),
    ("balanced_accuracy", "balanced accuracy"),
    ("macro_f1", "macro F1"),
    ("weighted_f1", "weighted F1"),
)
_POOLS = (("annotated", "annotated windows only (main)"), ("full", "all windows, no activity as a class"))


@dataclass(frozen=True)
class Cell:
    """One table cell: text, a smaller note under it, and how it is set."""

    text: str
    note: str = ""
    number: bool = False
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """A table of the page; a row with one cell is a heading inside the table."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    number_columns: frozenset[int] = field(default_factory=frozenset)

    @property
    def narrow(self) -> bool:
        """Whether two such tables fit side by side."""
        return len(self.header) <= 3


def mapping_tables(values: Mapping[str, Any], title: str) -> list[Table]:
    """Scalars as one two-column table, each nested mapping or list of mappings as tables of its own.

    Mappings side by side ("train", "val", "test") become columns. Lists longer than twelve
    (days, histograms) are left to the result files.
    """
    simple: list[Sequence[Cell]] = []
    nested: list[Table] = []
    for key, value in values.items():
        words = _words(key)
        if isinstance(value, Mapping) and value and all(isinstance(v, Mapping) for v in value.values()):
            nested += _side_by_side(value, words)
        elif isinstance(value, Mapping) and value:
            nested += mapping_tables(value, words)
        elif isinstance(value, list | tuple) and value and all(isinstance(v, Mapping) for v in value):
            nested.append(_records(list(value), words))
        elif not _is_long(value):
            simple.append([Cell(words), _cell(value)])
    tables = [Table(title, ("", ""), simple, number_columns=frozenset({1}))] if simple else []
    return [*tables, *nested]


def recognition_tables(result: Mapping[str, Any]) -> list[Table]:
    """One table per unit and pool; the best label-free value of each score is set in bold."""
    tables: list[Table] = []
    units = dict.fromkeys(row["unit"] for row in result["rows"])
    for unit in units:
        for pool, title in _POOLS:
            rows = [row for row in result["rows"] if row["unit"] == unit and pool in row]
            if rows:
                n = rows[0][pool]["n"]
                heading = f"{title[0].upper()}{title[1:]}, per {unit} (n = {n:,})"
                tables.append(_scores_table(rows, pool, heading))
    return tables


def per_class_table(row: Mapping[str, Any], pool: str) -> Table:
    """Precision, recall and F1 (with its interval) of each true activity for one row."""
    rows = [
        [
            Cell(name.replace("_", " ")),
            *(Cell(f"{scores[s]:.3f}", number=True) for s in ("precision", "recall")),
            Cell(f"{scores['f1']:.3f}", _range(scores.get("f1_low"), scores.get("f1_high")), number=True),
            Cell(f"{scores['support']:,.0f}", number=True),
        ]
        for name, scores in sorted(row[pool]["per_class"].items(), key=lambda item: -item[1]["support"])
    ]
    header = ("activity", "precision", "recall", "F1", "windows")
    return Table(f"Per activity: {method_title(row)}", header, rows, number_columns=frozenset({1, 2, 3, 4}))


def retrieval_tables(result: Mapping[str, Any]) -> list[Table]:
    """Both directions and a random order, and label precision where it was computed."""
    depths = [key for key in result["text_to_window"] if key.startswith("recall@")]
    header = ("direction", *(d.replace("recall@", "R@") for d in depths), "mAP", "median rank")
    rows: list[Sequence[Cell]] = []
    for direction in ("text_to_window", "window_to_text"):
        scores = result[direction]
        values = [
            *(f"{scores[d]:.3f}" for d in depths),
            f"{scores['map']:.3f}",
            f"{scores['median_rank']:,.0f}",
        ]
        rows.append([Cell(direction.replace("_", " ")), *(Cell(v, number=True) for v in values)])
    chance = result["pool"]["chance_recall"]
    random = [*(f"{chance[d.removeprefix('recall@')]:.3f}" for d in depths), "", ""]
    rows.append([Cell("random order"), *(Cell(v, number=True) for v in random)])
    numbers = frozenset(range(1, len(header)))
    pool = result["pool"]
    note = (
        f"Pool: all {pool['windows']:,} test windows, {pool['distinct_captions']:,} distinct captions; "
        f"windows with one and the same caption are one relevant set "
        f"(largest {pool['largest_relevant_set']:,})."
    )
    tables = [Table("Captions and windows", header, rows, note, numbers)]
    precision = result.get("label_precision")
    if precision:
        values = precision["text_to_window"]
        ks = sorted({int(k.split("@")[1].split("_")[0]) for k in values})
        cells = [
            [
                Cell(f"{k}"),
                *(
                    Cell(f"{values[f'label_precision@{k}_{m}']:.3f}", number=True)
                    for m in ("macro", "weighted")
                ),
            ]
            for k in ks
        ]
        note = (
            "Share of the first k windows that have the label of the caption's own window, which is left "
            f"out; {precision['windows']:,} captions of annotated windows, pool of all {pool['windows']:,}."
        )
        header = ("k", "macro", "weighted")
        tables.append(Table("Label precision, text to window", header, cells, note, frozenset({1, 2})))
    return tables


def _scores_table(rows: Sequence[Mapping[str, Any]], pool: str, title: str) -> Table:
    free = [row for row in rows if not row["uses_labels"] and row["method"] != "majority"]
    best = {s: max((row[pool][s]["value"] for row in free), default=None) for s, _ in _SCORES}
    body: list[Sequence[Cell]] = []
    group = None
    for row in rows:
        heading = "trained on labels" if row["uses_labels"] else f"no label used · prompts: {row['prompts']}"
        if heading != group:
            body.append([Cell(heading)])
            group = heading
        cells = []
        for score, _ in _SCORES:
            value = row[pool][score]
            strong = not row["uses_labels"] and value["value"] == best[score]
            note = _range(value["low"], value["high"])
            cells.append(Cell(f"{value['value']:.3f}", note, number=True, strong=strong))
        error = row[pool].get("calibration_error")
        cells.append(Cell("–" if error is None else f"{error:.3f}", number=True))
        body.append([Cell(method_title({**row, "prompts": None})), *cells])
    header = ("method", *(words for _, words in _SCORES), "calibration error")
    return Table(title, header, body, number_columns=frozenset({1, 2, 3, 4, 5}))


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.3f} – {high:.3f}"


def _records(rows: Sequence[Mapping[str, Any]], title: str) -> Table:
    header = list(dict.fromkeys(key for row in rows for key in row))
    body: list[Sequence[Cell]] = [[_cell(row.get(key, "")) for key in header] for row in rows[:_MOST_ROWS]]
    note = f"{len(rows) - _MOST_ROWS:,} more rows are in the result file." if len(rows) > _MOST_ROWS else ""
    numbers = frozenset(i for i in range(len(header)) if all(line[i].number for line in body))
    return Table(title, [_words(key) for key in header], body, note, numbers)


def _side_by_side(parts: Mapping[str, Mapping[str, Any]], title: str) -> list[Table]:
    """Mappings of the same keys: one column each, nested ones in tables below; many become rows instead."""
    if len(parts) > _MOST_COLUMNS:
        return [_records([{"": _words(name), **inner} for name, inner in parts.items()], title)]
    keys = dict.fromkeys(key for inner in parts.values() for key in inner)
    rows: list[Sequence[Cell]] = []
    below: list[Table] = []
    for key in keys:
        found = {name: inner[key] for name, inner in parts.items() if key in inner}
        if all(isinstance(v, Mapping) for v in found.values()):
            below += _side_by_side(found, f"{title} · {_words(key)}")
        elif not any(_is_long(v) for v in found.values()):
            rows.append([Cell(_words(key)), *(_cell(parts[name].get(key)) for name in parts)])
    header = ("", *map(_words, parts))
    numbers = frozenset(range(1, len(header)))
    return [*([Table(title, header, rows, number_columns=numbers)] if rows else []), *below]


def _is_long(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) > 12


def _cell(value: Any) -> Cell:
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    if isinstance(value, int):
        return Cell(f"{value:,}", number=True)
    if isinstance(value, float):
        return Cell(f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}", number=True)
    if value is None or value == "" or value == {} or value == []:
        return Cell("–")
    if isinstance(value, list | tuple):
        return Cell(", ".join(_cell(v).text for v in value))
    text = _FRACTION.sub(r"\1", str(value))
    # The beginning of a hash is enough for a reader.
    return Cell(text[:16] + "…" if len(text) == 64 and text.isalnum() else text)


def _words(key: object) -> str:
    return str(key).replace("_", " ")
