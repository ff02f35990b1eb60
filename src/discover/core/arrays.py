"""Checks of arrays at the door of the public functions: a wrong array is refused, never scored."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from discover.core.errors import DataError, ShapeError

__all__ = ["names_of", "numbers_of", "refuse_other_length", "refuse_rows"]


def names_of(values: ArrayLike, what: str) -> NDArray[np.str_]:
    """Names or numbers of classes as text, shape (N,).

    Raises:
        ShapeError: Not one list.
        DataError: A value is missing: None or not a number.
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise ShapeError(f"The {what} must be one list; got shape {array.shape}.")
    if array.dtype.kind == "c" or (array.dtype.kind == "f" and not np.isfinite(array).all()):
        raise DataError(f"Some of the {what} are no names (NaN). Leave those windows out on both sides.")
    if array.dtype.kind == "O":
        missing = sum(v is None or (isinstance(v, float) and v != v) for v in array.tolist())
        if missing:
            raise DataError(f"{missing:,} of the {what} are missing. Leave those windows out on both sides.")
    return array.astype(str)


def numbers_of(
    values: ArrayLike, what: str, *, ndim: int | None = None, at_least: int = 0, infinite: bool = False
) -> NDArray[np.floating]:
    """Numbers without a gap; floats keep their type, others become float64.

    Args:
        values: The numbers.
        what: What errors call them.
        ndim: Dimensions they must have; None: any.
        at_least: Rows they must have.
        infinite: Whether infinity is a value.

    Raises:
        ShapeError: Other dimensions, or too few rows.
        DataError: Text, or values that are not finite.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise DataError(f"The {what} must be numbers; got {array.dtype}.")
    if ndim is not None and array.ndim != ndim:
        kind = {1: "one list", 2: "a matrix (rows, columns)"}.get(ndim, f"of {ndim} dimensions")
        raise ShapeError(f"The {what} must be {kind}; got shape {array.shape}.")
    if at_least and (not array.ndim or len(array) < at_least):
        raise ShapeError(f"The {what} need at least {at_least} row(s); got shape {array.shape}.")
    number = array if array.dtype.kind == "f" else array.astype(np.float64)
    wrong = np.isnan(number) if infinite else ~np.isfinite(number)
    if wrong.any():
        raise DataError(f"{int(wrong.sum()):,} of the {what} are not finite numbers. Leave their rows out.")
    return number


def refuse_other_length(n: int, **arrays: ArrayLike | None) -> None:
    """Check that arrays have one entry per row.

    Raises:
        ShapeError: One has not.
    """
    for name, values in arrays.items():
        if values is not None and (np.ndim(values) < 1 or len(np.asarray(values)) != n):
            raise ShapeError(
                f"{name} has shape {np.shape(values)} but there are {n:,} rows; one each is needed."
            )


def refuse_rows(rows: ArrayLike, n: int) -> None:
    """Check that numbers of rows, or of classes, are integers in [0, n).

    Raises:
        DataError: One is not.
    """
    array = np.asarray(rows)
    if array.dtype.kind not in "iu" or (array.size and not 0 <= array.min() <= array.max() < n):
        raise DataError(f"Row numbers must be integers from 0 to {n - 1:,}; got {array.dtype} values.")
