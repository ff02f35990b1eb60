"""A raw log made searchable without training: events, windows, captions, text vectors and an index of them.

Everything lies in a workspace folder, made by the stages of `discover run`: what is current is not made
again, and what was interrupted goes on. Nothing is trained, and no label is read.
"""

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from discover.alignment import AlignmentConfig
from discover.captions.config import CaptionConfig
from discover.core.embeddings import EmbeddingTable, load_embeddings, mean_caption_vectors
from discover.core.event_files import EVENTS_FILE
from discover.core.paths import Workspace
from discover.core.progress import Progress
from discover.core.runtime import runtime
from discover.core.window_set import load_window_set
from discover.homes import list_homes
from discover.pipeline.config import EvaluationSettings, HomeSource, RunConfig
from discover.pipeline.data_stages import DataFolders, data_folders, data_stages, resolve_home
from discover.pretraining.any_home import AnyHome
from discover.retrieval import Index
from discover.retrieval.storage import INDEX_FILES
from discover.sampling.config import SamplingConfig, SplitConfig
from discover.serving.cluster_inputs import ClusterInputs
from discover.serving.corrections import CORRECTIONS_FILE, CorrectionFile
from discover.serving.index_folders import SOURCE_FILE, note_source
from discover.serving.search import Searcher
from discover.stages import Stage, StageOutcome, StageResult, run_stages
from discover.text_encoders import TextEncoderConfig, build_text_encoder

if TYPE_CHECKING:
    from discover.api.opened import OpenedHome

__all__ = [
    "LOG_CAPTIONS",
    "PreparedLog",
    "RawLogSpace",
    "cache_folder",
    "cluster_inputs",
    "prepare_log",
    "searcher_of",
]

_INDEX = "index_any_home"
LOG_CAPTIONS = CaptionConfig(style="short", n_captions=2)
"""A fifth of the distinct sentences of four baseline captions; docs/protocol.md says at which price."""


@dataclass(frozen=True)
class PreparedLog:
    """A log that can be searched.

    Attributes:
        workspace: Where everything made of it lies.
        sampling: Folder of its windows.
        index: Folder of their index.
        corrections: What was said of activities and sensors.
        described: Whether its owner, or a shipped home, says what its sensors are; else they are guessed.
        home_file: The owner's YAML that says it.
    """

    workspace: Path
    sampling: Path
    index: Path
    corrections: Path
    described: bool
    home_file: Path | None = None


