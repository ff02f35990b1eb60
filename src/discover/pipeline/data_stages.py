"""Stages up to text vectors: simulate, import, sample, caption, encode."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from discover.captions import caption_windows
from discover.captions.config import CaptionConfig
from discover.core.embeddings import load_embeddings, save_embeddings
from discover.core.errors import DataError
from discover.core.home import Home
from discover.core.paths import Workspace
from discover.core.progress import Progress
from discover.core.tables import ANNOTATIONS, CAPTIONS
from discover.core.window_set import (
    load_event_log,
    load_window_set,
    read_captions,
    read_table,
    write_table,
)
from discover.homes import ImportedLog, import_log, load_home, log_files, write_import
from discover.pipeline.config import HomeSource, RunConfig
from discover.pipeline.refused_lines import RefusedLines
from discover.sampling import sample_windows, write_windows
from discover.sampling.config import SamplingConfig
from discover.simulator import SimulatorConfig, write_simulated
from discover.stages.stage import Stage, StageResult
from discover.text_encoders import build_text_encoder, encode_captions
from discover.text_encoders.config import TextEncoderConfig

__all__ = ["DataFolders", "data_folders", "data_stages", "read_log", "resolve_home"]


@dataclass(frozen=True)
class DataFolders:
    """Where the data of one run lies.

    Attributes:
        home: The imported log.
        sampling: Windows, captions and vectors; free-running.
        presegmented: The same for windows cut inside annotated segments; None when not wanted.
        log: The raw log.
        captions_name: File name of the captions.
        vectors_name: File name of the text vectors.
    """

    home: Path
    sampling: Path
    presegmented: Path | None
    log: Path
    captions_name: str
    vectors_name: str


def resolve_home(source: HomeSource) -> Home:
    """The shipped or given home, or a bare one for a log of an unknown home."""
    from discover.homes import list_homes, unknown_home

    if source.name.endswith((".yaml", ".yml")) or source.name in {h.name for h in list_homes()}:
        return load_home(source.name)
    if source.log is None:
        return load_home(source.name)  # raises, with the nearest shipped name
    return unknown_home(source.name)


def data_folders(config: RunConfig, workspace: Workspace) -> DataFolders:
    """Folders and file names of a run's data."""
    home = resolve_home(config.home)
    family = "simulated" if config.home.simulate is not None else home.family
    folder = workspace.processed(family, home.name)
    encoder = config.alignment.text_encoder.name
    style = config.captions.style
    presegmented = (
        config.evaluation.presegmented and not config.sampling.presegmented and _has_annotations(folder, home)
    )
    return DataFolders(
        home=folder,
        sampling=folder / config.sampling.name,
        presegmented=folder / f"{config.sampling.name}_p" if presegmented else None,
        log=_log_path(config.home, home, workspace),
        captions_name=f"captions_{style}.parquet",
        vectors_name=f"embeddings_{style}_{encoder}.npz",
    )


def _has_annotations(folder: Path, home: Home) -> bool:
    """Whether the imported log has annotations; before it is imported, whether the home lists activities."""
    table = folder / "annotations.parquet"
    if not table.is_file():
        return bool(home.activities)
    return len(read_table(table, ANNOTATIONS)) > 0


def data_stages(config: RunConfig, workspace: Workspace) -> tuple[list[Stage], DataFolders]:
    """The stages from the raw log to text vectors, and where their artefacts are."""
    folders = data_folders(config, workspace)
    home = resolve_home(config.home)
    stages = []
    if config.home.simulate is not None:
        stages.append(_simulate_stage(folders.log, home, config.home.simulate))
    stages.append(_import_stage(folders, home, config.home))
    stages.extend(_window_stages(folders, folders.sampling, config, suffix=""))
    if folders.presegmented is not None:
        stages.extend(_window_stages(folders, folders.presegmented, config, suffix="_p"))
    return stages, folders


def _log_path(source: HomeSource, home: Home, workspace: Workspace) -> Path:
    if source.log is not None:
        if not source.log.exists():
            raise DataError(
                f"No log at {source.log}. Correct home.log, or leave it out for the default folder."
            )
        return source.log
    if source.simulate is not None:
        return workspace.raw("simulated", home.name) / f"{home.name}_log.txt.gz"
    folder = workspace.raw(home.family, home.name)
    kept = [p for p in sorted(folder.glob("*")) if p.is_file() and p.suffix not in (".json", ".lock")]
    candidates = [p for p in kept if not p.name.startswith(".")]
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        try:  # a log may be two tables of intervals; then the folder as a whole is the log
            log_files(folder)
        except DataError as error:
            names = ", ".join(p.name for p in candidates)
            raise DataError(
                f"{folder} holds several files ({names}). Say which one with home.log."
            ) from error
        return folder
    raise DataError(
        f"There is no log of home '{home.name}' in {folder}. Get it with `discover homes fetch {home.name}`, "
        f"put your copy there, name it with `--set home.log=FILE`, or make up one with "
        f"`discover homes simulate --like {home.name} --days 60`."
    )


def _simulate_stage(log: Path, home: Home, settings: SimulatorConfig) -> Stage:
    def run(progress: Progress) -> StageResult:
        summary = write_simulated(log, home, settings, progress=progress)
        return StageResult([log], {"events": summary.events})

    config = {"home": home.model_dump(mode="json"), "simulate": settings.model_dump(mode="json")}
    return Stage("simulate", "simulate a home's log", 1, log.parent, config, {}, run)


