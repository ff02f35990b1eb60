"""Recognition and retrieval of one run config, several seeds, by docs/protocol.md.

    python -m benchmarks.quality.recognition --config configs/pipelines/b2_baseline.yaml \
        --set home.log=FILE --seeds 3 --name recognition_b2

Windows, captions and vectors are made once; the model is trained and scored once per seed. Rows that do
not depend on the seed (majority, bag of sensors, text only) come out the same in each.
"""

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import ROOT, BenchmarkParser, markdown_table, stage_commits, write_result
from benchmarks.quality.seed_answers import SeedAnswers
from discover.core.artifacts import read_json
from discover.evaluation import reference_doubts, row_key, summarise_seeds
from discover.evaluation.compare import read_run
from discover.metrics import Interval
from discover.pipeline import run_chain
from discover.reports.markdown_evaluation import method_title
from discover.stages import StageOutcome

_LABEL_FREE_PAIRS = {
    ("aligned_zero_shot", "text_only"): "aligned minus text only",
    ("combined", "text_only"): "aligned + text only minus text only",
    ("self_trained", "text_only"): "student minus text only",
    ("self_trained", "combined"): "student minus aligned + text only",
    ("self_trained", "text_only_self_trained"): "student minus student of text only",
    ("text_only_self_trained", "text_only"): "student of text only minus text only",
    ("self_trained_first", "text_only"): "student of 0.1.0 minus text only",
}
_SCORES = ("accuracy", "balanced_accuracy", "macro_f1", "weighted_f1")


def run_seeds(
    config: Path, overrides: Sequence[str], seeds: int, workspace: Path
) -> tuple[list[dict[str, Any]], list[list[StageOutcome]], SeedAnswers]:
    """Results (metrics.json) and stage outcomes, one per seed, and the answers of all.

    Exits where a supervised reference cannot be believed: no table is made with it.
    """
    results, outcomes, runs = [], [], []
    for seed in range(seeds):
        settings = [*overrides, f"seed={seed}", f"experiment_name=seed_{seed}"]
        done: list[StageOutcome] = []

        def note(outcome: StageOutcome, into: list[StageOutcome] = done) -> None:
            into.append(outcome)
            _print(outcome)

        chain = run_chain(config, settings, workspace, on_outcome=note)
        outcomes.append(done)
        results.append(read_json(chain.model_folders.results / "metrics.json"))
        doubts = [d for part in results[-1].values() for d in reference_doubts(part["recognition"])]
        if doubts:
            sys.exit(f"Seed {seed}, no table: a reference must be sane. {'. '.join(doubts)}.")
        runs.append(read_run(chain.model_folders.results, f"seed_{seed}"))
    return results, outcomes, SeedAnswers(runs)


def recognition_tables(results: Sequence[Mapping[str, Any]], answers: SeedAnswers) -> str:
    """One table per protocol, unit and pool: mean, range over seeds, interval over seeds and days."""
    parts = []
    for protocol in results[0]:
        runs = [result[protocol]["recognition"] for result in results]
        if runs[0].get("skipped"):
            parts.append(f"## {protocol}\n\nNot scored: {runs[0]['skipped']}.")
            continue
        rows = summarise_seeds(runs)
        for unit in dict.fromkeys(row["unit"] for row in rows):
            for pool, title in (("annotated", "annotated windows"), ("full", "all windows")):
                chosen = [row for row in rows if row["unit"] == unit and pool in row]
                if not chosen:
                    continue
                n = chosen[0][pool]["n"]
                parts.append(f"## {protocol.replace('_', '-')}, per {unit}, {title} (n = {n:,})\n")
                parts.append(_score_table(chosen, pool, protocol, answers))
    return "\n\n".join(parts)


