"""Paths of the training block inside the chain: filled in, or refused where they would not be read."""

from pathlib import Path

import pytest

from discover.core.errors import ConfigError
from discover.pipeline import build_chain
from discover.pipeline.training import TRAINING_PATHS

CONFIG = Path(__file__).resolve().parents[3] / "configs/pipelines/demo.yaml"


@pytest.mark.parametrize("name", TRAINING_PATHS[1:])
def test_a_path_to_other_files_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"{name} is elsewhere/file, but the home"):
        build_chain(CONFIG, [f"{name}=elsewhere/file"], tmp_path)


@pytest.mark.parametrize("name", ["train_captions_path", "val_captions_path"])
def test_captions_that_would_not_be_read_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"Remove {name}"):
        build_chain(CONFIG, [f"{name}=captions.parquet"], tmp_path)


def test_the_align_stage_names_no_path(tmp_path: Path) -> None:
    here, there = (build_chain(CONFIG, (), tmp_path / name) for name in ("here", "there"))
    first, second = (next(s for s in chain.stages if s.name == "align") for chain in (here, there))
    assert first.config == second.config
    assert not set(first.config) & set(TRAINING_PATHS)
    assert set(first.not_compared) == set(TRAINING_PATHS)
