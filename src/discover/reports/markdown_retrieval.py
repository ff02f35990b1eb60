"""Retrieval results as Markdown."""

from collections.abc import Mapping
from typing import Any

from discover.reports.markdown_tables import markdown_table, score_cell

__all__ = ["DIRECTION_TITLES", "retrieval_markdown"]

DIRECTION_TITLES = {
    "text_to_window": "text to window",
    "window_to_text": "window to text",
    "window_to_window": "window to window",
    "text_to_text": "text to text",
    "text_to_captions_encoder": "caption only: text to captions, text encoder",
    "text_to_captions_joint": "caption only: text to captions, joint space",
    "captions_to_captions_encoder": "caption only: text to text, text encoder",
}


def retrieval_markdown(result: Mapping[str, Any]) -> list[str]:
    """Lines: ranks first, then labels in all directions, prompts, and what is found instead."""
    pool = result["pool"]
    found = result.get("deviations")
    return [
        f"# Retrieval, home {result['home']}, {result['protocol'].replace('_', '-')} windows",
        "",
        f"Home {result['home']}: pool of all {pool['windows']:,} test windows, "
        f"{pool['distinct_captions']:,} distinct captions, largest set of windows with one caption "
        f"{pool['largest_relevant_set']:,}.",
        "",
        *([f"Deviations from the protocol: {'; '.join(found)}.", ""] if found else []),
        *_ranks(result),
        *_labels(result),
        *_prompts(result),
        *_confusion(result),
    ]


def _ranks(result: Mapping[str, Any]) -> list[str]:
    depths = [key for key in result["text_to_window"] if key.startswith("recall@")]
    header = ["direction", *(d.replace("recall@", "R@") for d in depths), "mAP", "median rank"]
    rows = {name: result[name] for name in ("text_to_window", "window_to_text")}
    caption_only = result.get("caption_only")
    if caption_only:
        rows |= {f"text_to_captions_{space}": caption_only[space] for space in ("encoder", "joint")}
    body = [
        [
            DIRECTION_TITLES[name],
            *(f"{scores[d]:.3f}" for d in depths),
            f"{scores['map']:.3f}",
            f"{scores['median_rank']:,.0f}",
        ]
        for name, scores in rows.items()
    ]
    chance = [f"{result['pool']['chance_recall'][d.removeprefix('recall@')]:.3f}" for d in depths]
    body.append(["random order", *chance, "", ""])
    lines = ["## Right window or caption", "", *markdown_table(header, body, text_columns=1), ""]
    if caption_only:
        gain = caption_only["text_to_window_minus_encoder"]
        cells = [f"R@{k.removeprefix('recall@')} {score_cell(v, sign=True)}" for k, v in gain.items()]
        lines += [
            f"Caption only: the query is {caption_only['query']}; the items are the {caption_only['items']}. "
            f"Text to window minus caption only (text encoder): {', '.join(cells)}.",
            "",
        ]
    return lines


def _labels(result: Mapping[str, Any]) -> list[str]:
    labels = result.get("labels")
    if not labels:
        return []
    pools = {f"whole pool of {labels['pool']:,} windows": labels}
    if "annotated_pool" in labels:
        only = labels["annotated_pool"]
        pools[f"pool of the {only['pool']:,} annotated windows only"] = only
    lines: list[str] = []
    for pool, found in pools.items():
        lines += _label_tables(found, pool)
    return [*lines, f"Own windows: {labels['own_window']}.", ""]


def _label_tables(labels: Mapping[str, Any], pool: str) -> list[str]:
    lines: list[str] = []
    for level, words in (("L1", "activity labels"), ("L2", "coarse labels")):
        directions = labels[level]
        names = list(next(iter(directions.values()))["values"])
        header = ["direction", *(n.replace("label_precision@", "P@").replace("_", " ") for n in names)]
        body = [
            [DIRECTION_TITLES[name], *(score_cell(found["intervals"][n]) for n in names)]
            for name, found in directions.items()
        ]
        title = f"## Label precision, {words} ({level}), {labels['windows']:,} queries, {pool}"
        lines += [title, "", *markdown_table(header, body, text_columns=1), ""]
    return lines


def _prompts(result: Mapping[str, Any]) -> list[str]:
    entries = result.get("prompts") or []
    if not entries:
        return []
    names = list(entries[0]["prompt_to_window"])
    header = ["prompts", *(n.replace("label_precision@", "P@").replace("_", " ") for n in names)]
    header += ["window to prompt: R@1", "MRR"]
    body = []
    for entry in entries:
        back = entry.get("window_to_prompt")
        title = (
            f"{entry['source'].replace('_', ' ')} · {entry['level']} · {entry['prompts']} · {entry['pool']}"
        )
        values = [f"{entry['prompt_to_window'][n]:.3f}" for n in names]
        values += [f"{back['recall@1']:.3f}", f"{back['mrr']:.3f}"] if back else ["", ""]
        body.append([title, *values])
    return ["## Activity prompts as queries", "", *markdown_table(header, body, text_columns=1), ""]


def _confusion(result: Mapping[str, Any]) -> list[str]:
    if not result.get("labels"):
        return []
    found = result["labels"]["L1"]["text_to_window"]
    confusion, per_label = found["confusion"], found["per_label"]
    names = confusion["classes"]
    body = []
    for name, shares in zip(names, confusion["shares"], strict=True):
        if name not in per_label:
            continue
        order = sorted(range(len(names)), key=lambda i: -shares[i])[:4]
        cells = ", ".join(
            f"{names[i].replace('_', ' ')} {100 * shares[i]:.0f} %" for i in order if shares[i] > 0
        )
        body.append([name.replace("_", " "), f"{per_label[name]['windows']:,}", cells])
    title = f"## What the first {confusion['k']} windows of a caption are, by label (text to window)"
    table = markdown_table(["label of the caption", "captions", "labels found"], body, text_columns=3)
    return [title, "", *table, ""]