def difference_table(results: Sequence[Mapping[str, Any]], answers: SeedAnswers) -> str:
    """Paired differences of label-free rows: mean, range over seeds, one interval over seeds and days."""
    rows = []
    for protocol in results[0]:
        found = [result[protocol]["recognition"].get("comparisons", []) for result in results]
        for entries in zip(*found, strict=True):
            c = entries[0]
            if (c["first"], c["second"]) not in _LABEL_FREE_PAIRS:
                continue
            if "annotated" not in c or c["unit"] != "window":
                continue
            words = " · ".join(w for w in (c["prompts"], c["variant"]) if w)
            words += " · smoothed" if c["smoothed"] else ""
            keys = [row_key({**c, "method": c[side]}) for side in ("first", "second")]
            intervals = answers.minus(protocol, "L1", "annotated", keys[0], keys[1])
            cells = [
                _mean([e["annotated"][s]["value"] for e in entries], sign=True)
                + _bracket(intervals.get(s), sign=True)
                for s in ("accuracy", "macro_f1", "weighted_f1")
            ]
            rows.append((protocol, _LABEL_FREE_PAIRS[c["first"], c["second"]], words, *cells))
    return markdown_table(("protocol", "rows", "prompts", "accuracy", "macro F1", "weighted F1"), rows)


def student_table(results: Sequence[Mapping[str, Any]]) -> str:
    """What the label-free check saw of every student, and which ones it refused."""
    rows = []
    for protocol in results[0]:
        for seed, result in enumerate(results):
            for row in result[protocol]["recognition"]["rows"]:
                check = row.get("student")
                if check is None or row["smoothed"] or row["unit"] != "window":
                    continue
                steady = [check["teacher_steadiness"], check["student_steadiness"]]
                rows.append(
                    (
                        protocol,
                        method_title(row),
                        seed,
                        f"{check['agreement_on_clearest']:.3f}",
                        f"{check['moved']:.3f}",
                        *("" if value is None else f"{value:.3f}" for value in steady),
                        f"refused: {check['refused']}" if check["refused"] else "answers",
                    )
                )
    columns = (
        "protocol",
        "student",
        "seed",
        "agreement where clearest",
        "answers changed",
        "steadiness of teacher",
        "of student",
        "",
    )
    return markdown_table(columns, rows)


def retrieval_table(results: Sequence[Mapping[str, Any]], answers: SeedAnswers) -> str:
    """R@k, mAP and median rank per direction, with the pool and chance: mean, range, interval."""
    rows = []
    for protocol in results[0]:
        found = [result[protocol]["retrieval"] for result in results]
        chance = found[0]["pool"]["chance_recall"]
        for direction in ("text_to_window", "window_to_text"):
            scores = [f[direction] for f in found]
            cells = [
                _mean([x[f"recall@{k}"] for x in scores]) + _bracket(answers.recall(protocol, direction, k))
                for k in (1, 5, 10)
            ]
            rest = [_mean([x[name] for x in scores]) for name in ("map", "median_rank")]
            by_chance = " / ".join(f"{chance[str(k)]:.3f}" for k in (1, 5, 10))
            rows.append((protocol, direction, found[0]["pool"]["windows"], by_chance, *cells, *rest))
    columns = ("protocol", "direction", "pool", "chance", "R@1", "R@5", "R@10", "mAP", "median rank")
    return markdown_table(columns, rows)


def label_precision_table(results: Sequence[Mapping[str, Any]], answers: SeedAnswers) -> str:
    """label-P@k in every direction, fine and coarse: the whole pool; then the annotated pool, no interval."""
    rows = []
    for protocol in results[0]:
        found = [result[protocol]["retrieval"].get("labels") for result in results]
        if not all(found):
            continue
        for pool in ("whole", "annotated_pool"):
            parts = found if pool == "whole" else [labels.get(pool) for labels in found]
            if not all(parts):
                continue
            for level in ("L1", "L2"):
                for direction, first in parts[0][level].items():
                    for name in first["values"]:
                        k, average = name.removeprefix("label_precision@").split("_")
                        values = [labels[level][direction]["values"][name] for labels in parts]
                        interval = (
                            answers.label_precision(protocol, direction, level, int(k)).get(average)
                            if pool == "whole"
                            else None
                        )
                        words = f"{pool.removesuffix('_pool')} ({parts[0]['pool']:,})"
                        score = f"P@{k} {average}"
                        cell = _mean(values) + _bracket(interval)
                        rows.append((protocol, words, level, direction, score, cell))
    return markdown_table(("protocol", "pool", "labels", "direction", "score", "value"), rows)


