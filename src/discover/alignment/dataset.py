"""Windows and the text embeddings of their captions, joined by window id and kept on the device."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from discover.core.embeddings import EmbeddingTable
from discover.core.errors import DataError
from discover.core.vocabulary import Vocabulary
from discover.core.window_set import WindowSet, join_window_sets, load_window_set
from discover.encoders.config import EncoderConfig
from discover.encoders.features import EventFeatures, WindowBatch, build_event_features, gather_batch
from discover.interop import read_v2_windows
from discover.losses import PairKeys

# Shape letters: W windows, R text rows, C captions per window, B batch, T text width.

__all__ = ["AlignmentDataset", "PairBatch", "load_split", "text_ids"]


@dataclass(frozen=True)
class PairBatch:
    """B windows, one caption each.

    Attributes:
        windows: Model inputs of the windows.
        text: Unit text embeddings of one caption each, float32, (B, T).
        keys: What identifies each pair, for false negatives.
        others: Text and keys of the windows' other captions, when all count (`caption_use: all`).
    """

    windows: WindowBatch
    text: Tensor
    keys: PairKeys
    others: tuple[tuple[Tensor, PairKeys], ...] = ()

    def to(self, device: torch.device) -> "PairBatch":
        """The same on another device; windows are copied through pinned memory."""
        if self.text.device.type == device.type:
            return self
        others = tuple((text.to(device, non_blocking=True), keys.to(device)) for text, keys in self.others)
        text = self.text.to(device, non_blocking=True)
        return PairBatch(self.windows.to(device), text, self.keys.to(device), others)


class AlignmentDataset:
    """One split of one home or several: every window with all its captions' text embeddings, on one device.

    Rows are joined by window id; a window without a row in the embeddings is an error.

    Attributes:
        homes: The homes by name, in order of their numbers.
        window_ids: (W,) ids, in the order of the window table.
        features: Flat event tensors.
        text_dim: Width of the text embeddings.
        captions_W: Captions per window, (W,) int64.
    """

    def __init__(
        self,
        window_set: WindowSet,
        embeddings: EmbeddingTable,
        vocabulary: Vocabulary,
        encoder: EncoderConfig,
        *,
        device: torch.device | str = "cpu",
        sensor_texts: Mapping[str, NDArray[np.floating]] | None = None,
    ) -> None:
        if not len(window_set.windows):
            raise DataError(
                "There is no window to train or validate on. Sample the windows again with a split that "
                "gives this part some days, or correct the data path."
            )
        self.homes = window_set.homes
        self.window_ids = window_set.windows["window_id"].to_numpy().astype(np.str_)
        features = build_event_features(window_set, vocabulary, encoder, sensor_texts=sensor_texts)
        self.features: EventFeatures = features.to(device)
        rows = embeddings.rows_of(self.window_ids, what="text embeddings")
        used, compact = np.unique(rows[rows >= 0], return_inverse=True)
        table = np.full(rows.shape, -1, np.int64)
        table[rows >= 0] = compact
        vectors = embeddings.vectors[used].astype(np.float32)
        # Whatever the NPZ holds, the model reads directions.
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        self.text_RT = torch.from_numpy(vectors).to(device)
        self.text_id_R = torch.from_numpy(text_ids(embeddings.vectors[used])).to(device)
        self.caption_rows_WC = torch.from_numpy(table)
        self.captions_W = (self.caption_rows_WC >= 0).sum(1)
        self._full_first = torch.from_numpy(window_set.windows["first_event"].to_numpy().copy()).to(device)
        self._full_length = torch.from_numpy(window_set.windows["n_events"].to_numpy().astype(np.int64)).to(
            device
        )

    def __len__(self) -> int:
        return len(self.window_ids)

    @property
    def sensor_text_dim(self) -> int | None:
        """Width of sensor description vectors, None when they are not read."""
        return None if self.features.sensor_text is None else int(self.features.sensor_text.shape[1])

    @property
    def text_dim(self) -> int:
        """Width of the text embeddings."""
        return int(self.text_RT.shape[1])

    def batch(
        self,
        rows: Tensor,
        draw: Tensor | None = None,
        windows: WindowBatch | None = None,
        *,
        caption_use: Literal["drawn", "all", "average"] = "drawn",
    ) -> PairBatch:
        """Windows `rows` with their captions.

        Args:
            rows: Window rows, (B,) int64 on the CPU.
            draw: Numbers in [0, 1) that pick a caption, (B,) on the CPU; None takes caption 0.
            windows: Their model inputs when they are not the plain ones (augmentation).
            caption_use: One caption each, all of them, or their mean; see `TrainingConfig`.
        """
        plain = gather_batch(self.features, rows) if windows is None else windows
        if caption_use == "average":
            return PairBatch(plain, *self._average(rows))
        count = self.captions_W[rows]
        column = torch.zeros_like(rows)
        if draw is not None:
            column = torch.minimum((draw * count).long(), count - 1)
        pairs = [self._captions(rows, column)]
        if caption_use == "all":
            # Windows with fewer captions repeat theirs, so that each window weighs the same.
            widest = int(count.max())
            pairs += [self._captions(rows, (column + step) % count) for step in range(1, widest)]
        return PairBatch(plain, *pairs[0], others=tuple(pairs[1:]))

    def _captions(self, rows: Tensor, column: Tensor) -> tuple[Tensor, PairKeys]:
        text_row = self.caption_rows_WC[rows, column].to(self.text_RT.device)
        text = self.text_RT[text_row]
        return text, self._keys(rows, self.text_id_R[text_row], text)

    def _average(self, rows: Tensor) -> tuple[Tensor, PairKeys]:
        text_rows = self.caption_rows_WC[rows].to(self.text_RT.device)
        there = (text_rows >= 0).unsqueeze(-1)
        mean = (self.text_RT[text_rows.clamp(min=0)] * there).sum(1)
        text = torch.nn.functional.normalize(mean, dim=1)
        # Means are the same caption when their parts are: the sum of ids hashed is one number for a set.
        ids = self.text_id_R[text_rows.clamp(min=0)] + 1
        mixed = ((ids * 0x9E3779B97F4A7C1) ^ (ids << 17)) * there.squeeze(-1)
        return text, self._keys(rows, mixed.sum(1).abs(), text)

    def _keys(self, rows: Tensor, caption_id: Tensor, text: Tensor) -> PairKeys:
        here = rows.to(self.text_RT.device)
        return PairKeys(
            window_id=here,
            caption_id=caption_id,
            home=self.features.home[rows].to(here.device),
            first_event=self._full_first[here],
            n_events=self._full_length[here],
            text=text,
        )


def text_ids(vectors: NDArray[np.floating]) -> NDArray[np.int64]:
    """A number per row, equal for rows of equal bytes: identical captions have identical vectors."""
    words = np.ascontiguousarray(vectors).view(np.uint16 if vectors.dtype == np.float16 else np.uint32)
    weights = np.random.default_rng(7).integers(0, 2**63, words.shape[1], dtype=np.uint64) | np.uint64(1)
    digest = np.empty(len(words), np.uint64)
    # 4,096 rows at a time: the widened products of all rows would take eight times the table's memory.
    for begin in range(0, len(words), 4096):
        block = words[begin : begin + 4096].astype(np.uint64)
        digest[begin : begin + 4096] = (block * weights).sum(axis=1, dtype=np.uint64)
    _, ids = np.unique(digest, return_inverse=True)
    return ids.astype(np.int64)


def load_split(paths: Sequence[Path], split: str) -> WindowSet:
    """Windows of one split of all homes.

    Args:
        paths: Per home a sampling folder or its `windows.parquet`, or a JSON file of discover-v2, which holds
            one split.
        split: "train", "val" or "test".

    Raises:
        ArtifactError: Something is missing or damaged.
        DataError: A window points outside the event table.
    """
    return join_window_sets(
        [
            read_v2_windows(path).window_set
            if path.suffix == ".json"
            else load_window_set(path).of_split(split)
            for path in paths
        ]
    )
