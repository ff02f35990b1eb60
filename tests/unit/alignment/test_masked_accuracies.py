"""Accuracies of masked modelling in the logs: weighted by what was asked, absent where nothing was."""

from pathlib import Path
from types import ModuleType

import pytest
import torch

from discover.alignment import AlignmentModel, validation
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


def test_the_validation_mean_weighs_blocks_by_their_windows(
    world: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = world.make_config(tmp_path, loss__mlm_weight=0.5, loss__clip_weight=0.0)
    inputs = world.make_inputs(config)
    torch.manual_seed(0)
    model = AlignmentModel(config.model_settings, inputs.vocabulary, inputs.train.text_dim)
    seen: list[float] = []

    def note(result: object) -> dict[str, torch.Tensor]:
        values = mlm_parts(result)  # type: ignore[arg-type]
        seen.append(float(values["mlm_loss"]))
        return values

    monkeypatch.setattr(validation, "mlm_parts", note)
    monkeypatch.setattr(validation, "_BLOCK", 20)
    found = validation.Validator(inputs.validation, 30).evaluate(model, with_retrieval=False)
    assert len(seen) == 2
    assert seen[0] != seen[1]
    assert found["val_mlm_loss"] == pytest.approx((20 * seen[0] + 10 * seen[1]) / 30)
    assert found["val_loss"] == pytest.approx(0.5 * found["val_mlm_loss"])