def caption_only_table(results: Sequence[Mapping[str, Any]], answers: SeedAnswers) -> str:
    """Caption-only search beside text to window: R@10 of both and their paired difference."""
    rows = []
    for protocol in results[0]:
        found = [result[protocol]["retrieval"] for result in results]
        if not all(f.get("caption_only") for f in found):
            continue
        sides = {
            "window": [f["text_to_window"]["recall@10"] for f in found],
            "encoder": [f["caption_only"]["encoder"]["recall@10"] for f in found],
            "joint": [f["caption_only"]["joint"]["recall@10"] for f in found],
        }
        gaps = [w - e for w, e in zip(sides["window"], sides["encoder"], strict=True)]
        interval = answers.recall(protocol, "text_to_window", 10, minus="text_to_captions_encoder")
        rows.append(
            (
                protocol,
                *(_mean(values) for values in sides.values()),
                _mean(gaps, sign=True) + _bracket(interval, sign=True),
            )
        )
    columns = ("protocol", "text to window", "captions, encoder", "captions, joint", "window - encoder")
    return markdown_table(columns, rows)


def few_label_table(results: Sequence[Mapping[str, Any]]) -> str:
    """Rows with few labels as a share of the linear probe's scores, mean over seeds."""
    rows = []
    for protocol in results[0]:
        found = [result[protocol]["recognition"].get("few_labels") or [] for result in results]
        for entries in zip(*found, strict=True):
            shares = [
                [e.get(f"{s}_share_of_probe", float("nan")) for e in entries]
                for s in ("macro_f1", "weighted_f1")
            ]
            rows.append((protocol, entries[0]["method"], entries[0]["shots"], *(_mean(s) for s in shares)))
    return markdown_table(("protocol", "method", "shots", "macro F1", "weighted F1"), rows)


def coarse_tables(results: Sequence[Mapping[str, Any]], answers: SeedAnswers) -> str:
    """Coarse labels (L2), annotated windows; mapped answers are not stored and have no interval."""
    rows = []
    for protocol in results[0]:
        found = [(result[protocol]["recognition"].get("coarse") or {}).get("rows", []) for result in results]
        for entries in zip(*found, strict=True):
            if entries[0]["unit"] == "window":
                found_scores = answers.scores(protocol, "L2", "annotated", row_key(entries[0]))
                intervals = {} if found_scores is None else found_scores.intervals()
                cells = [
                    _mean([e["annotated"][score]["value"] for e in entries]) + _bracket(intervals.get(score))
                    for score in ("accuracy", "macro_f1", "weighted_f1")
                ]
                rows.append((protocol, method_title(entries[0]), *cells))
    return markdown_table(("protocol", "row", "accuracy", "macro F1", "weighted F1"), rows)


def day_part_table(results: Sequence[Mapping[str, Any]]) -> str:
    """Macro F1 by part of the day, first seed: described prompts, centred, and the linear probe."""
    rows = []
    for row in results[0]["free_running"]["recognition"]["rows"]:
        shown = row["method"] == "linear_probe" or (row["variant"], row["prompts"]) == (
            "centred",
            "described",
        )
        if shown and not row["smoothed"]:
            for part, scores in (row["annotated"].get("by_day_part") or {}).items():
                rows.append(
                    (
                        method_title(row),
                        part.replace("_", " "),
                        scores["n"],
                        scores["accuracy"],
                        scores["macro_f1"],
                    )
                )
    return markdown_table(("row", "part of the day", "windows", "accuracy", "macro F1"), rows)


def _mean(values: Sequence[float], *, sign: bool = False) -> str:
    form = "+.3f" if sign else ".3f"
    to = " to " if sign else "–"
    spread = f" ({min(values):{form}}{to}{max(values):{form}})" if min(values) != max(values) else ""
    return f"{sum(values) / len(values):{form}}{spread}"


def _bracket(interval: Interval | None, *, sign: bool = False) -> str:
    """The interval after a space, with a star where a difference excludes 0; nothing where there is none."""
    if interval is None or interval.low != interval.low:
        return ""
    form = "+.3f" if sign else ".3f"
    star = " *" if sign and interval.excludes_zero else ""
    return f" [{interval.low:{form}}, {interval.high:{form}}]{star}"


