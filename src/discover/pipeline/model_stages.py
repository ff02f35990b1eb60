"""Stages from text vectors to answers: align, embed, evaluate."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discover.alignment import AlignmentConfig, AlignmentTrainer, load_model
from discover.core.paths import Workspace
from discover.core.progress import Progress
from discover.core.window_set import load_window_set
from discover.pipeline.config import RunConfig
from discover.pipeline.data_stages import DataFolders
from discover.pipeline.evaluate_stage import evaluate_stage
from discover.pipeline.report_stage import report_stage
from discover.pipeline.training import TRAINING_OUTPUTS, TRAINING_PATHS, training_config
from discover.retrieval import Index, RetrievalConfig
from discover.retrieval.storage import INDEX_FILES
from discover.serving.index_folders import SOURCE_FILE, index_name, note_source
from discover.stages.stage import Stage, StageResult

__all__ = ["ModelFolders", "model_folders", "model_stages"]


@dataclass(frozen=True)
class ModelFolders:
    """Where a run's model and results lie."""

    model: Path
    results: Path


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
    protocols = {"free_running": data.sampling}
    if data.presegmented is not None:
        samplings.append(("_p", data.presegmented))
        protocols["presegmented"] = data.presegmented
    return [
        _align_stage(config, data, folders.model, workspace),
        *(_embed_stage(config, data, folders.model, folder, suffix) for suffix, folder in samplings),
        evaluate_stage(
            config.evaluation,
            folders.model,
            folders.results,
            {protocol: _evaluated_files(data, folders.model, path) for protocol, path in protocols.items()},
        ),
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
    return Stage(
        name="align",
        title="train the alignment model",
        version=1,
        work=_align,
        folder=folder,
        inputs={
            **_window_files(data, data.sampling),
            "vocabulary": data.sampling / "vocab.json",
            "vectors": data.sampling / data.vectors_name,
        },
        outputs=TRAINING_OUTPUTS,
        settings=alignment,
        config=_settings(alignment),
        # Manifests of earlier versions name the paths too.
        not_compared=TRAINING_PATHS,
    )


def _align(stage: Stage, progress: Progress) -> StageResult:
    # A stopped run goes on from its last checkpoint; a run of other settings or data is moved aside.
    trainer = AlignmentTrainer(stage.settings, progress=progress, resume="auto", overwrite=True)
    return StageResult(stage.output_paths, {"steps": trainer.train().steps})


def _embed_stage(
    config: RunConfig, data: DataFolders, model_folder: Path, sampling: Path, suffix: str
) -> Stage:
    return Stage(
        name=f"embed{suffix}",
        title="embed windows and index them",
        version=3,
        work=_embed,
        folder=model_folder / index_name(sampling.name),
        inputs={"model": model_folder / "best_model.pt", **_window_files(data, sampling)},
        outputs=[*INDEX_FILES, SOURCE_FILE],
        settings=config.retrieval,
        config=config.retrieval.model_dump(mode="json"),
    )


def _embed(stage: Stage, progress: Progress) -> StageResult:
    settings: RetrievalConfig = stage.settings
    sampling = stage.inputs["windows"].parent
    model = load_model(stage.inputs["model"])
    window_set = load_window_set(sampling)
    embeddings = model.embed_windows(window_set, progress=progress)
    index = Index.build(
        embeddings, window_set, model_sha256=model.sha256, config=settings.index, dtype=settings.vectors
    )
    note = note_source(stage.folder, sampling, settings.search)
    return StageResult([*index.save(stage.folder), note], {"windows": len(index)})


def _settings(alignment: AlignmentConfig) -> dict[str, Any]:
    # Tracking does not change the model, so switching it on does not train again; nor does a move.
    values = alignment.model_dump(mode="json", exclude=set(TRAINING_PATHS))
    return {key: value for key, value in values.items() if key != "trackers" and not key.startswith("wandb")}


def _window_files(data: DataFolders, sampling: Path) -> dict[str, Path]:
    return {
        "home": data.home / "home.yaml",
        "events": data.home / "events.parquet",
        "windows": sampling / "windows.parquet",
    }


def _evaluated_files(data: DataFolders, model: Path, sampling: Path) -> dict[str, Path]:
    return {
        **_window_files(data, sampling),
        "labels": sampling / "labels.parquet",
        "annotation_windows": sampling / "annotation_windows.parquet",
        "captions": sampling / data.captions_name,
        "vectors": sampling / data.vectors_name,
        "index": model / index_name(sampling.name) / "manifest.json",
    }
