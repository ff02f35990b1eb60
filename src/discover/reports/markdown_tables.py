"""Cells and tables of the Markdown reports."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["SCORE_WORDS", "f1_cell", "markdown_table", "score_cell"]

SCORE_WORDS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced acc.",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
}
"""Scores in the order of the columns, and their words."""


def score_cell(score: Mapping[str, Any], *, sign: bool = False) -> str:
    """A value with its interval, where it has one: "0.731 [0.690, 0.772]"; `sign` shows plus signs."""
    form = "+.3f" if sign else ".3f"
    if score["low"] is None:
        return f"{score['value']:{form}}"
    return f"{score['value']:{form}} [{score['low']:{form}}, {score['high']:{form}}]"


def f1_cell(scores: Mapping[str, Any]) -> str:
    """F1 of one activity with its interval, where it has one: "0.731 [0.690, 0.772]"."""
    low, high = scores.get("f1_low"), scores.get("f1_high")
    return f"{scores['f1']:.3f}" + ("" if low is None or high is None else f" [{low:.3f}, {high:.3f}]")


def markdown_table(header: Sequence[str], body: Sequence[Sequence[str]], *, text_columns: int) -> list[str]:
    """Lines of a table; columns after the first `text_columns` are aligned right."""
    rule = ["---"] * text_columns + ["---:"] * (len(header) - text_columns)
    return ["| " + " | ".join(cells) + " |" for cells in (header, rule, *body)]
