"""Add a sensor encoder of your own: the mean of what each event is, without any order.

    from own_encoder import BagConfig, BagEncoder
    register_encoder(BagConfig, BagEncoder)

Then `encoder: {type: bag, d_model: 64}` in a run's YAML, or `BagConfig(d_model=64)` in Python, trains it.
"""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from discover.core.vocabulary import Vocabulary
from discover.encoders import EncoderConfig, MetadataConfig, WindowBatch, register_encoder
from discover.encoders.packing import Packing, pack_windows


class BagConfig(EncoderConfig):
    """Mean over the events of a window."""

    type: Literal["bag"] = "bag"
    d_model: int = Field(default=64, ge=8, le=1024)
    """Width of a token, and of the window vector before the head."""
    max_seq_len: int = Field(default=512, ge=1, le=65536)
    """Longest window in events; of a longer one the central events are kept."""
    metadata: MetadataConfig = MetadataConfig(use_coordinates=False, use_time_deltas=False)
    """What is read of every event; this encoder reads the categorical fields only."""


class BagEncoder(nn.Module):
    """Sums the embeddings of an event's fields, and averages the events of a window."""

    offset: Tensor

    def __init__(self, config: BagConfig, vocabulary: Vocabulary, text_dim: int | None = None) -> None:
        super().__init__()
        self.dim = config.d_model
        self.gradient_checkpointing = False
        sizes = [vocabulary.size(field) for field in config.metadata.fields]
        # All fields share one table; a field's ids begin where those of the field before it end.
        self.register_buffer("offset", torch.tensor([0, *sizes[:-1]]).cumsum(0), persistent=False)
        self.table = nn.EmbeddingBag(sum(sizes), config.d_model, mode="sum")

    def encode_tokens(self, batch: WindowBatch) -> tuple[Tensor, Packing]:
        """Event vectors in packed order, (T, D), and where each lies."""
        width, device = batch.mask.shape[1], batch.mask.device
        packing = pack_windows(batch.lengths, width, with_cls=False, device=device)
        return self.table(batch.codes.flatten(0, 1)[packing.event] + self.offset), packing

    def pool(self, tokens_TD: Tensor, packing: Packing) -> Tensor:
        """The mean of each window's events, (B, D), in the order of the batch."""
        stop = torch.cat([packing.start[1:], packing.start.new_tensor([len(tokens_TD)])])
        window = torch.repeat_interleave(torch.arange(len(stop)), stop - packing.start)
        total = tokens_TD.new_zeros(len(stop), self.dim).index_add(0, window, tokens_TD)
        return (total / (stop - packing.start).unsqueeze(1))[packing.unsort]


register_encoder(BagConfig, BagEncoder)
