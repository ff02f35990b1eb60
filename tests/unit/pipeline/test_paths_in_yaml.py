"""Relative paths in a run's YAML are found from its own folder; those of --set from the working directory."""

from pathlib import Path

import pytest

from discover.alignment import AlignmentConfig
from discover.pipeline.config import RunConfig

TEXT = "sampling: {}\nhome: {name: mine.yaml, log: log.txt}\ntext_projection: {dim: 512}\n"


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a run's YAML and its log, seen from another working directory."""
    folder = tmp_path / "far"
    folder.mkdir()
    (folder / "run.yaml").write_text(TEXT)
    (folder / "log.txt").write_text("")
    (folder / "mine.yaml").write_text("name: mine\n")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return folder


def test_beside_the_yaml(far: Path) -> None:
    home = RunConfig.from_yaml(far / "run.yaml").home
    assert home.log == far / "log.txt"
    assert home.name == str(far / "mine.yaml")


def test_in_the_working_directory_where_it_is_not_beside(far: Path) -> None:
    (far / "log.txt").rename("log.txt")
    assert RunConfig.from_yaml(far / "run.yaml").home.log == Path("log.txt")


def test_in_both_the_yamls_folder_wins_and_says_so(far: Path) -> None:
    Path("log.txt").write_text("another")
    with pytest.warns(UserWarning, match=r"home\.log: log\.txt is beside .* and in the working directory"):
        config = RunConfig.from_yaml(far / "run.yaml")
    assert config.home.log == far / "log.txt"


def test_set_is_relative_to_the_working_directory(far: Path) -> None:
    config = RunConfig.from_yaml(far / "run.yaml", ["home.log=log.txt"])
    assert config.home.log == Path("log.txt")


def test_nowhere_stays_as_written_and_outputs_are_not_moved(far: Path) -> None:
    (far / "log.txt").unlink()
    (far / "models").mkdir()
    (far / "run.yaml").write_text(TEXT + "output_dir: models\n")
    config = RunConfig.from_yaml(far / "run.yaml")
    assert config.home.log == Path("log.txt")
    assert config.alignment.output_dir == Path("models")


def test_training_data_and_nested_yaml(far: Path) -> None:
    (far / "windows").mkdir()
    (far / "text.yaml").write_text("type: minilm\nmodel_path: encoder\n")
    (far / "encoder").mkdir()
    (far / "train.yaml").write_text("train_data_path: windows\ntext_encoder_config_path: text.yaml\n")
    config = AlignmentConfig.from_yaml(far / "train.yaml", ["sensor_projection.dim=384"])
    assert config.train_data_path == (far / "windows",)
    assert str(config.text_encoder.model_path) == str(far / "encoder")
