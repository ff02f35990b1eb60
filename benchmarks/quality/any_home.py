"""The shipped network on homes it never saw: text only, the network alone, both together.

    python -m benchmarks.quality.any_home --workspace FOLDER [--members FILE ...]

No home is trained on. `--members` adds the mean and the range of single trainings. Windows, captions and
caption vectors are made once by the chain's own stages; rows and scores are those of `discover.evaluation`.
Homes without a log are left out.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.harness import ROOT, BenchmarkParser, data_root, markdown_table, write_result
from benchmarks.quality.caption_homes import REAL_HOMES
from discover.core.embeddings import EmbeddingTable, ProjectText, load_embeddings, mean_caption_vectors
from discover.core.tables import LABELS
from discover.core.window_set import WindowSet, load_window_set, read_table
from discover.evaluation import EvaluationConfig, EvaluationData, evaluate_recognition
from discover.pipeline import DATA_STAGES, run_chain
from discover.pretraining.any_home import NETWORK_WEIGHT, TEMPERATURE, AnyHome
from discover.text_encoders import build_text_encoder
from discover.text_encoders.encoder import TextEncoder

_CHOSEN_ON = {
    **REAL_HOMES,
    "mit_1": "mit_tapia/subject1",
    "mit_2": "mit_tapia/subject2",
    "openshs": "openshs/d1_1m_0tm",
}
HOMES = {"b2": "casas/bosch_b2/data.gz", **dict(sorted(_CHOSEN_ON.items()))}
"""Log of every home with labels. Settings were chosen on all of them but B2."""

ROWS = (
    ("text only", "alone", "text_only", "plain"),
    ("text only, centred", "alone", "text_only", "centred"),
    ("network alone", "alone", "aligned_zero_shot", "plain"),
    ("both", "both", "aligned_zero_shot", "plain"),
    ("both, centred", "both", "aligned_zero_shot", "centred"),
)
"""Title, which vectors, method and variant of `evaluate_recognition`."""
_OF_MEMBERS = (
    ("network alone, one training", "alone", "aligned_zero_shot", "plain"),
    ("both, one training", "both", "aligned_zero_shot", "plain"),
)
_SCORES = ("accuracy", "macro_f1", "weighted_f1")
_CONFIG = EvaluationConfig(
    centring=0.3,
    supervised=False,
    gradient_boosting=False,
    shots=(),
    self_training=False,
    coarse=False,
    balance_temperature=TEMPERATURE,
)


def both_scores(captions: NDArray[np.floating], network: NDArray[np.floating]) -> NDArray[np.float32]:
    """Cosines of captions and network together, weighed as by `AnyHome.beside_captions`."""
    return np.asarray((captions + NETWORK_WEIGHT * network) / (1 + NETWORK_WEIGHT), dtype=np.float32)


def captioned_home(name: str, workspace: Path) -> tuple[WindowSet, pl.DataFrame, EmbeddingTable, TextEncoder]:
    """Windows of a home, their labels, their caption vectors, and the encoder that made them.

    Raises:
        FileNotFoundError: There is no log of the home.
    """
    root = data_root()
    if root is None or not (root / HOMES[name]).exists():
        raise FileNotFoundError(f"There is no log of {name}. Set DISCOVER_DATA to the folder of the logs.")
    config = "b2_baseline" if name == "b2" else name
    settings = [f"home.log={root / HOMES[name]}", "evaluation.presegmented=false"]
    chain = run_chain(ROOT / f"configs/pipelines/{config}.yaml", settings, workspace / name, only=DATA_STAGES)
    folder = chain.data_folders.sampling
    return (
        load_window_set(folder),
        read_table(folder / "labels.parquet", LABELS),
        load_embeddings(folder / chain.data_folders.vectors_name),
        build_text_encoder(chain.config.alignment.text_encoder),
    )


def score_home(name: str, networks: Sequence[AnyHome], workspace: Path) -> list[dict[str, Any]]:
    """`evaluate_recognition` of one home with the network's own vectors and beside captions, per network."""
    windows, labels, captions, encoder = captioned_home(name, workspace)
    ids = windows.windows["window_id"].to_numpy().astype(np.str_)
    told = mean_caption_vectors(captions, ids)

    def scored(vectors: NDArray[np.float32], project_text: ProjectText) -> dict[str, Any]:
        data = EvaluationData(
            windows,
            labels,
            window_embeddings=EmbeddingTable(vectors, ids, np.zeros(len(ids), dtype=np.int16)),
            caption_embeddings=captions,
        )
        return evaluate_recognition(
            data,
            encode_text=lambda texts: encoder.encode(texts, kind="query"),
            project_text=project_text,
            config=_CONFIG,
        )

    found = []
    for network in networks:
        vectors = network.embed(windows, encoder.encode)
        beside = network.beside_captions(vectors, told)
        found.append(
            {
                "alone": scored(vectors, network.project_text),
                "both": scored(beside, network.sentences_beside),
            }
        )
    return found


