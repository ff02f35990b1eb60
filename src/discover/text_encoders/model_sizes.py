"""Whether a model folder's weights are as large as its config says, asked before the model is built."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError, safe_open

from discover.core.errors import ConfigError
from discover.core.reading import parse_json, read_text

__all__ = ["refuse_oversized"]

_WIDTHS: Final = ("hidden_size", "d_model", "dim", "n_embd", "embedding_size", "in_features")
_ROWS: Final = (
    "vocab_size",
    "max_position_embeddings",
    "n_positions",
    "type_vocab_size",
    "intermediate_size",
    "hidden_dim",
    "d_ff",
    "projection_dim",
    "out_features",
)
_LAYERS: Final = ("num_hidden_layers", "n_layers", "n_layer", "num_layers")

# Numbers of every model: below these a config may ask for more than the weights hold, at no harm.
_FREE_VALUES: Final = 2**26
_FREE_LAYERS: Final = 100
_MAX_JSON: Final = 64 * 2**20


def refuse_oversized(folder: Path) -> None:
    """Compare the sizes in every `config.json` of a model folder with the weights beside it.

    A library allocates what the config asks for, also where the weights lack it.

    Raises:
        ConfigError: A config asks for a matrix, or for layers, that the weights cannot fill; or the weights
            are damaged.
    """
    values, tensors = _held(folder)
    for path in sorted(folder.rglob("config.json")):
        text = read_text(path, limit=_MAX_JSON, error=ConfigError)
        for part in _mappings(parse_json(text, str(path), error=ConfigError)):
            widest = max(_numbers(part, _WIDTHS), default=1)
            layers = max(_numbers(part, _LAYERS), default=1)
            rows = max(_numbers(part, _ROWS), default=1)
            asked = max(widest * rows, widest * widest * layers)
            if asked > max(values, _FREE_VALUES) or layers > max(tensors, _FREE_LAYERS):
                raise ConfigError(
                    f"{path} asks for a larger model than its weights fill: {asked:,} numbers in {layers:,} "
                    f"layers, where the files hold {values:,} numbers in {tensors:,} arrays. "
                    "Nothing was loaded. Get the model again from where it was published."
                )


def _held(folder: Path) -> tuple[int, int]:
    """How many numbers and how many arrays the weight files hold, read from their heads alone."""
    values = tensors = 0
    for path in sorted(folder.rglob("*.safetensors")):
        try:
            with safe_open(path, framework="numpy") as stream:
                for name in stream.keys():  # noqa: SIM118 - no mapping
                    count = 1
                    for length in stream.get_slice(name).get_shape():
                        count *= length
                    values, tensors = values + count, tensors + 1
        except (SafetensorError, OSError, ValueError) as error:
            raise ConfigError(
                f"{path} is not a whole safetensors file ({type(error).__name__}). Get the model again."
            ) from error
    return values, tensors


def _mappings(content: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """A config and the configs inside it, such as CLIP's `text_config`."""
    if isinstance(content, dict) and depth < 50:
        yield content
        for value in content.values():
            yield from _mappings(value, depth + 1)


def _numbers(part: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[float]:
    for name in names:
        value = part.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield value
