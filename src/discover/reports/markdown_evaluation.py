"""Evaluation results as Markdown: the main table first, details below."""

from collections.abc import Mapping, Sequence
from typing import Any

from discover.core.day_parts import DAY_PARTS
from discover.evaluation.deviations import reference_doubts
from discover.metrics.bootstrap import MIN_DAYS, enough_days
from discover.reports.markdown_retrieval import retrieval_markdown
from discover.reports.markdown_tables import SCORE_WORDS, f1_cell, markdown_table, score_cell

__all__ = ["METHOD_TITLES", "method_title", "to_markdown"]

METHOD_TITLES = {
    "majority": "majority class",
    "hour_logistic": "hour of day (logistic)",
    "bag_logistic": "bag of sensors + hour (logistic)",
    "bag_gradient_boosting": "bag of sensors + hour (gradient boosting)",
    "linear_probe": "linear probe on window vectors",
    "mlp_probe": "MLP probe on window vectors",
    "fine_tuned": "fine-tuned encoder",
    "k_shot": "prototypes",
    "text_and_shots": "prototypes with prompt",
    "few_shot_probe": "small linear probe",
    "text_only": "text only",
    "aligned_zero_shot": "aligned, zero-shot",
    "combined": "aligned + text only",
    "self_trained": "student of aligned + text only, on window vectors",
    "text_only_self_trained": "student of text only, on caption vectors",
    "self_trained_first": "student of aligned + text only, settings of 0.1.0",
    "text_only_self_trained_first": "student of text only, settings of 0.1.0",
}
_POOLS = {
    "annotated": "annotated windows",
    "full": "all windows, `no_activity` as a class",
}


def method_title(row: Mapping[str, Any]) -> str:
    """A row of a recognition result in words, for example "aligned, zero-shot · described · centred"."""
    shots = row.get("shots")
    parts = [
        METHOD_TITLES.get(row["method"], row["method"]),
        None if shots is None else f"{shots} {'shot' if shots == 1 else 'shots'}",
        "before the head" if row.get("space") == "encoder" else None,
        str(row["coarse_by"]).replace("_", " ") if row.get("coarse_by") else None,
        row.get("prompts"),
        row.get("variant"),
    ]
    if row.get("smoothed"):
        parts.append("smoothed")
    return " · ".join(str(part) for part in parts if part)


def to_markdown(result: Mapping[str, Any]) -> str:
    """Tables of a recognition or retrieval result, intervals shown, ready for a results page."""
    if result.get("skipped"):
        return f"Not scored for home {result['home']}: {result['skipped']}.\n"
    lines = retrieval_markdown(result) if "text_to_window" in result else _recognition(result)
    return "\n".join(lines).rstrip() + "\n"


def _recognition(result: Mapping[str, Any]) -> list[str]:
    test = result["pools"]["test"]
    rows = result["rows"]
    days = rows[0]["annotated"]["days"] if rows else 0
    lines = [
        f"# Recognition, home {result['home']}, {result['protocol'].replace('_', '-')} windows",
        "",
        f"{test['windows']:,} test windows on {test['days']} days, {test['annotated']:,} annotated. "
        + (
            f"Intervals: {result['intervals']}; rows with shots: over draws."
            if enough_days(days)
            else f"No intervals and no verdicts: {days} annotated test days, fewer than {MIN_DAYS}."
        ),
        "",
    ]
    if result.get("deviations"):
        lines += [f"Deviations from the protocol: {'; '.join(result['deviations'])}.", ""]
    lines += [f"**Not to be believed**: {doubt}.\n" for doubt in reference_doubts(result)]
    shared = result["leak_check"].get("shared_days", 0)
    if shared:
        lines += [
            f"**{shared} days have windows of two splits**: neighbours of training windows are tested.",
            "",
        ]
    main = [row for row in rows if row["unit"] == "window" and not row["smoothed"]]
    smoothed = [row for row in rows if row["unit"] == "window" and row["smoothed"]]
    segments = [row for row in rows if row["unit"] == "segment"]
    lines += _scores(main, "annotated", "Annotated windows only (main)")
    lines += _few_labels(result.get("few_labels") or ())
    lines += _scores(main, "full", "All windows, `no_activity` as a class")
    if any("full" in row for row in rows):
        lines += [f"Rejection: {result['rejection']}.", ""]
    for pool, words in _POOLS.items():
        lines += _scores(smoothed, pool, f"Scores averaged over neighbouring windows, {words}")
    lines += _scores(segments, "annotated", "Per segment, annotated windows")
    annotations = [row for row in rows if row["unit"] == "annotation" and not row["smoothed"]]
    if annotations:
        missed = annotations[0]["annotated"]["without_window"]
        lines += _scores(
            annotations,
            "annotated",
            f"Per annotation, {missed:,} annotations without a window counted as misses",
        )
    lines += _students(main)
    lines += _comparisons(result["comparisons"])
    lines += _coarse(result.get("coarse"))
    chosen = _chosen(main)
    lines += _by_day_part(chosen)
    lines += _per_activity(chosen)
    hashes = [f"{name} {p['sha256'][:12]}" for name, p in result["prompts"].items() if "sha256" in p]
    return [*lines, "Prompts (sha256): " + ", ".join(hashes) + "."]


def _scores(rows: Sequence[Mapping[str, Any]], pool: str, title: str) -> list[str]:
    rows = [row for row in rows if pool in row]
    if not rows:
        return []
    found = [row[pool].get("calibration_error") for row in rows]
    errors = ["" if e is None else f"{e:.3f}" for e in found] if found != [None] * len(rows) else None
    body = [
        [
            method_title(row),
            "yes" if row["uses_labels"] else "no",
            *(score_cell(row[pool][s]) for s in SCORE_WORDS),
            *([] if errors is None else [errors[i]]),
        ]
        for i, row in enumerate(rows)
    ]
    columns = [*SCORE_WORDS.values(), *([] if errors is None else ["calibration error"])]
    table = markdown_table(["method", "labels", *columns], body, text_columns=2)
    return [f"## {title} (n = {rows[0][pool]['n']:,})", "", *table, ""]


