"""Parts that the guide "Add your own" shows: each example works in the place it is made for."""

import importlib.util
import json
import sys
import warnings
from datetime import datetime
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from discover.captions import CAPTIONERS, CaptionConfig, caption_windows
from discover.cli.app import app
from discover.core import registry
from discover.core.config import config_from_mapping
from discover.core.errors import ConfigError, DataError
from discover.core.event_files import read_events
from discover.core.paths import Workspace
from discover.core.registry import Registry
from discover.core.window_set import WindowSet
from discover.homes import import_log
from discover.homes.readers import READERS, LogTables
from discover.pipeline.config import HomeSource, RunConfig
from discover.pipeline.data_stages import data_stages
from discover.stages import run_stages

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def trained(world: ModuleType, tmp_path: Path) -> Path:
    from discover.alignment import AlignmentTrainer

    example("own_encoder")
    example("own_tracker")
    config = world.make_config(tmp_path, encoder={"type": "bag", "d_model": 16}, trackers=["plain_text"])
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    return tmp_path


def test_an_own_encoder_trains_and_comes_back_from_its_checkpoint(trained: Path, world: ModuleType) -> None:
    from discover.alignment import load_model

    model = load_model(trained)
    assert model.config.encoder.type == "bag"
    windows = world.make_windows(30)
    vectors = model.embed_windows(windows).vectors
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    # A bag has no order: the same events the other way round give the same vector.
    n = int(windows.windows["n_events"][0])
    events = windows.events
    first = events.head(n).with_columns(pl.col("sensor", "state").reverse())
    assert first["sensor"].to_list() != events["sensor"][:n].to_list()
    turned = WindowSet.of(windows.home, pl.concat([first, events[n:]]), windows.windows)
    again = model.embed_windows(turned).vectors
    assert np.allclose(again[0], vectors[0], atol=1e-5)


def test_an_own_tracker_gets_the_lines_of_the_log(trained: Path) -> None:
    written = [line.split() for line in (trained / "values.txt").read_text().splitlines()]
    logged = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    losses = [(line["step"], line["loss"]) for line in logged if "loss" in line]
    found = [(int(step), float(value)) for step, name, value in written if name == "loss"]
    assert losses
    assert found == [(step, pytest.approx(value, rel=1e-5)) for step, value in losses]


def test_an_own_captioner_writes_the_captions(world: ModuleType) -> None:
    example("own_captioner")
    table = caption_windows(world.make_windows(20), CaptionConfig(style="room_first", n_captions=2))
    assert table["style"].unique().to_list() == ["room_first"]
    assert len(table) == 40
    assert all(
        any(r in c for r in ("bathroom", "bedroom", "hall", "kitchen", "living")) for c in table["caption"]
    )


def test_a_captioner_that_repeats_itself_is_refused(world: ModuleType) -> None:
    twice = example("own_captioner").room_first
    CAPTIONERS.register("twice", lambda phrases, ids, n, seed: [*twice(phrases, ids, 1, seed)] * n)
    with pytest.raises(DataError, match="'twice' says the same sentence twice"):
        caption_windows(world.make_windows(5), CaptionConfig(style="twice", n_captions=2))
    CAPTIONERS.register("short_of_one", lambda phrases, ids, n, seed: twice(phrases, ids, n - 1, seed))
    with pytest.raises(DataError, match="gave 1 columns"):
        caption_windows(world.make_windows(5), CaptionConfig(style="short_of_one", n_captions=2))


def test_an_own_reader_reads_and_lists_every_line(tmp_path: Path) -> None:
    example("own_reader")
    log = tmp_path / "my.log"
    log.write_text("KitchenFridge;1700000060;OPEN\nM001;1700000000;ON\nnonsense\nM001;1700000005;OFF\n")
    imported = import_log(log, name="mine", reader="semicolons")
    events = imported.log.events
    assert events["sensor"].to_list() == ["M001", "M001", "KitchenFridge"]
    assert events["time"][0] == datetime(2023, 11, 14, 22, 13, 20)
    assert events["line"].to_list() == [2, 4, 1]
    assert {s.id: s.room for s in imported.log.home.sensors}["KitchenFridge"] == "kitchen"
    assert imported.rejected["line"].to_list() == [3]
    assert (imported.report.lines, imported.report.events, imported.report.rejected_lines) == (4, 3, 1)


