"""Evaluation results as Markdown tables."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["method_title", "to_markdown"]

_TITLES = {
    "majority": "majority class",
    "hour_logistic": "hour of day (logistic)",
    "bag_logistic": "bag of sensors + hour (logistic)",
    "bag_gradient_boosting": "bag of sensors + hour (gradient boosting)",
    "linear_probe": "linear probe on window vectors",
    "text_only": "text only",
    "aligned_zero_shot": "aligned, zero-shot",
}
_SCORES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced acc.",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
}
_POOLS = {
    "annotated": "Annotated windows only (main)",
    "full": "All windows, `no_activity` as a class",
}


def method_title(row: Mapping[str, Any]) -> str:
    """A row of a recognition result in words, for example "aligned, zero-shot · described · centred"."""
    parts = [_TITLES.get(row["method"], row["method"]), row.get("prompts"), row.get("variant")]
    if row.get("smoothed"):
        parts.append("smoothed")
    return " · ".join(str(part) for part in parts if part)


def to_markdown(result: Mapping[str, Any]) -> str:
    """Tables of a recognition or retrieval result, intervals shown, ready for a results page."""
    if result.get("skipped"):
        return f"Not scored for home {result['home']}: {result['skipped']}.\n"
    text = _retrieval(result) if "text_to_window" in result else _recognition(result)
    return text.rstrip() + "\n"


def _recognition(result: Mapping[str, Any]) -> str:
    test = result["pools"]["test"]
    lines = [
        f"Home {result['home']}, {result['protocol'].replace('_', '-')} windows: {test['windows']:,} test "
        f"windows on {test['days']} days, {test['annotated']:,} annotated. Intervals: {result['intervals']}.",
        "",
    ]
    units = list(dict.fromkeys(row["unit"] for row in result["rows"]))
    for unit in units:
        for pool, title in _POOLS.items():
            rows = [row for row in result["rows"] if row["unit"] == unit and pool in row]
            if not rows:
                continue
            lines += [f"**{title}, per {unit}** (n = {rows[0][pool]['n']:,})", ""]
            body = [
                [
                    method_title(row),
                    "yes" if row["uses_labels"] else "no",
                    *(_cell(row[pool][s]) for s in _SCORES),
                ]
                for row in rows
            ]
            lines += [*_table(["method", "labels", *_SCORES.values()], body, text_columns=2), ""]
    lines += _comparisons(result["comparisons"])
    if any("full" in row for row in result["rows"]):
        lines += [f"Rejection: {result['rejection']}.", ""]
    hashes = [f"{name} {p['sha256'][:12]}" for name, p in result["prompts"].items() if "sha256" in p]
    lines.append("Prompts (sha256): " + ", ".join(hashes) + ".")
    return "\n".join(lines)


def _comparisons(comparisons: Sequence[Mapping[str, Any]]) -> list[str]:
    if not comparisons:
        return []
    body = []
    for pair in comparisons:
        for pool in _POOLS:
            if pool not in pair:
                continue
            detail = [
                pair["prompts"],
                pair["variant"],
                "smoothed" if pair["smoothed"] else None,
                pair["unit"],
                pool,
            ]
            title = f"{_TITLES[pair['first']]} − {_TITLES[pair['second']]}"
            scores = [
                _cell(pair[pool][s], sign=True) + ("*" if pair[pool][s]["differs"] else "") for s in _SCORES
            ]
            body.append([title, " · ".join(str(d) for d in detail if d), *scores])
    header = ["difference", "on", *_SCORES.values()]
    return [
        "**Paired differences** (* the interval excludes 0)",
        "",
        *_table(header, body, text_columns=2),
        "",
    ]


def _retrieval(result: Mapping[str, Any]) -> str:
    pool = result["pool"]
    depths = [key for key in result["text_to_window"] if key.startswith("recall@")]
    header = ["direction", *(d.replace("recall@", "R@") for d in depths), "mAP", "median rank"]
    body = []
    for direction in ("text_to_window", "window_to_text"):
        scores = result[direction]
        values = [f"{scores[d]:.3f}" for d in depths]
        body.append(
            [direction.replace("_", " "), *values, f"{scores['map']:.3f}", f"{scores['median_rank']:,.0f}"]
        )
    chance = [f"{pool['chance_recall'][d.removeprefix('recall@')]:.3f}" for d in depths]
    body.append(["random order", *chance, "", ""])
    lines = [
        f"Home {result['home']}: pool of all {pool['windows']:,} test windows, "
        f"{pool['distinct_captions']:,} distinct captions, largest set of windows with one caption "
        f"{pool['largest_relevant_set']:,}.",
        "",
        *_table(header, body, text_columns=1),
        "",
    ]
    if result.get("label_precision"):
        precision = result["label_precision"]
        cells = [
            [k.replace("label_precision", "label-P"), f"{v:.3f}"]
            for k, v in precision["text_to_window"].items()
        ]
        lines += [f"Text to window, label precision over {precision['windows']:,} annotated windows:", ""]
        lines += _table(["measure", "value"], cells, text_columns=1)
    return "\n".join(lines)


def _cell(score: Mapping[str, Any], *, sign: bool = False) -> str:
    form = "+.3f" if sign else ".3f"
    if score["low"] is None:
        return f"{score['value']:{form}} [one day: no interval]"
    return f"{score['value']:{form}} [{score['low']:{form}}, {score['high']:{form}}]"


def _table(header: Sequence[str], body: Sequence[Sequence[str]], *, text_columns: int) -> list[str]:
    rule = ["---"] * text_columns + ["---:"] * (len(header) - text_columns)
    return ["| " + " | ".join(cells) + " |" for cells in (header, rule, *body)]
