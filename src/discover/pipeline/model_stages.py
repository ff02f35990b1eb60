"""Stages from text vectors to answers: align, embed, evaluate."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.alignment import AlignmentConfig, AlignmentTrainer, LoadedModel, load_model
from discover.core.artifacts import write_json, write_text
from discover.core.embeddings import EmbeddingTable, load_embeddings
from discover.core.paths import Workspace
from discover.core.progress import Progress
from discover.core.window_set import load_window_set, read_captions, read_labels
from discover.evaluation import (
    EvaluationData,
    evaluate_recognition,
    evaluate_retrieval,
    to_markdown,
)
from discover.pipeline.answers import INDEX_PREFIX, note_source
from discover.pipeline.config import RunConfig
from discover.pipeline.data_stages import DataFolders
from discover.pipeline.report_stage import report_stage
from discover.pipeline.stage import Stage, StageResult
from discover.pipeline.training import TRAINING_OUTPUTS, training_config
from discover.retrieval import Index
from discover.text_encoders import build_text_encoder

__all__ = ["ModelFolders", "index_name", "model_folders", "model_stages"]


@dataclass(frozen=True)
class ModelFolders:
    """Where a run's model and results lie."""

    model: Path
    results: Path


def index_name(sampling: str) -> str:
    """Folder of a model's search index over one sampling, inside the model's folder."""
    return f"{INDEX_PREFIX}{sampling}"


def model_folders(
    config: RunConfig, data: DataFolders, workspace: Workspace, output_dir: Path | None
) -> ModelFolders:
    """The model's folder (`output_dir`, else the config's, else by home and experiment) and the results'."""
    home, experiment = data.home.name, config.alignment.experiment_name
    if output_dir is None and "output_dir" in config.alignment.model_fields_set:
        output_dir = workspace.root / config.alignment.output_dir
    return ModelFolders(
        output_dir or workspace.model(home, experiment),
        workspace.results(home, config.sampling.name, experiment),
    )


def model_stages(
    config: RunConfig, data: DataFolders, folders: ModelFolders, workspace: Workspace
) -> list[Stage]:
    """The stages from text vectors to the report."""
    samplings = [("", data.sampling)]
    if data.presegmented is not None:
        samplings.append(("_p", data.presegmented))
    return [
        _align_stage(config, data, folders.model, workspace),
        *(_embed_stage(data, folders.model, folder, suffix) for suffix, folder in samplings),
        _evaluate_stage(config, data, folders, samplings),
        report_stage(
            config,
            data,
            model=folders.model,
            results=folders.results,
            index=folders.model / index_name(data.sampling.name),
            window_files=_window_files(data, data.sampling),
        ),
    ]


def _align_stage(config: RunConfig, data: DataFolders, folder: Path, workspace: Workspace) -> Stage:
    alignment = training_config(config, data, folder, workspace)

    def run(progress: Progress) -> StageResult:
        # A stopped run goes on from its last checkpoint; a run of other settings or data gives way.
        result = AlignmentTrainer(alignment, progress=progress, resume="auto", overwrite=True).train()
        return StageResult([folder / name for name in TRAINING_OUTPUTS], {"steps": result.steps})

    inputs = {**_window_files(data, data.sampling), "vocabulary": data.sampling / "vocab.json"}
    inputs["vectors"] = data.sampling / data.vectors_name
    return Stage("align", "train the alignment model", 1, folder, _settings(alignment), inputs, run)


def _embed_stage(data: DataFolders, model_folder: Path, sampling: Path, suffix: str) -> Stage:
    folder = model_folder / index_name(sampling.name)

    def run(progress: Progress) -> StageResult:
        model = load_model(model_folder / "best_model.pt")
        window_set = load_window_set(sampling)
        embeddings = model.embed_windows(window_set, progress=progress)
        index = Index.build(embeddings, window_set, model_sha256=model.sha256)
        return StageResult([*index.save(folder), note_source(folder, sampling)], {"windows": len(index)})

    inputs = {"model": model_folder / "best_model.pt", **_window_files(data, sampling)}
    return Stage(f"embed{suffix}", "embed windows and index them", 1, folder, {}, inputs, run)


def _evaluate_stage(
    config: RunConfig, data: DataFolders, folders: ModelFolders, samplings: list[tuple[str, Path]]
) -> Stage:
    settings = config.evaluation.model_dump(mode="json")

    def run(progress: Progress) -> StageResult:
        model = load_model(folders.model / "best_model.pt")
        encode = _text_function(model)
        results: dict[str, Any] = {}
        for suffix, sampling in samplings:
            evaluated = _evaluation_data(data, folders.model, sampling)
            name = "presegmented" if suffix else "free_running"
            results[name] = {
                "sampling": sampling.name,
                "recognition": evaluate_recognition(
                    evaluated,
                    encode_text=encode,
                    project_text=model.project_text,
                    config=config.evaluation,
                    progress=progress,
                ),
                "retrieval": evaluate_retrieval(
                    evaluated, project_text=model.project_text, config=config.evaluation, progress=progress
                ),
            }
        outputs = [folders.results / "metrics.json", folders.results / "metrics.md"]
        write_json(outputs[0], results)
        tables = [
            to_markdown(result[part]) for result in results.values() for part in ("recognition", "retrieval")
        ]
        write_text(outputs[1], "\n".join(tables))
        return StageResult(outputs)

    inputs = {"model": folders.model / "best_model.pt"}
    for suffix, sampling in samplings:
        own = {
            **_window_files(data, sampling),
            "labels": sampling / "labels.parquet",
            "captions": sampling / data.captions_name,
            "vectors": sampling / data.vectors_name,
            "index": folders.model / index_name(sampling.name) / "manifest.json",
        }
        inputs.update({f"{name}{suffix}": path for name, path in own.items()})
    return Stage("evaluate", "score recognition and retrieval", 1, folders.results, settings, inputs, run)


def _settings(alignment: AlignmentConfig) -> dict[str, Any]:
    # Tracking does not change the model, so switching it on does not train again.
    values = alignment.model_dump(mode="json")
    return {
        key: value
        for key, value in values.items()
        if not key.endswith("wandb") and not key.startswith("wandb")
    }


def _window_files(data: DataFolders, sampling: Path) -> dict[str, Path]:
    return {
        "home": data.home / "home.yaml",
        "events": data.home / "events.parquet",
        "windows": sampling / "windows.parquet",
    }


def _text_function(model: LoadedModel) -> Callable[[list[str]], NDArray[np.floating]]:
    encoder = build_text_encoder(model.text_encoder_config)
    return lambda texts: encoder.encode(texts, kind="query")


def _evaluation_data(data: DataFolders, model_folder: Path, sampling: Path) -> EvaluationData:
    index = Index.load(model_folder / index_name(sampling.name))
    ids = index.windows["window_id"].to_numpy().astype(np.str_)
    return EvaluationData(
        window_set=load_window_set(sampling),
        labels=read_labels(sampling),
        window_embeddings=EmbeddingTable(index.vectors, ids, np.zeros(len(ids), dtype=np.int16)),
        caption_embeddings=load_embeddings(sampling / data.vectors_name),
        captions=read_captions(sampling / data.captions_name),
    )
