"""Keeping the model libraries off the network while a model is loaded."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Final

__all__ = ["offline"]

_VARIABLES: Final = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY")
_CONSTANTS: Final = "huggingface_hub.constants"


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """The hub's libraries answer from local files inside the block, whatever a model's files ask for."""
    # The libraries read the variables when they are first imported, and their own constant afterwards.
    before = {name: os.environ.get(name) for name in _VARIABLES}
    loaded = sys.modules.get(_CONSTANTS)
    flag = (before["HF_HUB_OFFLINE"] or "").lower() in ("1", "on", "yes", "true")
    if loaded is not None:
        flag = loaded.HF_HUB_OFFLINE
        loaded.HF_HUB_OFFLINE = True  # type: ignore[attr-defined]
    os.environ.update(dict.fromkeys(_VARIABLES, "1"))
    try:
        yield
    finally:
        constants = sys.modules.get(_CONSTANTS)
        if constants is not None:
            constants.HF_HUB_OFFLINE = flag  # type: ignore[attr-defined]
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
