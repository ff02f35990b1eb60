"""The last stage: recognise activities, search the example sentences and write the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from discover.core.artifacts import read_json, read_manifest, write_json
from discover.core.day_parts import DAY_PARTS, day_part_codes
from discover.core.home import NO_ACTIVITY
from discover.core.progress import Progress
from discover.core.window_set import read_home, read_labels
from discover.pipeline.config import ReportConfig, RunConfig
from discover.pipeline.data_stages import DataFolders
from discover.pipeline.report_clusters import clustering_files, clustering_notes, note_report
from discover.reports import MapInputs, ReportInputs, StageNote, found_in, write_report
from discover.serving.corrections import CORRECTIONS_FILE
from discover.serving.recognise_captions import recognise_beside_model
from discover.serving.search import Searcher
from discover.stages.stage import Stage, StageResult

__all__ = ["report_stage"]


def report_stage(
    config: RunConfig,
    data: DataFolders,
    *,
    model: Path,
    results: Path,
    index: Path,
    window_files: Mapping[str, Path],
) -> Stage:
    """Searches the example sentences and writes the report page with its figures.

    Args:
        config: The run.
        data: Folders of the run's data.
        model: Folder of the trained model.
        results: Folder of the results; the report goes there.
        index: Folder of the model's index of free-running windows.
        window_files: Files of these windows, by input name.
    """
    corrections = model / CORRECTIONS_FILE
    return Stage(
        name="report",
        title="search the examples and write the report",
        version=5,
        work=_report,
        folder=results,
        inputs={
            "model": model / "best_model.pt",
            "training": model / "metrics.jsonl",
            "index": index / "manifest.json",
            "metrics": results / "metrics.json",
            "import": data.home / "import.json",
            "statistics": data.sampling / "statistics.json",
            "labels": data.sampling / "labels.parquet",
            **window_files,
            **clustering_files(model),
            **({"corrections": corrections} if corrections.is_file() else {}),
        },
        outputs=["searches.json", "report.html"],
        settings=_Report(
            config.report,
            f"{config.alignment.experiment_name} · {data.sampling.name}",
            _noted_stages(config, data, model, index),
        ),
        config=config.report.model_dump(mode="json"),
    )


@dataclass(frozen=True)
class _Report:
    """What the report stage needs besides files.

    Attributes:
        shown: What is searched and drawn.
        title: Heading of the page.
        stages: Stages told on the page: name, folder, settings worth showing.
    """

    shown: ReportConfig
    title: str
    stages: Sequence[tuple[str, Path, Mapping[str, Any]]]


def _report(stage: Stage, progress: Progress) -> StageResult:
    del progress
    wanted: _Report = stage.settings
    inputs, results = stage.inputs, stage.folder
    model, sampling = inputs["model"].parent, inputs["windows"].parent
    home = read_home(inputs["home"]).name
    searcher = Searcher.open(model, index=inputs["index"].parent).of_home(home)
    options = searcher.defaults.model_copy(update={"top_k": wanted.shown.top_k})
    found = searcher.search_many(wanted.shown.searches, options)
    searches = results / "searches.json"
    write_json(searches, [answer.as_json(searcher.window_set) for answer in found])
    evaluation = read_json(inputs["metrics"])
    recognised = recognise_beside_model(
        searcher.index.windows,
        searcher.window_set,
        searcher.caption_side.vectors,
        searcher.encoder,
        model / CORRECTIONS_FILE,
    )
    timed = searcher.window_set.events["time"]
    page = write_report(
        results,
        ReportInputs(
            title=wanted.title,
            home=searcher.window_set.home,
            found=None if recognised is None else found_in(recognised.timeline, timed, recognised.told),
            stages=[_stage_note(*noted) for noted in wanted.stages],
            import_report=read_json(inputs["import"]),
            window_set=searcher.window_set,
            window_statistics=read_json(inputs["statistics"]),
            maps=_maps(sampling, searcher, umap=wanted.shown.umap),
            training_metrics=_training_rows(inputs["training"]),
            recognition=[part["recognition"] for part in evaluation.values()],
            retrieval=evaluation["free_running"]["retrieval"],
            searches=[(answer.question, answer) for answer in found],
            clusterings=clustering_notes(model, results),
        ),
    )
    note_report(model, results)
    figures = sorted((results / "figures").glob("*.*"))
    return StageResult([searches, page, *figures])


def _maps(sampling: Path, searcher: Searcher, *, umap: bool) -> MapInputs:
    """Vectors of the test windows with what colours them; labels only colour, nothing is fitted to them."""
    index = searcher.index
    rows = index.windows.with_row_index("row").filter(pl.col("split").cast(pl.String) == "test")
    labels = read_labels(sampling).select("window_id", "label")
    joined = rows.join(labels, on="window_id", how="left", maintain_order="left")
    label = pl.when(pl.col("label") == NO_ACTIVITY).then(pl.lit("")).otherwise(pl.col("label").fill_null(""))
    parts = [f"{p.begin_hour}–{p.end_hour} h" for p in DAY_PARTS]
    codes = day_part_codes(joined["start"].dt.hour().to_numpy())
    rooms = joined.select(pl.col("rooms").list.first().fill_null(""))["rooms"]
    return MapInputs(
        vectors=index.vectors[joined["row"].to_numpy()].astype(np.float32),
        groupings={
            "activity": joined.select(label.alias("label"))["label"].to_numpy().astype(np.str_),
            "room": rooms.to_numpy().astype(np.str_),
            "part of day": np.array(parts)[codes],
        },
        ordered={"part of day": tuple(parts)},
        umap=umap,
    )


def _training_rows(path: Path) -> list[dict[str, Any]]:
    return pl.read_ndjson(path, infer_schema_length=None).to_dicts()


def _noted_stages(
    config: RunConfig, data: DataFolders, model: Path, index: Path
) -> list[tuple[str, Path, dict[str, Any]]]:
    alignment = config.alignment
    return [
        ("import", data.home, {"log": data.log.name}),
        ("sample", data.sampling, config.sampling.model_dump(mode="json")),
        ("caption", data.sampling, config.captions.model_dump(mode="json")),
        ("encode-text", data.sampling, alignment.text_encoder.model_dump(mode="json")),
        ("align", model, {"seed": alignment.seed, **alignment.training.model_dump(mode="json")}),
        ("embed", index, {}),
    ]


def _stage_note(name: str, folder: Path, settings: Mapping[str, Any]) -> StageNote:
    manifest = read_manifest(folder / f"manifest_{name}.json")
    rows = {} if manifest is None else manifest.rows
    return StageNote(name, ", ".join(f"{n:,} {what}" for what, n in rows.items()), settings)
