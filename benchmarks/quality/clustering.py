"""Clusters against labels by docs/protocol.md, "Clustering": fitted on training days, scored on test days.

    python -m benchmarks.quality.clustering --workspace W --home bosch_b2 --models seed_0 --name clustering_b2

Every method and space on the same windows: NMI, ARI, V, purity, Hungarian accuracy, k = 20 and k = number
of labels, several seeds; stability (mean ARI between seeds); the difference to the strongest baseline with
a bootstrap over days; names without labels against majority naming. Labels are read here and nowhere else.
"""

import itertools
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import BenchmarkParser, deviation_line, folder_commits, markdown_table, write_result
from benchmarks.quality.reference_names import centroid_names, hungarian_names, majority_names
from discover.clustering import (
    ClusteringConfig,
    MergedClusterer,
    prompt_names,
)
from discover.core.artifacts import mapping_sha256
from discover.core.embeddings import unit_rows
from discover.core.home import NO_ACTIVITY
from discover.core.window_set import read_labels
from discover.metrics.bootstrap import paired_difference
from discover.metrics.classification import classification_scores
from discover.metrics.clustering import clustering_scores
from discover.pipeline.clusters import fit_clusters
from discover.recognition import build_prompt_set, centre_scores, prompt_scores
from discover.serving.cluster_inputs import ClusterInputs

SCORES = ("nmi", "ari", "v_measure", "purity", "hungarian_accuracy")
FAST_SCAN = {"n_heads": 3, "epochs": 12, "patience": 4, "max_fit_windows": 10_000}
# Every window passes through the encoder twice per epoch, so fewer of them and shorter steps.
TUNED = {
    **FAST_SCAN,
    "max_fit_windows": 5_000,
    "unfreeze": {"layers": -1, "epochs": 3},
    "self_label": {"epochs": 2},
}
TWIN = {"mining": {"twin": "weighted"}}


@dataclass(frozen=True)
class Row:
    """One line of the table: settings, and whether it counts as a baseline of the aim."""

    title: str
    settings: Mapping[str, object]
    baseline: bool = False


def table_rows() -> list[Row]:
    """Everything that is compared."""
    plain = {"merge_from": 0}
    rows = [
        Row(f"k-means · {on}", {"method": "kmeans", "on": on, **plain}, on in ("sensor", "bag"))
        for on in ("sensor", "captions", "bag")
    ]
    rows += [Row(f"GMM · {on}", {"method": "gmm", "on": on, **plain}) for on in ("bag",)]
    rows += [Row("HDBSCAN · bag", {"method": "hdbscan", "on": "bag", **plain})]
    rows += [Row(f"k-means 60 merged · {on}", {"method": "kmeans", "on": on}) for on in ("sensor", "bag")]
    scan = {"method": "scan", "scan": FAST_SCAN}
    rows += [Row(f"SCAN · {on}", {**scan, "on": on, **plain}) for on in ("sensor", "bag")]
    rows += [Row(f"SCAN 60 merged · {on}", {**scan, "on": on}) for on in ("sensor", "captions", "bag")]
    twin = {"method": "scan", "scan": {**FAST_SCAN, **TWIN}}
    rows += [Row("SCAN twin 60 merged · bag", {**twin, "on": "bag"})]
    rows.append(
        Row("SCAN twin 60 merged, transitions 0.2 · bag", {**twin, "on": "bag", "transition_weight": 0.2})
    )
    near = {**FAST_SCAN, "mining": {"temporal_s": 300}}
    rows.append(
        Row("SCAN, near in time 60 merged · sensor", {"method": "scan", "scan": near, "on": "sensor"})
    )
    tuned = {"method": "scan", "scan": TUNED, "on": "sensor"}
    rows += [
        Row("SCAN, encoder fine-tuned · sensor", {**tuned, **plain}),
        Row("SCAN, encoder fine-tuned 60 merged · sensor", tuned),
        Row(
            "SCAN, same windows frozen 60 merged · sensor",
            {**tuned, "scan": {key: value for key, value in TUNED.items() if key != "unfreeze"}},
        ),
    ]
    rows += [Row("TEMI · bag", {"method": "temi", "on": "bag", "scan": FAST_SCAN, **plain})]
    return rows


