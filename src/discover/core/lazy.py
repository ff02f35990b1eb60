"""Names of a package that are imported on first use, so that importing the package loads little."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["lazy_names"]


def lazy_names(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """A `__getattr__` for a package's `__init__.py` (PEP 562).

    Args:
        package: The package's `__name__`.
        modules: Name -> module inside the package that defines it.

    Raises:
        AttributeError: From the function returned, for a name that is not in `modules`.
    """

    def __getattr__(name: str) -> Any:  # noqa: N807 - the name Python looks up
        if name not in modules:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        return getattr(import_module(f"{package}.{modules[name]}"), name)

    return __getattr__
