"""Exact InfoNCE without a B x B matrix: tiles are made, used, dropped, and made again for the gradient.

Forward keeps O(B) numbers beside the inputs. The backward pass costs one matrix product more than the
dense form's and saves all of its passes over B x B numbers.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.utils.checkpoint import checkpoint

from discover.losses.pairs import (
    ExtraNegatives,
    check_pairs,
    resolve_scale,
    scaled_similarity,
    working_copies,
)
from discover.losses.targets import PairKeys, TargetRule
from discover.losses.tiles import as_scalar, rule_and_keys, slices, tile_side, tile_targets, tiles

# Shape letters: B pairs in the batch, P joint width, R rows and C columns of a tile, M extra negatives.

__all__ = ["chunked_info_nce"]


def chunked_info_nce(
    window_BP: Tensor,
    caption_BP: Tensor,
    *,
    logit_scale: Tensor | float | None = None,
    temperature: float | None = None,
    rule: TargetRule | None = None,
    keys: PairKeys | None = None,
    extra: ExtraNegatives | None = None,
    tile: int | None = None,
) -> Tensor:
    """`info_nce` in O(B) memory; targets come from keys, tile by tile, instead of as (B, B) matrices.

    Args:
        window_BP: Unit-length window embeddings, shape (B, P).
        caption_BP: Unit-length caption embeddings, shape (B, P).
        logit_scale: 1 / temperature, a number or a 0-d tensor that may need a gradient.
        temperature: The same said the other way, > 0; give exactly one of the two.
        rule: How false negatives are handled; None is one-to-one targets.
        keys: Keys of the pairs; needed unless the rule is None or identity.
        extra: Negatives from outside the batch.
        tile: Side of a tile; None chooses by device.

    Returns:
        Mean loss in nats, shape (), equal to `info_nce` with `batch_targets(rule, keys)`.

    Raises:
        ShapeError: Shapes disagree.
        ConfigError: Both or none of logit_scale and temperature, or a rule without keys.
    """
    check_pairs(window_BP, caption_BP)
    scale = resolve_scale(logit_scale, temperature)
    rule, keys = rule_and_keys(rule, keys, len(window_BP))
    to_captions, to_windows, matched_rows, matched_columns = _Denominators.apply(  # type: ignore[no-untyped-call]
        window_BP, caption_BP, as_scalar(scale, window_BP), rule, keys, tile_side(window_BP, tile)
    )
    if extra is not None:
        side = tile_side(window_BP, tile)
        more = _extra_logsumexp(window_BP, extra.captions, extra.captions_mask, scale, side)
        to_captions = torch.logaddexp(to_captions, more)
        more = _extra_logsumexp(caption_BP, extra.windows, extra.windows_mask, scale, side)
        to_windows = torch.logaddexp(to_windows, more)
    loss: Tensor = ((to_captions - matched_rows).mean() + (to_windows - matched_columns).mean()) / 2
    return loss


class _Denominators(torch.autograd.Function):
    """(windows, captions, scale) -> ln sum exp and matched logit of each row and of each column."""

    @staticmethod
    def forward(
        ctx: Any,
        window_BP: Tensor,
        caption_BP: Tensor,
        scale: Tensor,
        rule: TargetRule,
        keys: PairKeys | None,
        side: int,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        windows, captions = working_copies(window_BP, caption_BP)
        scaled = windows * scale
        n = len(windows)
        row_sum = scaled.new_full((n,), -torch.inf)
        column_sum = row_sum.clone()
        row_match, column_match, degree = (torch.zeros_like(row_sum) for _ in range(3))
        with torch.autocast(windows.device.type, enabled=False):
            for rows, columns in tiles(n, side):
                logits = scaled[rows] @ captions[columns].T
                affinity, excluded = tile_targets(rule, keys, rows, columns, logits.dtype)
                if affinity is not None:
                    degree[rows] += affinity.sum(1)
                    affinity *= logits
                    row_match[rows] += affinity.sum(1)
                    column_match[columns] += affinity.sum(0)
                if excluded is not None:
                    logits.masked_fill_(excluded, -torch.inf)
                row_sum[rows] = torch.logaddexp(row_sum[rows], logits.logsumexp(1))
                column_sum[columns] = torch.logaddexp(column_sum[columns], logits.logsumexp(0))
        if rule.one_to_one:
            row_match = (scaled * captions).sum(1)
            column_match = row_match.clone()
        else:
            # Affinities are symmetric, so the sums over rows are those over columns.
            row_match /= degree
            column_match /= degree
        ctx.save_for_backward(window_BP, caption_BP, scale, row_sum, column_sum, degree)
        ctx.rule, ctx.keys, ctx.side = rule, keys, side
        return row_sum, column_sum, row_match, column_match

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        window_BP, caption_BP, scale, row_sum, column_sum, degree = ctx.saved_tensors
        g_row, g_column, h_row, h_column = gradients
        windows, captions = working_copies(window_BP, caption_BP)
        scaled = windows * scale
        # d loss / d logits @ captions, and its transpose @ windows: the scale comes in at the end.
        pulled_windows, pulled_captions = torch.zeros_like(windows), torch.zeros_like(captions)
        with torch.autocast(windows.device.type, enabled=False):
            for rows, columns in tiles(len(windows), ctx.side):
                logits = scaled[rows] @ captions[columns].T
                affinity, excluded = tile_targets(ctx.rule, ctx.keys, rows, columns, logits.dtype)
                if excluded is not None:
                    logits.masked_fill_(excluded, -torch.inf)
                pull = (logits - row_sum[rows, None]).exp_().mul_(g_row[rows, None])
                logits.sub_(column_sum[columns]).exp_()
                pull.addcmul_(logits, g_column[columns])
                if affinity is not None:
                    share = (h_row / degree)[rows, None] + (h_column / degree)[columns]
                    pull.addcmul_(affinity, share)
                pulled_windows[rows].addmm_(pull, captions[columns])
                pulled_captions[columns].addmm_(pull.T, windows[rows])
        if ctx.rule.one_to_one:
            h_both = (h_row + h_column)[:, None]
            pulled_windows += h_both * captions
            pulled_captions += h_both * windows
        d_scale = (pulled_windows * windows).sum() if ctx.needs_input_grad[2] else None
        d_window = (pulled_windows * scale).to(window_BP.dtype)
        d_caption = (pulled_captions * scale).to(caption_BP.dtype)
        return d_window, d_caption, d_scale, None, None, None


def _extra_logsumexp(
    rows_BP: Tensor, columns_MP: Tensor, mask_BM: Tensor, scale: Tensor | float, side: int
) -> Tensor:
    def block_sum(rows: Tensor, mask: Tensor) -> Tensor:
        logits = scaled_similarity(rows, columns_MP, scale).masked_fill(~mask, -1e30)
        # -1e30 instead of -inf: a row without any extra negative must not make a NaN gradient.
        return logits.logsumexp(1)

    blocks = slices(len(rows_BP), side)
    return torch.cat([checkpoint(block_sum, rows_BP[b], mask_BM[b], use_reentrant=False) for b in blocks])
