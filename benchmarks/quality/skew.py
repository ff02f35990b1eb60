"""Students in skewed homes: 50, 80, 90 and 95 % of the annotated windows in one activity.

    python -m benchmarks.quality.skew --workspace FOLDER

Simulated homes of other seeds than those the settings were chosen on. Text-only scores teach students on
caption vectors; no model is trained. Each home is also scored as it is: there many activities share the day,
and full balance may help.
"""

import itertools
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.harness import BenchmarkParser, markdown_table, write_result
from benchmarks.quality.caption_homes import CaptionHome, simulated_home
from discover.metrics.classification import classification_scores
from discover.recognition import FIRST_SETTINGS, SelfTrainedClassifier, SelfTrainingConfig

HOMES = (("milan", 1), ("milan", 2), ("aruba", 1), ("aruba", 2), ("kyoto", 1), ("demo", 1))
DAYS = 12
SHARES = (0.5, 0.8, 0.9, 0.95)
STUDENTS = {
    "0.1.0: balanced, never refused": FIRST_SETTINGS,
    "unweighted, never refused": SelfTrainingConfig(class_weights="none", refusal=False),
    "tempered, never refused": SelfTrainingConfig(refusal=False),
    "today: tempered, refused": SelfTrainingConfig(),
}


@dataclass(frozen=True)
class Scored:
    """Accuracy and macro F1 of one row on one case, and why a student is refused."""

    accuracy: float
    macro_f1: float
    refused: str = ""


def score(home: CaptionHome) -> dict[str, Scored]:
    """Teacher and students on the annotated test windows of one home."""
    train, test = home.train, home.test
    rows = np.flatnonzero(test.annotated)
    names = np.array(home.labels)

    def scored(scores_WK: np.ndarray, refused: str = "") -> Scored:
        found = classification_scores(test.labels[rows], names[scores_WK.argmax(axis=1)]).scores
        return Scored(found["accuracy"], found["macro_f1"], refused)

    results = {"text only": scored(test.scores[rows])}
    for name, config in STUDENTS.items():
        student = SelfTrainedClassifier(config).fit(train.vectors, train.scores, middles_s=train.middles_s)
        answers = test.scores if student.refused else student.predict_proba(test.vectors)
        results[name] = scored(answers[rows], student.refused)
    return results


def summary(kinds: Sequence[str], results: Sequence[dict[str, Scored]]) -> str:
    """One row per skew and method: means, and the accuracy lost against text only."""
    rows = []
    for kind in dict.fromkeys(kinds):
        cases = [r for k, r in zip(kinds, results, strict=True) if k == kind]
        for name in cases[0]:
            lost = [c[name].accuracy - c["text only"].accuracy for c in cases]
            rows.append(
                (
                    kind,
                    name,
                    f"{np.mean([c[name].accuracy for c in cases]):.3f}",
                    f"{np.mean([c[name].macro_f1 for c in cases]):.3f}",
                    f"{min(lost):+.3f}",
                    f"{sum(d < -0.01 for d in lost)} of {len(cases)}",
                    f"{sum(bool(c[name].refused) for c in cases)} of {len(cases)}",
                )
            )
    columns = (
        "home",
        "row",
        "accuracy",
        "macro F1",
        "worst accuracy - text only",
        "lose over 1 point",
        "refused",
    )
    return markdown_table(columns, rows)


def details(homes: Sequence[CaptionHome], results: Sequence[dict[str, Scored]]) -> str:
    """One row per case: accuracy / macro F1 of every row."""
    rows = []
    for home, found in zip(homes, results, strict=True):
        cells = [
            f"{s.accuracy:.3f} / {s.macro_f1:.3f}" + (" (refused)" if s.refused else "")
            for s in found.values()
        ]
        rows.append((home.name, int(home.test.annotated.sum()), *cells))
    return markdown_table(("case", "windows", *results[0]), rows)


def main() -> None:
    """Measure and write benchmarks/results/skew.md."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--workspace", type=Path, help="Keep windows and vectors here.")
    arguments = parser.parse_args()
    kinds, homes, results = [], [], []
    with tempfile.TemporaryDirectory() as temporary:
        for layout, seed in HOMES:
            home = simulated_home(layout, seed, DAYS, arguments.workspace or Path(temporary))
            cases = [("as it is", home)]
            for label, share in itertools.product(home.most_frequent(2), SHARES):
                cases.append((f"{100 * share:.0f} % in one", home.skewed(label, share, seed=seed)))
            for kind, case in cases:
                kinds.append(kind)
                homes.append(case)
                results.append(score(case))
    # Stable: the least skewed first, homes in their order.
    order = sorted(range(len(kinds)), key=lambda i: (kinds[i] != "as it is", kinds[i]))
    kinds, homes, results = ([values[i] for i in order] for values in (kinds, homes, results))
    body = "\n\n".join(
        (
            f"{len(HOMES)} simulated homes ({', '.join(f'{n} seed {s}' for n, s in HOMES)}), {DAYS} days, "
            "the first half to learn from, the second to score; annotated test windows. The two most "
            "frequent activities in turn take 50 to 95 % of the annotated windows, on both sides. Settings "
            "were chosen on seed 0 of these and two more layouts and on five real homes.",
            "## By skew",
            summary(kinds, results),
            "## Every case (accuracy / macro F1)",
            details(homes, results),
        )
    )
    path = write_result("skew", "python -m benchmarks.quality.skew", body)
    print(f"Wrote {path}")


if __name__ == "__main__":
    main()
