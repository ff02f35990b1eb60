"""How the shipped kind of network grows with homes, steps and size, and what the parts of its training bring.

    python -m benchmarks.quality.scaling --workspace FOLDER [--only NAME ...] [--kept]

Every variant is trained on simulated homes and scored on homes that it never saw (`unseen_homes`). What is
done is kept in the folder: start again to go on. With --only nothing is written but the kept results; with
--kept the tables hold what is kept and nothing is trained.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.harness import ROOT, BenchmarkParser, markdown_table, source_commit, write_result
from benchmarks.quality.unseen_homes import (
    mean_scores,
    memoised,
    real_homes,
    simulated_homes,
)
from discover.core.artifacts import read_json, write_json
from discover.pretraining.any_home import AnyHome
from discover.pretraining.label_sets import KIND_SHARES, SentenceBank
from discover.pretraining.lessons import Lessons
from discover.pretraining.network import NetworkConfig, TorchReader, WindowEnsemble, WindowTensors
from discover.pretraining.profiles import N_SPANS
from discover.pretraining.recipe import Recipe, encode_phrases, recipe_lessons, run_to_end
from discover.pretraining.situations import SituationBank
from discover.pretraining.training import Pretraining, TrainingConfig

_LONG, _SHORT = 11_000, 4_000
"""Steps of the trainings on fewer homes, and of those that leave a part out."""
_INSIDE = slice(N_SPANS // 2 - 1, N_SPANS // 2 + 2)
"""Spans inside a window."""


@dataclass(frozen=True)
class Variant:
    """One training; what is not said is as in the recipe, but for homes and steps.

    Attributes:
        homes: A multiple of 20: the lessons of 20 homes lie in one file.
        common: Whether sets take labels of common activities more often.
        context: Whether what lies before and after a window is read.
        kinds, named: See `SentenceBank`.
    """

    homes: int = 1_600
    width: int = 160
    steps: int = _LONG
    seed: int = 0
    lost: float = TrainingConfig.lost
    situations: float = TrainingConfig.situations
    common: bool = True
    context: bool = True
    described: int = 3
    faults: bool = True
    kinds: tuple[float, ...] = KIND_SHARES
    named: float = 0.25


CURVE = {
    "as shipped": Variant(homes=Recipe.homes, steps=TrainingConfig.steps),
    "20 homes": Variant(homes=20),
    "100 homes": Variant(homes=100),
    "400 homes": Variant(homes=400),
    "1,600 homes": Variant(),
    "4,800 homes": Variant(homes=4_800),
    "1,000 steps": Variant(steps=1_000),
    "4,000 steps": Variant(steps=_SHORT),
    "33,000 steps": Variant(steps=33_000),
    "width 64": Variant(width=64),
    "width 256": Variant(width=256),
}
ABLATIONS = {
    "4,000 steps": CURVE["4,000 steps"],
    "4,000 steps, seed 1": Variant(steps=_SHORT, seed=1),
    "no situations": Variant(steps=_SHORT, situations=0.0),
    "all labels alike": Variant(steps=_SHORT, common=False),
    "no context": Variant(steps=_SHORT, context=False),
    "no sensors left out": Variant(steps=_SHORT, lost=0.0),
    "labels by name only": Variant(steps=_SHORT, kinds=(0, 0, 1, 0), named=1.0),
    "labels by what is done only": Variant(steps=_SHORT, kinds=(1, 0, 0, 0), named=0.0),
    "4,000 steps, 400 homes": Variant(steps=_SHORT, homes=400),
    "400 homes, no faults": Variant(steps=_SHORT, homes=400, faults=False),
    "400 homes, rightly described": Variant(steps=_SHORT, homes=400, described=5),
}
VARIANTS = CURVE | ABLATIONS


def kept_path(folder: Path, name: str) -> Path:
    """Where the scores of a variant are kept."""
    return folder / "results" / f"{name.replace(' ', '_').replace(',', '')}.json"


class Bench:
    """Trains variants and scores them; keeps lessons and results in a folder.

    Args:
        folder: Work folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.encode_text = memoised()
        self.homes = {"real": real_homes(folder / "real"), "simulated": simulated_homes()}
        self._sentences = self.encode_text(SentenceBank.sentences())
        self._situations = SituationBank(self.encode_text(SituationBank.sentences()))
        self._kept: dict[Recipe, Lessons] = {}

    def result(self, name: str) -> dict[str, Any]:
        """Scores of a variant, from the folder where they are known."""
        path = kept_path(self._folder, name)
        if path.is_file():
            return dict(read_json(path))
        path.parent.mkdir(exist_ok=True, parents=True)
        found = self._trained(VARIANTS[name], path.with_suffix(".pt"))
        write_json(path, found)
        return found

    def scores(self, network: AnyHome) -> dict[str, Any]:
        """Accuracy and macro F1 of every row on both kinds of homes."""
        return {kind: mean_scores(homes, network, self.encode_text) for kind, homes in self.homes.items()}

    def _trained(self, variant: Variant, checkpoint: Path) -> dict[str, Any]:
        recipe = Recipe(homes=variant.homes, described=variant.described, faults=variant.faults)
        lessons = self._lessons(recipe)
        common = lessons.shares.mean(axis=0, dtype=np.float64) if variant.common else None
        bank = SentenceBank(self._sentences, common, variant.kinds, variant.named)
        training = Pretraining(
            lessons,
            encode_phrases(lessons.phrases, self.encode_text),
            bank,
            self._situations,
            TrainingConfig(
                seed=variant.seed, steps=variant.steps, lost=variant.lost, situations=variant.situations
            ),
            NetworkConfig(width=variant.width),
        )
        if not variant.context:
            training.network.register_forward_pre_hook(_without_context)
        run_to_end(training, checkpoint)
        network = TorchReader(WindowEnsemble([training.network.eval().requires_grad_(False)]))
        found = self.scores(AnyHome(network, bank.prototypes()[0], "", {}))
        size = sum(p.numel() for p in network.network.parameters())
        facts = {"homes": variant.homes, "windows": len(lessons), "parameters": size}
        return {"commit": source_commit(), **facts, **found}

    def _lessons(self, recipe: Recipe) -> Lessons:
        if recipe not in self._kept:
            folder = self._folder / f"lessons_{recipe.described}_{'faults' if recipe.faults else 'whole'}"
            folder.mkdir(parents=True, exist_ok=True)
            found = recipe_lessons(recipe, folder)
            assert found is not None
            self._kept = {recipe: found}
        return self._kept[recipe]


