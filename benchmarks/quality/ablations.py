"""What each option of the alignment stage is worth: one change at a time, equal steps, several seeds.

    python -m benchmarks.quality.ablations --set home.log=FILE --set training.max_steps=300 \
        --workspace WORK --seeds 3 --name ablations_b2

Every variant changes the config in one place and is trained and scored like the base; windows, captions
and text vectors are made once. Seeds are the outer loop, so a run that is stopped has complete rounds, and
the same command goes on from them (`--only-seed` lets
two processes share the work). Scores are those of docs/protocol.md on test days, free-running windows:
aligned zero-shot macro F1 (described prompts, plain scores, single annotated windows), R@10 text to window
on the whole test pool, and label-precision@10 text to window (macro, annotated windows). A difference is
paired by seed and day; its 95 % interval is a bootstrap that draws test days and seeds with replacement,
and it is claimed only where it excludes 0. `--score-only` leaves out what was never trained.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import (
    ROOT,
    BenchmarkParser,
    deviation_line,
    folder_commits,
    markdown_table,
    write_result,
)
from discover.alignment import load_model
from discover.core.embeddings import load_embeddings, unit_rows
from discover.core.home import NO_ACTIVITY, Home
from discover.core.seeds import derive_seed
from discover.core.window_set import load_window_set, read_captions, read_labels
from discover.metrics import cosine_top_k, scores_from_confusion
from discover.metrics.bootstrap import sample_interval, seed_draws
from discover.pipeline import VECTOR_STAGES, Chain, build_chain, run_chain
from discover.recognition import build_prompt_set, prompt_scores
from discover.retrieval import Index
from discover.serving.index_folders import index_name
from discover.text_encoders import build_text_encoder

__all__ = ["VARIANTS", "DayCounts", "bootstrap_differences"]

VARIANTS: Mapping[str, tuple[str, ...]] = {
    "base": (),
    "targets: identity (plain InfoNCE)": ("loss.targets=identity",),
    "targets: soft": ("loss.targets=soft",),
    "sigmoid": ("loss.alignment_loss_type=sigmoid", "loss.temperature_init=0.1"),
    "focal sigmoid": ("loss.alignment_loss_type=focal_sigmoid", "loss.temperature_init=0.1"),
    "with MLM": ("loss.mlm_weight=0.5",),
    "without coordinates": ("encoder.metadata.use_coordinates=false",),
    "without time gaps": ("encoder.metadata.use_time_deltas=false",),
    "rotary time instead of ALiBi": ("encoder.use_alibi=false", "encoder.use_rotary_time=true"),
    "MLP heads": (
        "sensor_projection={type: mlp, dim: 256, hidden_dim: 1024}",
        "text_projection={type: mlp, dim: 256, hidden_dim: 1024}",
    ),
    "hard negatives": ("loss.use_hard_negatives=true",),
    "sensors as text": ("encoder.metadata.sensor_tokens=text",),
    "near-same captions left out (cosine 0.95)": ("loss.near_threshold=0.95",),
    "no text head": ("text_projection=null", "sensor_projection.dim=384"),
    "all captions as matches": ("training.caption_use=all",),
    "mean caption as match": ("training.caption_use=average",),
    "sensors as id and text": ("encoder.metadata.sensor_tokens=both",),
    "event dropout 0.1": ("augmentation.event_dropout=0.1",),
    "with MLM, one pass": ("loss.mlm_weight=0.5", "loss.mask_contrastive=true"),
}
"""Name -> overrides of the run's config."""

SCORES = ("zero-shot macro F1", "R@10", "label-P@10")
_SAMPLES = 2000

# Shape letters: D test days, C activities, B bootstrap samples, S seeds.


@dataclass(frozen=True)
class DayCounts:
    """What one trained model got right, per test day, so that days can be drawn again.

    Attributes:
        confusion: (D, C, C) annotated windows by truth and answer.
        found: (D,) captions of the whole pool with a right window among the first ten.
        asked: (D,) captions of the whole pool.
        shares: (D, C) sum of the share of the first ten windows that carry the caption's label.
        per_label: (D, C) number of such captions.
    """

    confusion: NDArray[np.float64]
    found: NDArray[np.float64]
    asked: NDArray[np.float64]
    shares: NDArray[np.float64]
    per_label: NDArray[np.float64]

    def scores(self, weights: NDArray[np.floating]) -> NDArray[np.float64]:
        """(B, 3) `SCORES` when days count as often as (B, D) weights say."""
        confusion = np.rint(np.tensordot(weights, self.confusion, 1)).astype(np.int64)
        macro = scores_from_confusion(confusion)["macro_f1"]
        recall = (weights @ self.found) / (weights @ self.asked)
        counts = weights @ self.per_label
        means = np.divide(weights @ self.shares, counts, out=np.full(counts.shape, np.nan), where=counts > 0)
        return np.column_stack([macro, recall, np.nanmean(means, axis=1)])


