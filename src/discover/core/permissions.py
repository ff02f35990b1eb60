"""What the user has allowed: to download models, and to run code that comes with them.

Both are said on the command line (`--allow-download`, `--trust-remote-code`), in the environment, or by the
caller of a Python function. No file can say them: a config, checkpoint or index may come from a stranger.
"""

import contextlib
import os
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from discover.core.errors import ConfigError

__all__ = ["DOWNLOAD", "NO_PERMISSIONS", "REMOTE_CODE", "Permissions", "granting", "user_permissions"]


@dataclass(frozen=True)
class _Permission:
    option: str
    variable: str

    @property
    def how(self) -> str:
        """What to type."""
        return f"add {self.option} to the command, or set the environment variable {self.variable}=1"


DOWNLOAD = _Permission("--allow-download", "DISCOVER_ALLOW_DOWNLOAD")
REMOTE_CODE = _Permission("--trust-remote-code", "DISCOVER_TRUST_REMOTE_CODE")

_YES, _NO = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


@dataclass(frozen=True)
class Permissions:
    """What may be done while a text encoder is loaded.

    Attributes:
        download: Fetch a model from its hub.
        remote_code: Run Python code that lies beside a model's weights.
    """

    download: bool = False
    remote_code: bool = False


NO_PERMISSIONS = Permissions()
"""What is allowed where nobody said anything."""

_granted: ContextVar[Permissions] = ContextVar("granted", default=NO_PERMISSIONS)


def user_permissions() -> Permissions:
    """What the environment and the command line allow together.

    Raises:
        ConfigError: One of the two environment variables holds something other than yes or no.
    """
    said = _granted.get()
    return Permissions(
        download=said.download or _in_environment(DOWNLOAD),
        remote_code=said.remote_code or _in_environment(REMOTE_CODE),
    )


@contextlib.contextmanager
def granting(*, download: bool = False, remote_code: bool = False) -> Iterator[None]:
    """Allow more inside the block; what was allowed before it stays allowed."""
    before = _granted.get()
    token = _granted.set(Permissions(before.download or download, before.remote_code or remote_code))
    try:
        yield
    finally:
        _granted.reset(token)


def _in_environment(permission: _Permission) -> bool:
    value = os.environ.get(permission.variable, "").strip().lower()
    if value not in _YES + _NO:
        raise ConfigError(f"{permission.variable} is '{value[:40]}'. Set it to 1 to allow it, or to 0.")
    return value in _YES
