"""The stage that scores a model by the protocol, and the same for a model folder without a config."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.alignment import LoadedModel, load_model
from discover.core.artifacts import read_json, write_json, write_text
from discover.core.embeddings import EmbeddingTable, load_embeddings
from discover.core.progress import Progress
from discover.core.tables import ANNOTATION_WINDOWS, SPLITS
from discover.core.window_set import load_window_set, read_captions, read_labels, read_table
from discover.evaluation import (
    AnswerLog,
    EvaluationData,
    check_prompt_sets,
    evaluate_recognition,
    evaluate_retrieval,
    sampling_deviations,
)
from discover.evaluation.data import SplitData
from discover.evaluation.deviations import deviations
from discover.evaluation.recognition import FineTune
from discover.evaluation.supervised import FittedScores
from discover.pipeline.config import EvaluationSettings
from discover.reports.markdown_evaluation import to_markdown
from discover.serving.caption_files import check_noted
from discover.serving.index_folders import IndexedHome, samplings_of
from discover.stages.stage import Stage, StageResult
from discover.text_encoders import build_text_encoder

__all__ = ["EVALUATION_OUTPUTS", "Protocol", "SamplingFiles", "evaluate_model", "evaluate_stage"]

Protocol = Literal["all", "recognition", "retrieval"]

EVALUATION_OUTPUTS = (
    "metrics.json",
    "metrics.md",
    "answers.parquet",
    "retrieval_answers.parquet",
    "shot_answers.parquet",
)
"""Files of an evaluation's folder."""


@dataclass(frozen=True)
class SamplingFiles:
    """One sampling of a home with everything an evaluation reads about it.

    Attributes:
        folder: windows.parquet and labels.parquet.
        captions: The captions table.
        vectors: Text vectors of the captions.
        index: The model's search index over these windows; None embeds them anew (another home's).
    """

    folder: Path
    captions: Path
    vectors: Path
    index: Path | None


def evaluate_stage(
    settings: EvaluationSettings, model: Path, results: Path, files: Mapping[str, Mapping[str, Path]]
) -> Stage:
    """The chain's stage.

    Args:
        settings: What is measured.
        model: The model's folder.
        results: Where metrics and answers are written.
        files: "free_running" and perhaps "presegmented" -> home, events, windows, labels,
            annotation_windows, captions, vectors, and the manifest of the model's index of these windows.
    """
    inputs = {"model": model / "best_model.pt"}
    for protocol, own in files.items():
        inputs.update({f"{name}{_SUFFIXES[protocol]}": path for name, path in own.items()})
    return Stage(
        name="evaluate",
        title="score recognition and retrieval",
        version=7,
        work=_evaluate,
        folder=results,
        inputs=inputs,
        outputs=EVALUATION_OUTPUTS,
        settings=settings,
        config=settings.model_dump(mode="json"),
    )


_SUFFIXES = {"free_running": "", "presegmented": "_p"}
"""Protocol -> end of the names of its inputs."""


def _evaluate(stage: Stage, progress: Progress) -> StageResult:
    samplings = {
        protocol: SamplingFiles(
            folder=stage.inputs[f"windows{suffix}"].parent,
            captions=stage.inputs[f"captions{suffix}"],
            vectors=stage.inputs[f"vectors{suffix}"],
            index=stage.inputs[f"index{suffix}"].parent,
        )
        for protocol, suffix in _SUFFIXES.items()
        if f"windows{suffix}" in stage.inputs
    }
    model = stage.inputs["model"].parent
    return StageResult(evaluate_model(model, samplings, stage.folder, stage.settings, progress=progress))


def evaluate_model(
    model_folder: Path,
    samplings: Mapping[str, SamplingFiles],
    output: Path,
    settings: EvaluationSettings,
    *,
    protocol: Protocol = "all",
    progress: Progress,
) -> list[Path]:
    """Score a model on its test days and write `EVALUATION_OUTPUTS`; return their paths.

    All samplings are checked for leaks before the first number is computed.

    Args:
        model_folder: Holds best_model.pt.
        samplings: "free_running" and perhaps "presegmented" -> files.
        output: Folder to write into.
        settings: What is measured.
        protocol: Recognition, retrieval or both.
        progress: Where to report.

    Raises:
        DataError: Splits share events, windows are duplicated, or a prompt names a sensor.
        ArtifactError: A file is missing or damaged, or an index is of another model.
    """
    model = load_model(model_folder / "best_model.pt")
    # All samplings are put together, and so checked, before the first of them is scored.
    data = {name: _load(model, files, progress) for name, files in samplings.items()}
    if {"free_running", "presegmented"} <= set(data):
        data["presegmented"] = replace(data["presegmented"], reference=data["free_running"])
    for evaluated in data.values():
        check_prompt_sets(evaluated, settings)
    encoder = build_text_encoder(model.text_encoder_config)

    def encode(texts: list[str]) -> NDArray[np.floating]:
        return encoder.encode(texts, kind="query")

    answers = AnswerLog()
    results: dict[str, Any] = {}
    for name, evaluated in data.items():
        result: dict[str, Any] = {"sampling": samplings[name].folder.name}
        shared: dict[str, Any] = {
            "encode_text": encode,
            "project_text": model.project_text,
            "config": settings,
            "answers": answers,
            "progress": progress,
        }
        if protocol != "retrieval":
            with_encoder = _with_encoder_vectors(model, evaluated, settings, progress)
            tuning = _fine_tune(model, evaluated, settings, progress) if settings.fine_tune else None
            result["recognition"] = evaluate_recognition(with_encoder, fine_tune=tuning, **shared)
        if protocol != "recognition":
            result["retrieval"] = evaluate_retrieval(evaluated, **shared)
        _note_deviations(result, samplings[name].folder)
        results[name] = result
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "metrics.json", results)
    write_text(output / "metrics.md", _markdown(list(results.values())))
    answers.write(output)
    return [output / name for name in EVALUATION_OUTPUTS]


