"""Scoring and comparing trained model folders without the config of their run."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from discover.core.artifacts import folder_lock
from discover.core.config import config_from_mapping, read_yaml_mapping
from discover.core.errors import ArtifactError
from discover.core.names import check_path_name
from discover.core.progress import SILENT, Progress
from discover.evaluation.compare import Run, read_run
from discover.pipeline.config import EvaluationSettings
from discover.pipeline.evaluate_stage import Protocol, SamplingFiles, evaluate_model
from discover.serving.index_folders import index_name, noted_indexes, samplings_of

__all__ = [
    "EVALUATION_FOLDER",
    "evaluate_folder",
    "find_results",
    "other_home_files",
    "read_runs",
    "sampling_files",
]

EVALUATION_FOLDER = "evaluation"
"""Where `discover evaluate --model` writes, inside the model's folder."""


def evaluate_folder(
    model: Path,
    *,
    output: Path | None = None,
    home: str | None = None,
    workspace: Path = Path(),
    protocol: Protocol = "all",
    overrides: dict[str, object] | None = None,
    progress: Progress = SILENT,
) -> list[Path]:
    """Score a model folder on all samplings it has an index of, or on the windows of another home.

    Args:
        model: Folder with best_model.pt, config.yaml and index_* folders.
        output: Where to write; `EVALUATION_FOLDER` inside the model's folder by default, with the home's name
            after it for another home.
        home: Another home, whose windows, captions and text vectors are in `workspace`; it needs no index.
        workspace: Holds data/processed.
        protocol: Recognition, retrieval or both.
        overrides: Settings of `EvaluationSettings` to change.
        progress: Where to report.

    Returns:
        The files written.

    Raises:
        ArtifactError: The folder lacks the model, an index, or the data behind it; or `output` cannot be
            written.
    """
    settings = config_from_mapping(overrides or {}, EvaluationSettings, source="--set")
    target = output or model / (EVALUATION_FOLDER if home is None else f"{EVALUATION_FOLDER}_{home}")
    samplings = sampling_files(model) if home is None else other_home_files(model, home, workspace)
    with contextlib.ExitStack() as held:
        # Before the minutes of work: a folder that cannot be written, or that another run is writing.
        try:
            held.enter_context(folder_lock(target))
        except ArtifactError as error:
            raise ArtifactError(f"{error} `--output FOLDER` names another one.") from error
        return evaluate_model(model, samplings, target, settings, protocol=protocol, progress=progress)


def sampling_files(model: Path) -> dict[str, SamplingFiles]:
    """The data behind each index of a model folder: "free_running", "presegmented" -> files.

    The text vectors' file name is the one the model was trained with (config.yaml); captions lie beside.

    Raises:
        ArtifactError: No model, no index, several of one protocol, or files that are gone.
    """
    vectors = _text_vectors(model)
    found: dict[str, SamplingFiles] = {}
    for index in noted_indexes(model):
        folders = samplings_of(index)
        if len(folders) > 1:
            homes = ", ".join(folder.parent.name for folder in folders)
            raise ArtifactError(
                f"{index} holds windows of several homes ({homes}), and a model is scored on each home "
                "apart. Choose one with --home."
            )
        folder, name = folders[0], vectors.name
        protocol = "presegmented" if folder.name.endswith("_p") else "free_running"
        if protocol in found:
            first = index_name(found[protocol].folder.name)
            raise ArtifactError(
                f"{model} has several {protocol.replace('_', '-')} indexes ({first}, {index.name}). "
                "Evaluate with --config, which names one."
            )
        found[protocol] = SamplingFiles(folder, _captions_beside(folder, name), folder / name, index)
    if not found:
        raise ArtifactError(
            f"{model} has a model but no index with its source. Run `discover run` (or "
            "`discover evaluate --config`) to embed its windows."
        )
    return found