def _score_table(rows: Sequence[Mapping[str, Any]], pool: str, protocol: str, answers: SeedAnswers) -> str:
    cells = []
    for row in rows:
        found = answers.scores(protocol, "L1", pool, row_key(row)) if row["unit"] == "window" else None
        intervals = {} if found is None else found.intervals()
        scores = [_mean(row[pool][s]["values"]) + _bracket(intervals.get(s)) for s in _SCORES]
        error = row[pool].get("calibration_error")
        scores.append("" if error is None else _mean(error["values"]))
        cells.append((method_title(row), "yes" if row["uses_labels"] else "no", *scores))
    columns = ("row", "labels", "accuracy", "balanced acc.", "macro F1", "weighted F1", "calibration error")
    return markdown_table(columns, cells)


def _deviation_lines(result: Mapping[str, Any]) -> str:
    """Where each protocol's evaluation departs from docs/protocol.md."""
    lines = [
        f"Deviations from the protocol ({protocol.replace('_', '-')}): {'; '.join(found) or 'none'}."
        for protocol, part in result.items()
        for found in [part["recognition"].get("deviations", [])]
    ]
    return "\n\n".join(lines)


def _print(outcome: StageOutcome) -> None:
    print(
        f"{outcome.stage.name:<14} {'ran' if outcome.ran else 'skip'} {outcome.seconds:.1f} s",
        file=sys.stderr,
    )


def main() -> None:
    """Measure and write benchmarks/results/<name>.md."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--config", type=Path, default=ROOT / "configs/pipelines/demo.yaml")
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--name", default="recognition_demo")
    parser.add_argument("--workspace", type=Path, help="Keep artefacts here instead of a temporary folder.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        workspace = arguments.workspace or Path(temporary)
        started = time.monotonic()
        results, outcomes, answers = run_seeds(
            arguments.config, arguments.overrides, arguments.seeds, workspace
        )
        seconds = time.monotonic() - started
    stages = [(o.stage.name, "ran" if o.ran else "up to date", round(o.seconds, 1)) for o in outcomes[0]]
    shown = [o.split("=")[0] if "log=" in o else o for o in arguments.overrides]
    config = arguments.config.resolve().relative_to(ROOT)
    command = f"python -m benchmarks.quality.recognition --config {config} --seeds {arguments.seeds}"
    first = results[0]["free_running"]["recognition"]
    hashes = ", ".join(f"{k} {v.get('sha256', '')[:12]}" for k, v in first.get("prompts", {}).items())
    body = "\n\n".join(
        (
            f"Settings changed: {', '.join(shown) or 'none'}. Home {first['home']}, {len(results)} seeds, "
            f"{seconds:.0f} s in all. Prompt sets (sha256): {hashes}. Mean over seeds, range over seeds in "
            "round brackets, one 95 % interval by bootstrap over seeds and days together in square ones "
            "(none with fewer than 8 annotated test days, and none per segment). Calibration error: 15 bins; "
            "label-free scores by a softmax at a fixed temperature, students as sure as they say. Rejection "
            f"for the pool of all windows: {first.get('rejection')}.",
            stage_commits(o for done in outcomes for o in done),
            _deviation_lines(results[0]),
            recognition_tables(results, answers),
            "## Label-free rows, differences (annotated windows; * the interval excludes 0)",
            difference_table(results, answers),
            "## Students beside their teachers, without labels (a refused one's row is its teacher's)",
            student_table(results),
            "## Retrieval on the whole test pool",
            retrieval_table(results, answers),
            "## Caption-only search beside it (R@10; * the interval excludes 0)",
            caption_only_table(results, answers),
            "## label-precision@k (the query's own window is never among the answers)",
            label_precision_table(results, answers),
            "## Few labels, share of the linear probe",
            few_label_table(results),
            "## Coarse labels (L2), annotated windows",
            coarse_tables(results, answers),
            "## Part of the day, first seed",
            day_part_table(results),
            *_chain_time(outcomes[0], stages),
        )
    )
    path = write_result(arguments.name, command, body)
    print(f"Wrote {path}")


def _chain_time(outcomes: Sequence[StageOutcome], stages: Sequence[Sequence[object]]) -> tuple[str, ...]:
    """Seconds of the stages, where all of them ran."""
    if not all(outcome.ran for outcome in outcomes):
        return ()
    total = f"Sum: {sum(o.seconds for o in outcomes):.0f} s."
    return ("## Time of the whole chain, first seed", markdown_table(("stage", "", "seconds"), stages), total)


if __name__ == "__main__":
    main()