def read_log(folders: DataFolders, home: Home, source: HomeSource) -> ImportedLog:
    """Read a run's log into memory; writes nothing."""
    family = folders.home.parent.name
    return import_log(folders.log, home=home, translate=source.translate, name=home.name, family=family)


def _import_stage(folders: DataFolders, home: Home, source: HomeSource) -> Stage:
    def run(progress: Progress) -> StageResult:
        progress.start(f"reading {folders.log.name}")
        imported = read_log(folders, home, source)
        RefusedLines.of_import(imported).refuse_many(accepted=source.accept_refused)
        paths = write_import(folders.home, imported)
        events, annotations = imported.log.events, imported.log.annotations
        progress.finish()
        return StageResult(paths, {"events": len(events), "annotations": len(annotations)})

    files = log_files(folders.log)
    # a log of one file keeps its plain name, so that runs made before stay up to date
    inputs = {"log": files[0]} if len(files) == 1 else {f"log {p.name}": p for p in files}
    if source.translate is not None:
        inputs["translate"] = source.translate
    config = {"home": home.model_dump(mode="json")}
    return Stage("import", "read the log into typed events", 2, folders.home, config, inputs, run)


def _window_stages(folders: DataFolders, folder: Path, config: RunConfig, *, suffix: str) -> list[Stage]:
    sampling = config.sampling.model_copy(update={"presegmented": True}) if suffix else config.sampling
    return [
        _sample_stage(folders.home, folder, sampling, suffix),
        _caption_stage(folders, folder, config.captions, suffix),
        _encode_stage(folders, folder, config.alignment.text_encoder, suffix),
    ]


def _home_files(folder: Path) -> dict[str, Path]:
    return {"home": folder / "home.yaml", "events": folder / "events.parquet"}


def _sample_stage(home_folder: Path, folder: Path, sampling: SamplingConfig, suffix: str) -> Stage:
    def run(progress: Progress) -> StageResult:
        progress.start("cutting windows")
        log = load_event_log(home_folder)
        sampled = sample_windows(log, sampling)
        paths = write_windows(folder, sampled, log.home)
        progress.finish()
        counts = sampled.windows.group_by("split").len().sort("split")
        rows = {str(s): n for s, n in counts.iter_rows()}
        return StageResult(paths, rows | _left_out(sampled.statistics))

    inputs = {**_home_files(home_folder), "annotations": home_folder / "annotations.parquet"}
    title = "cut windows" + (" inside annotated segments" if suffix else "")
    return Stage(f"sample{suffix}", title, 3, folder, sampling.model_dump(mode="json"), inputs, run)


def _left_out(statistics: Mapping[str, Any]) -> dict[str, int]:
    """How many events a window needs, and what lies in no window, as counts of the stage's summary line."""
    splits = statistics["splits"].values()
    events, outside = (sum(s[key] for s in splits) for key in ("events", "events_in_no_window"))
    annotations, missed = (sum(s[key] for s in splits) for key in ("annotations", "annotations_in_no_window"))
    rows = {
        "events per window at least": statistics["min_events"]["used"],
        "% of events in no window": round(100 * outside / max(events, 1)),
    }
    return rows | ({f"of {annotations:,} annotations in no window": missed} if annotations else {})


def _window_inputs(folders: DataFolders, folder: Path) -> dict[str, Path]:
    return {**_home_files(folders.home), "windows": folder / "windows.parquet"}


def _caption_stage(folders: DataFolders, folder: Path, captions: CaptionConfig, suffix: str) -> Stage:
    output = folder / folders.captions_name

    def run(progress: Progress) -> StageResult:
        table = caption_windows(load_window_set(folder), captions, progress=progress)
        write_table(output, table, CAPTIONS)
        distinct = table.select(pl.col("caption").n_unique()).item()
        return StageResult([output], {"captions": len(table), "distinct": distinct})

    config = captions.model_dump(mode="json")
    return Stage(
        f"caption{suffix}", "describe windows", 2, folder, config, _window_inputs(folders, folder), run
    )


def _encode_stage(folders: DataFolders, folder: Path, encoder: TextEncoderConfig, suffix: str) -> Stage:
    output = folder / folders.vectors_name
    captions_path = folder / folders.captions_name
    inputs = {"captions": captions_path}
    if suffix:
        # Windows inside segments share most sentences with the free-running ones.
        inputs["known_captions"] = folders.sampling / folders.captions_name
        inputs["known_vectors"] = folders.sampling / folders.vectors_name

    def run(progress: Progress) -> StageResult:
        model = build_text_encoder(encoder)
        chunks = folder / f".chunks_{output.stem}"
        known = None
        if suffix:
            known = (read_captions(inputs["known_captions"]), load_embeddings(inputs["known_vectors"]))
        captions = read_captions(captions_path)
        table = encode_captions(captions, model, chunk_folder=chunks, known=known, progress=progress)
        save_embeddings(output, table)
        _remove_chunks(chunks)
        return StageResult([output], {"vectors": len(table.vectors)})

    config: Mapping[str, Any] = encoder.model_dump(mode="json")
    return Stage(f"encode-text{suffix}", "encode captions", 1, folder, config, inputs, run)


def _remove_chunks(folder: Path) -> None:
    # Only after the vectors are in place: a kill before this line costs nothing, one after it leaves
    # chunks that the next run of this stage replaces.
    for chunk in folder.glob("*"):
        chunk.unlink()
    if folder.is_dir():
        folder.rmdir()
