"""The packaged all-MiniLM-L6-v2 in plain torch.

It gives the same vectors as sentence-transformers, without the four seconds that its import takes. It is only
for the packaged weights, whose shape is known by their hash (`model_files`); other model folders load through
`towers`, with the modules that they name.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from discover.text_encoders.minilm_files import MAX_LENGTH, WordPieces, minilm_weights
from discover.text_encoders.towers import TorchTower

__all__ = ["MiniLM", "load_packaged_minilm"]

# Shape letters: B texts, T tokens, D width, H heads.
_WIDTH, _HEADS, _LAYERS, _INNER = 384, 12, 6, 1536
_WORDS, _POSITIONS, _NORM_EPS = 30522, 512, 1e-12


def load_packaged_minilm(folder: Path, device: torch.device, precision: str = "auto") -> TorchTower:
    """The network and its tokenizer on `device`, from the folder of the packaged weights."""
    model = MiniLM()
    weights = {name: torch.from_numpy(w) for name, w in minilm_weights(folder).items()}
    model.load_state_dict(weights, assign=True)
    model.requires_grad_(False)
    return TorchTower(WordPieces(folder), model, model, MAX_LENGTH).placed(device, precision)


class MiniLM(nn.Module):
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
