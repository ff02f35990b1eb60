"""Stages from text vectors to answers: align, embed, evaluate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from discover.alignment import AlignmentConfig, AlignmentTrainer, load_model
from discover.core.artifacts import file_sha256
from discover.core.event_files import EVENTS_FILE
from discover.core.paths import Workspace
from discover.core.progress import Progress
from discover.core.row_keys import kept_rows, window_keys
from discover.core.window_set import load_window_sets
from discover.pipeline.config import RunConfig
from discover.pipeline.data_stages import DataFolders
from discover.pipeline.evaluate_stage import evaluate_stage
from discover.pipeline.fitted_part import fitted_name
from discover.pipeline.report_stage import report_stage
from discover.pipeline.training import TRAINING_OUTPUTS, TRAINING_PATHS, training_config
from discover.retrieval import Index, RetrievalConfig
from discover.retrieval.index import unit_window_vectors
from discover.retrieval.storage import INDEX_FILES
from discover.serving.index_folders import SOURCE_FILE, index_name, note_source
from discover.stages.stage import Stage, StageResult

__all__ = ["SEVERAL_HOMES", "ModelFolders", "model_folders", "model_stages"]

SEVERAL_HOMES = "several_homes"
"""In place of a home's name: folder of models over several homes."""


@dataclass(frozen=True)
class ModelFolders:
    """Where a run's model and results lie.

    Attributes:
        model: The model.
        results: Results of the first home, which is the only one of most runs.
        results_by_home: Results of each home, by its name.
    """

    model: Path
    results_by_home: Mapping[str, Path]

    @property
    def results(self) -> Path:
        """Results of the first home, which is the only one of most runs."""
        return next(iter(self.results_by_home.values()))


def model_folders(
    config: RunConfig, homes: Sequence[DataFolders], workspace: Workspace, output_dir: Path | None
) -> ModelFolders:
    """The model's folder (`output_dir`, else the config's, else by home and experiment) and the results'."""
    names, experiment = [data.home.name for data in homes], config.alignment.experiment_name
    if output_dir is None and "output_dir" in config.alignment.model_fields_set:
        output_dir = workspace.root / config.alignment.output_dir
    return ModelFolders(
        output_dir or workspace.model(names[0] if len(names) == 1 else SEVERAL_HOMES, experiment),
        {name: workspace.results(name, config.sampling.name, experiment) for name in names},
    )


def model_stages(
    config: RunConfig, homes: Sequence[DataFolders], folders: ModelFolders, workspace: Workspace
) -> list[Stage]:
    """The stages from text vectors to the report: one model and one index over all homes, results of each."""
    stages = [_align_stage(config, homes, folders.model, workspace)]
    free = [data.sampling for data in homes]
    segments = [data.presegmented for data in homes if data.presegmented is not None]
    stages += [
        _embed_stage(config, folders.model, s, suffix) for suffix, s in (("", free), ("_p", segments)) if s
    ]
    for data in homes:
        name = data.home.name
        samplings = {"free_running": data.sampling}
        if data.presegmented is not None:
            samplings["presegmented"] = data.presegmented
        files = {p: _evaluated_files(data, folders.model, path) for p, path in samplings.items()}
        results = folders.results_by_home[name]
        own = [
            evaluate_stage(config.evaluation, folders.model, results, files),
            report_stage(
                config,
                data,
                model=folders.model,
                results=results,
                index=folders.model / index_name(data.sampling.name),
                window_files=_window_files(data.sampling),
            ),
        ]
        stages += [replace(stage, home=name if config.homes else "") for stage in own]
    return stages


def _align_stage(
    config: RunConfig, homes: Sequence[DataFolders], folder: Path, workspace: Workspace
) -> Stage:
    alignment = training_config(config, homes, folder, workspace)
    inputs = {}
    for data in homes:
        own = {
            "home": data.home / "home.yaml",
            "windows": data.sampling / fitted_name("windows.parquet"),
            "vocabulary": data.sampling / "vocab.json",
            "vectors": data.sampling / fitted_name(data.vectors_name),
        }
        inputs.update(_of_home(own, data.home.name, len(homes)))
    return Stage(
        name="align",
        title="train the alignment model",
        version=1,
        work=_align,
        folder=folder,
        inputs=inputs,
        outputs=TRAINING_OUTPUTS,
        settings=alignment,
        config=_settings(alignment),
        # Manifests of earlier versions name the paths too.
        not_compared=TRAINING_PATHS,
    )


