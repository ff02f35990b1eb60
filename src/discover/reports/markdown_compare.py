"""Compared runs as Markdown: recognition, rows with few labels, retrieval."""

from collections.abc import Mapping, Sequence
from typing import Any

from discover.reports.markdown_evaluation import METHOD_TITLES
from discover.reports.markdown_tables import markdown_table, score_cell

__all__ = ["comparison_markdown", "main_entries", "row_words"]

_SHOWN = ("macro_f1", "weighted_f1")


def comparison_markdown(result: Mapping[str, Any]) -> str:
    """Main rows (annotated windows, fine labels) and retrieval; the JSON holds all rows."""
    first = result["runs"][0]
    lines = [
        f"# {', '.join(result['runs'])}",
        "",
        f"Intervals: {result['intervals']}. Differences: minus {first}, on the same windows; "
        "* the interval excludes 0.",
        "",
    ]
    lines += _recognition(result["recognition"])
    lines += _few_labels(result.get("few_labels", ()))
    for protocol in dict.fromkeys(e["protocol"] for e in result["retrieval"]):
        body = [
            [e["direction"].replace("_", " "), e["measure"], e["run"], *_cells(e, ("mean",))]
            for e in result["retrieval"]
            if e["protocol"] == protocol
        ]
        header = ["direction", "measure", "run", "value", "difference"]
        lines += [f"## Retrieval, {protocol.replace('_', '-')}", ""]
        lines += [*markdown_table(header, body, text_columns=3), ""]
    return "\n".join(lines).rstrip() + "\n"


def row_words(row: str) -> str:
    """A row's key in words: "linear_probe/encoder" -> "linear probe on window vectors · before the head"."""
    method, *rest = row.split("/")
    words = {"joint": "", "encoder": "before the head", "1_shots": "1 shot"}
    parts = [METHOD_TITLES.get(method, method), *(words.get(part, part) for part in rest)]
    return " · ".join(part.replace("_", " ") for part in parts if part)


def main_entries(entries: Sequence[Mapping[str, Any]], protocol: str) -> list[Mapping[str, Any]]:
    """Entries of annotated windows and fine labels under one protocol."""
    wanted = ("L1", "annotated", protocol)
    return [e for e in entries if (e["level"], e["pool"], e["protocol"]) == wanted]


def _recognition(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    lines: list[str] = []
    for protocol in dict.fromkeys(e["protocol"] for e in entries):
        shown = main_entries(entries, protocol)
        if shown:
            lines += [f"## Recognition, {protocol.replace('_', '-')}, annotated windows", ""]
            lines += [*_score_table(shown), ""]
    return lines


def _few_labels(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    lines: list[str] = []
    for protocol in dict.fromkeys(e["protocol"] for e in entries):
        shown = main_entries(entries, protocol)
        # One method after the other, so that a column shows what more labels bring.
        methods = list(dict.fromkeys(_method(e) for e in shown))
        shown = sorted(shown, key=lambda e: methods.index(_method(e)))
        lines += [f"## Few labels, {protocol.replace('_', '-')}, annotated windows", ""]
        lines += ["Means over repeated draws of the labelled windows.", ""]
        unstored = list(dict.fromkeys(e["run"] for e in shown if e["interval_over"] == "draws"))
        if unstored:
            lines += [
                "†: the range of the draws, not an interval over days. The answers behind it are not stored "
                f"in {', '.join(unstored)}, so differences have no interval; evaluate again to get one.",
                "",
            ]
        lines += [*_score_table(shown), ""]
    return lines


def _method(entry: Mapping[str, Any]) -> str:
    return str(entry["row"]).split("/")[0]


def _score_table(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    body = [[row_words(e["row"]), e["run"], *_cells(e, _SHOWN)] for e in entries]
    header = ["row", "run", "macro F1", "difference", "weighted F1", "difference"]
    return markdown_table(header, body, text_columns=2)


def _cells(entry: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    mark = " †" if entry.get("interval_over") == "draws" else ""
    cells: list[str] = []
    for name in names:
        minus = entry.get("minus_first")
        cells.append(score_cell(entry[name]) + mark)
        if minus is None:
            cells.append("")
        else:
            cells.append(score_cell(minus[name], sign=True) + ("*" if minus[name]["differs"] else ""))
    return cells