@dataclass(frozen=True)
class Test:
    """Test windows: rows of the index, truth and day."""

    rows: NDArray[np.int64]
    truth: NDArray[np.str_]
    days: NDArray[np.int64]


def test_windows(inputs: ClusterInputs, *, annotated: bool) -> tuple[Test, NDArray[np.str_]]:
    """Test windows (annotated only, or all), and the label of every window of the index."""
    labels = read_labels(inputs.sampling)
    joined = inputs.index.windows.join(labels, on="window_id", how="left", maintain_order="left")
    truth = joined["label"].to_numpy().astype(np.str_)
    keep = inputs.splits == "test"
    if annotated:
        keep &= truth != NO_ACTIVITY
    rows = np.flatnonzero(keep)
    days = inputs.index.windows["start"].dt.date().to_physical().to_numpy().astype(np.int64)
    return Test(rows, truth[rows], days[rows]), truth


def run_rows(
    inputs: ClusterInputs, rows: Sequence[Row], ks: Sequence[int], seeds: int, keep: Path | None
) -> dict[int, dict[str, list[NDArray[np.int32]]]]:
    """Clusters of every window, per k, row and seed; a merged clustering is fitted once and cut per k."""
    found: dict[int, dict[str, list[NDArray[np.int32]]]] = {k: {} for k in ks}
    for row in rows:
        started = time.monotonic()
        for seed in range(1 if "HDBSCAN" in row.title else seeds):
            configs = [ClusteringConfig.model_validate({**row.settings, "k": k, "seed": seed}) for k in ks]
            for k, labels in zip(ks, _kept(inputs, configs, keep), strict=True):
                found[k].setdefault(row.title, []).append(labels)
        print(f"{row.title}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return found


def _kept(
    inputs: ClusterInputs, configs: Sequence[ClusteringConfig], keep: Path | None
) -> list[NDArray[np.int32]]:
    """`_fit` of configs that differ in k only, or what an earlier call kept of them."""
    about = {"configs": [c.model_dump(mode="json") for c in configs], "model": inputs.model.sha256}
    path = None if keep is None else keep / f"{mapping_sha256(about)}.npy"
    if path is not None and path.is_file():
        return list(np.load(path))
    labels = _fit(inputs, configs)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.stack(labels))
    return labels


def _fit(inputs: ClusterInputs, configs: Sequence[ClusteringConfig]) -> list[NDArray[np.int32]]:
    vectors = inputs.space(configs[0].on)
    fitted, labels = None, []
    for config in configs:
        if fitted is not None and isinstance(fitted.clusterer, MergedClusterer):
            fitted.clusterer.recut(config.k)
        elif fitted is None or config.method != "hdbscan":
            fitted = fit_clusters(inputs, vectors, config)
        labels.append(fitted.clusterer.predict(fitted.vectors))
    return labels


def score_table(found: Mapping[str, list[NDArray[np.int32]]], test: Test) -> str:
    """Mean over seeds and range of the NMI; stability over seeds."""
    cells = []
    for title, runs in found.items():
        scores = [clustering_scores(test.truth, run[test.rows]) for run in runs]
        means = [f"{np.mean([s[name] for s in scores]):.3f}" for name in SCORES]
        nmi = [s["nmi"] for s in scores]
        cells.append(
            (title, means[0], f"{min(nmi):.3f}–{max(nmi):.3f}", *means[1:], stability(runs, test), len(runs))
        )
    columns = ("row", "NMI", "range", "ARI", "V", "purity", "Hungarian acc.", "stability", "seeds")
    return markdown_table(columns, cells)


def stability(runs: Sequence[NDArray[np.int32]], test: Test) -> str:
    """Mean ARI between the clusterings of two seeds."""
    pairs = [clustering_scores(a[test.rows], b[test.rows])["ari"] for a, b in itertools.combinations(runs, 2)]
    return f"{np.mean(pairs):.3f}" if pairs else ""


