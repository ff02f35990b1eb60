"""One fixed sentence in four parts: start and end, duration, two main places, two main sensors.

The first caption is the sentence; further ones say the same parts in other fixed orders. Nothing is drawn.
"""

import numpy as np
from numpy.typing import NDArray

from discover.captions.compose import CaptionColumn, Form, compose
from discover.captions.phrases import Phrases

__all__ = ["FORMS", "build_structured"]

_ORDERS: tuple[str, ...] = (
    "from {from_time} to {to_time}, lasting {exact}, mainly {inside}, most active {sensors}.",
    "mainly {inside}, most active {sensors}, from {from_time} to {to_time}, lasting {exact}.",
    "lasting {exact}, from {from_time} to {to_time}, most active {sensors}, mainly {inside}.",
    "most active {sensors}, mainly {inside}, lasting {exact}, from {from_time} to {to_time}.",
    "from {from_time} to {to_time}, mainly {inside}, most active {sensors}, lasting {exact}.",
    "mainly {inside}, lasting {exact}, from {from_time} to {to_time}, most active {sensors}.",
    "lasting {exact}, most active {sensors}, mainly {inside}, from {from_time} to {to_time}.",
    "most active {sensors}, from {from_time} to {to_time}, lasting {exact}, mainly {inside}.",
)

FORMS: tuple[Form, ...] = tuple(Form(order, order) for order in _ORDERS)


def build_structured(phrases: Phrases, ids: NDArray[np.uint64], n: int, seed: int) -> list[CaptionColumn]:
    """`n` columns; column k is order k for every window. `seed` changes nothing."""
    plain = np.zeros(len(ids), dtype=bool)
    return [
        CaptionColumn("structured", compose(phrases, FORMS, np.full(len(ids), k), plain)) for k in range(n)
    ]