def _note_deviations(result: dict[str, Any], sampling: Path) -> None:
    """Write into both parts of a result where it departs from the protocol.

    Windows that were not cut by `discover sample` (statistics.json is missing) say nothing of how they were.
    """
    path = sampling / "statistics.json"
    statistics = read_json(path) if path.is_file() else {}
    found = sampling_deviations(statistics.get("config", {}))
    test = statistics.get("splits", {}).get("test", {})
    missed = test.get("annotations_in_no_window", 0)
    if missed:
        found.append(
            f"{missed:,} of {test['annotations']:,} annotations on test days lie in no window: "
            "misses in the rows per annotation"
        )
    if "recognition" in result:
        result["recognition"]["deviations"] = found + deviations(result["recognition"])
    if "retrieval" in result:
        result["retrieval"]["deviations"] = found


def _markdown(results: Sequence[Mapping[str, Any]]) -> str:
    parts = [r[part] for r in results for part in ("recognition", "retrieval") if part in r]
    return "\n".join(to_markdown(part) for part in parts)


def _load(model: LoadedModel, files: SamplingFiles, progress: Progress) -> EvaluationData:
    for name in ("windows.parquet", "labels.parquet", "annotation_windows.parquet"):
        if (files.folder / name).is_file():
            check_noted(files.folder / name, "sample")
    check_noted(files.captions, "caption")
    check_noted(files.vectors, "encode-text")
    if files.index is None:
        window_set = load_window_set(files.folder)
        embeddings = model.embed_windows(window_set, progress)
    else:
        home = files.folder.parent.name if len(samplings_of(files.index)) > 1 else None
        own = IndexedHome.open(files.index, home, model_sha256=model.sha256)
        window_set, ids = own.window_set, own.index.windows["window_id"].to_numpy().astype(np.str_)
        embeddings = EmbeddingTable(own.index.vectors, ids, np.zeros(len(ids), dtype=np.int16))
    return EvaluationData(
        window_set=window_set,
        labels=read_labels(files.folder),
        window_embeddings=embeddings,
        caption_embeddings=load_embeddings(files.vectors),
        captions=read_captions(files.captions),
        annotation_windows=_annotation_windows(files.folder),
    )


def _annotation_windows(folder: Path) -> pl.DataFrame | None:
    """None for windows sampled before this table was made."""
    path = folder / "annotation_windows.parquet"
    return read_table(path, ANNOTATION_WINDOWS) if path.is_file() else None


def _with_encoder_vectors(
    model: LoadedModel, data: EvaluationData, settings: EvaluationSettings, progress: Progress
) -> EvaluationData:
    if not (settings.encoder_probe and settings.supervised):
        return data
    named = [data.split(split, settings.background_labels) for split in SPLITS]
    ids = [i for split in named for i in split.ids[split.annotated].tolist()]
    windows = data.window_set.windows.filter(pl.col("window_id").is_in(ids))
    if not len(windows):
        return data
    vectors = model.embed_windows(replace(data.window_set, windows=windows), progress, projected=False)
    return replace(data, encoder_embeddings=vectors)


def _fine_tune(
    model: LoadedModel, data: EvaluationData, settings: EvaluationSettings, progress: Progress
) -> FineTune:
    """A function that trains a copy of the model's encoder on labelled windows."""
    from discover.alignment.finetune import LabelledWindows, fine_tune

    def train(
        labelled: SplitData, validation: SplitData, test: SplitData
    ) -> tuple[FittedScores, dict[str, Any]]:
        found = fine_tune(
            model,
            data.window_set,
            LabelledWindows(labelled.ids, labelled.labels),
            LabelledWindows(validation.ids, validation.labels),
            test.ids,
            config=settings.fine_tuning,
            seed=settings.seed,
            progress=progress,
        )
        notes = {"epoch": found.epoch, "layers": settings.fine_tuning.layers}
        return FittedScores(found.probabilities, found.classes), notes

    return train
