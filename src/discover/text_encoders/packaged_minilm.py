"""The packaged all-MiniLM-L6-v2 in plain torch.

It gives the same vectors as sentence-transformers, without the four seconds that its import takes. It is only
for the packaged weights, whose shape is known by their hash (`model_files`); other model folders load through
`towers`, with the modules that they name.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from discover.text_encoders.towers import Tower

__all__ = ["load_packaged_minilm"]

# Shape letters: B texts, T tokens, D width, H heads.
_WIDTH, _HEADS, _LAYERS, _INNER = 384, 12, 6, 1536
_WORDS, _POSITIONS, _NORM_EPS = 30522, 512, 1e-12
_MAX_LENGTH, _PAD = 256, 0


def load_packaged_minilm(folder: Path, device: torch.device) -> Tower:
    """The network and its tokenizer on `device`, from the folder of the packaged weights."""
    model = _MiniLM()
    weights = load_file(folder / "model.safetensors")
    model.load_state_dict({_own_name(name): w for name, w in weights.items() if _used(name)}, assign=True)
    model.to(device).eval().requires_grad_(False)
    return Tower(_WordPieces(folder / "tokenizer.json"), model, model, _MAX_LENGTH)


class _WordPieces:
    """The tokenizer, as much of transformers' interface as `TextEncoder` uses."""

    def __init__(self, path: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_padding()

    def __call__(self, texts: Sequence[str], *, truncation: bool, max_length: int) -> dict[str, Any]:
        if truncation:
            self._tokenizer.enable_truncation(max_length)
        else:
            self._tokenizer.no_truncation()
        return {"input_ids": [encoded.ids for encoded in self._tokenizer.encode_batch(list(texts))]}

    def pad(
        self,
        batch: Mapping[str, list[list[int]]],
        *,
        padding: str,
        max_length: int | None,
        return_tensors: str,
    ) -> dict[str, Tensor]:
        """Token ids and mask, (B, T) each, as long as the longest text, or `max_length` if that is asked."""
        longest = max(len(ids) for ids in batch["input_ids"])
        width = max_length if padding == "max_length" and max_length is not None else longest
        return {
            name: torch.tensor([row + [_PAD] * (width - len(row)) for row in rows])
            for name, rows in batch.items()
        }


class _MiniLM(nn.Module):
    """BERT with six layers, the mean of its token vectors, unit length."""

    def __init__(self) -> None:
        super().__init__()
        # Shapes only: the weights come from the file. nn.Embedding draws random numbers first, and on this
        # device that loads torch._dynamo, which takes longer than all the rest.
        self.words, self.positions, self.segments = (
            nn.Parameter(torch.empty(n, _WIDTH, device="meta")) for n in (_WORDS, _POSITIONS, 2)
        )
        self.norm = nn.LayerNorm(_WIDTH, eps=_NORM_EPS, device="meta")
        self.layers = nn.ModuleList(_Layer() for _ in range(_LAYERS))

    def forward(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Token ids and mask (B, T) -> unit vectors (B, D)."""
        ids_BT, mask_BT = batch["input_ids"], batch["attention_mask"]
        # A search is one text: every token belongs to segment 0.
        x_BTD = F.embedding(ids_BT, self.words) + self.segments[0] + self.positions[: ids_BT.shape[1]]
        x_BTD = self.norm(x_BTD)
        attended = mask_BT[:, None, None, :].bool()
        for layer in self.layers:
            x_BTD = layer(x_BTD, attended)
        weight_BT1 = mask_BT[:, :, None].to(x_BTD.dtype)
        mean_BD = (x_BTD * weight_BT1).sum(1) / weight_BT1.sum(1).clamp(min=1e-9)
        return F.normalize(mean_BD, dim=1)


class _Layer(nn.Module):
    """Attention and a feed-forward block, each with a residual and a norm after it."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.mixed = (
            nn.Linear(_WIDTH, _WIDTH, device="meta") for _ in range(4)
        )
        self.norm_mixed = nn.LayerNorm(_WIDTH, eps=_NORM_EPS, device="meta")
        self.inner = nn.Linear(_WIDTH, _INNER, device="meta")
        self.outer = nn.Linear(_INNER, _WIDTH, device="meta")
        self.norm_outer = nn.LayerNorm(_WIDTH, eps=_NORM_EPS, device="meta")

    def forward(self, x_BTD: Tensor, attended: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D); `attended` (B, 1, 1, T) is true where a token counts."""
        q, k, v = (
            part(x_BTD).unflatten(-1, (_HEADS, -1)).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        mixed_BHTd = F.scaled_dot_product_attention(q, k, v, attn_mask=attended)
        x_BTD = self.norm_mixed(x_BTD + self.mixed(mixed_BHTd.transpose(1, 2).flatten(2)))
        normed: Tensor = self.norm_outer(x_BTD + self.outer(F.gelu(self.inner(x_BTD))))
        return normed


_OWN_NAMES = {
    "embeddings.word_embeddings.weight": "words",
    "embeddings.position_embeddings.weight": "positions",
    "embeddings.token_type_embeddings.weight": "segments",
    "embeddings.LayerNorm": "norm",
    "encoder.layer.": "layers.",
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "mixed",
    "attention.output.LayerNorm": "norm_mixed",
    "intermediate.dense": "inner",
    "output.dense": "outer",
    "output.LayerNorm": "norm_outer",
}


def _used(name: str) -> bool:
    """The pooler was trained for another task, and positions are counted here."""
    return not name.startswith("pooler.") and name != "embeddings.position_ids"


def _own_name(name: str) -> str:
    for theirs, ours in _OWN_NAMES.items():
        name = name.replace(theirs, ours)
    return name
