"""What separates the shipped network's answers from a probe on its vectors, one step of labels after another.

    python -m benchmarks.quality.ladder --workspace FOLDER [--home b2]

Every step reads more of the labels of the home's training days; all are scored on annotated test windows,
single. Labels are in view, so this explains and chooses nothing.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from benchmarks.harness import BenchmarkParser, markdown_table, write_result
from benchmarks.quality.any_home import HOMES, captioned_home
from discover.core.embeddings import mean_caption_vectors, unit_rows
from discover.core.home import NO_ACTIVITY
from discover.core.window_set import WindowSet
from discover.evaluation import EvaluationConfig, EvaluationData
from discover.evaluation.features import bag_of_sensors, hour_features
from discover.evaluation.probes import LabelledVectors, linear_probe
from discover.metrics.classification import classification_scores
from discover.pretraining.any_home import TEMPERATURE, AnyHome
from discover.pretraining.lessons import activity_names
from discover.recognition import (
    BACKGROUND_PROMPTS,
    activity_margins,
    mean_over_prompts,
    place_prompts,
    prompts_or_names,
    rejection_threshold,
)

# Shape letters: W windows, K activities, S sentences, D width, E sensors.

_SETTINGS = EvaluationConfig()
_AROUND_S = 1_800
"""Seconds before and after a window whose events are its surroundings."""
_MISREAD = 0.5
"""Activities with a lower recall are looked at more closely."""
_START = "network and captions"
_HEAD = (
    "Annotated test windows, single. Each step is fitted with the labels of all training days: an offset per"
    " activity (log loss, activities weighted by the root of their windows); each activity's mean vector;"
    " logistic regressions on the scores of all activities, on the cosines of all sentences with captions and"
    " network, and on the vectors. Numbers: how many a step fits."
)
_MENDED = (
    f"Recall of each activity, and what `{_START}` takes it for. Of its wrong windows `mended` is the share"
    " that is right after each step for the first time, `never` the share that no step mends."
)
_APART = (
    f"Activities with a recall below {_MISREAD:g} against what they are taken for: area under the ROC curve"
    " of test days (.5: not told apart at all), logistic regressions fitted with labels that see one"
    " thing only: the hour, the sensors inside the window, those of the half hours before and after it, what"
    " captions say, what the network says."
)

_FREELY = (
    "The same activities and what they are taken for, without any label set: the nearest activities of the"
    " sentence bank, as shares of the windows; hours of the middle half of the windows; events of the home"
    " from 30 to 10 minutes before and after the window, medians."
)
_NEAR_S = (600, 1_800)

_ALL = (
    "All test windows, `no_activity` as a class. The rule leaves a window unnamed where its best activity is"
    " not further above the background sentences than in half of the training windows. Then with labels in"
    " view: the threshold with the best macro F1; the rule with right names for what it does name; right"
    " decisions whether there is an activity, with today's names."
)


@dataclass(frozen=True)
class Split:
    """Annotated windows of one split: rows in the window table, and their labels."""

    rows: NDArray[np.int64]
    labels: NDArray[np.str_]


@dataclass(frozen=True)
class Answered:
    """One home with all that a step may read.

    Attributes:
        names: (K,) activities.
        told, read: (W, D) unit vectors of captions and network.
        cosines: (W, 2 S) with every sentence, captions first.
        text, both: (W, K) scores.
        margins: (W,) best score above the background sentences.
        every: By split, all windows; `NO_ACTIVITY` where no annotation is.
    """

    names: NDArray[np.str_]
    windows: WindowSet
    told: NDArray[np.float32]
    read: NDArray[np.float32]
    beside: NDArray[np.float32]
    cosines: NDArray[np.float32]
    text: NDArray[np.float32]
    both: NDArray[np.float32]
    margins: NDArray[np.float32]
    train: Split
    validation: Split
    test: Split
    every: dict[str, Split]


def answered(name: str, workspace: Path) -> Answered:
    """Vectors, scores and labels of a home."""
    windows, labels, captions, encoder = captioned_home(name, workspace)
    network, data = AnyHome.load(), EvaluationData(windows, labels)
    ids = windows.windows["window_id"].to_numpy().astype(np.str_)
    row_of = {window: i for i, window in enumerate(ids.tolist())}
    known = [a.label for a in windows.home.activities if a.label not in _SETTINGS.background_labels]
    prompts = prompts_or_names(windows.home, "described", known)
    told = unit_rows(mean_caption_vectors(captions, ids))
    read = network.embed(windows, encoder.encode)
    beside = network.beside_captions(read, told)
    sentences = np.asarray(encoder.encode(prompts.sentences, kind="query"), dtype=np.float32)
    by_captions = told @ unit_rows(sentences).T

    alone, joint = (
        place_prompts(prompts, sentences, encoder.encode, head)
        for head in (network.project_text, network.sentences_beside)
    )
    both = mean_over_prompts(beside @ joint.T, prompts.owners)
    background = np.asarray(encoder.encode(BACKGROUND_PROMPTS, kind="query"), dtype=np.float32)

    def split(which: str, *, every: bool = False) -> Split:
        part = data.split(which, _SETTINGS.background_labels)
        known = part.annotated & np.isin(part.labels, prompts.labels)
        kept = known | every
        rows = np.array([row_of[window] for window in part.ids[kept].tolist()], dtype=np.int64)
        return Split(rows, np.where(known, part.labels, NO_ACTIVITY)[kept].astype(np.str_))

    return Answered(
        np.array(prompts.labels),
        windows,
        told,
        read,
        beside,
        np.concatenate([by_captions, read @ alone.T], axis=1),
        mean_over_prompts(by_captions, prompts.owners),
        both,
        activity_margins(both, beside, network.sentences_beside(background)),
        split("train"),
        split("val"),
        split("test"),
        {which: split(which, every=True) for which in ("train", "test")},
    )


def offsets(scores_WK: NDArray[np.floating], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """(K,) numbers that added to scores / `TEMPERATURE` give the least log loss."""
    counts = np.bincount(truth, minlength=scores_WK.shape[1])
    weights = 1 / np.sqrt(counts[truth])
    weights /= weights.sum()
    logits = scores_WK.astype(np.float64) / TEMPERATURE
    mine = np.eye(scores_WK.shape[1])[truth]

    def loss(offsets_K: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        shifted = logits + offsets_K
        value = -(weights * (mine * log_softmax(shifted, axis=1)).sum(axis=1)).sum()
        return float(value), weights @ (softmax(shifted, axis=1) - mine)

    return np.asarray(minimize(loss, np.zeros(scores_WK.shape[1]), jac=True, method="L-BFGS-B").x)


def steps(home: Answered) -> dict[str, tuple[int, NDArray[np.str_]]]:
    """Numbers fitted and answers on test windows of each step, from none to the probe."""
    names, train, test = home.names, home.train, home.test
    truth = np.searchsorted(names, train.labels, sorter=np.argsort(names))
    truth = np.argsort(names)[truth]
    moved = home.both[test.rows] / TEMPERATURE + offsets(home.both[train.rows], truth)
    seen = np.unique(train.labels)
    means = unit_rows(np.stack([home.beside[train.rows][train.labels == n].mean(axis=0) for n in seen]))

    def fitted(inputs: NDArray[np.float32]) -> tuple[int, NDArray[np.str_]]:
        parts = [LabelledVectors(inputs[s.rows], s.labels) for s in (train, home.validation)]
        found, _ = linear_probe(
            *parts, inputs[test.rows],
            strengths=_SETTINGS.probe_strengths, max_iterations=_SETTINGS.probe_iterations,
        )  # fmt: skip
        guess = np.asarray(found.classes)[found.scores.argmax(axis=1)].astype(np.str_)
        return len(found.classes) * (inputs.shape[1] + 1), guess

    return {
        "captions alone": (0, names[home.text[test.rows].argmax(axis=1)]),
        _START: (0, names[home.both[test.rows].argmax(axis=1)]),
        "an offset per activity": (len(names), names[moved.argmax(axis=1)]),
        "a mean vector per activity": (means.size, seen[(home.beside[test.rows] @ means.T).argmax(axis=1)]),
        "all scores weighed": fitted(home.both),
        "all sentences weighed": fitted(home.cosines),
        "probe on both vectors": fitted(np.concatenate([home.told, home.read], axis=1)),
    }


def surroundings(windows: WindowSet) -> NDArray[np.float32]:
    """(W, 2 E) ln(1 + events of each sensor) in the half hours before and after each window."""
    sensor = windows.events["sensor"].to_physical().to_numpy()
    time_s = windows.events["time"].dt.epoch("us").to_numpy() / 1e6
    start, end = (windows.windows[c].dt.epoch("us").to_numpy() / 1e6 for c in ("start", "end"))
    columns = []
    for low, high in ((start - _AROUND_S, start), (end, end + _AROUND_S)):
        for code in range(int(sensor.max()) + 1):
            own = time_s[sensor == code]
            columns.append(np.searchsorted(own, high) - np.searchsorted(own, low))
    return np.log1p(np.stack(columns, axis=1)).astype(np.float32)


def apart(home: Answered, pairs: Mapping[str, str]) -> list[tuple[object, ...]]:
    """How well each thing alone tells one activity from another, both named in `pairs`."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    seen = {
        "hour": hour_features(home.windows.windows["start"].dt.hour().to_numpy().astype(np.int64)),
        "sensors inside": bag_of_sensors(home.windows, home.windows.windows),
        "before and after": surroundings(home.windows),
        "captions": home.told,
        "network": home.read,
    }
    rows = []
    for one, other in pairs.items():
        cells = []
        for inputs in seen.values():
            model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced"))
            train, test = (
                (s.rows[np.isin(s.labels, (one, other))], s.labels[np.isin(s.labels, (one, other))] == one)
                for s in (home.train, home.test)
            )
            model.fit(inputs[train[0]], train[1])
            cells.append(f"{roc_auc_score(test[1], model.decision_function(inputs[test[0]])):.2f}")
        rows.append((one, other, *cells))
    return [("activity", "taken for", *seen), *rows]


