"""docs/architecture.md names the files that a log line passes through; a run calls exactly such files."""

import re
import sys
import threading
from pathlib import Path
from types import FrameType, ModuleType

import torch

from discover.alignment.dataset import load_split
from discover.core.home import Home
from discover.core.vocabulary import Vocabulary
from discover.core.window_set import load_event_log
from discover.encoders.config import SensorEncoderConfig
from discover.encoders.features import build_event_features, gather_batch
from discover.homes.importing import import_log, write_import
from discover.sampling import SamplingConfig, sample_windows, write_windows

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "discover"


def files_of(path: str) -> list[str]:
    """Files of a marked table of docs/architecture.md, in order."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.split(f"<!-- path: {path} -->")[1].split("\n\n")[0]
    return list(dict.fromkeys(re.findall(r"`([a-z_]+/[a-z_]+\.py)`", table)))


def test_a_log_line_reaches_a_tensor_through_at_most_twenty_files(
    tmp_path: Path, small_homes: ModuleType
) -> None:
    named = files_of("log line to tensor")
    assert len(named) <= 20
    called: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(str(SOURCE)):
            called.add(str(Path(frame.f_code.co_filename).relative_to(SOURCE)))

    home: Home = small_homes.small_home()
    sensors = [sensor for sensor in home.sensors if sensor.is_activity]
    log = tmp_path / "log.txt"
    log.write_text(
        "".join(
            f"2021-03-{day:02d} {hour:02d}:{minute:02d}:0{k}.5\t{sensors[k].id}\tON\n"
            for day in range(1, 13)
            for hour in (8, 18)
            for minute in (0, 20)
            for k in range(4)
        )
    )
    # A worker thread cuts the lines.
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        imported = import_log(log, home=home, translate=None, name=home.name, family="test")
        write_import(tmp_path, imported)
        sampling = SamplingConfig(type="fixed_duration", duration_s=60)
        write_windows(tmp_path / "FD_60", sample_windows(load_event_log(tmp_path), sampling), home)
        windows = load_split([tmp_path / "FD_60"], "train")
        vocabulary = Vocabulary.load(tmp_path / "FD_60" / "vocab.json")
        features = build_event_features(windows, vocabulary, SensorEncoderConfig())
        batch = gather_batch(features, torch.arange(2))
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    assert batch.lengths.tolist() == [4, 4]
    # `alignment/inputs.py` joins these steps for a training run.
    assert set(named) - called == {"alignment/inputs.py"}


def test_a_search_parameter_reaches_the_answer_through_at_most_twelve_files() -> None:
    named = files_of("search parameter to answer")
    assert 2 < len(named) <= 12
    # The condition is a field of one model: the command line, Python and the index read it from there.
    declared = [
        name
        for name in named
        if re.search(r"^    rooms: ", (SOURCE / name).read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert "retrieval/config.py" in declared
    assert not any(name.startswith(("cli/", "api/", "serving/")) for name in declared)


def test_named_files_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    names = set(re.findall(r"`([a-z_]+/[a-z_]+\.py)`", text))
    assert names
    assert {name for name in names if not (SOURCE / name).is_file()} == set()