def _of_home(files: Mapping[str, Path], home: str, n_homes: int) -> dict[str, Path]:
    """Inputs of one home; of several, their names end with the home's."""
    return {name if n_homes == 1 else f"{name} {home}": path for name, path in files.items()}


def _align(stage: Stage, progress: Progress) -> StageResult:
    # A stopped run goes on from its last checkpoint; a run of other settings or data is moved aside.
    trainer = AlignmentTrainer(stage.settings, progress=progress, resume="auto", overwrite=True)
    return StageResult(stage.output_paths, {"steps": trainer.train().steps})


def _embed_stage(config: RunConfig, model: Path, samplings: Sequence[Path], suffix: str) -> Stage:
    inputs = {"model": model / "best_model.pt"}
    for sampling in samplings:
        inputs.update(_of_home(_window_files(sampling), sampling.parent.name, len(samplings)))
    return Stage(
        name=f"embed{suffix}",
        title="embed windows and index them",
        version=3,
        work=_embed,
        folder=model / index_name(samplings[0].name),
        inputs=inputs,
        outputs=[*INDEX_FILES, SOURCE_FILE],
        settings=config.retrieval,
        config=config.retrieval.model_dump(mode="json"),
    )


def _embed(stage: Stage, progress: Progress) -> StageResult:
    settings: RetrievalConfig = stage.settings
    samplings = [path.parent for name, path in stage.inputs.items() if name.startswith("windows")]
    model = load_model(stage.inputs["model"])
    window_set = load_window_sets(samplings)
    made_by = {"version": stage.version, "model": model.sha256, "dtype": settings.vectors}
    keys = np.empty(len(window_set.windows), np.uint64)
    for sampling, (rows, own) in zip(samplings, window_set.by_home(), strict=True):
        keys[rows] = window_keys(own, {**made_by, "home": file_sha256(sampling.parent / "home.yaml")})
    kept = kept_rows(stage.folder / INDEX_FILES[0], "vectors")
    rows = np.full(len(keys), -1) if kept is None else kept.find(keys)
    is_new = rows < 0
    new = replace(window_set, windows=window_set.windows.filter(pl.Series(is_new)))
    vectors = np.empty((len(keys), model.dim), settings.vectors)
    if kept is not None:
        vectors[~is_new] = kept.rows[rows[~is_new]]
    if len(new.windows):
        ids = new.windows["window_id"].to_numpy().astype(np.str_)
        made = model.embed_windows(new, progress=progress)
        vectors[is_new] = unit_window_vectors(made, ids, model_sha256=model.sha256, dtype=settings.vectors)
    index = Index.of_unit_vectors(vectors, window_set, model_sha256=model.sha256, config=settings.index)
    note = note_source(stage.folder, samplings, settings.search)
    notes = {"of them new": len(new.windows)} if not is_new.all() else {}
    return StageResult([*index.save(stage.folder, keys), note], {"windows": len(index)}, notes)


def _settings(alignment: AlignmentConfig) -> dict[str, Any]:
    # Tracking does not change the model, so switching it on does not train again; nor does a move.
    values = alignment.model_dump(mode="json", exclude=set(TRAINING_PATHS))
    return {key: value for key, value in values.items() if key != "trackers" and not key.startswith("wandb")}


def _window_files(sampling: Path) -> dict[str, Path]:
    return {
        "home": sampling.parent / "home.yaml",
        "events": sampling.parent / EVENTS_FILE,
        "windows": sampling / "windows.parquet",
    }


def _evaluated_files(data: DataFolders, model: Path, sampling: Path) -> dict[str, Path]:
    return {
        **_window_files(sampling),
        "labels": sampling / "labels.parquet",
        "annotation_windows": sampling / "annotation_windows.parquet",
        "captions": sampling / data.captions_name,
        "vectors": sampling / data.vectors_name,
        "index": model / index_name(sampling.name) / "manifest.json",
    }
