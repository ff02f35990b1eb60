"""Choose the student's settings without Bosch B2: on simulated homes and on other real homes' training days.

    python -m benchmarks.quality.student_choice --workspace FOLDER

Text-only scores teach students on caption vectors; no model is trained. Simulated homes are scored as they
are and with 50, 80, 90 and 95 % of the annotated windows in one activity; real homes on their training and
validation days, so that their test days stay unseen. Homes weigh alike. With the vectors cached in the
workspace the grid takes a few minutes on two cores.
"""

import dataclasses
import itertools
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import BenchmarkParser, data_root, markdown_table, write_result
from benchmarks.quality.caption_homes import REAL_HOMES, CaptionHome, Side, real_home, simulated_home
from discover.core.home import NO_ACTIVITY
from discover.metrics.classification import classification_scores
from discover.recognition import (
    BACKGROUND_PROMPTS,
    SelfTrainedClassifier,
    SelfTrainingConfig,
    activity_margins,
    balance_exponent,
    rejection_threshold,
)
from discover.recognition.student_check import LEAST_AGREEMENT, LEAST_GAIN, MOST_MOVED
from discover.text_encoders import build_text_encoder
from discover.text_encoders.config import TextEncoderConfig

LAYOUTS = ("milan", "aruba", "kyoto", "tulum", "demo", "cairo")
DAYS, SEED = 12, 0
SHARES = (0.5, 0.8, 0.9, 0.95)
LOSS = 0.01
"""Accuracy that a student may lose."""

SENTENCES = (
    *BACKGROUND_PROMPTS,
    "nobody does anything in particular",
    "someone rests and hardly moves",
    "someone is at home and nothing special happens",
)


@dataclass(frozen=True)
class Case:
    """One home, as it is or skewed. `group` is the home it counts for."""

    group: str
    kind: str
    home: CaptionHome


@dataclass(frozen=True)
class Outcome:
    """A student on one case: gains over its teacher in accuracy and macro F1, and what the check saw."""

    accuracy: float
    macro_f1: float
    agreement: float
    moved: float
    steadier: float | None

    def allowed(self, least_gain: float | None) -> bool:
        """Whether the check lets it answer, with another least gain in steadiness; None: no check."""
        if least_gain is None:
            return True
        if self.agreement < LEAST_AGREEMENT or self.moved > MOST_MOVED:
            return False
        return self.steadier is None or self.steadier >= least_gain


class _Fixed(SelfTrainedClassifier):
    """A student whose windows weigh n ** -exponent."""

    fixed = 1.0

    def _exponent(self, answers_R: NDArray[np.int64]) -> float:
        return self.fixed


class _ByEm(SelfTrainedClassifier):
    """A student whose exponent comes from a prior, by EM on the posteriors of a balanced student.

    Saerens, Latinne & Decaestecker 2002, Neural Computation 14(1), 21-41.
    """

    def _learn(self, vectors: NDArray[np.floating], labels: NDArray[np.int64], exponent: float) -> None:
        super()._learn(vectors, labels, 1.0)
        posterior = self.predict_proba(vectors).astype(np.float64)[:, self._student.classes_]
        prior = np.full(posterior.shape[1], 1 / posterior.shape[1])
        for _ in range(200):
            weighed = posterior * prior
            renewed = (weighed / weighed.sum(axis=1, keepdims=True)).mean(axis=0)
            if np.abs(renewed - prior).max() < 1e-5:
                break
            prior = renewed
        full = np.zeros(self.n_activities)
        full[self._student.classes_] = prior
        super()._learn(vectors, labels, balance_exponent(full))


def cases(workspace: Path) -> list[Case]:
    """All cases, the real homes first; homes without a log are left out."""
    found = []
    root = data_root()
    for name, path in REAL_HOMES.items():
        if root is not None and (root / path).exists():
            home = real_home(name, workspace)
            both = Side(
                *(
                    np.concatenate([getattr(s, f.name) for s in (home.train, home.test)])
                    for f in dataclasses.fields(Side)
                )
            )
            found.append(Case(name, "real", dataclasses.replace(home, test=both)))
    for layout in LAYOUTS:
        home = simulated_home(layout, SEED, DAYS, workspace)
        group = f"{layout} (simulated)"
        found.append(Case(group, "as it is", home))
        for label, share in itertools.product(home.most_frequent(2), SHARES):
            found.append(Case(group, f"{100 * share:.0f} %", home.skewed(label, share, seed=0)))
    return found