def read_freely(home: Answered, names: Sequence[str]) -> list[tuple[object, ...]]:
    """What the network takes test windows of some activities for, of all that it knows, and when they are."""
    keys = np.array(activity_names())  # the bank has the labels of one activity first
    bank = unit_rows(AnyHome.load().meanings[: len(keys)])
    time_s = home.windows.events["time"].dt.epoch("us").to_numpy() / 1e6
    rows = []
    for name in names:
        mine = home.test.rows[home.test.labels == name]
        windows = home.windows.windows[mine.tolist()]
        start, end = (windows[c].dt.epoch("us").to_numpy() / 1e6 for c in ("start", "end"))
        found, counts = np.unique(keys[(home.read[mine] @ bank.T).argmax(axis=1)], return_counts=True)
        most = np.argsort(-counts, kind="stable")[:3]
        hours = windows["start"].dt.hour().to_numpy() + windows["start"].dt.minute().to_numpy() / 60
        near, far = _NEAR_S
        before = np.searchsorted(time_s, start - near) - np.searchsorted(time_s, start - far)
        after = np.searchsorted(time_s, end + far) - np.searchsorted(time_s, end + near)
        rows.append(
            (
                name,
                len(mine),
                ", ".join(f"{found[i]} {counts[i] / len(mine):.2f}" for i in most),
                "–".join(f"{q:.1f}" for q in np.quantile(hours, (0.25, 0.75))),
                *(f"{np.median(n):.0f}" for n in (before, after)),
            )
        )
    return rows


