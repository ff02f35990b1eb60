"""Which model folders load without running anybody's code.

sentence-transformers and transformers build what a folder's JSON files name. So these files are read first,
and a folder is refused unless everything they name is known here.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

from discover.core.errors import ConfigError
from discover.core.permissions import REMOTE_CODE
from discover.core.reading import parse_json, read_text

__all__ = ["refuse_foreign_code"]

_KNOWN: Final = ("Transformer", "Pooling", "Normalize", "Dense", "Dropout", "LayerNorm")
_FILES: Final = ("transformer", "pooling", "normalize", "dense", "dropout", "layer_norm")

# Where one class has stood in different versions: "models.Dense", "base.modules.dense.Dense".
_PLACES: Final = ("models", "base.modules", "sentence_transformer.modules", "sentence_transformer.models")

MODULES: Final = frozenset(
    f"sentence_transformers.{place}{middle}.{name}"
    for place in _PLACES
    for name, file in zip(_KNOWN, _FILES, strict=True)
    for middle in ("", f".{file}", f".{name}")
)
"""Module classes that a `modules.json` may name: they only compute on tensors."""

_ACTIVATIONS: Final = ("torch.nn.modules.activation.", "torch.nn.modules.linear.Identity")

_CODE_KEYS: Final = frozenset(
    ("auto_map", "custom_pipelines", "trust_remote_code", "quantization_config", "kernel_config")
)
"""Keys with which a JSON file chooses code or further packages to load."""

_OPTIONS: Final = tuple(
    f"{part}_{ending}"
    for part in ("model", "tokenizer", "processor", "config")
    for ending in ("args", "kwargs")
)
"""Keys of a sentence-transformers config that go to a loader as they are."""

_MAX_JSON: Final = 64 * 2**20
_MAX_DEPTH: Final = 50


def refuse_foreign_code(folder: Path) -> None:
    """Check every JSON file of a model folder before a library reads it.

    Raises:
        ConfigError: A file names code, another model, or a place outside the folder; or it is not JSON.
    """
    adapter = folder / "adapter_config.json"
    if adapter.exists():
        raise ConfigError(
            f"{adapter} names another model to load and change. Merge the adapter into its model "
            "(`merge_and_unload()` of peft) and save that."
        )
    for path in sorted(folder.rglob("*.json")):
        # These two hold words, not settings, and are the largest.
        if path.name not in ("tokenizer.json", "vocab.json"):
            _check(path, _read(path))


def _read(path: Path) -> Any:
    if not path.is_file():
        raise ConfigError(f"{path} is no file. Get the model again.")
    return parse_json(read_text(path, limit=_MAX_JSON, error=ConfigError), str(path), error=ConfigError)


def _check(path: Path, content: Any) -> None:
    if path.name == "modules.json":
        _check_modules(path, content)
    for key, value in _items(path, content):
        if key in _CODE_KEYS and value:
            raise _refusal(path, f"it sets '{key}'")
        if key == "activation_function" and isinstance(value, str) and not value.startswith(_ACTIVATIONS):
            raise _refusal(path, f"it names the function '{value[:80]}'")
        if key in _OPTIONS and value:
            raise _refusal(path, f"it hands '{key}' to the loader")
        if "attn_implementation" in key and not (value is None or value in ("eager", "sdpa")):
            raise _refusal(path, f"'{key}' is '{str(value)[:80]}', which may be code of another package")


def _check_modules(path: Path, content: Any) -> None:
    modules = content if isinstance(content, list) else [content]
    for module in modules:
        if not isinstance(module, dict):
            raise ConfigError(f"{path} must list modules with idx, name, path and type. Get the model again.")
        kind, place = module.get("type"), module.get("path", "")
        if kind not in MODULES:
            raise _refusal(path, f"it names the class '{str(kind)[:80]}'")
        if not _inside(place):
            raise _refusal(path, f"the path '{str(place)[:80]}' leaves the folder")


def _inside(place: Any) -> bool:
    if not isinstance(place, str) or "\\" in place or ":" in place or "\0" in place:
        return False
    parts = PurePosixPath(place)
    return not parts.is_absolute() and ".." not in parts.parts


def _items(path: Path, content: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """All keys of nested mappings with their values."""
    if depth > _MAX_DEPTH:
        raise ConfigError(f"{path} is nested more than {_MAX_DEPTH} deep. Get the model again.")
    if isinstance(content, dict):
        for key, value in content.items():
            yield key, value
            yield from _items(path, value, depth + 1)
    elif isinstance(content, list):
        for value in content:
            yield from _items(path, value, depth + 1)


def _refusal(path: Path, found: str) -> ConfigError:
    return ConfigError(
        f"{path} asks for code that is not part of the model libraries: {found}. Nothing of it was run. "
        f"If you have read that code and trust it, {REMOTE_CODE.how}."
    )