def _without_context(
    network: nn.Module, inputs: tuple[WindowTensors, torch.Tensor]
) -> tuple[WindowTensors, torch.Tensor]:
    """Windows as if nothing were known of what lies before and after them."""
    windows, phrases = inputs
    inside = torch.zeros(N_SPANS, dtype=torch.bool)
    inside[_INSIDE] = True
    profiles, scenes = windows.profiles.clone(), windows.scenes.clone()
    profiles[:, :, : 2 * N_SPANS] *= inside.repeat(2)
    profiles[:, :, 2 * N_SPANS + 1 : 2 * N_SPANS + 3] = 0  # since and until each sensor's begins
    scenes[:, 9:11] = 0  # the same of the whole home
    scenes[:, -N_SPANS:] *= inside
    return replace(windows, profiles=profiles, scenes=scenes), phrases


def table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """A row per variant."""
    rows = []
    for name, found in results.items():
        cells = [f"{found[kind][row][1]:.3f}" for kind in ("real", "simulated") for row in ("both", "alone")]
        facts = (f"{found['homes']:,}", f"{found['windows']:,}", f"{found['parameters']:,}")
        rows.append((name, *facts, *cells))
    columns = ("training", "homes", "windows", "parameters")
    scores = [f"{kind}, {row}" for kind in ("real", "simulated") for row in ("both", "alone")]
    return markdown_table((*columns, *scores), rows)