def per_activity(
    labels: NDArray[np.str_], given: Mapping[str, NDArray[np.str_]]
) -> tuple[list[tuple[object, ...]], dict[str, str]]:
    """Rows of recalls and mended errors, and for each activity that is misread what it is taken for."""
    start = list(given).index(_START)
    rows: list[tuple[object, ...]] = []
    misread = {}
    for name in np.unique(labels):
        mine = labels == name
        right = np.stack([guess[mine] == name for guess in given.values()])
        wrong = given[_START][mine][~right[start]]
        others, counts = np.unique(wrong, return_counts=True)
        instead = str(others[counts.argmax()]) if len(wrong) else ""
        share = counts.max() / mine.sum() if len(wrong) else 0.0
        if right[start].mean() < _MISREAD:
            misread[str(name)] = instead
        left, mended = ~right[start], []
        for step in right[start + 1 :]:
            mended.append((left & step).sum() / max(len(wrong), 1))
            left &= ~step
        never = left.sum() / max(len(wrong), 1)
        told = "/".join(f"{m:.2f}" for m in mended)
        cells = (f"{instead} {share:.2f}", told, f"{never:.2f}") if len(wrong) else ("", "", "")
        rows.append((name, int(mine.sum()), *(f"{r:.2f}" for r in right.mean(axis=1)), *cells))
    return rows, misread