def outcome(case: Case, student: SelfTrainedClassifier) -> Outcome:
    """Fit a student on a case and compare it with its teacher on the scored windows."""
    train, test = case.home.train, case.home.test
    student.fit(train.vectors, train.scores, middles_s=train.middles_s)
    rows = np.flatnonzero(test.annotated)
    names = np.array(case.home.labels)
    truth = test.labels[rows]
    taught = classification_scores(truth, names[test.scores[rows].argmax(axis=1)]).scores
    answers = names[student.predict_proba(test.vectors[rows]).argmax(axis=1)]
    learned = classification_scores(truth, answers).scores
    check = student.check
    assert check is not None
    steadier = None
    if check.student_steadiness is not None and check.teacher_steadiness is not None:
        steadier = check.student_steadiness - check.teacher_steadiness
    return Outcome(
        learned["accuracy"] - taught["accuracy"],
        learned["macro_f1"] - taught["macro_f1"],
        check.agreement,
        check.moved,
        steadier,
    )


@dataclass(frozen=True)
class Gains:
    """A candidate on some cases: mean gains over the teacher, and the share that loses more than `LOSS`."""

    accuracy: float
    macro_f1: float
    losing: float


def gains(outcomes: Sequence[Outcome], least_gain: float | None) -> Gains:
    """Where the student is refused its teacher answers, so there is nothing to gain or lose."""
    used = [o for o in outcomes if o.allowed(least_gain)]
    n = len(outcomes)
    return Gains(
        sum(o.accuracy for o in used) / n,
        sum(o.macro_f1 for o in used) / n,
        sum(o.accuracy < -LOSS for o in used) / n,
    )


def by_home(found: Sequence[Case], outcomes: Sequence[Outcome], least_gain: float | None) -> dict[str, Gains]:
    """`gains` of each home."""
    return {
        group: gains([o for c, o in zip(found, outcomes, strict=True) if c.group == group], least_gain)
        for group in dict.fromkeys(c.group for c in found)
    }


def criterion(homes: Sequence[Gains]) -> tuple[bool, float, float]:
    """Larger is better: mean macro F1 not below the teacher's, then few losers, then accuracy."""
    macro, losing, accuracy = (
        float(np.mean([getattr(h, name) for h in homes])) for name in ("macro_f1", "losing", "accuracy")
    )
    return macro >= 0, -round(losing, 6), accuracy


def describe(found: Sequence[Case], outcomes: Sequence[Outcome], least_gain: float | None) -> list[object]:
    """Cells of one candidate: gains with homes alike, worst case, cases that lose, share used."""
    homes = list(by_home(found, outcomes, least_gain).values())
    used = [o.allowed(least_gain) for o in outcomes]
    accuracy = [o.accuracy if u else 0.0 for o, u in zip(outcomes, used, strict=True)]
    return [
        f"{np.mean([h.accuracy for h in homes]):+.4f}",
        f"{np.mean([h.macro_f1 for h in homes]):+.4f}",
        f"{np.mean([h.losing for h in homes]):.3f}",
        f"{min(accuracy):+.3f}",
        f"{sum(a < -LOSS for a in accuracy)} of {len(accuracy)}",
        f"{np.mean(used):.2f}",
    ]


def leave_one_home_out(table: Mapping[str, Mapping[str, Gains]]) -> tuple[str, list[Gains], list[str]]:
    """The best candidate of all homes; per home what the choice of the others gives there; these choices."""
    homes = list(next(iter(table.values())))

    def best(among: Sequence[str]) -> str:
        return max(table, key=lambda name: criterion([table[name][h] for h in among]))

    picked = [best([h for h in homes if h != home]) for home in homes]
    return best(homes), [table[name][home] for name, home in zip(picked, homes, strict=True)], picked


def _makers() -> dict[str, Callable[[SelfTrainingConfig], SelfTrainedClassifier]]:
    def fixed(exponent: float) -> Callable[[SelfTrainingConfig], SelfTrainedClassifier]:
        def make(config: SelfTrainingConfig) -> SelfTrainedClassifier:
            student = _Fixed(config)
            student.fixed = exponent
            return student

        return make

    return {
        "balanced (exponent 1)": fixed(1.0),
        "exponent 0.75": fixed(0.75),
        "exponent 0.5": fixed(0.5),
        "exponent 0.25": fixed(0.25),
        "none (exponent 0)": fixed(0.0),
        "tempered: entropy of the teacher's shares": SelfTrainedClassifier,
        "tempered: entropy of a prior by EM": _ByEm,
    }


def weight_grid(found: Sequence[Case]) -> tuple[str, str]:
    """Candidates for weights and refusal with the other settings as they are; the table and the verdict."""
    runs = {
        name: [outcome(case, make(SelfTrainingConfig())) for case in found]
        for name, make in _makers().items()
    }
    table, rows = {}, []
    for name, least in itertools.product(runs, (None, 0.0, 0.01, 0.02)):
        words = "no refusal" if least is None else f"steadier by {least:g}"
        table[f"{name}, {words}"] = by_home(found, runs[name], least)
        rows.append((name, words, *describe(found, runs[name], least)))
    return markdown_table(("weights", "refused unless", *_COLUMNS), rows), _verdict(table)


