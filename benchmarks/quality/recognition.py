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
from discover.core.artifacts import read_json
from discover.evaluation import summarise_seeds
from discover.evaluation.markdown import method_title
from discover.pipeline import StageOutcome, run_chain

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
) -> tuple[list[dict[str, Any]], list[list[StageOutcome]]]:
    """Results (metrics.json) and stage outcomes, one per seed."""
    results, outcomes = [], []
    for seed in range(seeds):
        settings = [*overrides, f"seed={seed}", f"experiment_name=seed_{seed}"]
        done: list[StageOutcome] = []

        def note(outcome: StageOutcome, into: list[StageOutcome] = done) -> None:
            into.append(outcome)
            _print(outcome)

        chain = run_chain(config, settings, workspace, on_outcome=note)
        outcomes.append(done)
        results.append(read_json(chain.model_folders.results / "metrics.json"))
    return results, outcomes


def recognition_tables(results: Sequence[Mapping[str, Any]]) -> str:
    """One table per protocol, unit and pool: mean over seeds, then the range over seeds."""
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
                parts.append(_score_table(chosen, pool, runs[0]["rows"]))
    return "\n\n".join(parts)


def difference_table(results: Sequence[Mapping[str, Any]]) -> str:
    """Paired differences of label-free rows per seed, with the interval over days."""
    rows = []
    for protocol in results[0]:
        for seed, result in enumerate(results):
            for c in result[protocol]["recognition"].get("comparisons", []):
                if (c["first"], c["second"]) not in _LABEL_FREE_PAIRS:
                    continue
                if "annotated" not in c or c["unit"] != "window":
                    continue
                rows_compared = _LABEL_FREE_PAIRS[c["first"], c["second"]]
                words = " · ".join(w for w in (c["prompts"], c["variant"]) if w)
                words += " · smoothed" if c["smoothed"] else ""
                cells = [_interval(c["annotated"][s]) for s in ("accuracy", "macro_f1", "weighted_f1")]
                rows.append((protocol, rows_compared, words, seed, *cells))
    columns = ("protocol", "rows", "prompts", "seed", "accuracy", "macro F1", "weighted F1")
    return markdown_table(columns, rows)


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


def retrieval_table(results: Sequence[Mapping[str, Any]]) -> str:
    """R@k, mAP and median rank per seed and direction, with the pool and chance."""
    rows = []
    for protocol in results[0]:
        for seed, result in enumerate(results):
            found = result[protocol]["retrieval"]
            chance = found["pool"]["chance_recall"]
            for direction in ("text_to_window", "window_to_text"):
                scores = found[direction]
                cells = [f"{scores[f'recall@{k}']:.3f} ({chance[str(k)]:.3f})" for k in (1, 5, 10)]
                rows.append(
                    (
                        protocol,
                        direction,
                        seed,
                        found["pool"]["windows"],
                        *cells,
                        scores["map"],
                        scores["median_rank"],
                    )
                )
    columns = ("protocol", "direction", "seed", "pool", "R@1 (chance)", "R@5", "R@10", "mAP", "median rank")
    return markdown_table(columns, rows)


def label_precision_table(results: Sequence[Mapping[str, Any]]) -> str:
    """label-P@k in every direction, mean over seeds and the interval of the first: fine and coarse labels."""
    rows = []
    for protocol in results[0]:
        found = [result[protocol]["retrieval"].get("labels") for result in results]
        if not all(found):
            continue
        for level in ("L1", "L2"):
            for direction, first in found[0][level].items():
                for name, interval in first["intervals"].items():
                    values = [labels[level][direction]["values"][name] for labels in found]
                    words = name.replace("label_precision@", "P@").replace("_", " ")
                    rows.append((protocol, level, direction, words, _mean(values), _bracket(interval)))
    return markdown_table(("protocol", "labels", "direction", "score", "mean (range)", "first seed"), rows)