def other_home_files(model: Path, home: str, workspace: Path) -> dict[str, SamplingFiles]:
    """The windows of another home, cut and described as the model's own were: "free_running", "presegmented".

    Raises:
        ArtifactError: The folder is no model, or the home has no such windows, captions or text vectors.
    """
    try:
        check_path_name(home)
    except ValueError as error:
        raise ArtifactError(f"--home: {error}. Give the name of a folder below data/processed.") from error
    vectors = _text_vectors(model)
    sampling = vectors.parent.name.removesuffix("_p")
    found: dict[str, SamplingFiles] = {}
    for protocol, name in (("free_running", sampling), ("presegmented", f"{sampling}_p")):
        folders = sorted((workspace / "data" / "processed").glob(f"*/{home}/{name}"))
        if len(folders) > 1:
            raise ArtifactError(
                f"There are several homes '{home}' ({', '.join(map(str, folders))}). "
                "Give another --workspace."
            )
        if folders and (folders[0] / vectors.name).is_file():
            folder = folders[0]
            found[protocol] = SamplingFiles(
                folder, _captions_beside(folder, vectors.name), folder / vectors.name, None
            )
    if "free_running" not in found:
        place = workspace / "data" / "processed" / "FAMILY" / home / sampling / vectors.name
        raise ArtifactError(
            f"{model} was trained on windows {sampling} with text vectors {vectors.name}, and home '{home}' "
            f"has none such ({place} is missing). Run `discover sample`, `discover caption` and "
            "`discover encode-text` for that home with the same settings, in this --workspace."
        )
    return found


def _text_vectors(model: Path) -> Path:
    """The text vectors a model was trained with, as its config.yaml names them."""
    if not (model / "best_model.pt").is_file() or not (model / "config.yaml").is_file():
        raise ArtifactError(
            f"{model} is not the folder of a trained model (best_model.pt and config.yaml). "
            "Give one, e.g. trained_models/demo/demo, or evaluate a run with --config."
        )
    vectors = read_yaml_mapping(model / "config.yaml").get("train_text_embeddings_path")
    if not vectors:
        raise ArtifactError(f"{model / 'config.yaml'} names no text vectors. Evaluate with --config instead.")
    return Path(str(vectors[0] if isinstance(vectors, list) else vectors))


def read_runs(folders: Sequence[Path]) -> list[Run]:
    """Answers of results folders or model folders, named by the shortest ends of the paths that differ."""
    results = [find_results(folder) for folder in folders]
    parts = [list(folder.resolve().parts) for folder in folders]
    depth = 1
    while len({tuple(p[-depth:]) for p in parts}) < len(parts) and depth < max(len(p) for p in parts):
        depth += 1
    names = ["/".join(p[-depth:]) for p in parts]
    return [read_run(folder, name) for folder, name in zip(results, names, strict=True)]


def find_results(folder: Path) -> Path:
    """The folder with answers.parquet: this one, its `evaluation`, or the chain's results of this model.

    Raises:
        ArtifactError: The model was not evaluated, or in several samplings.
    """
    for candidate in (folder, folder / EVALUATION_FOLDER):
        if (candidate / "answers.parquet").is_file():
            return candidate
    whole = folder.resolve()
    found: list[Path] = []
    if len(whole.parts) > 3 and whole.parent.parent.name == "trained_models":
        results = whole.parents[2] / "results" / whole.parent.name
        found = sorted(p.parent for p in results.glob(f"*/{whole.name}/answers.parquet"))
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(str(p) for p in found)
        raise ArtifactError(f"{folder} has several evaluations ({names}). Give one of these folders.")
    raise ArtifactError(
        f"No evaluation in {folder} (answers.parquet is missing). Run `discover evaluate --model {folder}`, "
        "or give the results folder of a run."
    )


def _captions_beside(folder: Path, vectors: str) -> Path:
    """Captions whose style begins the name of the vectors: embeddings_<style>_<encoder>.npz."""
    style_and_encoder = vectors.removeprefix("embeddings_").removesuffix(".npz")
    matching = [
        path
        for path in folder.glob("captions_*.parquet")
        if style_and_encoder.startswith(path.stem.removeprefix("captions_") + "_")
    ]
    if not matching:
        raise ArtifactError(
            f"{folder} holds no captions for {vectors}. Run `discover caption` and `discover encode-text`."
        )
    return max(matching, key=lambda path: len(path.stem))
