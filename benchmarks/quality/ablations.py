"""What each option of the alignment stage is worth: one change at a time, equal steps, several seeds.

    python -m benchmarks.quality.ablations --config configs/pipelines/b2_baseline.yaml \
        --set home.log=FILE --set training.max_steps=1000 --seeds 3 --name ablations_b2

Every variant changes the config in one place and is trained and scored like the base; windows, captions
and text vectors are made once. Scores are those of docs/protocol.md on test days, free-running windows:
aligned zero-shot macro F1 (described prompts, single windows, annotated ones), R@10 text to window on
the whole test pool, and label-precision@10. Differences are paired by seed; the interval is Student's
over seeds, and a difference is claimed only where it excludes 0.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import ROOT, markdown_table, write_result
from discover.core.artifacts import read_json
from discover.pipeline import run_chain

__all__ = ["VARIANTS", "interval", "scores_of"]

VARIANTS: Mapping[str, tuple[str, ...]] = {
    "base": (),
    "targets: identity": ("loss.targets=identity",),
    "targets: soft": ("loss.targets=soft",),
    "near-same captions left out (cosine 0.95)": ("loss.near_threshold=0.95",),
    "sigmoid": ("loss.alignment_loss_type=sigmoid", "loss.temperature_init=0.1"),
    "focal sigmoid": ("loss.alignment_loss_type=focal_sigmoid", "loss.temperature_init=0.1"),
    "with MLM": ("loss.mlm_weight=0.5",),
    "with MLM, one pass": ("loss.mlm_weight=0.5", "loss.mask_contrastive=true"),
    "without coordinates": ("encoder.metadata.use_coordinates=false",),
    "without time gaps": ("encoder.metadata.use_time_deltas=false",),
    "rotary time instead of ALiBi": ("encoder.use_alibi=false", "encoder.use_rotary_time=true"),
    "MLP heads": (
        "sensor_projection={type: mlp, dim: 256, hidden_dim: 1024}",
        "text_projection={type: mlp, dim: 256, hidden_dim: 1024}",
    ),
    "no text head": ("text_projection=null", "sensor_projection.dim=384"),
    "hard negatives": ("loss.use_hard_negatives=true",),
    "sensors as text": ("encoder.metadata.sensor_tokens=text",),
    "sensors as id and text": ("encoder.metadata.sensor_tokens=both",),
    "all captions as matches": ("training.caption_use=all",),
    "event dropout 0.1": ("augmentation.event_dropout=0.1",),
}
"""Name -> overrides of the run's config."""

SCORES = ("zero-shot macro F1", "R@10", "label-P@10")

_T_975 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}
"""Student's t at 97.5 % by degrees of freedom."""


def scores_of(result: Mapping[str, Any]) -> dict[str, float]:
    """The three figures of one evaluated run."""
    free = result["free_running"]
    row = next(
        row
        for row in free["recognition"]["rows"]
        if row["method"] == "aligned_zero_shot"
        and row["prompts"] == "described"
        and row["variant"] == "plain"
        and not row["smoothed"]
        and row["unit"] == "window"
    )
    precision = free["retrieval"]["label_precision"]["text_to_window"]
    values = (
        row["annotated"]["macro_f1"]["value"],
        free["retrieval"]["text_to_window"]["recall@10"],
        precision["label_precision@10_macro"],
    )
    return dict(zip(SCORES, map(float, values), strict=True))


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Student's 95 % interval of a mean."""
    mean = statistics.mean(values)
    if len(values) < 2:
        return mean, mean
    half = _T_975[len(values) - 1] * statistics.stdev(values) / len(values) ** 0.5
    return mean - half, mean + half


def difference(values: Sequence[float], base: Sequence[float]) -> str:
    """Mean paired difference with its interval, starred where that excludes 0."""
    gaps = [v - b for v, b in zip(values, base, strict=True)]
    low, high = interval(gaps)
    star = " *" if low > 0 or high < 0 else ""
    return f"{statistics.mean(gaps):+.3f} [{low:+.3f}, {high:+.3f}]{star}"


def main() -> None:
    """Measure and write benchmarks/results/<name>.md, a variant at a time."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=ROOT / "configs/pipelines/demo.yaml")
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--name", default="ablations_demo")
    parser.add_argument("--workspace", type=Path, help="Keep artefacts here; a later call goes on from them.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        workspace = options.workspace or Path(temporary)
        found: dict[str, list[dict[str, float]]] = {}
        for name in dict.fromkeys(["base", *options.variants]):
            for seed in range(options.seeds):
                run = f"ablation_{list(VARIANTS).index(name)}_{seed}"
                changes = [*options.overrides, *VARIANTS[name], f"seed={seed}", f"experiment_name={run}"]
                changes += ["evaluation.supervised_rows=false"]
                chain = run_chain(options.config, changes, workspace)
                scores = scores_of(read_json(chain.model_folders.results / "metrics.json"))
                found.setdefault(name, []).append(scores)
                print(json.dumps({"variant": name, "seed": seed, **scores}), flush=True)
    rows = []
    for name, runs in found.items():
        cells: list[object] = [name]
        for score in SCORES:
            values, base = [r[score] for r in runs], [r[score] for r in found["base"]]
            gap = "" if name == "base" else f" ({difference(values, base)})"
            cells.append(f"{statistics.mean(values):.3f}{gap}")
        rows.append(cells)
    shown = [o.split("=")[0] if "log=" in o else o for o in options.overrides]
    config = options.config.resolve().relative_to(ROOT)
    body = (
        f"Config {config}, changed: {', '.join(shown) or 'nothing'}. {options.seeds} seeds, equal steps. "
        "In brackets the paired difference to base with Student's 95 % interval over seeds; * excludes 0."
        f"\n\n{markdown_table(('variant', *SCORES), rows)}\n"
    )
    command = f"python -m benchmarks.quality.ablations --config {config} --seeds {options.seeds}"
    print(f"Wrote {write_result(options.name, command, body)}")


if __name__ == "__main__":
    main()