def all_windows(home: Answered) -> list[tuple[object, ...]]:
    """Rows of all test windows: today's rule, then parts of it put right with labels."""
    train, test = home.every["train"], home.every["test"]
    margins, labels = home.margins[test.rows], test.labels
    names = home.names[home.both[test.rows].argmax(axis=1)]
    threshold = rejection_threshold(home.margins[train.rows], _SETTINGS.rejection_quantile)

    def scored(title: str, named: NDArray[np.bool_], given: NDArray[np.str_] = names) -> tuple[object, ...]:
        scores = classification_scores(labels, np.where(named, given, NO_ACTIVITY)).scores
        return (title, f"{1 - named.mean():.2f}", f"{scores['accuracy']:.3f}", f"{scores['macro_f1']:.3f}")

    tried = [margins >= t for t in np.quantile(margins, np.linspace(0.1, 0.9, 41))]
    return [
        scored("today's rule", margins >= threshold),
        max((scored("its best threshold", named) for named in tried), key=lambda row: str(row[3])),
        scored(
            "today's rule, right names", margins >= threshold, np.where(labels == NO_ACTIVITY, names, labels)
        ),
        scored("right decisions, today's names", labels != NO_ACTIVITY),
    ]


def main() -> None:
    """Measure and write benchmarks/results/<home>_ladder.md."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--workspace", type=Path, help="Keep windows and vectors here.")
    parser.add_argument("--home", default="b2", choices=list(HOMES))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = answered(arguments.home, arguments.workspace or Path(temporary))
    found, labels = steps(home), home.test.labels
    rows = []
    for name, (numbers, guess) in found.items():
        scores = classification_scores(labels, guess).scores
        rows.append((name, numbers, *(f"{scores[s]:.3f}" for s in ("accuracy", "macro_f1", "weighted_f1"))))
    activities, misread = per_activity(labels, {name: guess for name, (_, guess) in found.items()})
    columns = ("activity", "windows", *found, "taken for", "mended", "never")
    sha256 = AnyHome.load().sha256
    parts = [
        f"{_HEAD} {len(labels):,} windows. Network {sha256[:12]}.",
        markdown_table(("step", "numbers", "accuracy", "macro F1", "weighted F1"), rows),
        f"## Activities\n\n{_MENDED}",
        markdown_table(columns, activities),
    ]
    if misread:
        head, *body = apart(home, misread)
        parts += [f"## What tells them apart\n\n{_APART}", markdown_table([str(c) for c in head], body)]
        asked = list(dict.fromkeys([*misread, *misread.values()]))
        columns = ("activity", "windows", "nearest activities", "hours", "before", "after")
        parts += [f"## Read freely\n\n{_FREELY}", markdown_table(columns, read_freely(home, asked))]
    parts += [f"## All windows\n\n{_ALL} {len(home.every['test'].rows):,} windows."]
    parts += [markdown_table(("what", "unnamed", "accuracy", "macro F1"), all_windows(home))]
    path = write_result(
        f"{arguments.home}_ladder",
        f"python -m benchmarks.quality.ladder --home {arguments.home}",
        "\n\n".join(parts),
    )
    print(f"Wrote {path}")


if __name__ == "__main__":
    main()
