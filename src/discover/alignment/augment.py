"""Changes to training windows: what a real home leaves out, adds or shifts, drawn anew every step.

All choices are made on the CPU as indices into the event table, a few thousand numbers per batch; the
events themselves are gathered on the device as for unchanged windows.
"""

import torch
from torch import Tensor

from discover.alignment.config import AugmentationConfig
from discover.encoders.features import EventFeatures, WindowBatch, gather_batch, gather_events

# Shape letters: B windows, L events of the longest, S sensors.

__all__ = ["Augmentation"]


class Augmentation:
    """Applies an `AugmentationConfig` to the windows of one set.

    Args:
        config: What is changed, and how much.
        features: The training split.
        longest: Events a window may have with noise in it.
    """

    def __init__(self, config: AugmentationConfig, features: EventFeatures, longest: int) -> None:
        self._longest = longest
        self.config = config
        self.features = features
        self._first = features.first.cpu()
        self._sensor = features.sensor.cpu()
        begins = features.home_events[:-1]
        self._home_W = torch.stack([begins, features.home_events[1:] - begins])[:, features.home]

    def batch(self, rows: Tensor, generator: torch.Generator) -> WindowBatch:
        """Windows `rows`, changed; the same generator state gives the same changes."""
        config = self.config
        if not config.active:
            return gather_batch(self.features, rows)
        event, keep = self._events(rows)
        keep = _crop(keep, config.crop, generator)
        keep = _cut_out(keep, config.temporal_mask, generator)
        keep = _or_all(keep & (torch.rand(keep.shape, generator=generator) >= config.event_dropout), keep)
        keep = _or_all(keep & ~self._dropped_sensors(event, generator), keep)
        event, lengths = _compact(event, keep)
        clock = None
        if config.noise_events:
            event, clock, lengths = self._with_noise(rows, event, lengths, generator)
        shift = None
        if config.time_jitter_s:
            noise = torch.randn(event.shape, generator=generator) * (config.time_jitter_s * 1e6)
            shift = noise.long().to(self.features.codes.device)
        device = self.features.codes.device
        return gather_events(
            self.features,
            event.to(device),
            lengths,
            clock_BL=None if clock is None else clock.to(device),
            shift_us_BL=shift,
        )

    def _events(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        length, first = self.features.length[rows], self._first[rows].unsqueeze(1)
        position = torch.arange(int(length.max()))
        mask = position < length.unsqueeze(1)
        return torch.where(mask, first + position, first), mask

    def _dropped_sensors(self, event_BL: Tensor, generator: torch.Generator) -> Tensor:
        sensors = len(self.features.xy)
        dropped_BS = torch.rand(len(event_BL), sensors, generator=generator) < self.config.sensor_dropout
        return dropped_BS.gather(1, self._sensor[event_BL])

    def _with_noise(
        self, rows: Tensor, event_BL: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Behind some events, another event of the window's home at the same time."""
        real = torch.arange(event_BL.shape[1]) < lengths.unsqueeze(1)
        behind = (torch.rand(event_BL.shape, generator=generator) < self.config.noise_events) & real
        begin, size = self._home_W[:, rows].unsqueeze(2)
        draw = torch.randint(len(self._sensor), event_BL.shape, generator=generator)
        foreign = begin + draw * size // len(self._sensor)
        # Slots 2k hold event k, slots 2k + 1 what comes behind it.
        event = torch.stack([event_BL, foreign], dim=2).flatten(1)
        clock = event_BL.repeat_interleave(2, dim=1)
        keep = torch.stack([real, behind], dim=2).flatten(1)
        keep = keep & (keep.cumsum(1) <= self._longest)
        packed, lengths = _compact(event, keep)
        return packed, _compact(clock, keep)[0], lengths


def _crop(keep_BL: Tensor, most: float, generator: torch.Generator) -> Tensor:
    """Keep one stretch of each window, shorter by a share drawn from [0, most]."""
    length = keep_BL.sum(1)
    share = 1 - most * torch.rand(len(length), generator=generator)
    size = (length * share).ceil().long().clamp(min=1)
    start = ((length - size + 1) * torch.rand(len(length), generator=generator)).long()
    position = torch.arange(keep_BL.shape[1])
    return keep_BL & (position >= start.unsqueeze(1)) & (position < (start + size).unsqueeze(1))


def _cut_out(keep_BL: Tensor, most: float, generator: torch.Generator) -> Tensor:
    """Remove one stretch, a share of the window drawn from [0, most]."""
    length = keep_BL.sum(1)
    size = (length * most * torch.rand(len(length), generator=generator)).long()
    rank = keep_BL.cumsum(1) - 1
    start = ((length - size + 1) * torch.rand(len(length), generator=generator)).long()
    inside = (rank >= start.unsqueeze(1)) & (rank < (start + size).unsqueeze(1))
    return _or_all(keep_BL & ~inside, keep_BL)


def _or_all(keep_BL: Tensor, before_BL: Tensor) -> Tensor:
    """A window that would be left without events stays as it was."""
    return torch.where(keep_BL.any(1, keepdim=True), keep_BL, before_BL)


def _compact(event_BL: Tensor, keep_BL: Tensor) -> tuple[Tensor, Tensor]:
    lengths = keep_BL.sum(1)
    order = torch.argsort(~keep_BL, dim=1, stable=True)[:, : int(lengths.max())]
    return event_BL.gather(1, order), lengths