def home_rows(
    name: str, results: Sequence[Mapping[str, Any]], pool: str, wanted: Sequence[tuple[str, ...]] = ROWS
) -> list[tuple[object, ...]]:
    """Table rows of one home: mean over networks, with the interval of the first where it has one."""
    rows = []
    for title, kind, method, variant in wanted:
        found = [
            row[pool]
            for result in results
            for row in result[kind]["rows"]
            if (row["method"], row["variant"], row["smoothed"]) == (method, variant, False)
            and row["unit"] == "window"
            and row["prompts"] == _prompts(result[kind])
            and pool in row
        ]
        if found:
            errors = [f["calibration_error"] for f in found if f["calibration_error"] is not None]
            error = f"{np.mean(errors):.3f}" if errors else "–"
            rows.append((name, title, found[0]["n"], *(_cell([f[s] for f in found]) for s in _SCORES), error))
    return rows


def _prompts(result: Mapping[str, Any]) -> str:
    names = {row["prompts"] for row in result["rows"]}
    return "described" if "described" in names else "name"


def _cell(scores: Sequence[Mapping[str, Any]]) -> str:
    values = [float(s["value"]) for s in scores]
    text = f"{np.mean(values):.3f}"
    if min(values) != max(values):
        text += f" ({min(values):.3f}–{max(values):.3f})"
    low, high = scores[0].get("low"), scores[0].get("high")
    return text if low is None or low != low else f"{text} [{low:.3f}, {high:.3f}]"


def main() -> None:
    """Measure and write benchmarks/results/any_home.md."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--workspace", type=Path, help="Keep windows and vectors here.")
    parser.add_argument("--members", type=Path, nargs="*", default=[], help="Weights of single trainings.")
    parser.add_argument("--homes", nargs="*", default=list(HOMES), choices=list(HOMES))
    arguments = parser.parse_args()
    networks = [AnyHome.load(), *map(AnyHome.load, arguments.members)]
    root = data_root()
    results = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name in arguments.homes:
            if root is not None and (root / HOMES[name]).exists():
                results[name] = score_home(name, networks, arguments.workspace or Path(temporary))
    parts = [
        "Label-free, single windows, the chain's test days; no home was trained on. `both` is the mean of"
        f" the two cosines, the network's weighing {NETWORK_WEIGHT:g} times; `both, centred` takes off 0.3 of"
        " each activity's mean over the training windows. Described prompts where a home has them."
        " Brackets: 95 % over test days, from 8 days on. Rules were chosen on all homes below but B2."
        f" Calibration error: of softmax at {TEMPERATURE:g}. Shipped: {networks[0].sha256[:12]}; single"
        f" trainings: {', '.join(n.sha256[:12] for n in networks[1:]) or 'none'}."
    ]
    columns = ("home", "row", "windows", "accuracy", "macro F1", "weighted F1", "calibration error")
    for pool, title in (("annotated", "Annotated windows"), ("full", "All windows, no activity as a class")):
        rows = []
        for name, found in results.items():
            rows += home_rows(name, found[:1], pool) + home_rows(name, found[1:], pool, _OF_MEMBERS)
        parts += [f"## {title}", markdown_table(columns, rows)]
    path = write_result("any_home", "python -m benchmarks.quality.any_home", "\n\n".join(parts))
    print(f"Wrote {path}")


if __name__ == "__main__":
    main()
