"""Names of a package that are imported on first use, so that importing the package loads little."""

import ast
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

__all__ = ["lazy_names"]


def lazy_names(package: str) -> Callable[[str], Any]:
    """A `__getattr__` for a package's `__init__.py` (PEP 562).

    The package lists its names as `from ... import ...` below `if TYPE_CHECKING:`, where type checkers and
    people read them; this function reads the same lines, so that no name is written twice. A name that is
    also the name of a module inside the package cannot be in the list: importing that module would take its
    place.

    Args:
        package: The package's `__name__`.

    Raises:
        AttributeError: From the function returned, for a name that is not in the list.
    """
    modules: dict[str, tuple[str, str]] = {}

    def __getattr__(name: str) -> Any:  # noqa: N807 - the name Python looks up
        if not modules:
            modules.update(_listed(package))
        if name not in modules:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        module, own = modules[name]
        return getattr(import_module(module), own)

    return __getattr__


def _listed(package: str) -> dict[str, tuple[str, str]]:
    """Name -> module that defines it and its name there, from the package's own source."""
    spec = find_spec(package)
    assert spec is not None
    tree = ast.parse(spec.loader.get_source(package))  # type: ignore[union-attr]
    guarded = [
        node
        for block in tree.body
        if isinstance(block, ast.If) and getattr(block.test, "id", "") == "TYPE_CHECKING"
        for node in block.body
    ]
    return {
        alias.asname or alias.name: (str(node.module), alias.name)
        for node in guarded
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
