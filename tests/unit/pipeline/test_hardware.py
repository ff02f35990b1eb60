"""A run whose training cannot start on this machine is refused before its first stage."""

from pathlib import Path

import pytest
import torch

from discover.core.errors import ConfigError
from discover.pipeline import build_chain, check_run, run_chain
from discover.stages import plan_stages

DEMO = Path(__file__).resolve().parents[3] / "configs/pipelines/demo.yaml"


@pytest.mark.parametrize("setting", ["training.device=cuda", "training.precision=fp16"])
def test_a_missing_gpu_is_told_before_anything_is_made(
    setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"not available|needs a CUDA GPU"):
        run_chain(DEMO, [setting], tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_defaults_need_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    chain = build_chain(DEMO, ["training.device=cpu"], tmp_path)
    check_run(chain, plan_stages(chain.stages))
    assert chain.config.alignment.training.device == "cpu"
