"""Stages from a raw log to windows: simulate, import, split, sample; and those on them up to text vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from discover.core.errors import DataError
from discover.core.event_files import EVENTS_FILE
from discover.core.home import Home, Sensor
from discover.core.paths import Workspace
from discover.core.progress import Progress
from discover.core.row_keys import window_keys
from discover.core.tables import ANNOTATIONS, SPLITS
from discover.core.window_set import (
    load_event_log,
    load_window_set,
    read_table,
)
from discover.homes import ImportedLog, import_log, load_home, log_files, write_import
from discover.pipeline.config import HomeSource, RunConfig
from discover.pipeline.fitted_part import fitted_name, note_fitted
from discover.pipeline.refused_lines import RefusedLines
from discover.pipeline.text_stages import caption_stage, encode_stage
from discover.sampling import WINDOW_FILES, active_days, extend_days, sample_windows, write_windows
from discover.sampling.config import SamplingConfig
from discover.sampling.splits import read_days, write_days
from discover.simulator import SimulatorConfig, write_simulated
from discover.stages.stage import Stage, StageResult

_SIMULATED_LOG = "{home}_log.txt.gz"

__all__ = ["DataFolders", "data_folders", "data_stages", "read_log", "resolve_home"]


@dataclass(frozen=True)
class DataFolders:
    """Where the data of one run lies.

    Attributes:
        home: The imported log.
        sampling: Windows, captions and vectors; free-running.
        presegmented: The same for windows cut inside annotated segments; None when not wanted.
        days: Split of each day, shared by all samplings that draw days alike.
        log: The raw log.
        captions_name: File name of the captions.
        vectors_name: File name of the text vectors.
    """

    home: Path
    sampling: Path
    presegmented: Path | None
    days: Path
    log: Path
    captions_name: str
    vectors_name: str


def resolve_home(source: HomeSource, corrected: Sequence[Sensor] = ()) -> Home:
    """The shipped or given home, or a bare one for a log of an unknown home.

    Args:
        source: Which home.
        corrected: Sensors that take the place of those of the same id.
    """
    home = _described_home(source)
    if not corrected:
        return home
    by_id = {s.id: s for s in (*home.sensors, *corrected)}
    return home.model_copy(update={"sensors": tuple(by_id.values())})


def _described_home(source: HomeSource) -> Home:
    from discover.homes import list_homes, unknown_home

    if source.name.endswith((".yaml", ".yml")) or source.name in {h.name for h in list_homes()}:
        return load_home(source.name)
    if source.log is None:
        return load_home(source.name)  # raises, with the nearest shipped name
    return unknown_home(source.name)


def data_folders(config: RunConfig, source: HomeSource, workspace: Workspace) -> DataFolders:
    """Folders and file names of one home's data."""
    home = resolve_home(source)
    family = "simulated" if simulation_of(source, home, workspace) is not None else home.family
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
        days=folder / f"days_{_days_name(config.sampling)}" / "days.json",
        log=_log_path(source, home, workspace),
        captions_name=f"captions_{style}.parquet",
        vectors_name=f"embeddings_{style}_{encoder}.npz",
    )


def _days_name(sampling: SamplingConfig) -> str:
    # Which days there are depends on the sensors that count.
    return sampling.split.name + ("_with_health" if sampling.include_health_sensors else "")


def _has_annotations(folder: Path, home: Home) -> bool:
    """Whether the imported log has annotations; before it is imported, whether the home lists activities."""
    table = folder / "annotations.parquet"
    if not table.is_file():
        return bool(home.activities)
    return len(read_table(table, ANNOTATIONS)) > 0


def data_stages(
    config: RunConfig, source: HomeSource, workspace: Workspace, corrected: Sequence[Sensor] = ()
) -> tuple[list[Stage], DataFolders]:
    """The stages of one home from its raw log to text vectors, and where their artefacts are.

    Args:
        config: Settings.
        source: Home and log.
        workspace: Where all lies.
        corrected: Sensors that are otherwise than the home describes them.
    """
    folders = data_folders(config, source, workspace)
    home = resolve_home(source, corrected)
    stages = []
    simulation = simulation_of(source, home, workspace)
    if simulation is not None:
        stages.append(_simulate_stage(folders.log, home, simulation))
    stages.append(_import_stage(folders, home, source))
    stages.append(_split_stage(folders, config.sampling))
    stages.extend(_window_stages(folders, folders.sampling, config, suffix=""))
    if folders.presegmented is not None:
        stages.extend(_window_stages(folders, folders.presegmented, config, suffix="_p"))
    named = home.name if config.homes else ""
    return [replace(stage, home=named) for stage in stages], folders


def _log_path(source: HomeSource, home: Home, workspace: Workspace) -> Path:
    if source.log is not None:
        if not source.log.exists():
            raise DataError(
                f"No log at {source.log}. Correct home.log, or leave it out for the default folder."
            )
        return source.log
    if simulation_of(source, home, workspace) is not None:
        return workspace.raw("simulated", home.name) / _SIMULATED_LOG.format(home=home.name)
    folder = workspace.raw(home.family, home.name)
    candidates = _raw_files(folder)
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


def simulation_of(source: HomeSource, home: Home, workspace: Workspace) -> SimulatorConfig | None:
    """How a run's log is simulated; None where it is read. The demo home has no log but a simulated one."""
    if source.simulate is not None or source.log is not None or home.name != "demo":
        return source.simulate
    made = _SIMULATED_LOG.format(home=home.name)
    own = [path for path in _raw_files(workspace.raw(home.family, home.name)) if path.name != made]
    return None if own else SimulatorConfig()


def _raw_files(folder: Path) -> list[Path]:
    kept = [p for p in sorted(folder.glob("*")) if p.is_file() and p.suffix not in (".json", ".lock")]
    return [p for p in kept if not p.name.startswith(".")]


