"""Build a model without memory, only to know the names and sizes of its tensors."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

__all__ = ["without_memory"]


class _NoStartingValues(TorchFunctionMode):
    """Leave out `normal_`, `zero_` and the like: tensors without memory have no values.

    On the device "meta" these calls load torch._dynamo, which takes longer than a whole search.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if func is torch.arange:
            given["device"] = "cpu"  # constants of a few numbers, for the same reason
        changes_in_place = name.endswith("_") and not name.endswith("__") and name != "requires_grad_"
        first = args[0] if args else given.get("tensor")
        if changes_in_place and isinstance(first, torch.Tensor) and first.is_meta:
            return first
        return func(*args, **given)


@contextlib.contextmanager
def without_memory() -> Iterator[None]:
    """Modules made in this block have tensors of the right names, shapes and dtypes, but no values."""
    with torch.device("meta"), _NoStartingValues():
        yield