def caption_only_table(results: Sequence[Mapping[str, Any]]) -> str:
    """Caption-only search beside text to window: R@10 of both and their paired difference, per seed."""
    rows = []
    for protocol in results[0]:
        for seed, result in enumerate(results):
            found = result[protocol]["retrieval"]
            only = found.get("caption_only")
            if only:
                cells = (
                    found["text_to_window"]["recall@10"],
                    only["encoder"]["recall@10"],
                    only["joint"]["recall@10"],
                )
                rows.append(
                    (protocol, seed, *cells, _interval(only["text_to_window_minus_encoder"]["recall@10"]))
                )
    columns = (
        "protocol",
        "seed",
        "text to window",
        "captions, encoder",
        "captions, joint",
        "window - encoder",
    )
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


def coarse_tables(results: Sequence[Mapping[str, Any]]) -> str:
    """Coarse labels (L2), annotated windows: mean over seeds and the interval of the first."""
    rows = []
    for protocol in results[0]:
        found = [(result[protocol]["recognition"].get("coarse") or {}).get("rows", []) for result in results]
        for entries in zip(*found, strict=True):
            if entries[0]["unit"] == "window":
                cells = []
                for score in ("accuracy", "macro_f1", "weighted_f1"):
                    values = [e["annotated"][score]["value"] for e in entries]
                    cells.append(f"{_mean(values)} {_bracket(entries[0]['annotated'][score])}")
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


def _mean(values: Sequence[float]) -> str:
    spread = f" ({min(values):.3f}–{max(values):.3f})" if min(values) != max(values) else ""
    return f"{sum(values) / len(values):.3f}{spread}"


def _bracket(interval: Mapping[str, Any]) -> str:
    return "" if interval["low"] is None else f"[{interval['low']:.3f}, {interval['high']:.3f}]"


def _score_table(rows: Sequence[Mapping[str, Any]], pool: str, first: Sequence[Mapping[str, Any]]) -> str:
    interval = {method_title(r) + r["unit"]: r.get(pool) for r in first}
    cells = []
    for row in rows:
        title = method_title(row)
        scores = []
        for s in _SCORES:
            value = row[pool][s]
            spread = f" ({value['min']:.3f}–{value['max']:.3f})" if value["min"] != value["max"] else ""
            days = interval[title + row["unit"]][s]
            interval_text = "" if days["low"] is None else f" [{days['low']:.3f}, {days['high']:.3f}]"
            scores.append(f"{value['mean']:.3f}{spread}{interval_text}")
        cells.append((title, "yes" if row["uses_labels"] else "no", *scores))
    return markdown_table(("row", "labels", "accuracy", "balanced acc.", "macro F1", "weighted F1"), cells)


def _interval(value: Mapping[str, float]) -> str:
    if value["low"] is None:
        return f"{value['value']:+.3f}"
    star = " *" if value["differs"] else ""
    return f"{value['value']:+.3f} [{value['low']:+.3f}, {value['high']:+.3f}]{star}"


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
        results, outcomes = run_seeds(arguments.config, arguments.overrides, arguments.seeds, workspace)
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
            "round brackets, 95 % interval by bootstrap over days (seed 0) in square ones. Rejection for the "
            f"pool of all windows: {first.get('rejection')}.",
            stage_commits(o for done in outcomes for o in done),
            recognition_tables(results),
            "## Label-free rows, differences (annotated windows; * the interval excludes 0)",
            difference_table(results),
            "## Students beside their teachers, without labels (a refused one's row is its teacher's)",
            student_table(results),
            "## Retrieval on the whole test pool",
            retrieval_table(results),
            "## Caption-only search beside it (R@10; * the interval excludes 0)",
            caption_only_table(results),
            "## label-precision@k",
            label_precision_table(results),
            "## Few labels, share of the linear probe",
            few_label_table(results),
            "## Coarse labels (L2), annotated windows",
            coarse_tables(results),
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
