"""Strict configs: nearest names, overrides, one-paragraph errors, round trip."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from discover.core.config import (
    StrictModel,
    apply_overrides,
    closest,
    config_from_mapping,
    dump_yaml,
    load_yaml,
    read_yaml_mapping,
)
from discover.core.errors import ConfigError


class Inner(StrictModel):
    """Settings inside settings."""

    learning_rate: float = Field(default=1e-3, gt=0)
    names: tuple[str, ...] = ()


class Outer(StrictModel):
    """Settings with a block, an optional block and a list of blocks."""

    steps: int = Field(default=10, ge=1)
    inner: Inner = Inner()
    maybe: Inner | None = None
    many: tuple[Inner, ...] = ()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"step": 3}, ["unknown setting 'step'", "Did you mean 'steps'?"]),
        ({"inner": {"learning_rat": 3}}, ["'inner.learning_rat'", "'learning_rate'"]),
        ({"maybe": {"learningrate": 3}}, ["'maybe.learningrate'", "'learning_rate'"]),
        ({"zzzzzz": 3}, ["Valid names: inner, many, maybe, steps."]),
        ({"steps": 0}, ["'steps'", "greater than or equal to 1", "(got 0)"]),
        ({"inner": {"learning_rate": "fast"}}, ["'inner.learning_rate'", "(got 'fast')"]),
        ({"steps": 0, "inner": {"learning_rate": -1}}, ["'steps'", "'inner.learning_rate'"]),
    ],
)
def test_every_mistake_is_named(values: dict[str, object], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        config_from_mapping(values, Outer, source="run.yaml")
    message = str(caught.value)
    assert message.startswith("run.yaml: ")
    assert "\n" not in message
    for word in words:
        assert word in message


def test_configs_cannot_be_changed() -> None:
    with pytest.raises(Exception, match="frozen"):
        Outer().steps = 3  # type: ignore[misc]


@given(
    steps=st.integers(1, 10**9),
    rate=st.floats(1e-12, 1e12),
    names=st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8), max_size=3
    ),
)
@settings(deadline=None, max_examples=50)
def test_load_of_dump_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, steps: int, rate: float, names: list[str]
) -> None:
    config = Outer(steps=steps, inner=Inner(learning_rate=rate, names=tuple(names)), many=(Inner(),))
    path = tmp_path_factory.mktemp("config") / "c.yaml"
    path.write_text(dump_yaml(config), encoding="utf-8")
    assert load_yaml(path, Outer) == config


def test_overrides_reach_into_blocks(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("steps: 5\n")
    config = load_yaml(
        path, Outer, ["steps=7", "inner.learning_rate=0.5", "inner.names=[a, b]", "maybe.names=[]"]
    )
    assert config == Outer(steps=7, inner=Inner(learning_rate=0.5, names=("a", "b")), maybe=Inner())
    before = {"inner": {"learning_rate": 1.0}}
    apply_overrides(before, ["inner.learning_rate=2"])
    assert before == {"inner": {"learning_rate": 1.0}}, "the input is left alone"


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("steps", "key=value"),
        ("=3", "key=value"),
        ("steps.x=3", "'steps' is a value"),
        ("steps=[", "not readable YAML"),
    ],
)
def test_bad_overrides(override: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        apply_overrides({"steps": 5}, [override])


def test_unreadable_files(tmp_path: Path) -> None:
    (tmp_path / "milan.yaml").write_text("a: 1\n")
    with pytest.raises(ConfigError, match=r"No config file at .*milann\.yaml\. Did you mean 'milan\.yaml'\?"):
        read_yaml_mapping(tmp_path / "milann.yaml")
    for content in (b"a: [1", b"\xff\xfe\x00", b"- 1\n- 2\n", b""):
        (tmp_path / "bad.yaml").write_bytes(content)
        with pytest.raises(ConfigError, match=r"bad\.yaml"):
            read_yaml_mapping(tmp_path / "bad.yaml")


def test_closest() -> None:
    assert closest("batchsize", ["batch_size", "device"]) == "Did you mean 'batch_size'?"
    assert closest("q", ["b", "a"]) == "Valid names: a, b."


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,0,0", [1, 0, 0]),
        ("[1,0,0]", [1, 0, 0]),
        ("0.7, 0.1, .2", [0.7, 0.1, 0.2]),
        ("-1,2e-3", [-1, 0.002]),
        ("7", 7),
        ("a,b", "a,b"),
    ],
)
def test_numbers_with_commas_are_a_list_in_an_override(text: str, value: object) -> None:
    found = apply_overrides({}, [f"a.b={text}"])["a"]["b"]
    assert [float(v) for v in found] == value if isinstance(value, list) else found == value