class RawLogSpace:
    """Where windows and sentences of a raw log are compared: captions and the shipped network, both alike.

    Attributes:
        network: The shipped network.
        how: How answers are found, for people; it names the library where that is not torch.
    """

    def __init__(self) -> None:
        self.network = AnyHome.load()
        by = "" if runtime() == "torch" else f" by {runtime()}"
        self.how = f"captions and shipped network{by}, exact search"

    @property
    def sha256(self) -> str:
        """Of what makes the vectors of windows."""
        return self.network.sha256

    def project_text(
        self, vectors: NDArray[np.floating], names: NDArray[np.floating] | None = None
    ) -> NDArray[np.float32]:
        """(N, 384) vectors of sentences -> (N, 768) vectors to compare with those of windows.

        `names`: of the activities that the sentences describe; the network reads them as well.
        """
        return self.network.sentences_beside(vectors, names)

    def project_moments(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """The same for moments of any length, which the network alone ranks better than with captions."""
        return self.network.sentences_beside(vectors, captions=False)


def prepare_log(
    log: Path,
    *,
    home: str | Path | None = None,
    workspace: Path | None = None,
    progress: Progress,
    on_outcome: Callable[[StageOutcome], None] = lambda outcome: None,
) -> PreparedLog:
    """Import, cut, describe, encode and index a log, as far as that is not done yet.

    Args:
        log: File, folder or archive, as `discover homes verify` takes.
        home: Shipped home or home YAML that describes its sensors; None: what can be guessed.
        workspace: Folder for everything made; None: `cache_folder`.
        progress: Where long stages report.
        on_outcome: Called once per stage.

    Raises:
        ConfigError: No such home.
        DataError: The log cannot be read, too many of its lines are refused, or no window is left.
    """
    root = Workspace(workspace or cache_folder(log, home))
    # Nothing is trained, so no day is held out; whole windows side by side, so that nothing is found twice.
    config = RunConfig(
        home=HomeSource(name=_home_name(log) if home is None else str(home), log=log),
        sampling=SamplingConfig(overlap_train=0.0, split=SplitConfig(ratios=(1.0, 0.0, 0.0))),
        captions=LOG_CAPTIONS,
        evaluation=EvaluationSettings(presegmented=False),
        alignment=AlignmentConfig(),
    )
    kept = _corrections(log, home, data_folders(config, config.home, root).home if workspace else None)
    renamed = CorrectionFile(kept, (resolve_home(config.home).name,)).read()
    stages, folders = data_stages(config, config.home, root, [c.sensor for c in renamed if c.sensor])
    index = folders.sampling / _INDEX
    run_stages([*stages, _index_stage(folders, index)], progress=progress, on_outcome=on_outcome)
    own = Path(home) if home is not None and str(home).endswith((".yaml", ".yml")) else None
    return PreparedLog(root.root, folders.sampling, index, kept, home is not None, own)


def cache_folder(log: Path, home: str | Path | None = None) -> Path:
    """Where a log's windows are kept by default: below `$XDG_CACHE_HOME/discover`, else `~/.cache/discover`.

    The log's own folder may be read-only or shared, so nothing is written there.
    """
    return _own_folder("XDG_CACHE_HOME", ".cache", log, home)


def searcher_of(opened: "OpenedHome") -> Searcher:
    """What answers questions about an opened log: its captions and the shipped network."""
    space, encoder = RawLogSpace(), build_text_encoder(TextEncoderConfig())
    index = Index.load(opened.index, config=opened.index_config)
    index.note = index.note or space.how
    return Searcher(
        space, index, encoder, opened.window_set, opened.index.parent, opened.samplings, opened.caption_style
    )


def cluster_inputs(prepared: PreparedLog, searcher: Searcher) -> ClusterInputs:
    """What a clustering of a raw log reads: its captions' vectors, with the shipped network beside them."""
    return ClusterInputs(
        RawLogSpace(), searcher.encoder, searcher.index, searcher.window_set, prepared.index,
        prepared.sampling, LOG_CAPTIONS.style, prepared.corrections,
    )  # fmt: skip


def _corrections(log: Path, home: str | Path | None, imported: Path | None) -> Path:
    """The file of a log's corrections: with the imported log, never in a cache, which may be emptied."""
    return (imported or _own_folder("XDG_DATA_HOME", ".local/share", log, home)) / CORRECTIONS_FILE


def _own_folder(variable: str, default: str, log: Path, home: str | Path | None) -> Path:
    base = os.environ.get(variable)
    place = f"{log.resolve()}\0{home or ''}"
    key = hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:10]
    return (Path(base) if base else Path.home() / default) / "discover" / f"{_plain(log)}-{key}"


def _plain(log: Path) -> str:
    return re.sub(r"[^a-z0-9_\-]+", "_", log.name.split(".")[0].lower()).strip("_-")[:40] or "log"


def _home_name(log: Path) -> str:
    """A name for the unknown home of a log, never that of a shipped one, whose sensors it need not have."""
    name = _plain(log)
    return f"{name}_log" if name in {home.name for home in list_homes()} else name


def _index_stage(folders: DataFolders, folder: Path) -> Stage:
    """An index as `discover run` makes one for a model, in the space of a log without one."""
    return Stage(
        name="embed",
        title="read windows with the shipped network and index them",
        version=2,
        work=_index,
        folder=folder,
        inputs={
            "home": folders.home / "home.yaml",
            "events": folders.home / EVENTS_FILE,
            "windows": folders.sampling / "windows.parquet",
            "vectors": folders.sampling / folders.vectors_name,
        },
        outputs=[*INDEX_FILES, SOURCE_FILE],
        config={"network": AnyHome.load().sha256},
    )


def _index(stage: Stage, progress: Progress) -> StageResult:
    progress.start("reading windows with the shipped network")
    sampling, network = stage.inputs["windows"].parent, AnyHome.load()
    window_set, captions = load_window_set(sampling), load_embeddings(stage.inputs["vectors"])
    ids = window_set.windows["window_id"].to_numpy().astype(np.str_)
    read = network.embed(window_set, build_text_encoder(TextEncoderConfig()).encode)
    vectors = network.beside_captions(read, mean_caption_vectors(captions, ids))
    made_by = f"captions:{captions.meta['weights_sha256']} any-home:{network.sha256}"
    table = EmbeddingTable(vectors, ids, np.zeros(len(ids), dtype=np.int16))
    index = Index.build(table, window_set, model_sha256=made_by)
    note = note_source(stage.folder, [sampling])
    progress.finish()
    return StageResult([*index.save(stage.folder), note], {"windows": len(index)})
