"""Seeds that do not depend on order, process count or Python's hash randomisation."""

import hashlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["derive_seed", "hash_to_uint64"]


def derive_seed(seed: int, *parts: str | int) -> int:
    """A 63-bit seed for one named purpose, e.g. `derive_seed(7, "captions", window_id)`."""
    text = "\x1f".join(str(part) for part in (seed, *parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def hash_to_uint64(values: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Stateless random bits per value (splitmix64 finaliser), vectorised; same input, same output.

    Source: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators", Figure 16.
    """
    with np.errstate(over="ignore"):
        z = values.astype(np.uint64) + np.uint64(seed & 0xFFFFFFFFFFFFFFFF) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