def picture(results: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Macro F1 against homes, steps and parameters."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    curves = {
        "simulated homes": ("20 homes", "100 homes", "400 homes", "1,600 homes", "4,800 homes"),
        "steps of 128 windows": ("1,000 steps", "4,000 steps", "1,600 homes", "33,000 steps"),
        "parameters": ("width 64", "1,600 homes", "width 256"),
    }
    known = {title: [name for name in names if name in results] for title, names in curves.items()}
    known = {title: names for title, names in known.items() if len(names) > 1}
    if not known:
        return
    figure, grid = plt.subplots(
        1, len(known), figsize=(4 * len(known), 3.2), sharey=True, squeeze=False, layout="constrained"
    )
    axes = grid[0]
    for axis, (title, names) in zip(axes, known.items(), strict=True):
        x = [_place(title, name, results[name]) for name in names]
        for kind, colour in (("real", "tab:blue"), ("simulated", "tab:orange")):
            for row, line in (("both", "-"), ("alone", "--")):
                y = [results[name][kind][row][1] for name in names]
                axis.plot(x, y, line, color=colour, marker="o", ms=3, label=f"{kind} homes, {row}")
        axis.set_xscale("log")
        axis.set_xlabel(title)
    axes[0].set_ylabel("macro F1")
    figure.legend(*axes[0].get_legend_handles_labels(), fontsize=7, loc="outside upper center", ncols=2)
    figure.savefig(path, dpi=90)
    plt.close(figure)


def _place(title: str, name: str, found: Mapping[str, Any]) -> float:
    if title.startswith("steps"):
        return float(VARIANTS[name].steps)
    return float(found["parameters" if title == "parameters" else "homes"])


def _body(results: Mapping[str, Mapping[str, Any]]) -> str:
    base = results["as shipped"]
    kinds = ("real", "simulated")
    text = {kind: base[kind]["text only"][1] for kind in kinds}
    head = (
        "Macro F1, means over homes, one training each. As shipped: one of the shipped networks,"
        f" {TrainingConfig.steps:,} steps of 128 windows. Growth: 1,600 homes and {_LONG:,} steps where"
        f" nothing else is said; parts of the training: {_SHORT:,} steps. Real: all annotated minutes of"
        " the homes of `unseen_homes`, without B2. Settings are chosen on them: no test. Simulated: other"
        " seeds, labels as data sets have them. `alone`: the network; `both`: its mean with captions."
        f" Text only: {text['real']:.3f} real, {text['simulated']:.3f} simulated. Commits of the trainings:"
        f" {', '.join(sorted({str(r['commit']) for r in results.values()}))}."
    )
    one, again = (results.get(f"4,000 steps{seed}") for seed in ("", ", seed 1"))
    if one and again:
        differ = [abs(one[k][row][1] - again[k][row][1]) for k in kinds for row in ("both", "alone")]
        head += f" Two seeds of 4,000 steps differ by {min(differ):.3f} to {max(differ):.3f}."
    missing = [name for name in VARIANTS if name not in results]
    if missing:
        head += f" Not trained: {'; '.join(missing)}."
    curve = {name: results[name] for name in CURVE if name in results}
    parts = {name: results[name] for name in ABLATIONS if name in results}
    return "\n\n".join(
        (head, "## Growth", table(curve), "![growth](scaling.png)", "## Parts of the training", table(parts))
    )


def main() -> None:
    """Train what is missing; without --only, write benchmarks/results/scaling.md and its picture."""
    parser = BenchmarkParser(__doc__, writes=False)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--only", nargs="*", choices=list(VARIANTS), help="Train these and write no table.")
    parser.add_argument("--kept", action="store_true", help="Train nothing.")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.kept:
        paths = {name: kept_path(arguments.workspace, name) for name in VARIANTS}
        found = {name: dict(read_json(path)) for name, path in paths.items() if path.is_file()}
    else:
        bench = Bench(arguments.workspace)
        # The lessons of one recipe are read once.
        names = arguments.only or sorted(VARIANTS, key=lambda name: -VARIANTS[name].homes)
        found = {name: bench.result(name) for name in names}
    results = {name: found[name] for name in VARIANTS if name in found}
    if arguments.only:
        print(table(results))
        return
    picture(results, ROOT / "benchmarks/results/scaling.png")
    command = f"python -m benchmarks.quality.scaling --workspace FOLDER{' --kept' if arguments.kept else ''}"
    print(f"Wrote {write_result('scaling', command, _body(results))}")


if __name__ == "__main__":
    main()
