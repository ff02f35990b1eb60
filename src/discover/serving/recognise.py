"""Recognition (step 6): the activities in a log, or in the model's own windows, over time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.artifacts import atomic_path
from discover.core.config import config_from_mapping
from discover.core.errors import ConfigError, DataError
from discover.core.home import Home
from discover.core.progress import SILENT, Progress
from discover.core.window_set import window_middles_s
from discover.recognition import (
    PromptSet,
    Recogniser,
    RecognitionConfig,
    RecognitionMethod,
    to_segments,
    window_timeline,
)
from discover.retrieval import Index
from discover.serving.activity_prompts import activity_prompts, everyday_note
from discover.serving.corrections import CORRECTIONS_FILE, CorrectionFile
from discover.serving.index_folders import no_model, one_home, only_index
from discover.serving.log_windows import log_home, sample_log, sampling_settings, unseen_share
from discover.serving.taught import taught_prompts, with_people
from discover.serving.teaching import TeachingRequest, plan_teaching
from discover.text_encoders import build_text_encoder

if TYPE_CHECKING:
    from discover.alignment import LoadedModel

__all__ = [
    "RecogniseRequest",
    "RecognisedLog",
    "chosen_windows",
    "day_span",
    "recognise",
    "write_timeline",
]


@dataclass(frozen=True, kw_only=True)
class RecogniseRequest:
    """What to recognise, and how.

    Attributes:
        model: Folder of a trained model with an index.
        log: A raw log; None: the windows of the index.
        home: Home the log belongs to: one of the model's, a shipped one or a YAML. Without a log, the home of
            the index that is recognised. None where there is only one.
        index: Index folder; None: the model's only one of free-running windows.
        splits: Of the index's windows, only those of these splits; empty: all.
        days: Only windows that start on these days; empty: all.
        prompts: YAML with activities and their sentences, instead of the home's.
        method: How to recognise; None: self_trained where the reference windows' caption vectors are there
            and the settings allow it, else prompts, with a note that says why.
        captions: Style of the captions that help to teach, where windows have several.
        config: Settings of the recognition; `method` above takes the place of its own.
        corrections: File of corrections (`serving.corrections`); None: that in the model's folder.
    """

    model: Path
    log: Path | None = None
    home: str | None = None
    index: Path | None = None
    splits: tuple[str, ...] = ()
    days: tuple[date, ...] = ()
    prompts: Path | None = None
    method: RecognitionMethod | None = None
    captions: str | None = None
    config: RecognitionConfig = field(default_factory=RecognitionConfig)
    corrections: Path | None = None


@dataclass(frozen=True)
class RecognisedLog:
    """The answer.

    Attributes:
        home: The home whose windows were read.
        timeline: `recognition.TIMELINE`.
        segments: `recognition.SEGMENTS`.
        prompts: Activities and the sentences that stood for them.
        reference: Which unlabelled windows were learned from, in words.
        method: How the answers came about.
        note: Why the method is not self_trained, or why its teacher had no captions; empty else.
        student_refused: Why the student does not answer and its teacher does, as a clause; empty else.
        unseen_share: Share of events whose sensor the model never met in training.
        corrections: How corrections take part, as a sentence; empty where there are none.
    """

    home: Home
    timeline: pl.DataFrame
    segments: pl.DataFrame
    prompts: PromptSet
    reference: str
    method: RecognitionMethod
    note: str = ""
    student_refused: str = ""
    unseen_share: float = 0.0
    corrections: str = ""

    @property
    def told(self) -> str:
        """How the answers came about, with what corrections gave, as sentences."""
        return " ".join(filter(None, (self.note, self.corrections)))


def recognise(request: RecogniseRequest, progress: Progress = SILENT) -> RecognisedLog:
    """Recognise the activities of a log, or of the model's own windows, without any label but corrections.

    Raises:
        ArtifactError: No model, no index, or the sampling settings behind it are gone.
        ConfigError: Options that contradict each other.
        DataError: The log is not readable, or no window is left.
    """
    _check_options(request)
    folder = request.index or only_index(request.model)
    from discover.alignment import load_model

    model = load_model(request.model)
    index = Index.load(folder, model_sha256=model.sha256)
    if request.log is None:
        home = model.homes[one_home(index.homes, request.home, what=f"The index {folder}")]
        unseen, foreign = 0.0, False
        vectors, windows = _of_home(index, home.name)
    else:
        window_set = sample_log(request.log, log_home(model, request.home), sampling_settings(folder))
        vectors = model.embed_windows(window_set, progress=progress).vectors
        home, windows = window_set.home, window_set.windows
        unseen, foreign = unseen_share(model.homes, window_set), home.name not in model.homes
    own_vectors, own_windows = (vectors, windows) if foreign else _of_home(index, home.name)
    corrected = request.corrections or request.model / CORRECTIONS_FILE
    corrections = CorrectionFile(corrected, tuple(model.homes)).read()
    prompts, taught = taught_prompts(
        corrections, own_windows, activity_prompts(home, request.config, request.prompts)
    )
    reference, words = _reference(own_vectors, own_windows)
    examples = own_vectors[taught.rows], taught.codes
    recogniser, note = _fitted(request, model, prompts, reference, examples, None if foreign else folder)
    note = " ".join(filter(None, (note, everyday_note(home, request.prompts))))
    chosen = chosen_windows(windows, request)
    timeline = window_timeline(recogniser, vectors, windows).filter(
        pl.col("window_id").is_in(chosen.implode())
    )
    timeline = taught.told(timeline, recogniser.classes_)
    timeline, who = with_people(timeline, corrections, own_windows)
    segments = to_segments(timeline, recogniser.config)
    return RecognisedLog(
        home,
        timeline,
        segments,
        prompts,
        words,
        recogniser.config.method,
        note,
        recogniser.student_refused_,
        unseen,
        " ".join(filter(None, (taught.words, who))),
    )


def _of_home(index: Index, home: str) -> tuple[NDArray[np.floating], pl.DataFrame]:
    own = index.of_home(home)
    return own.vectors.astype(np.float32), own.windows


def write_timeline(folder: Path, found: RecognisedLog, *, title: str) -> list[Path]:
    """Write both tables as Parquet and CSV and the pictures as PNG and SVG; return their paths.

    Raises:
        ArtifactError: The folder cannot be written.
    """
    paths = []
    for name, table in (("timeline_windows", found.timeline), ("timeline_segments", found.segments)):
        with atomic_path(folder / f"{name}.parquet") as temporary:
            table.write_parquet(temporary, compression="zstd", statistics=False)
        with atomic_path(folder / f"{name}.csv") as temporary:
            table.write_csv(temporary, datetime_format="%Y-%m-%d %H:%M:%S", float_precision=4)
        paths += [folder / f"{name}.parquet", folder / f"{name}.csv"]
    from discover.reports import draw_timeline

    for drawing in draw_timeline(found.segments, title=title):
        for ending, content in (("png", drawing.png), ("svg", drawing.svg)):
            path = folder / f"{drawing.name}.{ending}"
            with atomic_path(path) as temporary:
                temporary.write_bytes(content)
            paths.append(path)
    return paths


def day_span(windows: pl.DataFrame) -> str:
    """Days of a table with a column `start`, such as "18 days, 2009-07-01 to 2009-07-18"."""
    days = windows["start"].dt.strftime("%Y-%m-%d").unique().sort().to_list()
    return f"{len(days)} day{'s' if len(days) > 1 else ''}, {days[0]} to {days[-1]}"


@dataclass(frozen=True)
class _Reference:
    """Unlabelled windows to learn from: ids (W,), vectors (W, P), times, and which are of validation days."""

    ids: NDArray[np.str_]
    vectors: NDArray[np.floating]
    middles_s: NDArray[np.float64]
    validation: NDArray[np.bool_]


def _check_options(request: RecogniseRequest) -> None:
    if (
        not (request.model / "best_model.pt").is_file()
        and not (request.model / "model.safetensors").is_file()
    ):
        raise no_model(request.model)
    if request.log is not None and request.splits:
        raise ConfigError("A log has no splits: give either a log or --split, not both.")
    if request.captions is not None and request.method == "prompts":
        raise ConfigError(
            "--captions chooses the captions that teach a student, and prompts need no student: leave "
            "--method prompts out, or --captions."
        )


def _reference(vectors: NDArray[np.floating], windows: pl.DataFrame) -> tuple[_Reference, str]:
    """Training and validation windows, all of them, without their labels."""
    keep = (windows["split"].cast(pl.String) != "test").to_numpy()
    if not keep.any():
        raise DataError("There are no training windows to take means from. Use an index of all splits.")
    rows = windows.filter(pl.Series(keep))
    validation = (rows["split"].cast(pl.String) == "val").to_numpy()
    words = f"{len(rows):,} unlabelled windows of {day_span(rows)}"
    ids = rows["window_id"].to_numpy().astype(np.str_)
    return _Reference(ids, vectors[keep], window_middles_s(rows), validation), words


def _fitted(
    request: RecogniseRequest,
    model: "LoadedModel",
    prompts: PromptSet,
    reference: _Reference,
    examples: tuple[NDArray[np.floating], NDArray[np.int64]],
    index_folder: Path | None,
) -> tuple[Recogniser, str]:
    """The fitted recogniser, and a note on its method."""
    encoder = build_text_encoder(model.text_encoder_config)
    asked = TeachingRequest(
        method=request.method,
        style=request.captions,
        balance=request.config.balance,
        activities=len(prompts.labels),
        index=index_folder,
        window_ids=reference.ids,
    )
    teaching = plan_teaching(asked, encoder)
    settings = request.config.model_dump() | {"method": teaching.method}
    recogniser = Recogniser(
        prompts,
        lambda texts: encoder.encode(texts, kind="query"),
        model.project_text,
        config_from_mapping(settings, RecognitionConfig, source="recognition"),
    )
    recogniser.fit(
        reference.vectors,
        middles_s=reference.middles_s,
        validation=reference.validation,
        caption_vectors=teaching.caption_vectors,
        examples=examples,
    )
    return recogniser, teaching.note


def chosen_windows(windows: pl.DataFrame, request: RecogniseRequest) -> pl.Series:
    """Ids of the windows that a request is about.

    Raises:
        DataError: There is none.
    """
    rows = windows
    if request.splits:
        rows = rows.filter(pl.col("split").cast(pl.String).is_in(request.splits))
    if request.days:
        rows = rows.filter(pl.col("start").dt.date().is_in(request.days))
    if not len(rows):
        raise DataError(f"No window is left: {_what_there_is(windows, request.days)}")
    return rows["window_id"]


def _what_there_is(windows: pl.DataFrame, days: Sequence[date]) -> str:
    if not len(windows):
        return "the log has too few events in every window."
    asked = f" on {', '.join(map(str, days))}" if days else " of this split"
    return f"there is none{asked}. There are windows of {day_span(windows)}."
