"""Files are whole or absent; manifests notice every change."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from discover.core import artifacts
from discover.core.artifacts import (
    Manifest,
    atomic_path,
    file_sha256,
    folder_lock,
    is_current,
    mapping_sha256,
    read_json,
    read_manifest,
    remove_partials,
    write_json,
    write_manifest,
    write_text,
)
from discover.core.errors import ArtifactError

BASE: dict[str, Any] = {
    "stage": "sample",
    "stage_version": 1,
    "config": {"a": 1, "b": [2]},
    "inputs": {"log": "00"},
}


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "out.txt"
    write_text(path, "old")

    def half() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        half()
    assert path.read_text() == "old"
    assert [p.name for p in path.parent.iterdir()] == ["out.txt"]


def test_the_new_file_is_not_visible_before_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old")
    with path.open() as reader:
        write_text(path, "newer")
        assert reader.read() == "old", "whoever reads the old file reads all of it"
    path.unlink()
    with atomic_path(path) as temporary:
        temporary.write_text("new")
        assert temporary.parent == path.parent
        assert not path.exists()
    assert path.read_text() == "new"
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_killed_process_leaves_no_half_file(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    write_text(path, "old")
    program = (
        "import os, sys, pathlib\nfrom discover.core.artifacts import atomic_path\n"
        "with atomic_path(pathlib.Path(sys.argv[1])) as t:\n    t.write_text('half')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == -9
    assert path.read_text() == "old"
    assert remove_partials(tmp_path) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["out.txt"]


def test_leftovers_of_a_killed_writer_go_and_those_of_a_living_one_stay(tmp_path: Path) -> None:
    path = tmp_path / "table[1].csv"
    code = (
        "import os, signal, sys; from pathlib import Path; from discover.core.artifacts import atomic_path\n"
        "with atomic_path(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    other = tmp_path / ".other.csv.abcdefgh.partial"
    other.touch()
    left = {p.name for p in tmp_path.iterdir()} - {other.name}
    assert len(left) == 1
    with atomic_path(path) as outer:
        outer.write_text("outer")
        write_text(path, "inner")
        assert outer.read_text() == "outer"
        assert {p.name for p in tmp_path.iterdir()} == {path.name, outer.name, other.name}
    assert path.read_text() == "outer"
    assert {p.name for p in tmp_path.iterdir()} == {path.name, other.name}


def test_a_folder_that_is_a_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("")
    with pytest.raises(ArtifactError, match=r"Cannot write in .*blocked"):
        write_text(tmp_path / "blocked" / "out.txt", "x")
    with pytest.raises(ArtifactError, match="Cannot write in"), folder_lock(tmp_path / "blocked"):
        pass


def test_a_full_disk_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.txt"
    write_text(path, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(artifacts.os, "fsync", full)
    with pytest.raises(ArtifactError, match=r"Could not write .*No space left"):
        write_text(path, "new")
    assert path.read_text() == "old"


def test_json_round_trip_and_damage(tmp_path: Path) -> None:
    value = {"b": [1, 2.5, None], "a": "é"}
    write_json(tmp_path / "v.json", value)
    assert list(read_json(tmp_path / "v.json")) == ["b", "a"]
    assert read_json(tmp_path / "v.json") == value
    (tmp_path / "v.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"v\.json is damaged"):
        read_json(tmp_path / "v.json")
    with pytest.raises(ArtifactError, match="No file at"):
        read_json(tmp_path / "w.json")


def manifest_in(folder: Path) -> Path:
    write_text(folder / "windows.parquet", "bytes")
    write_manifest(folder / "m.json", **BASE, outputs=[folder / "windows.parquet"], rows={"windows": 3})
    return folder / "m.json"


def test_a_matching_manifest_is_current(tmp_path: Path) -> None:
    path = manifest_in(tmp_path)
    assert is_current(path, **BASE) == (True, "up to date")
    manifest = read_manifest(path)
    assert isinstance(manifest, Manifest)
    assert manifest.outputs == {"windows.parquet": file_sha256(tmp_path / "windows.parquet")}
    assert manifest.rows == {"windows": 3}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"stage": "caption"}, "another format or stage"),
        ({"stage_version": 2}, "the stage itself changed"),
        ({"config": {"a": 1, "b": [3]}}, "settings changed: b"),
        ({"config": {"a": 1}}, "settings changed: b"),
        ({"inputs": {"log": "01"}}, "input changed: log"),
        ({"inputs": {"log": "00", "home": "02"}}, "input changed: home"),
    ],
)
def test_any_change_makes_it_stale(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    current, why = is_current(manifest_in(tmp_path), **{**BASE, **change})
    assert not current
    assert why.endswith(reason)


def test_settings_that_decide_nothing_are_not_compared(tmp_path: Path) -> None:
    path = manifest_in(tmp_path)
    for config in ({"a": 7, "b": [2]}, {"b": [2]}, {"a": 1, "b": [2], "place": "/new"}):
        assert not is_current(path, **{**BASE, "config": config})[0]
        assert is_current(path, **{**BASE, "config": config}, not_compared=("a", "place"))[0]
    changed = {**BASE, "config": {"a": 1, "b": [3]}}
    assert is_current(path, **changed, not_compared=("a",)) == (False, "settings changed: b")
    absent = {**BASE, "config": {**BASE["config"], "c": None}}
    assert is_current(path, **absent) == (False, "settings changed: c")


def test_missing_and_altered_outputs(tmp_path: Path) -> None:
    path = manifest_in(tmp_path)
    (tmp_path / "windows.parquet").write_text("bytez")
    assert is_current(path, **BASE) == (False, "output altered: windows.parquet")
    (tmp_path / "windows.parquet").unlink()
    assert is_current(path, **BASE) == (False, "output missing: windows.parquet")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\x00", b'{"stage": "sample"}', b"[]"])
def test_a_damaged_manifest_means_run_again(tmp_path: Path, content: bytes) -> None:
    path = manifest_in(tmp_path)
    path.write_bytes(content)
    assert is_current(path, **BASE) == (False, "not made yet")


def test_config_values_compare_as_json(tmp_path: Path) -> None:
    config = {"a": (1, 2), "path": Path("x")}
    write_manifest(tmp_path / "m.json", stage="s", stage_version=1, config=config, inputs={}, outputs=[])
    assert is_current(tmp_path / "m.json", stage="s", stage_version=1, config=config, inputs={})[0]
    assert json.loads((tmp_path / "m.json").read_text())["config"] == {"a": [1, 2], "path": "x"}


def test_hashes() -> None:
    assert mapping_sha256({"a": 1, "b": 2}) == mapping_sha256({"b": 2, "a": 1})
    assert mapping_sha256({"a": 1}) != mapping_sha256({"a": 2})


def test_one_run_per_folder(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with folder_lock(tmp_path):
            order.append("second")

    with folder_lock(tmp_path):
        with pytest.raises(ArtifactError, match="Another run is working"), folder_lock(tmp_path, wait=False):
            pass
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(0.1)
        order.append("first")
    waiting.join(timeout=10)
    assert order == ["first", "second"]


def test_a_writer_that_fails_first_leaves_no_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="x"), folder_lock(tmp_path / "new"):
        raise ValueError("x")
    assert not (tmp_path / "new").exists()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "kept").touch()
    with pytest.raises(ValueError, match="x"), folder_lock(tmp_path / "old"):
        raise ValueError("x")
    assert (tmp_path / "old" / "kept").is_file()
    with folder_lock(tmp_path / "good"):
        pass
    assert (tmp_path / "good").is_dir()


def test_a_run_that_waited_for_a_failed_one_holds_the_new_folder(tmp_path: Path) -> None:
    folder, held, order = tmp_path / "new", threading.Event(), []

    def waits() -> None:
        held.wait()
        with folder_lock(folder):
            order.append((folder / ".lock").is_file())

    second = threading.Thread(target=waits)
    second.start()
    with contextlib.suppress(ValueError), folder_lock(folder):
        held.set()
        time.sleep(0.1)
        raise ValueError
    second.join(10)
    assert order == [True]
