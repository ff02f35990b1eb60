"""Pre-norm transformer over the events of a window, on packed tokens."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from discover.core.vocabulary import Vocabulary
from discover.encoders.config import SensorEncoderConfig
from discover.encoders.features import WindowBatch
from discover.encoders.packing import Bucket, Packing, pack_windows, pad_rows, unpad_rows
from discover.encoders.tokens import TokenEmbedding

# Shape letters: B windows, T tokens, D channels, H heads, L tokens of a bucket's longest window.

__all__ = ["TransformerEncoder", "alibi_slopes", "attend_per_window"]

_ROTARY_BASE = 100.0
"""ln(1 + seconds) spans about 0 to 12, so wavelengths from 2 pi / 8 to 2 pi * 100 / 8 cover it."""


def alibi_slopes(n_heads: int) -> Tensor:
    """Slope per head: geometric from 2^(-8/H) to 2^-8.

    References:
        Press et al. 2022, section 3. https://arxiv.org/abs/2108.12409
    """
    return 2.0 ** (-8.0 * torch.arange(1, n_heads + 1) / n_heads)


class TransformerEncoder(nn.Module):
    """Events of a window in, one vector of width d_model out.

    The vector depends on the window alone, not on the other windows of its batch (to rounding).
    """

    slope: Tensor

    def __init__(
        self, config: SensorEncoderConfig, vocabulary: Vocabulary, text_dim: int | None = None
    ) -> None:
        super().__init__()
        self.config = config
        self.dim = config.d_model
        self.with_cls = config.pooling in ("cls", "cls_mean")
        self.gradient_checkpointing = False
        self.tokens = TokenEmbedding(config, vocabulary, text_dim)
        if config.use_learned_pe:
            self.position = nn.Parameter(torch.empty(config.max_seq_len, config.d_model))
            nn.init.normal_(self.position, std=0.1)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(_Block(config) for _ in range(config.n_layers))
        self.norm = nn.LayerNorm(config.d_model)
        if config.pooling == "attention":
            self.pool_query = nn.Parameter(torch.empty(config.d_model))
            nn.init.normal_(self.pool_query)
            self.pool_kv = nn.Linear(config.d_model, 2 * config.d_model)
        self.register_buffer("slope", alibi_slopes(config.n_heads), persistent=False)

    def forward(self, batch: WindowBatch) -> Tensor:
        """Window vectors, (B, D), in the order of the batch."""
        tokens_TD, packing = self.encode_tokens(batch)
        return self.pool(tokens_TD, packing)

    def encode_tokens(self, batch: WindowBatch) -> tuple[Tensor, Packing]:
        """Contextual token vectors in packed order, (T, D), and where each token lies."""
        packing = pack_windows(
            batch.lengths, batch.mask.shape[1], with_cls=self.with_cls, device=batch.mask.device
        )
        x_TD = self.tokens(batch, packing)
        if self.config.use_learned_pe:
            place = F.embedding(packing.position.clamp(min=0), self.position)
            x_TD = x_TD + place * packing.is_event.unsqueeze(1)
        x_TD = self.dropout(x_TD)
        biases = [self._bias(bucket, x_TD.dtype) for bucket in packing.buckets]
        rotation = self._rotation(batch, packing) if self.config.use_rotary_time else None
        for block in self.blocks:
            if self.gradient_checkpointing and self.training:
                x_TD = checkpoint(block, x_TD, packing, biases, rotation, use_reentrant=False)
            else:
                x_TD = block(x_TD, packing, biases, rotation)
        return self.norm(x_TD), packing

    def pool(self, tokens_TD: Tensor, packing: Packing) -> Tensor:
        """One vector per window, (B, D), in the order of the batch."""
        kind = self.config.pooling
        if kind == "attention":
            return self._attention_pool(tokens_TD, packing)[packing.unsort]
        out: Tensor | None = tokens_TD[packing.start] if self.with_cls else None
        if kind != "cls":
            mean = F.embedding_bag(packing.event_token, tokens_TD, packing.event_start, mode="mean")
            share = self.config.pooling_cls_weight
            out = mean if out is None else share * out + (1 - share) * mean
        assert out is not None
        return out[packing.unsort]

    def _attention_pool(self, tokens_TD: Tensor, packing: Packing) -> Tensor:
        query = self.pool_query.expand(len(packing.start), -1)
        return attend_per_window(query, self.pool_kv(tokens_TD), packing, self.config.n_heads)

    def _bias(self, bucket: Bucket, dtype: torch.dtype) -> Tensor | None:
        """Added to attention logits: distance and padding; (1 or windows, 1 or H, L, L)."""
        bias = None
        if self.config.use_alibi:
            place = torch.arange(bucket.width, device=self.slope.device)
            distance = (place[:, None] - place[None, :]).abs()
            if self.with_cls:
                # CLS looks at all events alike, and they at it.
                distance = distance * ((place > 0)[:, None] & (place > 0)[None, :])
            bias = (-self.slope[:, None, None] * distance).to(dtype).unsqueeze(0)
        if bucket.padding is None:
            return bias
        closed = bucket.padding[:, None, None, :]
        if bias is None:
            return torch.zeros(closed.shape, dtype=dtype, device=closed.device).masked_fill(closed, -math.inf)
        return bias.masked_fill(closed, -math.inf)

    def _rotation(self, batch: WindowBatch, packing: Packing) -> tuple[Tensor, Tensor]:
        half = self.config.d_model // self.config.n_heads // 2
        moment = torch.log1p(batch.time_s.flatten()[packing.event]) * packing.is_event
        speed = 8.0 * _ROTARY_BASE ** (-torch.arange(half, device=moment.device) / half)
        angle = moment[:, None, None] * speed
        return angle.cos(), angle.sin()


def attend_per_window(query_BD: Tensor, kv_T2D: Tensor, packing: Packing, n_heads: int) -> Tensor:
    """One query per window over the window's tokens, (B, D), windows in packed order on both sides.

    Args:
        query_BD: Queries, (B, D).
        kv_T2D: Keys and values of all tokens side by side, (T, 2 * D).
        packing: Where the tokens of each window lie.
        n_heads: Attention heads.
    """
    out, window = [], 0
    for bucket, own in zip(packing.buckets, packing.split(kv_T2D), strict=True):
        rows = pad_rows(own, bucket)
        k, v = rows.view(bucket.windows, bucket.width, 2, n_heads, -1).permute(2, 0, 3, 1, 4)
        query = query_BD[window : window + bucket.windows].to(k.dtype)
        keep = None if bucket.padding is None else ~bucket.padding[:, None, None, :]
        q = query.view(bucket.windows, n_heads, 1, -1)
        out.append(_attention(q, k, v, keep).flatten(1))
        window += bucket.windows
    return torch.cat(out)


class _Block(nn.Module):
    """Attention and feed-forward, each behind a norm and added to the stream."""

    def __init__(self, config: SensorEncoderConfig) -> None:
        super().__init__()
        d = config.d_model
        self.n_heads = config.n_heads
        self.norm1 = nn.LayerNorm(d)
        self.qkv = nn.Linear(d, 3 * d)
        self.out = nn.Linear(d, d)
        self.norm2 = nn.LayerNorm(d)
        self.up = nn.Linear(d, config.d_ff)
        self.down = nn.Linear(config.d_ff, d)
        self.dropout = nn.Dropout(config.dropout)
        for layer, share in ((self.qkv, 1.0), (self.up, 1.0), (self.out, 0.5), (self.down, 0.5)):
            # Branch outputs shrink with depth so that the stream's variance does not grow with it.
            gain = share if share == 1.0 else 1.0 / math.sqrt(2 * config.n_layers)
            nn.init.normal_(layer.weight, std=gain / math.sqrt(layer.in_features))
            nn.init.zeros_(layer.bias)

    def forward(
        self,
        x_TD: Tensor,
        packing: Packing,
        biases: list[Tensor | None],
        rotation: tuple[Tensor, Tensor] | None,
    ) -> Tensor:
        x_TD = x_TD + self.dropout(self.out(self._attend(self.norm1(x_TD), packing, biases, rotation)))
        hidden = F.gelu(self.up(self.norm2(x_TD)), approximate="tanh")
        out: Tensor = x_TD + self.dropout(self.down(hidden))
        return out

    def _attend(
        self,
        x_TD: Tensor,
        packing: Packing,
        biases: list[Tensor | None],
        rotation: tuple[Tensor, Tensor] | None,
    ) -> Tensor:
        qkv = self.qkv(x_TD)
        if rotation is not None:
            qkv = _rotate(qkv, self.n_heads, rotation)
        parts = []
        for bucket, bias, own in zip(packing.buckets, biases, packing.split(qkv), strict=True):
            rows = pad_rows(own, bucket)
            q, k, v = rows.view(bucket.windows, bucket.width, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
            mixed = _attention(q, k, v, bias)
            parts.append(unpad_rows(mixed.transpose(1, 2).reshape(bucket.windows * bucket.width, -1), bucket))
        return parts[0] if len(parts) == 1 else torch.cat(parts)


def _attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Scaled dot-product attention, (B, H, L, D) in and out; `mask` is added to logits or True where open."""
    if q.device.type == "cpu" and q.dtype == torch.bfloat16:
        # torch 2.13 on CPUs: the backward pass of short windows is five times slower in bf16.
        with torch.autocast("cpu", enabled=False):
            wide = F.scaled_dot_product_attention(q.float(), k.float(), v.float(), attn_mask=mask)
        return wide.to(q.dtype)
    if mask is not None and mask.is_floating_point():
        mask = mask.to(q.dtype)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def _rotate(qkv: Tensor, n_heads: int, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Turn pairs of query and key channels by the token's angles; values stay.

    References:
        Su et al. 2021, section 3.2. https://arxiv.org/abs/2104.09864
    """
    cos, sin = (part.to(qkv.dtype) for part in rotation)
    split = qkv.view(len(qkv), 3, n_heads, 2, -1)
    a, b = split[:, :2, :, 0], split[:, :2, :, 1]
    cos, sin = cos.unsqueeze(1), sin.unsqueeze(1)
    turned = torch.stack([a * cos - b * sin, a * sin + b * cos], dim=3)
    return torch.cat([turned, split[:, 2:]], dim=1).flatten(1)
