"""The loader of YAML, JSON and NPZ: limits, refusals, and one sentence for each."""

import io
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.core.artifacts import read_json
from discover.core.config import apply_overrides, read_yaml_mapping
from discover.core.errors import ArtifactError, CheckpointError, ConfigError
from discover.core.reading import parse_yaml, read_npz, taken_apart, yaml_with


def test_plain_values_and_aliases_are_read() -> None:
    text = "a: &a {x: 1, y: [no, 2024-02-29, 1.5]}\nb: {<<: *a, x: 2}\n3: three\n'on': 1\n"
    read = parse_yaml(text, "file")
    assert read["b"]["x"] == 2
    assert read["b"]["y"] == read["a"]["y"]
    assert read["a"]["y"][0] is False
    assert read[3] == "three"
    assert read["on"] == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", ["line 3", "'a' is given twice"]),
        ("x: {k: 1, k: 1}\n", ["'k' is given twice"]),
        ("on: 1\n", ["'on'", "true or false", "quotes"]),
        ("x: {Yes: 1}\n", ["'Yes'", "true or false"]),
        ("~: 1\n", ["'~'", "nothing"]),
        ("2024-01-01: 1\n", ["'2024-01-01'", "a date"]),
        ("a: 2024-02-30\n", ["'2024-02-30'", "a date that exists"]),
        ("a: 9999999999999999999999\n", ["integer of 64 bits"]),
        ("a: " + "9" * 100_000 + "\n", ["integer of 64 bits"]),
        ("a: .nan\n", ["finite number"]),
        ("a: 1.0e+999\n", ["finite number"]),
        ("a: !!python/object/apply:os.system ['true']\n", ["tag", "python"]),
        ("a: !!binary aGk=\n", ["tag"]),
        ("a: &x [*x]\n", ["contains itself"]),
        ("a: *nowhere\n", ["not readable YAML"]),
        ("a: [1, 2\n", ["not readable YAML", "line"]),
        ("a: 1\n---\nb: 2\n", ["not readable YAML"]),
        ("? [1]\n: 2\n", ["not readable YAML"]),
        ("[" * 100 + "]" * 100, ["more than 40 deep"]),
        ("[" * 100_000, ["nest"]),
        ("a: \x01\n", ["not readable YAML"]),
    ],
)
def test_refused(text: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "home.yaml")
    said = str(caught.value)
    assert said.startswith("home.yaml is not readable YAML")
    assert "\n" not in said
    for word in words:
        assert word in said


def test_alias_bomb_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    began = time.process_time()
    with pytest.raises(ConfigError, match="values, those that aliases repeat included"):
        parse_yaml("\n".join(lines), "bomb")
    assert time.process_time() - began < 1


def test_depth_through_aliases_counts() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 60)]
    with pytest.raises(ConfigError, match="more than 40 deep"):
        parse_yaml("\n".join(lines), "deep")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: ü".encode("latin-1"), "line 1, byte 0xfc"),
        ("a: 1".encode("utf-16"), "UTF-16"),
        (b"a: 1\nb: \0\n", "line 2"),
        (b"- 1\n", "key: value"),
        (b"", "key: value"),
    ],
)
def test_wrong_files(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        read_yaml_mapping(path)


def test_byte_order_mark_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml_mapping(path) == {"a": 1}


def test_overrides_have_the_same_limits() -> None:
    with pytest.raises(ConfigError, match=r"--set a=\{x: 1, x: 2\}.*twice"):
        apply_overrides({}, ["a={x: 1, x: 2}"])


@pytest.mark.parametrize("content", [b"{", b"[" * 50_000, b"\xff", b"1" * 9_000, b"\0"])
def test_damaged_json(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"x\.json"):
        read_json(tmp_path / "x.json")


def test_npz_reads_arrays_and_refuses_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=np.arange(3))
    assert read_npz(path)["x"].tolist() == [0, 1, 2]
    np.savez(path, x=np.array([{}], dtype=object))
    with pytest.raises(ArtifactError, match=r"a\.npz"):
        read_npz(path)
    path.write_bytes(b"\x93NUMPY")
    with pytest.raises(ArtifactError, match=r"a\.npz"):
        read_npz(path)
    with pytest.raises(ArtifactError, match="No file"):
        read_npz(tmp_path / "b.npz")


def test_npz_that_unpacks_to_far_more_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    header = io.BytesIO()
    np.save(header, np.zeros(1, np.uint8))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header.getvalue() + bytes(200 * 2**20))
    with pytest.raises(ArtifactError, match="would unpack to"):
        read_npz(path)


def test_taken_apart_names_the_file_and_keeps_own_errors() -> None:
    with (
        pytest.raises(CheckpointError, match=r"model\.pt does not hold.*KeyError"),
        taken_apart("model.pt", error=CheckpointError),
    ):
        {}["config"]
    with pytest.raises(ArtifactError, match="mine"), taken_apart("x"):
        raise ArtifactError("mine")


_FLOW = "# mine\nsensors:\n  - {id: M1, object: 'old, thing'}  # here\n  - {id: M2, object: bed}\n"
_BLOCK = "sensors:\n- id: M1  # first\n  object: old\n\n  # second\n- object: bed\n  id: M2\nname: h\n"


@settings(max_examples=20)
@given(
    text=st.sampled_from([_FLOW, _BLOCK]),
    key=st.sampled_from(["M1", "M2"]),
    thing=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20),
    room=st.sampled_from(["kitchen", "on", "a: b", "#"]),
)
def test_one_entry_of_a_yaml_list_is_changed(text: str, key: str, thing: str, room: str) -> None:
    new = yaml_with(text, "f", ("sensors", "id", key), {"object": thing, "room": room})
    before, after = parse_yaml(text, "f"), parse_yaml(new, "f")
    at = int(key[1]) - 1
    assert after["sensors"][at] == {"id": key, "object": thing, "room": room}
    after["sensors"][at] = before["sensors"][at]
    assert after == before
    assert new.count("# ") == text.count("# ") + thing.count("# ") + room.count("# ")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "sensors: 5",
        "sensors: [M1]",
        "a: &s {id: M1}\nsensors: [*s, {id: M1}]",
        "sensors: [{id: M2}]",
    ],
)
def test_what_cannot_be_changed_safely_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="no entry with id: M1 below sensors"):
        yaml_with(text, "f", ("sensors", "id", "M1"), {"object": "bed"})
