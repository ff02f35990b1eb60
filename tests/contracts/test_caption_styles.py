"""What every caption style promises, run over the table of styles."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from discover.captions import CAPTIONERS, CaptionConfig, caption_windows
from discover.captions.config import MAX_CAPTIONS, STYLE_NAMES
from discover.captions.factory import _BLOCK
from discover.core.config import load_yaml
from discover.core.errors import ConfigError, DataError
from discover.core.tables import CAPTIONS, SPLITS, WINDOWS, validate_table
from discover.core.window_set import EventLog, WindowSet


def windows_of(log: EventLog, size: int = 7, step: int = 5) -> WindowSet:
    first = np.arange(0, len(log.events) - size, step, dtype=np.int64)
    time = log.events["time"]
    windows = pl.DataFrame(
        {
            "window_id": [f"small_home_FL_7_train_{i:06d}" for i in range(len(first))],
            "home": ["small_home"] * len(first),
            "split": pl.Series(["train"] * len(first), dtype=pl.Enum(SPLITS)),
            "first_event": first,
            "n_events": np.full(len(first), size, dtype=np.int32),
            "start": time.gather(first),
            "end": time.gather(first + size - 1),
        }
    )
    return WindowSet.of(log.home, log.events, validate_table(windows, WINDOWS, "windows"))


@pytest.fixture(scope="module")
def window_set(small_home_log: EventLog) -> WindowSet:
    return windows_of(small_home_log)


def test_the_table_and_the_config_name_the_same_styles() -> None:
    assert tuple(CAPTIONERS)[: len(STYLE_NAMES)] == STYLE_NAMES


@pytest.mark.parametrize("style", STYLE_NAMES)
@pytest.mark.parametrize("n", [1, 4, MAX_CAPTIONS])
def test_n_distinct_captions_in_window_order(style: str, n: int, window_set: WindowSet) -> None:
    table = caption_windows(window_set, CaptionConfig(style=style, n_captions=n))
    validate_table(table, CAPTIONS, "captions")
    ids = window_set.windows["window_id"]
    assert table["window_id"].to_list() == [i for i in ids for _ in range(n)]
    assert table["caption_index"].to_list() == list(range(n)) * len(ids)
    distinct = table.group_by("window_id").agg(pl.col("caption").n_unique())["caption"]
    assert distinct.to_list() == [n] * len(ids)
    assert table["caption"].null_count() == 0


@pytest.mark.parametrize("style", STYLE_NAMES)
def test_a_caption_depends_on_its_window_alone(style: str, window_set: WindowSet) -> None:
    config = CaptionConfig(style=style, seed=3)
    every = caption_windows(window_set, config)
    shuffled = window_set.windows.sample(fraction=0.3, shuffle=True, seed=1)
    some = caption_windows(WindowSet.of(window_set.home, window_set.events, shuffled), config)
    assert some["window_id"].unique(maintain_order=True).to_list() == shuffled["window_id"].to_list()
    joined = some.join(every, on=["window_id", "caption_index"], how="left")
    assert joined["caption"].equals(joined["caption_right"])


@pytest.mark.parametrize("style", STYLE_NAMES)
def test_blocks_do_not_show(style: str, window_set: WindowSet, monkeypatch: pytest.MonkeyPatch) -> None:
    config = CaptionConfig(style=style)
    whole = caption_windows(window_set, config)
    assert len(window_set.windows) < _BLOCK
    monkeypatch.setattr("discover.captions.factory._BLOCK", 37)
    assert caption_windows(window_set, config).equals(whole)


def test_another_process_writes_the_same_bytes(window_set: WindowSet, tmp_path: Path) -> None:
    window_set.windows.write_parquet(tmp_path / "windows.parquet")
    window_set.events.write_parquet(tmp_path / "events.parquet")
    (tmp_path / "home.json").write_text(window_set.home.model_dump_json())
    script = (
        "import hashlib, polars as pl\n"
        "from discover.captions import CaptionConfig, caption_windows\n"
        "from discover.core.home import Home\n"
        "from discover.core.window_set import WindowSet\n"
        "ws = WindowSet.of(Home.model_validate_json(open('home.json').read()), "
        "pl.read_parquet('events.parquet'), pl.read_parquet('windows.parquet'))\n"
        "table = caption_windows(ws, CaptionConfig(style='mixed', seed=5))\n"
        "print(hashlib.sha256('\\n'.join(table['caption']).encode()).hexdigest())\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345", "POLARS_MAX_THREADS": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    table = caption_windows(window_set, CaptionConfig(style="mixed", seed=5))
    assert ran.stdout.strip() == hashlib.sha256("\n".join(table["caption"]).encode()).hexdigest()


def test_seeds_change_the_wording_except_of_the_structured_style(window_set: WindowSet) -> None:
    for style in STYLE_NAMES:
        one, two = (caption_windows(window_set, CaptionConfig(style=style, seed=s)) for s in (0, 1))
        assert one["caption"].equals(two["caption"]) == (style == "structured"), style


@pytest.mark.parametrize("style", STYLE_NAMES)
def test_no_label_no_activity_and_no_sensor_id_is_named(
    style: str, window_set: WindowSet, small_home_log: EventLog
) -> None:
    text = " ".join(caption_windows(window_set, CaptionConfig(style=style, n_captions=8))["caption"]).lower()
    words = set(re.findall(r"[a-z0-9_]+", text))
    labels = {w for a in small_home_log.home.activities for w in re.findall(r"[a-z]+", a.label.lower())}
    raw = {w for r in small_home_log.annotations["raw_label"] for w in re.findall(r"[a-z]+", r.lower())}
    activities = (
        "cook cooks cooking sleep sleeps sleeping asleep eat eats eating meal bathe bathing showering wash "
        "washes washing watch watches watching relax relaxing read reading work working clean cleaning"
    )
    forbidden = labels | raw | set(activities.split())
    assert not words & forbidden
    assert not words & {s.id.lower() for s in window_set.home.sensors}


def test_changing_the_labels_of_the_home_changes_nothing(window_set: WindowSet) -> None:
    bare = WindowSet.of(
        window_set.home.model_copy(update={"activities": ()}), window_set.events, window_set.windows
    )
    config = CaptionConfig(style="mixed")
    assert caption_windows(bare, config).equals(caption_windows(window_set, config))


def test_captions_tell_windows_apart(window_set: WindowSet) -> None:
    table = caption_windows(window_set, CaptionConfig(style="baseline"))
    sets = table.group_by("window_id").agg(pl.col("caption").sort())["caption"]
    assert sets.n_unique() > 0.8 * len(sets)


def test_no_windows_give_an_empty_table(window_set: WindowSet) -> None:
    none = WindowSet.of(window_set.home, window_set.events, window_set.windows.clear())
    assert len(caption_windows(none, CaptionConfig())) == 0


def test_windows_of_another_import_are_refused(window_set: WindowSet) -> None:
    short = WindowSet.of(window_set.home, window_set.events.head(100), window_set.windows)
    with pytest.raises(DataError, match=r"point outside the 100 events .*discover sample"):
        caption_windows(short, CaptionConfig())


def test_more_captions_than_forms_are_refused(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("style: short\nn_captions: 9\n")
    with pytest.raises(ConfigError, match="n_captions"):
        load_yaml(tmp_path / "c.yaml", CaptionConfig)