def difference_table(
    found: Mapping[str, list[NDArray[np.int32]]], rows: Sequence[Row], test: Test, resamples: int
) -> str:
    """NMI of each row (seed 0) minus the stronger baseline's, interval by bootstrap over days."""

    def nmi(title: str, picked: NDArray[np.int64] | slice = slice(None)) -> float:
        return clustering_scores(test.truth[picked], found[title][0][test.rows][picked])["nmi"]

    def mean_nmi(title: str) -> float:
        return float(np.mean([clustering_scores(test.truth, r[test.rows])["nmi"] for r in found[title]]))

    best = max((r.title for r in rows if r.baseline), key=mean_nmi)
    cells = []
    for row in rows:
        if row.title == best:
            continue
        interval = paired_difference(
            lambda picked, title=row.title: nmi(title, picked),
            lambda picked: nmi(best, picked),
            test.days,
            resamples=resamples,
        )
        gain = mean_nmi(row.title) - mean_nmi(best)
        span = f"{interval.estimate:+.3f}"
        if interval.low == interval.low:
            span += f" [{interval.low:+.3f}, {interval.high:+.3f}]"
        cells.append((row.title, f"{gain:+.3f}", span))
    columns = ("row", f"NMI minus {best}, mean over seeds", "seed 0, 95 % interval over days")
    return markdown_table(columns, cells)


def naming_table(
    inputs: ClusterInputs,
    found: Mapping[str, list[NDArray[np.int32]]],
    titles: Sequence[str],
    test: Test,
    truth: NDArray[np.str_],
    k: int,
) -> str:
    """Weighted F1 of named clusters on annotated test windows, mean over seeds."""
    train = np.flatnonzero((inputs.splits == "train") & (truth != NO_ACTIVITY))
    classes = sorted(set(truth[train]))
    scored = {name: label_free_scores(inputs, name, classes) for name in ("sensor", "captions", "both")}
    seen = np.flatnonzero(inputs.splits != "test")
    cells = []
    for title in titles:
        values: dict[str, list[float]] = {}
        for run in found[title]:
            n = max(k, int(run.max()) + 1)
            own, known = run[train], truth[train]
            names = {
                "majority": majority_names(known, own, n, classes),
                "Hungarian": hungarian_names(known, own, n, classes),
                "centroid": centroid_names(inputs.index.vectors[train], known, own, n, classes),
            }
            for space, scores in scored.items():
                names[f"prompts · {space}"] = prompt_names(scores[seen], run[seen], n)
            for name, mapping in names.items():
                place = np.where(run[test.rows] >= 0, mapping[np.maximum(run[test.rows], 0)], -1)
                guess = np.where(place >= 0, np.asarray(classes)[np.maximum(place, 0)], "none")
                union = sorted({*classes, *test.truth, "none"})
                f1 = classification_scores(test.truth, guess, union).scores["weighted_f1"]
                values.setdefault(name, []).append(f1)
        means = {name: float(np.mean(v)) for name, v in values.items()}
        ratio = means["prompts · both"] / means["majority"]
        cells.append((title, *(f"{v:.3f}" for v in means.values()), f"{ratio:.0%}"))
    columns = ("row", *means, "zero-label / majority")
    return markdown_table(columns, cells)


def label_free_scores(inputs: ClusterInputs, space: str, classes: Sequence[str]) -> NDArray[np.float32]:
    """Centred scores of all windows against the described prompts, in the joint or the text space."""
    if space == "both":
        # Each space's scores are brought to one scale by their spread over all unlabelled windows.
        parts = [label_free_scores(inputs, s, classes) for s in ("sensor", "captions")]
        return np.asarray(sum(p / p.std(axis=0, keepdims=True) for p in parts), dtype=np.float32)
    home = inputs.window_set.home
    prompts = build_prompt_set(home, "described", classes) or build_prompt_set(home, "name", classes)
    assert prompts is not None
    vectors = inputs.encoder.encode(prompts.sentences, kind="query")
    windows = inputs.caption_means if space == "captions" else inputs.index.vectors
    if space == "sensor":
        vectors = inputs.model.project_text(vectors)
    scores = prompt_scores(unit_rows(windows), vectors, prompts.owners)
    return centre_scores(scores, scores[inputs.splits != "test"])