def test_an_own_reader_is_named_on_the_command_line_and_in_a_run(tmp_path: Path) -> None:
    example("own_reader")
    log, folder = tmp_path / "my.log", tmp_path / "data"
    log.write_text("KitchenFridge;1700000060;OPEN\nM001;1700000000;ON\nM001;1700000005;OFF\n")
    arguments = ["homes", "import", str(log), "--name", "mine", "--reader", "semicolons", "-w", str(folder)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert read_events(next(folder.rglob("events.json")).parent)["sensor"].to_list() == [
        "M001",
        "M001",
        "KitchenFridge",
    ]
    source = HomeSource(name="mine", log=log, reader="semicolons")
    stages, folders = data_stages(RunConfig(home=source), source, Workspace(tmp_path / "run"))
    run_stages([s for s in stages if s.name == "import"])
    assert len(read_events(folders.home)) == 3
    with pytest.raises(ConfigError, match="no log reader is called 'semicolon'"):
        config_from_mapping({"reader": "semicolon"}, HomeSource)
    with pytest.raises(DataError, match="translate table belongs to a CASAS log"):
        import_log(log, name="mine", reader="semicolons", translate=log)


def test_a_reader_that_loses_a_column_or_a_value_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "my.log"
    log.write_text("x\n")
    READERS.register(
        "no_state", lambda path: LogTables(pl.DataFrame({"time": [], "sensor": [], "line": []}), 1)
    )
    with pytest.raises(DataError, match="events without state"):
        import_log(log, name="mine", reader="no_state")
    hole = pl.DataFrame({"time": [datetime(2024, 1, 1)], "sensor": ["M1"], "state": [None], "line": [1]})
    READERS.register("hole", lambda path: LogTables(hole, 1))
    with pytest.raises(DataError, match="without a value in state"):
        import_log(log, name="mine", reader="hole")
    with pytest.raises(ConfigError, match="No log reader is called 'semi'"):
        import_log(log, name="mine", reader="semi")


def test_a_name_that_nobody_registered_is_refused_where_it_is_written() -> None:
    from discover.alignment import AlignmentConfig

    with pytest.raises(ConfigError, match="no captioner is called 'poem'"):
        config_from_mapping({"style": "poem"}, CaptionConfig)
    with pytest.raises(ConfigError, match="No sensor encoder is called 'lstm'"):
        AlignmentConfig.from_mapping({"encoder": {"type": "lstm"}})


def test_a_part_of_an_installed_package_is_loaded_when_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offered = EntryPoints([EntryPoint(name="root", value="math:sqrt", group="g")])
    monkeypatch.setattr(registry, "entry_points", lambda group: offered if group == "g" else EntryPoints([]))
    parts: Registry[object] = Registry("part", "g", {"own": 1})
    assert list(parts) == ["own", "root"]
    assert parts["root"](9) == 3  # type: ignore[operator]
    with pytest.raises(ConfigError, match="'own' is a built-in part"):
        parts.register("own", 2)


def test_the_earlier_switch_for_wandb_still_works() -> None:
    from discover.alignment import AlignmentConfig

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert AlignmentConfig.from_mapping({"use_wandb": True}).trackers == ("wandb",)
        assert AlignmentConfig.from_mapping({"use_wandb": False}).trackers == ()


def test_tensorboard_gets_every_number_of_the_log(
    world: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from discover.alignment import AlignmentTrainer

    written: list[tuple[str, float, int]] = []

    class SummaryWriter:
        def __init__(self, folder: str) -> None:
            self.folder = folder

        def add_scalar(self, name: str, value: float, step: int) -> None:
            written.append((name, value, step))

        def close(self) -> None:
            written.append((self.folder, 0, -1))

    stub = ModuleType("torch.utils.tensorboard")
    stub.SummaryWriter = SummaryWriter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", stub)
    config = world.make_config(tmp_path, trackers=["tensorboard"])
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    logged = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    losses = [("train/loss", line["loss"], line["step"]) for line in logged if "loss" in line]
    assert losses
    assert [row for row in written if row[0] == "train/loss"] == losses
    assert written[-1] == (str(tmp_path / "tensorboard"), 0, -1)
