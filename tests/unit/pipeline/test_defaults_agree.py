"""Settings that nobody gave go together: a run needs only the name of its home."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

import discover.api.opened
import discover.simulator.config  # noqa: F401
from discover.alignment.config import AlignmentConfig
from discover.core.config import StrictModel
from discover.core.errors import ConfigError
from discover.pipeline import RunConfig, build_chain


def every(model: type[BaseModel]) -> set[type[BaseModel]]:
    below = {m for child in model.__subclasses__() for m in every(child)}
    return below | {model}


@pytest.mark.parametrize(
    "model", sorted(every(StrictModel), key=lambda m: m.__qualname__), ids=lambda m: m.__name__
)
def test_the_defaults_of_every_settings_model_are_allowed(model: type[BaseModel]) -> None:
    needed = [name for name, info in model.model_fields.items() if info.is_required()]
    if not needed and model.__module__.startswith("discover."):
        model()


def write(folder: Path, text: str) -> Path:
    path = folder / "run.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", ["home: demo\n", "home: {name: demo}\n"])
def test_a_run_that_names_only_its_home(tmp_path: Path, text: str) -> None:
    run = RunConfig.from_yaml(write(tmp_path, text))
    assert run.home.name == "demo"
    assert run.sampling.name == "FD_60"
    head = run.alignment.text_projection
    assert head is not None
    assert (head.type, head.dim) == ("linear", run.alignment.sensor_projection.dim)
    chain = build_chain(write(tmp_path, text), workspace=tmp_path)
    assert chain.stages[0].name == "simulate", "the demo home has no other log"


def test_a_log_that_is_there_is_read_instead_of_simulated(tmp_path: Path) -> None:
    own = tmp_path / "data/raw/simulated/demo/mine.txt"
    own.parent.mkdir(parents=True)
    own.write_text("2024-01-01 08:00:00 M001 ON\n")
    chain = build_chain(write(tmp_path, "home: demo\n"), workspace=tmp_path)
    assert chain.stages[0].name == "import"
    assert chain.data_folders.log == own


def test_a_text_head_is_added_only_where_nothing_is_said_and_widths_differ(tmp_path: Path) -> None:
    equal = RunConfig.from_yaml(write(tmp_path, "home: demo\nsensor_projection: {dim: 384}\n"))
    assert equal.alignment.text_projection is None
    with pytest.raises(ConfigError, match=r"minilm gives 384, sensor_projection.dim is 512"):
        RunConfig.from_yaml(write(tmp_path, "home: demo\ntext_projection: null\n"))
    own = "home: demo\ntext_encoder: {type: minilm, model_path: /some/model}\n"
    assert RunConfig.from_yaml(write(tmp_path, own)).alignment.text_projection is None
    assert RunConfig().alignment.text_projection is not None
    with pytest.raises(ValidationError, match="384"):
        RunConfig(alignment=AlignmentConfig(text_projection=None))


def test_training_alone_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="neither a `home` nor a `sampling` block"):
        RunConfig.from_yaml(write(tmp_path, "experiment_name: x\n"))
