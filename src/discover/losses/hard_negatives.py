"""A memory of recent pairs, and the choice of hard negatives from it and from the batch."""

from typing import Literal

import torch
from torch import Tensor, nn

from discover.core.errors import ConfigError, ShapeError
from discover.losses.pairs import ExtraNegatives
from discover.losses.targets import PairKeys, TargetRule, never_negative

# Shape letters: B pairs in the batch, M pairs in memory, C candidates, P joint width, T text width.

__all__ = ["HardNegativeMemory", "Strategy", "choose_negatives"]

Strategy = Literal["memory_bank", "cross_batch", "mixed"]


class HardNegativeMemory(nn.Module):
    """Ring buffer of the last pairs' embeddings and keys; hard negatives for any pairwise loss.

    Each row gets about `ratio * B` extra negatives: from the memory (memory_bank), from the other pairs
    of the batch, with gradient (cross_batch: the pairs chosen count twice), or half from each (mixed).
    A candidate that is the row's own window, has its caption, says nearly the same or shares events
    with it is never chosen. Of the rest, k are drawn without replacement with probability proportional
    to

        exp(d / (1 - d) * cos / temperature),    d = difficulty

    so difficulty 0 draws uniformly, 0.5 at the sampling temperature itself, and 1 takes the k most
    similar. All state is in buffers: `state_dict` saves and restores it exactly.

    Args:
        size: Pairs held, M >= 1.
        dim: Joint width P.
        text_dim: Width of the caption text embeddings kept for near-same captions (a near_threshold, or
            mode soft); 0 keeps none.
        strategy: memory_bank, cross_batch or mixed.
        ratio: Extra negatives per row as a share of the batch size, > 0.
        temperature: Sampling temperature, > 0.
        rule: Which candidates are no negatives.
        same_home: Choose negatives of a window from its own home only.

    Raises:
        ConfigError: A setting is out of range.

    References:
        Sampling by similarity: Robinson et al. 2021, section 3, https://arxiv.org/abs/2010.04592. Memory of
        past batches: Wang et al. 2020, https://arxiv.org/abs/1912.06798. Drawing without replacement by
        Gumbel noise: Kool et al. 2019, https://arxiv.org/abs/1903.06059.
    """

    windows: Tensor
    captions: Tensor
    text: Tensor
    keys: Tensor
    cursor: Tensor

    def __init__(
        self,
        size: int = 4096,
        dim: int = 512,
        *,
        text_dim: int = 0,
        strategy: Strategy = "memory_bank",
        ratio: float = 0.5,
        temperature: float = 0.1,
        rule: TargetRule | None = None,
        same_home: bool = False,
    ) -> None:
        super().__init__()
        if size < 1 or not ratio > 0 or not temperature > 0:
            raise ConfigError(
                f"Hard negatives need size >= 1, ratio > 0 and temperature > 0, got {size}, {ratio} and "
                f"{temperature}."
            )
        if strategy not in ("memory_bank", "cross_batch", "mixed"):
            raise ConfigError(
                f"hard_negative_strategy must be memory_bank, cross_batch or mixed, got '{strategy}'."
            )
        self.size, self.strategy, self.ratio, self.temperature = size, strategy, ratio, temperature
        self.rule = TargetRule() if rule is None else rule
        self.same_home = same_home
        if self.rule.mode == "mask_duplicates" and self.rule.needs_text and not text_dim:
            raise ConfigError("near_threshold needs the captions' text embeddings in memory: give text_dim.")
        self.register_buffer("windows", torch.zeros(size, dim))
        self.register_buffer("captions", torch.zeros(size, dim))
        self.register_buffer("text", torch.zeros(size, text_dim))
        # Rows of window_id, caption_id, home, first_event, n_events; window_id -1 marks an empty place.
        self.register_buffer("keys", torch.full((5, size), -1, dtype=torch.int64))
        self.register_buffer("cursor", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def push(self, window_BP: Tensor, caption_BP: Tensor, keys: PairKeys) -> None:
        """Remember a batch in place of the oldest pairs; of more than M pairs the last M stay.

        Raises:
            ShapeError: Embeddings and keys have different lengths or another width than the memory.
        """
        if window_BP.shape != caption_BP.shape or window_BP.shape != (len(keys), self.windows.shape[1]):
            raise ShapeError(
                f"The memory holds pairs of width {self.windows.shape[1]}; got windows "
                f"{tuple(window_BP.shape)}, captions {tuple(caption_BP.shape)} and {len(keys)} keys."
            )
        kept = slice(max(0, len(keys) - self.size), None)
        keys = keys[kept]
        places = (self.cursor + torch.arange(len(keys), device=self.cursor.device)) % self.size
        self.windows[places] = window_BP[kept].detach().to(self.windows.dtype)
        self.captions[places] = caption_BP[kept].detach().to(self.captions.dtype)
        if self.text.shape[1]:
            if keys.text is None:
                raise ShapeError("The memory keeps text embeddings and the batch's keys have none.")
            self.text[places] = keys.text.to(self.text.dtype)
        columns = (keys.window_id, keys.caption_id, keys.home, keys.first_event, keys.n_events)
        self.keys[:, places] = torch.stack(columns)
        self.cursor.copy_((self.cursor + len(keys)) % self.size)

    def sample(
        self,
        window_BP: Tensor,
        caption_BP: Tensor,
        keys: PairKeys,
        *,
        difficulty: float = 0.5,
        generator: torch.Generator | None = None,
    ) -> ExtraNegatives:
        """Extra negatives for each row of a batch.

        Args:
            window_BP: Unit window embeddings, shape (B, P).
            caption_BP: Unit caption embeddings, shape (B, P).
            keys: Keys of the pairs.
            difficulty: 0 uniform, 0.5 at the sampling temperature, 1 the most similar ones.
            generator: Random numbers of the batch's device; the same state gives the same choice.

        Returns:
            Columns and masks; rows short of allowed candidates get fewer, an empty memory gives none.

        Raises:
            ConfigError: difficulty outside [0, 1].
        """
        if not 0 <= difficulty <= 1:
            raise ConfigError(f"difficulty must be in [0, 1], got {difficulty}.")
        wanted = max(1, round(self.ratio * len(keys)))
        share = {"memory_bank": (wanted, 0), "cross_batch": (0, wanted)}.get(
            self.strategy, (wanted - wanted // 2, wanted // 2)
        )
        parts: list[ExtraNegatives] = []
        if share[0]:
            held = self.held_keys()
            allowed = (held.window_id >= 0) & self._allowed(keys, held)
            parts.append(
                self._choose(window_BP, caption_BP, self.windows, self.captions, allowed, share[0],
                             difficulty, generator)
            )  # fmt: skip
        if share[1]:
            itself = torch.eye(len(keys), dtype=torch.bool, device=window_BP.device)
            allowed = self._allowed(keys, keys) & ~itself
            parts.append(
                self._choose(window_BP, caption_BP, window_BP, caption_BP, allowed, share[1],
                             difficulty, generator)
            )  # fmt: skip
        return ExtraNegatives(
            torch.cat([p.captions for p in parts]),
            torch.cat([p.captions_mask for p in parts], dim=1),
            torch.cat([p.windows for p in parts]),
            torch.cat([p.windows_mask for p in parts], dim=1),
        )

    def _allowed(self, rows: PairKeys, candidates: PairKeys) -> Tensor:
        allowed = ~never_negative(self.rule, rows, candidates)
        return allowed & (rows.home[:, None] == candidates.home) if self.same_home else allowed

    def held_keys(self) -> PairKeys:
        """Keys of all M places; window_id is -1 where nothing is held yet."""
        window_id, caption_id, home, first_event, n_events = self.keys
        text = self.text if self.text.shape[1] else None
        return PairKeys(window_id, caption_id, home, first_event, n_events, text)

    def _choose(
        self,
        window_BP: Tensor,
        caption_BP: Tensor,
        windows_CP: Tensor,
        captions_CP: Tensor,
        allowed_BC: Tensor,
        k: int,
        difficulty: float,
        generator: torch.Generator | None,
    ) -> ExtraNegatives:
        masks = [
            choose_negatives(
                rows, columns, allowed_BC, k,
                temperature=self.temperature, difficulty=difficulty, generator=generator,
            )
            for rows, columns in ((window_BP, captions_CP), (caption_BP, windows_CP))
        ]  # fmt: skip
        return ExtraNegatives(captions_CP, masks[0], windows_CP, masks[1])


@torch.no_grad()
def choose_negatives(
    rows_BP: Tensor,
    candidates_CP: Tensor,
    allowed_BC: Tensor,
    k: int,
    *,
    temperature: float,
    difficulty: float = 0.5,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draw k candidates per row without replacement, likelier the more similar they are.

    Args:
        rows_BP: Unit embeddings to find negatives for, shape (B, P).
        candidates_CP: Unit embeddings to choose from, shape (C, P).
        allowed_BC: Where a candidate may be chosen, shape (B, C) bool.
        k: How many per row; fewer where fewer are allowed.
        temperature: Sampling temperature, > 0.
        difficulty: In [0, 1]; the formula is at `HardNegativeMemory`.
        generator: Random numbers on the rows' device.

    Returns:
        True where chosen, shape (B, C).
    """
    cosine_BC = rows_BP.float() @ candidates_CP.float().T
    key_BC = cosine_BC * (difficulty / temperature)
    if difficulty < 1:
        # The k largest of ln(weight) + Gumbel noise are a draw without replacement.
        noise = torch.empty_like(key_BC).exponential_(generator=generator).log_().neg_()
        key_BC = key_BC + (1.0 - difficulty) * noise
    key_BC = key_BC.masked_fill(~allowed_BC, -torch.inf)
    chosen = key_BC.topk(min(k, key_BC.shape[1]), dim=1).indices
    picked = torch.zeros_like(allowed_BC).scatter_(1, chosen, True)
    return picked & allowed_BC
