"""From coded events to token vectors: the sum of what is known about each event."""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from discover.core.day_parts import GAP_BUCKETS
from discover.core.vocabulary import Vocabulary
from discover.encoders.config import SensorEncoderConfig
from discover.encoders.features import WindowBatch
from discover.encoders.packing import Packing

# Shape letters: T tokens, F fields, S sensors, D channels, K continuous numbers, R rows.

__all__ = ["TokenEmbedding", "fourier_features"]

_EMBEDDING_STD = 0.2
"""About nine rows are summed, so that a token's channels start with a deviation near 0.6."""


def fourier_features(xy_S2: Tensor, bands: int) -> Tensor:
    """Sine and cosine of pi 2^k x for both axes, k < bands; shape (S, 4 * bands).

    References:
        Tancik et al. 2020, section 6.1 (positional encoding). https://arxiv.org/abs/2006.10739
    """
    frequency = math.pi * 2.0 ** torch.arange(bands, device=xy_S2.device, dtype=xy_S2.dtype)
    angle = (xy_S2.unsqueeze(-1) * frequency).flatten(1)
    return torch.cat([angle.sin(), angle.cos()], dim=1)


class TokenEmbedding(nn.Module):
    """Sum of rows of one table per token, plus a linear map of continuous numbers.

    All categorical fields, gap buckets, the CLS token and the MASK rows of place, gap and description
    are rows of one table. Place and description depend on the sensor alone: their S vectors are
    computed once per batch and appended to the table. A token is then a single bag of row numbers,
    which is one kernel forwards and one backwards.
    """

    offset: Tensor

    def __init__(self, config: SensorEncoderConfig, vocabulary: Vocabulary, text_dim: int | None) -> None:
        super().__init__()
        meta = config.metadata
        self.use_coordinates = meta.use_coordinates
        self.use_gaps = meta.use_time_deltas
        self.use_clock = meta.use_time_of_day
        self.has_cls = config.pooling in ("cls", "cls_mean")
        self.bands = config.fourier_bands
        sizes = [vocabulary.size(field) for field in meta.fields]
        # Row 0 stays zero and stands for "nothing here".
        # Summed in Python: on the device "meta", where sizes are checked before a model takes memory, cumsum
        # loads torch._dynamo, which takes longer than a search.
        offsets = torch.tensor(list(itertools.accumulate([1, *sizes[:-1]])))
        self.register_buffer("offset", offsets, persistent=False)
        row = 1 + sum(sizes)
        self.gap_row, row = row, row + (len(GAP_BUCKETS) + 1 if self.use_gaps else 0)
        self.cls_row, row = row, row + int(self.has_cls)
        self.place_row, row = row, row + (2 if self.use_coordinates else 0)
        self.text_row, row = row, row + int(text_dim is not None)
        self.table = nn.Parameter(torch.empty(row, config.d_model))
        nn.init.normal_(self.table, std=_EMBEDDING_STD)
        with torch.no_grad():
            self.table[0].zero_()
        if self.use_coordinates:
            self.place = nn.Linear(4 * self.bands, config.d_model, bias=False)
        if text_dim is not None:
            self.text = nn.Linear(text_dim, config.d_model)
        n_numbers = 2 * int(self.use_gaps) + 2 * int(self.use_clock)
        if n_numbers:
            self.numbers = nn.Linear(n_numbers, config.d_model, bias=False)

    def forward(self, batch: WindowBatch, packing: Packing) -> Tensor:
        """Token vectors in packed order, (T, D)."""
        rows_TR, weight = self._rows(batch, packing)
        x_TD = F.embedding_bag(rows_TR, weight, mode="sum", padding_idx=0)
        numbers = self._numbers(batch, packing)
        return x_TD if numbers is None else x_TD + self.numbers(numbers)

    def _rows(self, batch: WindowBatch, packing: Packing) -> tuple[Tensor, Tensor]:
        event_T = packing.event
        blackout = None if batch.blackout is None else batch.blackout.flatten(0, 1)[event_T]
        columns = [batch.codes.flatten(0, 1)[event_T] + self.offset]
        weights: list[Tensor] = [self.table]
        sensor_T = batch.sensor.flatten()[event_T]
        size = len(self.table)
        if self.use_gaps:
            gap = batch.gap_bucket.flatten()[event_T]
            if blackout is not None:
                gap = gap.masked_fill(blackout[:, 1], len(GAP_BUCKETS))
            columns.append((gap + self.gap_row).unsqueeze(1))
        if self.use_coordinates:
            place = self.place(fourier_features(batch.xy, self.bands)).to(self.table.dtype)
            weights.append(torch.where(batch.has_xy.unsqueeze(1), place, self.table[self.place_row]))
            row = sensor_T + size
            size += len(place)
            if blackout is not None:
                row = row.masked_fill(blackout[:, 0], self.place_row + 1)
            columns.append(row.unsqueeze(1))
        if batch.sensor_text is not None:
            weights.append(self.text(batch.sensor_text).to(self.table.dtype))
            row = sensor_T + size
            if blackout is not None:
                row = row.masked_fill(blackout[:, 2], self.text_row)
            columns.append(row.unsqueeze(1))
        rows_TR = torch.cat(columns, dim=1)
        rows_TR = rows_TR.masked_fill(~packing.is_event.unsqueeze(1), 0)
        if self.has_cls:
            cls_row = torch.where(packing.is_event, 0, self.cls_row).unsqueeze(1)
            rows_TR = torch.cat([rows_TR, cls_row], dim=1)
        return rows_TR, torch.cat(weights)

    def _numbers(self, batch: WindowBatch, packing: Packing) -> Tensor | None:
        event_T = packing.event
        columns = []
        if self.use_gaps:
            gap = batch.log_gap.flatten()[event_T]
            if batch.blackout is not None:
                gap = gap.masked_fill(batch.blackout.flatten(0, 1)[event_T, 1], 0.0)
            columns += [gap, torch.log1p(batch.time_s.flatten()[event_T])]
        if self.use_clock:
            clock = batch.clock.flatten()[event_T]
            columns += [clock.sin(), clock.cos()]
        if not columns:
            return None
        return torch.stack(columns, dim=1) * packing.is_event.unsqueeze(1)
