"""Strict, frozen configuration models and their YAML files.

Unknown keys are refused with the nearest valid name; limits live in `Field`; `load(dump(c)) == c`.
"""

import difflib
import re
import types
import typing
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from discover.core.errors import ConfigError
from discover.core.reading import parse_yaml, read_text

__all__ = [
    "MAX_NUMBER",
    "RenamedSetting",
    "StrictModel",
    "apply_overrides",
    "closest",
    "config_from_mapping",
    "dump_yaml",
    "load_yaml",
    "merged",
    "place_paths",
    "read_yaml_mapping",
]

ModelT = TypeVar("ModelT", bound=BaseModel)

_NUMBER = r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*"
_NUMBERS = re.compile(rf"{_NUMBER}(?:,{_NUMBER})+")

MAX_NUMBER = 1e15
"""No setting takes a number larger than this, of either sign."""


class RenamedSetting(UserWarning):
    """A setting or value is given by the name it had in an earlier version."""


class StrictModel(BaseModel):
    """Frozen settings: unknown keys are an error, field docstrings become the reference page."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        validate_default=True,
        protected_namespaces=(),
        allow_inf_nan=False,
    )

    renamed_keys: ClassVar[Mapping[str, str]] = {}
    """Old names of settings that keep loading, with today's."""
    renamed_values: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """Old values that keep loading, by today's name of the setting, with today's values."""

    @model_validator(mode="before")
    @classmethod
    def _todays_names(cls, values: Any) -> Any:
        if not isinstance(values, Mapping) or not (cls.renamed_keys or cls.renamed_values):
            return values
        out: dict[Any, Any] = {}
        for key, value in values.items():
            name = cls.renamed_keys.get(key, key)
            if name != key and name in values:
                raise ValueError(f"{key} is the old name of {name}. Give one of them")
            out[name] = value
            today = cls.renamed_values.get(name, {}).get(value) if isinstance(value, str) else None
            if today is not None:
                out[name] = today
            if name != key or today is not None:
                note = f"'{key}: {value}' is written '{name}: {out[name]}' today. The old form keeps working."
                warnings.warn(note, RenamedSetting, stacklevel=2)
        return out

    @model_validator(mode="before")
    @classmethod
    def _no_absurd_number(cls, values: Any) -> Any:
        # Limits of single fields are in `Field`; this one also holds inside lists.
        if isinstance(values, Mapping):
            for name, value in values.items():
                for one in value if isinstance(value, list | tuple) else (value,):
                    if isinstance(one, int | float) and abs(one) > MAX_NUMBER:
                        raise ValueError(
                            f"'{name}': a number beyond any setting's range (largest: {MAX_NUMBER:.0e})"
                        )
        return values


def closest(name: str, options: Iterable[str]) -> str:
    """Return a "Did you mean ...?" sentence for a misspelt name, or the list of valid names."""
    names = sorted(options)
    match = difflib.get_close_matches(name, names, n=2, cutoff=0.5)
    if match:
        return "Did you mean " + " or ".join(f"'{m}'" for m in match) + "?"
    return "Valid names: " + ", ".join(names) + "."


def read_yaml_mapping(path: Path | str) -> dict[str, Any]:
    """Read a YAML file whose top level is a mapping.

    Raises:
        ConfigError: The file is missing, is not text, is not YAML within the limits of `core.reading`, or is
            not a mapping.
    """
    path = Path(path)
    if not path.is_file():
        near = (
            closest(path.name, [p.name for p in path.parent.glob("*.yaml")]) if path.parent.is_dir() else ""
        )
        raise ConfigError(f"No config file at {path}. {near}".strip())
    loaded = parse_yaml(read_text(path, error=ConfigError), str(path))
    if not isinstance(loaded, dict):
        raise ConfigError(
            f"{path} must hold `key: value` settings at its top level, found {type(loaded).__name__}. "
            "Compare it with the files in configs/."
        )
    return {str(key): value for key, value in loaded.items()}


def load_yaml(path: Path | str, model: type[ModelT], overrides: Sequence[str] = ()) -> ModelT:
    """Read `path` into `model` after applying `a.b=c` overrides."""
    return config_from_mapping(apply_overrides(read_yaml_mapping(path), overrides), model, source=str(path))


