"""A simulated home that is asked as `discover ask` asks a raw log."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.raw_search import caption_means
from discover.api.raw_log import LOG_CAPTIONS, RawLogSpace
from discover.core.embeddings import EmbeddingTable
from discover.core.tables import ANNOTATIONS, empty_table
from discover.core.window_set import EventLog, WindowSet
from discover.retrieval import Index
from discover.sampling import sample_windows
from discover.sampling.config import SamplingConfig, SplitConfig
from discover.serving.asker import Asker
from discover.serving.search import Searcher
from discover.simulator import RandomLife
from discover.text_encoders import TextEncoderConfig, build_text_encoder

__all__ = ["HomeAsker", "window_vectors"]


@dataclass
class _Kept:
    """A text encoder that reads every sentence once; homes share most of their captions."""

    encoder: Any
    known: dict[tuple[str, str | None], NDArray[np.float32]] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.encoder, name)

    def encode(self, texts: Sequence[str], kind: str | None = None) -> NDArray[np.float32]:
        """(N, D) vectors."""
        new = [text for text in dict.fromkeys(texts) if (text, kind) not in self.known]
        if new:
            how = {} if kind is None else {"kind": kind}
            self.known.update(zip(((t, kind) for t in new), self.encoder.encode(new, **how), strict=True))
        return np.stack([self.known[text, kind] for text in texts])


class HomeAsker:
    """Makes what answers questions of simulated homes, one after the other."""

    def __init__(self) -> None:
        self.space, self.encoder = RawLogSpace(), _Kept(build_text_encoder(TextEncoderConfig()))

    def of(self, life: RandomLife) -> Asker:
        """The asker of one home."""
        log = EventLog(life.home, life.events, empty_table(ANNOTATIONS))
        sampled = sample_windows(log, SamplingConfig(overlap_train=0, split=SplitConfig(ratios=(1, 0, 0))))
        events = log.events if sampled.events is None else sampled.events
        windows = WindowSet.of(log.home, events, sampled.windows)
        ids = windows.windows["window_id"].to_numpy().astype(np.str_)
        vectors = window_vectors(windows, self.space, self.encoder)
        table = EmbeddingTable(vectors, ids, np.zeros(len(ids), dtype=np.int16))
        index = Index.build(table, windows, model_sha256="simulated")
        return Asker(Searcher(self.space, index, self.encoder, windows, Path()))


def window_vectors(windows: WindowSet, space: RawLogSpace, encoder: Any) -> NDArray[np.float32]:
    """(W, D) vectors of windows as the index of a raw log has them."""
    read = space.network.embed(windows, encoder.encode)
    told = caption_means(windows, LOG_CAPTIONS.style, LOG_CAPTIONS.n_captions, encoder)
    return space.network.beside_captions(read, told)
