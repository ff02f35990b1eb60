"""Which library runs the networks: torch where it is installed, onnxruntime where it is not."""

from importlib.util import find_spec
from typing import Final, Literal

from discover.core.errors import ConfigError

__all__ = ["TORCH_LIBRARIES", "Runtime", "runtime", "without_torch"]

Runtime = Literal["torch", "onnxruntime"]

TORCH_LIBRARIES: Final = ("torch", "lightning_fabric", "sentence_transformers", "transformers")
"""What the extra `torch` brings."""


def runtime() -> Runtime:
    """The library to use here.

    Raises:
        ConfigError: Neither is installed.
    """
    if find_spec("torch") is not None:
        return "torch"
    if find_spec("onnxruntime") is not None:
        return "onnxruntime"
    raise ConfigError(
        "Neither torch nor onnxruntime is installed, and one of them must run the networks. Run "
        "`pip install 'discover-v2[minilm]'` (torch, needed for training) or "
        "`pip install 'discover-v2[edge]'` (onnxruntime, a fifth of the size)."
    )


def without_torch(error: BaseException) -> str | None:
    """A sentence for an import that failed because torch is not installed; None for any other error."""
    if not isinstance(error, ImportError) or (error.name or "").split(".")[0] not in TORCH_LIBRARIES:
        return None
    return (
        f"This needs {error.name}, which is not installed: without it raw logs are opened and asked, but "
        "nothing is trained and no trained model is loaded. Run `pip install 'discover-v2[minilm]'`."
    )