def measure(
    inputs: ClusterInputs,
    seeds: int,
    resamples: int,
    only: Sequence[str],
    ks: Sequence[int],
    keep: Path | None = None,
) -> str:
    """All tables of one model."""
    annotated, truth = test_windows(inputs, annotated=True)
    everything, _ = test_windows(inputs, annotated=False)
    n_labels = len(set(annotated.truth))
    rows = [row for row in table_rows() if not only or any(text in row.title for text in only)]
    parts = []
    for k, found in run_rows(inputs, rows, ks or (20, n_labels), seeds, keep).items():
        parts.append(f"## k = {k}, annotated test windows (n = {len(annotated.rows):,}, {n_labels} labels)\n")
        parts.append(score_table(found, annotated))
        parts.append("### Against the stronger of k-means on the model's vectors and on bag of sensors\n")
        parts.append(difference_table(found, rows, annotated, resamples))
        parts.append("### Weighted F1 of named clusters (annotated test windows)\n")
        parts.append(naming_table(inputs, found, [r.title for r in rows], annotated, truth, k))
        parts.append(f"### All test windows (n = {len(everything.rows):,}, no_activity as a label)\n")
        parts.append(score_table(found, everything))
    return "\n\n".join(parts)


def main() -> None:
    """Measure and write benchmarks/results/<name>.md."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--home", required=True)
    parser.add_argument("--model", default="seed_0", help="Experiment below trained_models/<home>/.")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--resamples", type=int, default=200)
    parser.add_argument(
        "--only", action="append", default=[], help="Only rows whose title holds one of these texts."
    )
    parser.add_argument("--k", type=int, action="append", default=[], help="Default 20 and number of labels.")
    parser.add_argument(
        "--keep", type=Path, help="Folder of fits of this commit, so that a long measurement can be stopped."
    )
    parser.add_argument("--name", default="clustering_demo")
    arguments = parser.parse_args()
    started = time.monotonic()
    inputs = ClusterInputs.open(arguments.workspace / "trained_models" / arguments.home / arguments.model)
    body = measure(inputs, arguments.seeds, arguments.resamples, arguments.only, arguments.k, arguments.keep)
    notes = Path(__file__).parent / "clustering_notes" / f"{arguments.name}.md"
    text = notes.read_text(encoding="utf-8") if notes.is_file() else ""
    command = (
        f"python -m benchmarks.quality.clustering --workspace W --home {arguments.home} "
        f"--model {arguments.model} --seeds {arguments.seeds}"
        + "".join(f" --only '{text}'" for text in arguments.only)
        + "".join(f" --k {k}" for k in arguments.k)
    )
    kept = " with kept fits" if arguments.keep else ""
    head = (
        f"Home {arguments.home}, one aligned model ({arguments.model}), {arguments.seeds} clustering seeds, "
        f"{time.monotonic() - started:.0f} s{kept}. Fitted on training windows without labels; validation "
        "windows choose epoch and head by loss. SCAN and TEMI: 3 heads, at most 12 epochs, at most 10,000 "
        "training windows drawn at random. Encoder fine-tuned: after these 12 epochs all layers learn for at "
        "most 3 epochs and 2 of self-labelling, on 5,000 windows. `merged`: 60 small clusters "
        "joined by average linkage. HDBSCAN chooses its own number of clusters; noise counts as one."
    )
    commits = folder_commits(inputs.index_folder.parent, inputs.sampling)
    annotated, _ = test_windows(inputs, annotated=True)
    deviations = deviation_line(inputs.sampling, days=len(np.unique(annotated.days)), models=1)
    parts = (head, commits, deviations, text, body)
    path = write_result(arguments.name, command, "\n\n".join(part for part in parts if part))
    print(f"Wrote {path}")


if __name__ == "__main__":
    main()