def config_from_mapping(values: Mapping[str, Any], model: type[ModelT], *, source: str = "config") -> ModelT:
    """Validate plain values, turning pydantic's report into one readable paragraph.

    Raises:
        ConfigError: Any unknown key (with the nearest valid one), wrong type or value out of range.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError(f"{source}: " + "; ".join(_explain(e, model) for e in error.errors())) from error


def apply_overrides(values: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Return a copy of nested `values` with `a.b=c` assignments applied.

    `c` is parsed as YAML; numbers with commas between them (`1,0,0`) are a list, as `[1,0,0]` is.
    """
    result: dict[str, Any] = _deep_copy(values)
    for item in overrides:
        key, separator, raw = item.partition("=")
        if not separator or not key.strip():
            raise ConfigError(f"--set takes key=value, for example training.max_steps=500; got '{item}'.")
        *parents, leaf = key.strip().split(".")
        node = result
        for parent in parents:
            child = node.get(parent)
            if child is None:
                child = node[parent] = {}
            if not isinstance(child, dict):
                raise ConfigError(f"--set {item}: '{parent}' is a value, not a block of settings.")
            node = child
        # "1,0,0" is what people type for a list of numbers; YAML would read one text.
        value = f"[{raw}]" if _NUMBERS.fullmatch(raw.strip()) else raw
        node[leaf] = parse_yaml(value, f"--set {item}: the value")
    return result


def merged(values: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Nested `values`, with those of `more` in their place."""
    result = _deep_copy(values)
    for name, value in more.items():
        below = result.get(name)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            value = merged(below, value)
        result[name] = value
    return result


def place_paths(values: Mapping[str, Any], source: Path, settings: Iterable[str]) -> dict[str, Any]:
    """Return a copy of a YAML's `values` whose relative paths are found from the YAML's own folder.

    A path that is not there, but in the working directory, means that one; where both are there, the YAML's
    folder wins and a warning names both. A path that is nowhere stays as it is written.

    Args:
        values: What the YAML holds, before `--set`, whose paths are relative to the working directory.
        source: The YAML file.
        settings: Dotted names of the settings that are paths of inputs.
    """
    result = _deep_copy(values)
    for setting in settings:
        *parents, leaf = setting.split(".")
        node: Any = result
        for parent in parents:
            node = node.get(parent) if isinstance(node, dict) else None
        if not isinstance(node, dict):
            continue
        if isinstance(node.get(leaf), str) and node[leaf].strip():
            node[leaf] = _placed(node[leaf], source, setting)
        elif isinstance(node.get(leaf), list):
            node[leaf] = [_placed(p, source, setting) if isinstance(p, str) else p for p in node[leaf]]
    return result


def _placed(written: str, source: Path, setting: str) -> str:
    here, beside = Path(written), source.parent / written
    try:
        if here.is_absolute() or not beside.exists():
            return written
        if not here.exists():
            return str(beside)
        if here.samefile(beside):
            return written
    except (OSError, ValueError):  # a name too long, or with a NUL byte: said where the path is used
        return written
    warnings.warn(
        f"{setting}: {written} is beside {source} and in the working directory; {beside} is read.",
        UserWarning,
        stacklevel=4,
    )
    return str(beside)


def dump_yaml(config: BaseModel) -> str:
    """YAML text that `load_yaml` reads back into an equal config."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _deep_copy(value: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _deep_copy(v) if isinstance(v, Mapping) else v for k, v in value.items()}


def _explain(error: Any, model: type[BaseModel]) -> str:
    location = [str(part) for part in error["loc"]]
    dotted = ".".join(location)
    if error["type"] == "extra_forbidden":
        owner = _model_at(model, location[:-1])
        hint = closest(location[-1], owner.model_fields) if owner is not None else ""
        return f"unknown setting '{dotted}'. {hint}".strip()
    if error["type"] == "missing":
        return f"'{dotted}' is required and missing"
    message = str(error["msg"]).removeprefix("Value error, ")
    if not dotted:
        return message
    value = error.get("input")
    # A block or a number of thousands of digits is not worth printing, or cannot be.
    plain = isinstance(value, str | float | bool | None) or (isinstance(value, int) and abs(value) < 1e30)
    shown = repr(value) if plain else ""
    return f"'{dotted}': {message}" + (f" (got {shown})" if 0 < len(shown) < 80 else "")


def _model_at(model: type[BaseModel], path: Sequence[str]) -> type[BaseModel] | None:
    current: type[BaseModel] | None = model
    for part in path:
        if current is None:
            return None
        if part.isdigit() and part not in current.model_fields:
            continue  # a position in a list of blocks: the list's own model was taken already
        field = current.model_fields.get(part)
        current = None if field is None else _first_model(field.annotation)
    return current


def _first_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType, list, tuple, typing.Annotated):
        for argument in typing.get_args(annotation):
            found = _first_model(argument)
            if found is not None:
                return found
    return None