def day_counts(chain: Chain) -> DayCounts:
    """Score one trained run."""
    model_folder, sampling = chain.model_folders.model, chain.data_folders.sampling
    model = load_model(model_folder)
    index = Index.load(model_folder / index_name(sampling.name), model_sha256=model.sha256)
    test = load_window_set(sampling).of_split("test")
    ids = test.windows["window_id"].to_numpy().astype(np.str_)
    windows = unit_rows(index.vectors_of(ids.tolist()))
    labels = read_labels(sampling).select("window_id", "label")
    label = (
        test.windows.select("window_id")
        .join(labels, on="window_id", how="left", maintain_order="left")["label"]
        .to_numpy()
    )
    _, day = np.unique(test.windows["start"].dt.date().to_numpy(), return_inverse=True)
    captions = load_embeddings(sampling / chain.data_folders.vectors_name)
    first = captions.rows_of(ids)[:, 0]
    texts = unit_rows(model.project_text(captions.vectors[first].astype(np.float32)))
    sentences = read_captions(sampling / chain.data_folders.captions_name).filter(caption_index=0)
    joined = test.windows.select("window_id").join(
        sentences, on="window_id", how="left", maintain_order="left"
    )
    group = np.unique(joined["caption"].to_numpy().astype(np.str_), return_inverse=True)[1]
    classes = [a.label for a in test.home.activities if a.label not in _background(chain)]
    code = np.array([classes.index(x) if x in classes else -1 for x in label])
    return _count(
        _answers(test.home, model, windows, classes), windows, texts, group, code, day, len(classes)
    )


def _background(chain: Chain) -> tuple[str, ...]:
    return (*chain.config.evaluation.background_labels, NO_ACTIVITY)


def _answers(home: Home, model: Any, windows: NDArray[np.float32], classes: list[str]) -> NDArray[np.int64]:
    prompts = build_prompt_set(home, "described", classes)
    if prompts is None:
        raise SystemExit(f"{home.name} has no described prompts.")
    encoder = _encoder(model.text_encoder_config)
    vectors = model.project_text(encoder.encode(prompts.sentences, kind="query"))
    return prompt_scores(windows, vectors, prompts.owners).argmax(axis=1)


@cache
def _encoder(config: Any) -> Any:
    return build_text_encoder(config)


def _count(
    answers: NDArray[np.int64], windows: NDArray[np.float32], texts: NDArray[np.float32],
    group: NDArray[np.int64], code: NDArray[np.int64], day: NDArray[np.int64], n_classes: int,
) -> DayCounts:  # fmt: skip
    n_days, kept = int(day.max()) + 1, code >= 0
    confusion = np.zeros((n_days, n_classes, n_classes))
    np.add.at(confusion, (day[kept], code[kept], answers[kept]), 1)
    rows, _ = cosine_top_k(texts, windows, 10)
    found = (group[rows] == group[:, None]).any(axis=1)
    near, _ = cosine_top_k(texts[kept], windows[kept], 10)
    share = (code[kept][near] == code[kept][:, None]).mean(axis=1)
    shares, per_label = np.zeros((2, n_days, n_classes))
    np.add.at(shares, (day[kept], code[kept]), share)
    np.add.at(per_label, (day[kept], code[kept]), 1)
    by_day = np.bincount(day, minlength=n_days).astype(float)
    return DayCounts(confusion, np.bincount(day, weights=found, minlength=n_days), by_day, shares, per_label)


