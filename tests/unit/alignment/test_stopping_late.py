"""A request to stop that comes in the last step of a training is not forgotten."""

import os
import signal
from pathlib import Path
from types import ModuleType

import pytest

from discover.alignment import AlignmentTrainer
from discover.core.progress import Progress


class SignalInLastStep(Progress):
    """Sends a signal while the last step is being finished."""

    def __init__(self, number: signal.Signals, last: int) -> None:
        self.number, self.left = number, last

    def start(self, title: str, total: int | None = None) -> None:
        """Nothing to show."""

    def advance(self, amount: int = 1, note: str = "") -> None:
        """Count down to the last step."""
        if amount:
            self.left -= amount
            if self.left == 0:
                os.kill(os.getpid(), self.number)

    def finish(self, note: str = "") -> None:
        """Nothing to show."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_last_step_stops_what_comes_after(
    world: ModuleType, tmp_path: Path, number: signal.Signals
) -> None:
    config = world.make_config(tmp_path)
    progress = SignalInLastStep(number, config.training.max_steps)
    with pytest.raises((KeyboardInterrupt, SystemExit)) as stop:
        AlignmentTrainer(config, inputs=world.make_inputs(config), progress=progress).train()
    assert stop.type is (KeyboardInterrupt if number == signal.SIGINT else SystemExit)
    assert (tmp_path / "final_model.pt").is_file()
    result = AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    assert result.steps == config.training.max_steps