def _few_labels(shares: Sequence[Mapping[str, Any]]) -> list[str]:
    if not shares:
        return []
    body = [
        [
            f"{METHOD_TITLES[s['method']]} · {s['shots']}",
            *(
                f"{100 * s[f'{name}_share_of_probe']:.0f} %" if f"{name}_share_of_probe" in s else ""
                for name in ("accuracy", "macro_f1", "weighted_f1")
            ),
        ]
        for s in shares
    ]
    header = ["windows per activity", "accuracy", "macro F1", "weighted F1"]
    return [
        "## Few labels, as a share of the linear probe",
        "",
        *markdown_table(header, body, text_columns=1),
        "",
    ]


def _students(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Students compared with their teachers without labels, and the refused ones."""
    body = []
    for row in rows:
        check = row.get("student")
        if check is not None:
            steady = [check["teacher_steadiness"], check["student_steadiness"]]
            body.append(
                [
                    method_title(row),
                    f"{100 * check['agreement_on_clearest']:.0f} %",
                    f"{100 * check['moved']:.0f} %",
                    *("" if value is None else f"{value:.3f}" for value in steady),
                    f"refused: {check['refused']}; the row is its teacher's"
                    if check["refused"]
                    else "answers",
                ]
            )
    if not body:
        return []
    header = [
        "student",
        "agrees where the teacher is clearest",
        "answers changed",
        "teacher steady",
        "student steady",
        "",
    ]
    return [
        "## Students beside their teachers, without labels",
        "",
        *markdown_table(header, body, text_columns=1),
        "",
    ]


def _comparisons(comparisons: Sequence[Mapping[str, Any]]) -> list[str]:
    body = []
    for pair in comparisons:
        for pool in (p for p in _POOLS if p in pair):
            detail = [
                "before the head" if pair.get("space") == "encoder" else None,
                str(pair["coarse_by"]).replace("_", " ") if pair.get("coarse_by") else None,
                pair["prompts"],
                pair["variant"],
                "smoothed" if pair["smoothed"] else None,
                pair["unit"],
                pool,
            ]
            title = f"{METHOD_TITLES[pair['first']]} − {METHOD_TITLES[pair['second']]}"
            scores = [
                score_cell(pair[pool][s], sign=True) + ("*" if pair[pool][s]["differs"] else "")
                for s in SCORE_WORDS
            ]
            body.append([title, " · ".join(str(d) for d in detail if d), *scores])
    if not body:
        return []
    table = markdown_table(["difference", "on", *SCORE_WORDS.values()], body, text_columns=2)
    return ["## Paired differences (* the interval excludes 0)", "", *table, ""]


def _coarse(coarse: Mapping[str, Any] | None) -> list[str]:
    if not coarse or coarse.get("skipped"):
        return []
    rows = [row for row in coarse["rows"] if row["unit"] == "window"]
    singles, smoothed = ([r for r in rows if r["smoothed"] == flag] for flag in (False, True))
    lines = _scores(singles, "annotated", "Coarse labels (L2), annotated windows")
    lines += _scores(smoothed, "annotated", "Coarse labels (L2), averaged over neighbouring windows")
    return lines + _scores(singles, "full", "Coarse labels (L2), all windows")


def _chosen(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rows shown in detail, fixed beforehand: described prompts, centred; linear probe and boosting."""
    chosen: list[Mapping[str, Any]] = []
    for method in ("text_only", "aligned_zero_shot"):
        own = [r for r in rows if r["method"] == method and r["variant"] == "centred"]
        chosen += [r for r in own if r["prompts"] == "described"][:1] or own[:1]
    for method in ("linear_probe", "bag_gradient_boosting"):
        chosen += [r for r in rows if r["method"] == method][:1]
    return chosen


def _by_day_part(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [row for row in rows if row["annotated"].get("by_day_part")]
    if not rows:
        return []
    body = []
    for part in DAY_PARTS:
        found = [row["annotated"]["by_day_part"].get(part.name) for row in rows]
        if found[0] is None:
            continue
        hours = f"{part.name.replace('_', ' ')} ({part.begin_hour}–{part.end_hour} h)"
        cells = [f"{f['accuracy']:.3f} / {f['macro_f1']:.3f}" for f in found if f]
        body.append([hours, f"{found[0]['n']:,}", *cells])
    header = ["part of the day", "windows", *(method_title(row) for row in rows)]
    table = markdown_table(header, body, text_columns=1)
    return ["## Part of the day, annotated windows (accuracy / macro F1)", "", *table, ""]


def _per_activity(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return []
    first = rows[0]["annotated"]["per_class"]
    body = []
    for name in sorted(first, key=lambda n: -first[n]["support"]):
        cells = [
            f"{f1_cell(c)} ({c['precision']:.2f}, {c['recall']:.2f})"
            for c in (row["annotated"]["per_class"].get(name) for row in rows)
            if c
        ]
        body.append([name.replace("_", " "), f"{first[name]['support']:,.0f}", *cells])
    header = ["activity", "windows", *(method_title(row) for row in rows)]
    table = markdown_table(header, body, text_columns=1)
    title = "## Per activity, annotated windows: F1 [95 % interval over days] (precision, recall)"
    note = f"No interval: its true windows lie on fewer than {MIN_DAYS} days."
    return [title, "", note, "", *table, ""]