def bootstrap_differences(
    runs: Sequence[DayCounts], base: Sequence[DayCounts], *, samples: int = _SAMPLES
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean difference (3,) of runs against base paired by seed, and its 95 % bounds over days and seeds."""
    generator = np.random.default_rng(derive_seed(0, "ablation days and seeds"))
    n_days, n_seeds = len(base[0].asked), len(runs)
    weights = generator.multinomial(n_days, np.full(n_days, 1 / n_days), size=samples)
    shares = seed_draws(n_seeds, samples, 0)
    gaps = np.stack([a.scores(weights) - b.scores(weights) for a, b in zip(runs, base, strict=True)])
    means = np.einsum("bs,sbk->bk", shares, gaps)
    found = [sample_interval(0.0, column, 0.95, n_days) for column in means.T]
    low, high = (np.array([getattr(f, end) for f in found]) for end in ("low", "high"))
    once = np.ones((1, n_days))
    mean = np.mean([(a.scores(once) - b.scores(once))[0] for a, b in zip(runs, base, strict=True)], axis=0)
    return mean, low, high


def _train(options: argparse.Namespace, name: str, seed: int, workspace: Path) -> DayCounts | None:
    run = f"ablation_{list(VARIANTS).index(name):02d}_{seed}"
    changes = [*options.overrides, *VARIANTS[name], f"seed={seed}", f"experiment_name={run}"]
    chain = build_chain(options.config, changes, workspace)
    if not options.score_only:
        chain = run_chain(options.config, changes, workspace, only=VECTOR_STAGES)
    elif not (chain.model_folders.model / index_name(chain.data_folders.sampling.name)).is_dir():
        return None
    counts = day_counts(chain)
    scores = counts.scores(np.ones((1, len(counts.asked))))[0].round(4).tolist()
    print(json.dumps({"variant": name, "seed": seed, **dict(zip(SCORES, scores, strict=True))}), flush=True)
    return counts


def _row(name: str, runs: Sequence[DayCounts], base: Sequence[DayCounts]) -> list[object]:
    once = np.ones((1, len(base[0].asked)))
    values = np.array([r.scores(once)[0] for r in runs])
    mean, low, high = bootstrap_differences(runs, base[: len(runs)])
    cells: list[object] = [name, len(runs)]
    for k in range(len(SCORES)):
        spread = f"{values[:, k].mean():.3f} ({values[:, k].min():.3f}–{values[:, k].max():.3f})"
        star = " *" if low[k] > 0 or high[k] < 0 else ""
        span = f" [{low[k]:+.3f}, {high[k]:+.3f}]" if low[k] == low[k] else ""
        gap = "" if name == "base" else f" {mean[k]:+.3f}{span}{star}"
        cells.append(spread + gap)
    return cells


def main() -> None:
    """Measure, and write benchmarks/results/<name>.md after every round of seeds."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--config", type=Path, default=ROOT / "configs/pipelines/b2_baseline.yaml")
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only-seed", type=int, help="Train and score this seed alone; writes no table.")
    parser.add_argument("--name", default="ablations_b2")
    parser.add_argument("--workspace", type=Path, help="Keep artefacts here; a later call goes on from them.")
    parser.add_argument("--score-only", action="store_true", help="Score the models already in --workspace.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        workspace = options.workspace or Path(temporary)
        found: dict[str, list[DayCounts]] = {}
        for seed in range(options.seeds) if options.only_seed is None else [options.only_seed]:
            for name in dict.fromkeys(["base", *options.variants]):
                counts = _train(options, name, seed, workspace)
                if counts is not None:
                    found.setdefault(name, []).append(counts)
            if options.only_seed is None:
                _write(options, found, workspace)


def _write(options: argparse.Namespace, found: Mapping[str, list[DayCounts]], workspace: Path) -> None:
    table = markdown_table(
        ("variant", "seeds", *SCORES), [_row(name, runs, found["base"]) for name, runs in found.items()]
    )
    shown = ["home.log" if o.startswith("home.log=") else o for o in options.overrides]
    config = options.config.resolve().relative_to(ROOT)
    counts = found["base"][0]
    annotated = int((counts.confusion.sum(axis=(1, 2)) > 0).sum())
    sampling = build_chain(options.config, options.overrides, workspace).data_folders.sampling
    made = {path.parent for path in workspace.rglob("manifest_*.json")}
    body = (
        f"Config {config}, changed: {', '.join(shown) or 'nothing'}. Equal steps and batch for all. "
        f"Test pool: "
        f"{int(counts.asked.sum()):,} windows of {len(counts.asked)} days, "
        f"{int(counts.confusion.sum()):,} annotated. "
        f"{folder_commits(*made)}\n\n"
        f"{deviation_line(sampling, days=annotated, models=min(map(len, found.values())))}\n\n"
        "Mean (least–most over seeds), then the difference to base, paired by seed and day, with its 95 % "
        "bootstrap interval over days and seeds; "
        f"* excludes 0.\n\n{table}\n"
    )
    command = f"python -m benchmarks.quality.ablations --config {config} --seeds {options.seeds}"
    print(f"Wrote {write_result(options.name, command, body)}", flush=True)


if __name__ == "__main__":
    main()
