"""Accuracies of masked modelling in the logs: weighted by what was asked, absent where nothing was."""

import torch

from discover.alignment.model import mlm_accuracies, mlm_parts
from discover.losses import masked_event_loss

IGNORE = -100


def parts(room: list[int], sensor: list[int]) -> dict[str, float]:
    logits = {
        "room_id": torch.tensor([[0.0, 5.0, 0.0]]).repeat(4, 1)[None],
        "sensor": torch.tensor([[0.0, 0.0, 5.0]]).repeat(4, 1)[None],
    }
    targets = torch.tensor([room, sensor]).T[None]
    return {
        k: float(v) for k, v in mlm_parts(masked_event_loss(logits, targets, ("room_id", "sensor"))).items()
    }


def test_accuracies_are_weighted_by_what_was_asked() -> None:
    first = parts([1, 0, 0, 0], [IGNORE] * 4)
    second = parts([1, IGNORE, IGNORE, IGNORE], [IGNORE] * 4)
    both = mlm_accuracies({name: first[name] + second[name] for name in first})
    assert both["mlm_accuracy_room_id"] == 2 / 5, "a mean of 1/4 and 1/1 would be 5/8"
    assert "mlm_accuracy_sensor" not in both
    assert all(value == value for value in both.values()), "no NaN reaches metrics.jsonl"
    assert not any(name.startswith(("mlm_right", "mlm_asked")) for name in both)
