"""Where the shipped network fails: its worst homes and activities, with pictures and what lies behind them.

    python -m benchmarks.quality.worst_homes --workspace FOLDER

Test windows of every annotated home, answered without labels by network and captions together. Beside each
activity stands gradient boosting trained on the home's own labels: where that fails too, the sensors do not
tell the activity apart; where it does not, words or knowledge are missing. Nothing is chosen here.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import ROOT, BenchmarkParser, data_root, markdown_table, write_result
from benchmarks.quality.any_home import HOMES, captioned_home
from discover.core.embeddings import EmbeddingTable, mean_caption_vectors
from discover.core.event_semantics import sensors_of
from discover.core.window_set import WindowSet
from discover.evaluation import EvaluationConfig, EvaluationData, evaluate_recognition
from discover.pretraining.any_home import AnyHome
from discover.reports.recognition_figures import draw_confusion

__all__ = ["Activity", "reason", "sensor_overlap"]

# Shape letters: W windows, S sensors, C classes.

WORST = 5
"""Homes with a picture, B2 beside them, and activities listed for each."""
FEWEST = 5
"""An activity with fewer test windows is not listed."""
TREES = 30
"""Most trees per class of gradient boosting: what is asked is which activities it tells apart at all."""
_CONFIG = EvaluationConfig(
    mlp_probe=False,
    probe_strengths=(0.1,),
    encoder_probe=False,
    shots=(),
    self_training=False,
    coarse=False,
    gradient_boosting_iterations=TREES,
)


@dataclass(frozen=True)
class Activity:
    """One activity of one home, as several rows see it.

    Attributes:
        name: Its label.
        windows: Test windows.
        text, both, taught: F1 of captions alone, with the network, and of gradient boosting with labels.
        instead: What its windows are taken for most, other than itself; "" for nothing.
        share: Share of its windows that are.
        overlap: How alike the sensors of both are, 0 to 1.
        sensors: Words of its most active sensors.
    """

    name: str
    windows: int
    text: float
    both: float
    taught: float
    instead: str
    share: float
    overlap: float
    sensors: str


def reason(found: Activity) -> str:
    """Why an activity is misread, by fixed rules over its figures."""
    if found.taught < 0.3:
        return "labels do not help either: its sensors, or too few examples"
    if found.overlap >= 0.8 and found.taught < 0.6:
        return "nearly the same sensors as what it is taken for"
    if found.both > found.taught - 0.1:
        return "as good as with labels"
    if found.text > found.both + 0.05:
        return "the network misleads: captions alone are better"
    if found.taught > found.both + 0.2:
        return "its sensors tell it apart, and what network and captions say of them does not"
    return "a little behind labels"


def sensor_overlap(counts_S: NDArray[np.floating], others_S: NDArray[np.floating]) -> float:
    """How alike two distributions over sensors are: Bhattacharyya coefficient, 0 to 1."""
    if not counts_S.sum() or not others_S.sum():
        return 0.0
    return float(np.sqrt(counts_S / counts_S.sum() * others_S / others_S.sum()).sum())


def sensor_counts(windows: WindowSet) -> tuple[NDArray[np.int64], list[str]]:
    """(W, S) events of each sensor in each window, and the sensors in words."""
    sensor = windows.events["sensor"].to_physical().to_numpy()
    known = sensors_of(windows.events, windows.home)
    words = [f"{s.room.replace('_', ' ')} {s.object or s.type}" for s in known]
    first = windows.windows["first_event"].to_numpy()
    last = first + windows.windows["n_events"].to_numpy() - 1
    counts = np.zeros((len(first), len(words)), dtype=np.int64)
    for i, (begin, end) in enumerate(zip(first, last, strict=True)):
        counts[i] = np.bincount(sensor[begin : end + 1], minlength=len(words))
    return counts, words


def answered(name: str, network: AnyHome, workspace: Path) -> tuple[dict[str, Mapping[str, Any]], Any]:
    """Scores of three rows of a home, and its windows with their labels."""
    windows, labels, captions, encoder = captioned_home(name, workspace)
    ids = windows.windows["window_id"].to_numpy().astype(np.str_)
    vectors = network.embed(windows, encoder.encode)
    beside = network.beside_captions(vectors, mean_caption_vectors(captions, ids))
    data = EvaluationData(
        windows,
        labels,
        window_embeddings=EmbeddingTable(beside, ids, np.zeros(len(ids), dtype=np.int16)),
        caption_embeddings=captions,
    )
    found = evaluate_recognition(
        data,
        encode_text=lambda texts: encoder.encode(texts, kind="query"),
        project_text=network.sentences_beside,
        config=_CONFIG,
    )
    return {
        "text": _row(found["rows"], "text_only", "plain"),
        "both": _row(found["rows"], "aligned_zero_shot", "plain"),
        "taught": _row(found["rows"], "bag_gradient_boosting", None),
    }, (windows, labels)


def _row(rows: Sequence[Mapping[str, Any]], method: str, variant: str | None) -> Mapping[str, Any]:
    fitting = [
        r
        for r in rows
        if (r["method"], r["variant"], r["smoothed"], r["unit"]) == (method, variant, False, "window")
    ]
    # Sentences of a home come before the labels' own words.
    return min(fitting, key=lambda r: str(r["prompts"]))


def activities_of(rows: Mapping[str, Mapping[str, Any]], windows: WindowSet, labels: Any) -> list[Activity]:
    """Every activity with enough test windows, the worst first."""
    pool = rows["both"]["annotated"]
    classes, confusion = pool["classes"], np.asarray(pool["confusion"])
    counts, words = sensor_counts(windows)
    of_window = dict(zip(labels["window_id"], labels["label"], strict=True))
    label = np.array([of_window.get(w) or "" for w in windows.windows["window_id"]], dtype=object)
    per_label = {c: counts[label == c].sum(axis=0) for c in classes}
    found = []
    for i, name in enumerate(classes):
        if confusion[i].sum() < FEWEST:
            continue
        others = np.where(np.arange(len(classes)) == i, 0, confusion[i])
        most = int(others.argmax())
        instead = classes[most] if others[most] else ""
        top = np.argsort(-per_label[name], kind="stable")[:3]
        text, both, taught = (
            float(rows[row]["annotated"]["per_class"][name]["f1"]) for row in ("text", "both", "taught")
        )
        found.append(
            Activity(
                name,
                windows=int(confusion[i].sum()),
                text=text,
                both=both,
                taught=taught,
                instead=instead,
                share=float(others[most] / confusion[i].sum()),
                overlap=sensor_overlap(per_label[name], per_label[instead]) if instead else 0.0,
                sensors=", ".join(words[s] for s in top if per_label[name][s]),
            )
        )
    return sorted(found, key=lambda a: a.both)


def main() -> None:
    """Measure and write benchmarks/results/worst_homes.md with a picture per home."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--workspace", type=Path, help="Keep windows and vectors here.")
    parser.add_argument("--homes", nargs="*", default=list(HOMES), choices=list(HOMES))
    arguments = parser.parse_args()
    command = "python -m benchmarks.quality.worst_homes"
    if len(arguments.homes) < len(HOMES):
        command += " --homes " + " ".join(arguments.homes)
    network, root = AnyHome.load(), data_root()
    scored = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name in arguments.homes:
            if root is not None and (root / HOMES[name]).exists():
                rows, (windows, labels) = answered(name, network, arguments.workspace or Path(temporary))
                scored[name] = (rows, activities_of(rows, windows, labels))
    if not scored:
        raise SystemExit("There is no log of any home. Set DISCOVER_DATA to the folder of the logs.")
    order = sorted(scored, key=lambda n: scored[n][0]["both"]["annotated"]["macro_f1"]["value"])
    parts = [
        "Annotated test windows, single windows, label-free by network and captions; `boosting` is trained on"
        f" the home's labels with {TREES} trees per class at most (B2 with 100: accuracy .894, macro F1"
        f" .820). Activities with {FEWEST} test windows or more. Overlap: how alike the sensors"
        " are to those of what the activity is taken for (Bhattacharyya coefficient)."
        f" Network {network.sha256[:12]}.",
        markdown_table(
            ("home", "windows", "text only", "both", "boosting"), [_line(n, *scored[n]) for n in order]
        ),
    ]
    for name in [n for i, n in enumerate(order) if i < WORST or n == "b2"]:
        rows, activities = scored[name]
        picture = draw_confusion(rows["both"], "annotated", f"worst_{name}")
        (ROOT / "benchmarks" / "results" / f"worst_{name}.png").write_bytes(picture.png)
        listed = activities if name == "b2" else activities[:WORST]
        columns = (
            "activity", "windows", "text only", "both", "boosting", "taken for", "share", "overlap",
            "sensors", "why",
        )  # fmt: skip
        parts += [
            f"## {name}",
            markdown_table(columns, [_activity_line(a) for a in listed]),
            f"![answers in {name}](worst_{name}.png)",
        ]
    path = write_result("worst_homes", command, "\n\n".join(parts))
    print(f"Wrote {path}")


def _line(name: str, rows: Mapping[str, Mapping[str, Any]], _: Sequence[Activity]) -> tuple[object, ...]:
    pools = [rows[row]["annotated"] for row in ("text", "both", "taught")]
    return (name, pools[0]["n"], *(f"{p['macro_f1']['value']:.3f}" for p in pools))


def _activity_line(a: Activity) -> tuple[object, ...]:
    figures = (f"{a.text:.2f}", f"{a.both:.2f}", f"{a.taught:.2f}")
    return (
        a.name,
        a.windows,
        *figures,
        a.instead,
        f"{a.share:.2f}",
        f"{a.overlap:.2f}",
        a.sensors,
        reason(a),
    )


if __name__ == "__main__":
    main()