@dataclass(frozen=True)
class _Simulation:
    """What the simulate stage needs."""

    home: Home
    simulate: SimulatorConfig


def _simulate_stage(log: Path, home: Home, settings: SimulatorConfig) -> Stage:
    return Stage(
        name="simulate",
        title="simulate a home's log",
        version=1,
        work=_simulate,
        folder=log.parent,
        inputs={},
        outputs=[log.name],
        settings=_Simulation(home, settings),
        config={"home": home.model_dump(mode="json"), "simulate": settings.model_dump(mode="json")},
    )


def _simulate(stage: Stage, progress: Progress) -> StageResult:
    wanted: _Simulation = stage.settings
    (log,) = stage.output_paths
    summary = write_simulated(log, wanted.home, wanted.simulate, progress=progress)
    return StageResult([log], {"events": summary.events})


@dataclass(frozen=True)
class _Import:
    """What the import stage needs besides the log's files."""

    home: Home
    source: HomeSource
    log: Path


def _import_stage(folders: DataFolders, home: Home, source: HomeSource) -> Stage:
    files = log_files(folders.log)
    # a log of one file keeps its plain name, so that runs made before stay up to date
    inputs = {"log": files[0]} if len(files) == 1 else {f"log {p.name}": p for p in files}
    if source.translate is not None:
        inputs["translate"] = source.translate
    return Stage(
        name="import",
        title="read the log into typed events",
        version=3,
        work=_import,
        folder=folders.home,
        inputs=inputs,
        outputs=["home.yaml", EVENTS_FILE, "annotations.parquet", "import.json"],
        settings=_Import(home, source, folders.log),
        config={"home": home.model_dump(mode="json")} | ({"reader": source.reader} if source.reader else {}),
    )


def _import(stage: Stage, progress: Progress) -> StageResult:
    wanted: _Import = stage.settings
    progress.start(f"reading {wanted.log.name}")
    imported = read_log(wanted.log, stage.folder, wanted.home, wanted.source)
    RefusedLines.of_import(imported).refuse_many(accepted=wanted.source.accept_refused)
    paths = write_import(stage.folder, imported)
    progress.finish()
    events, annotations = imported.log.events, imported.log.annotations
    return StageResult(paths, {"events": len(events), "annotations": len(annotations)})


def read_log(log: Path, folder: Path, home: Home, source: HomeSource) -> ImportedLog:
    """Read a home's log into memory, as it is imported into `folder`; writes nothing."""
    return import_log(
        log,
        home=home,
        translate=source.translate,
        name=home.name,
        family=folder.parent.name,
        reader=source.reader,
    )


def _window_stages(folders: DataFolders, folder: Path, config: RunConfig, *, suffix: str) -> list[Stage]:
    sampling = config.sampling.model_copy(update={"presegmented": True}) if suffix else config.sampling
    return [
        _sample_stage(folders, folder, sampling, suffix),
        caption_stage(
            folder, folders.captions_name, config.captions, _home_files(folders.home), suffix=suffix
        ),
        encode_stage(
            folder,
            folders.captions_name,
            folders.vectors_name,
            config.alignment.text_encoder,
            known=folders.sampling if suffix else None,
        ),
    ]


def _home_files(folder: Path) -> dict[str, Path]:
    return {"home": folder / "home.yaml", "events": folder / EVENTS_FILE}


def _split_stage(folders: DataFolders, sampling: SamplingConfig) -> Stage:
    return Stage(
        name="split",
        title="share the days out",
        version=1,
        work=_split,
        folder=folders.days.parent,
        inputs=_home_files(folders.home),
        outputs=[folders.days.name],
        settings=sampling,
        config={"split": sampling.split.model_dump(mode="json")},
    )


def _split(stage: Stage, progress: Progress) -> StageResult:
    del progress
    sampling: SamplingConfig = stage.settings
    (output,) = stage.output_paths
    drawn = read_days(output) if output.is_file() else None
    days = extend_days(
        active_days(load_event_log(stage.inputs["events"].parent), sampling), sampling.split, drawn
    )
    write_days(output, days)
    rows = {f"{split} days": n for split in SPLITS if (n := list(days.values()).count(split))}
    if drawn and (new := len(days.keys() - drawn.keys())) and drawn.keys() <= days.keys():
        rows["of them new"] = new
    return StageResult([output], rows)


def _sample_stage(folders: DataFolders, folder: Path, sampling: SamplingConfig, suffix: str) -> Stage:
    return Stage(
        name=f"sample{suffix}",
        title="cut windows" + (" inside annotated segments" if suffix else ""),
        version=4,
        work=_sample,
        folder=folder,
        inputs={
            **_home_files(folders.home),
            "annotations": folders.home / "annotations.parquet",
            "days": folders.days,
        },
        outputs=[*WINDOW_FILES, fitted_name("windows.parquet")],
        settings=sampling,
        config=sampling.model_dump(mode="json"),
    )


def _sample(stage: Stage, progress: Progress) -> StageResult:
    progress.start("cutting windows")
    fitted = stage.output_paths[-1]
    log = load_event_log(stage.inputs["events"].parent)
    sampled = sample_windows(log, stage.settings, read_days(stage.inputs["days"]))
    paths = write_windows(stage.folder, sampled, log.home)
    cut = load_window_set(stage.folder)
    keys = pl.DataFrame({"window_id": cut.windows["window_id"], "key": window_keys(cut, {})})
    note_fitted(fitted, cut.windows, keys)
    progress.finish()
    counts = sampled.windows.group_by("split").len().sort("split")
    rows = {str(s): n for s, n in counts.iter_rows()}
    return StageResult([*paths, fitted], rows | _left_out(sampled.statistics))


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