def settings_grid(found: Sequence[Case], least: float | None = LEAST_GAIN) -> tuple[str, str]:
    """Share of windows kept, ridge strength and rounds, one changed at a time."""
    changes: list[dict[str, float]] = [{"rounds": 2}]
    changes += [{"rounds": 2, "keep_share": s} for s in (0.3, 0.8)]
    changes += [{"rounds": 2, "inverse_penalty": c} for c in (0.1, 10.0)]
    changes += [{"rounds": r} for r in (1, 3)]
    changes += [{"rounds": 1, "keep_share": s} for s in (0.3, 0.8)]
    table, rows = {}, []
    for change in changes:
        config = SelfTrainingConfig.model_validate(change)
        outcomes = [outcome(case, SelfTrainedClassifier(config)) for case in found]
        words = ", ".join(f"{k} {v:g}" for k, v in change.items())
        table[words] = by_home(found, outcomes, least)
        rows.append((words, *describe(found, outcomes, least)))
    return markdown_table(("settings", *_COLUMNS), rows), _verdict(table)


def background_grid(found: Sequence[Case]) -> str:
    """Sentences that stand for no activity: macro F1 with `no_activity` as a class, teacher's answers."""
    encoder = build_text_encoder(TextEncoderConfig(type="minilm"))
    vectors = np.asarray(encoder.encode(list(SENTENCES), kind="query"), dtype=np.float32)
    scored = [c for c in found if c.kind in ("real", "as it is") and not c.home.test.annotated.all()]
    means = {}
    for size in (1, 2, 3):
        for chosen in itertools.combinations(range(len(SENTENCES)), size):
            name = " + ".join(f"({i + 1})" for i in chosen)
            means[name] = float(np.mean([_full_pool_f1(c.home, vectors[list(chosen)]) for c in scored]))
    rows = [(name, f"{means[name]:.4f}") for name in sorted(means, key=lambda n: -means[n])]
    listed = "\n".join(f"{i + 1}. {sentence}" for i, sentence in enumerate(SENTENCES))
    return f"{listed}\n\n" + markdown_table(("sentences", f"macro F1, mean over {len(scored)} homes"), rows)


def _full_pool_f1(home: CaptionHome, background: NDArray[np.float32]) -> float:
    train, test = home.train, home.test
    threshold = rejection_threshold(activity_margins(train.scores, train.vectors, background), 0.5)
    margins = activity_margins(test.scores, test.vectors, background)
    answers = np.where(margins < threshold, NO_ACTIVITY, np.array(home.labels)[test.scores.argmax(axis=1)])
    return float(classification_scores(test.labels, answers).scores["macro_f1"])


_COLUMNS = ("accuracy", "macro F1", "share losing", "worst accuracy", "lose over 1 point", "student used")


def _verdict(table: Mapping[str, Mapping[str, Gains]]) -> str:
    winner, left_out, picked = leave_one_home_out(table)
    names, counts = np.unique(picked, return_counts=True)
    others = "; ".join(f"{name} ({n} of {len(picked)})" for name, n in zip(names, counts, strict=True))
    means = [np.mean([getattr(g, f) for g in left_out]) for f in ("accuracy", "macro_f1", "losing")]
    return (
        f"Best over all homes: **{winner}**. Leaving one home out the others choose: {others}; on the home "
        f"left out that gives accuracy {means[0]:+.4f}, macro F1 {means[1]:+.4f}, "
        f"share losing {means[2]:.3f}."
    )


def main() -> None:
    """Measure and write benchmarks/results/student_choice.md."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument(
        "--workspace", type=Path, help="Keep windows and vectors here instead of a temporary folder."
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        found = cases(arguments.workspace or Path(temporary))
    parts = [
        f"{len(found)} cases of {len({c.group for c in found})} homes; Bosch B2 takes no part. Gains of a "
        "student over its teacher (text only) on the annotated windows, homes alike; where the student is "
        "refused its teacher answers. Chosen is the candidate whose macro F1 gain is not below 0 in the mean "
        f"and that loses more than {LOSS:g} of accuracy in the smallest share of cases; then accuracy."
    ]
    for title, grid in (
        ("Weights and refusal", weight_grid),
        (f"Other settings: tempered, refused unless steadier by {LEAST_GAIN:g}", settings_grid),
    ):
        table, verdict = grid(found)
        parts += [f"## {title}", table, verdict]
    parts += ["## Sentences that stand for no activity", background_grid(found)]
    path = write_result("student_choice", "python -m benchmarks.quality.student_choice", "\n\n".join(parts))
    print(f"Wrote {path}")


if __name__ == "__main__":
    main()
