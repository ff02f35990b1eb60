"""Cut a piece of log into fields and number their distinct spellings, in numpy, without Python per line.

A field is a run of bytes that are neither separators nor line ends. Fields are (start, end) positions
in one padded buffer; up to eight bytes of a field are read as one 64-bit word, so a million fields are
compared and numbered with a few array operations.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_FIELD", "Fields", "Spellings", "split_fields"]

MAX_FIELD = 256
"""Longest field in bytes that is told apart from others; longer ones are damage."""

_PAD = MAX_FIELD + 16
_LOW_BYTES = np.array([(1 << (8 * k)) - 1 for k in range(8)] + [0xFFFFFFFFFFFFFFFF], dtype=np.uint64)
_MIX_A = np.uint64(0x9E3779B97F4A7C15)
_MIX_B = np.uint64(0xBF58476D1CE4E5B9)

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Fields:
    """The fields of L lines.

    Attributes:
        buffer: Bytes, one newline before and zeros after the piece.
        words: words[i] = the eight bytes from i on, little endian, uint64.
        starts: First byte of each field, all lines one after another.
        ends: One past the last byte of each field.
        first: Index of each line's first field, shape (L + 1,); a line's count is the difference.
        size: Bytes of `buffer` up to the last line's end.
        has_control: Whether a control byte other than TAB and line ends occurs.
    """

    buffer: NDArray[np.uint8]
    words: NDArray[np.uint64]
    starts: Positions
    ends: Positions
    first: Positions
    size: int
    has_control: bool

    def text(self, start: int, end: int) -> str:
        """One field as text; bytes that are not UTF-8 become the replacement sign."""
        return bytes(self.buffer[start:end]).decode("utf-8", errors="replace")

    def masked_words(self, start: Positions, length: Positions) -> NDArray[np.uint64]:
        """The first eight bytes of each field, zero beyond its length."""
        if len(length) and length.min() == length.max():
            which: Positions | int = max(0, min(int(length[0]), 8))  # ids mostly have one length
        else:
            which = np.clip(length, 0, 8)
        mask: NDArray[np.uint64] = _LOW_BYTES[which]
        return np.bitwise_and(self.words[start], mask)


def split_fields(piece: bytes | memoryview, *, commas: bool) -> Fields:
    """Fields of a piece of log; its last line need not end in a newline.

    Spaces, TABs, carriage returns and other control bytes separate fields; commas too if `commas`.
    """
    size = len(piece)
    buffer = np.empty(2 + size + _PAD, dtype=np.uint8)
    buffer[0] = 10
    buffer[1 : 1 + size] = np.frombuffer(piece, dtype=np.uint8)
    buffer[1 + size] = 10
    buffer[2 + size :] = 0
    used = buffer[: 1 + size] if buffer[size] == 10 else buffer[: 2 + size]
    separator = used <= 32
    if commas:
        separator |= used == 44
    at = np.flatnonzero(separator)
    signs = used[at]
    holds_field = np.diff(at) > 1
    if holds_field.all():  # one separator between any two fields, as most logs write
        starts, ends, first = at[:-1] + 1, at[1:], np.flatnonzero(signs == 10)
    else:
        starts, ends = at[:-1][holds_field] + 1, at[1:][holds_field]
        count = np.zeros(len(at), dtype=np.int64)
        np.cumsum(holds_field, out=count[1:])
        first = count[signs == 10]
    # bytes below 32 other than TAB, newline, carriage return; by differences, since bytes wrap around
    control = (signs < 9) | (signs - np.uint8(11) < 2) | (signs - np.uint8(14) < 18)
    words = np.ndarray((len(buffer) - 8,), dtype="<u8", buffer=buffer.data, strides=(1,))
    return Fields(buffer, words, starts, ends, first, len(used), bool(control.any()))


class Spellings:
    """Numbers distinct field texts in order of first appearance, over all pieces of a log.

    Known texts are kept as sorted 64-bit keys: after the first pieces of a log nearly every field is
    found by binary search alone.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._number: dict[str, int] = {}
        self._keys = np.empty(0, dtype=np.uint64)
        self._numbers = np.empty(0, dtype=np.int32)
        self._words = np.empty((0, MAX_FIELD // 8), dtype=np.uint64)
        self._lengths = np.empty(0, dtype=np.int64)

    def encode(self, fields: Fields, start: Positions, end: Positions) -> NDArray[np.int32]:
        """Number of each field `[start, end)`, none longer than MAX_FIELD; shape as `start`."""
        if not len(start):
            return np.empty(0, dtype=np.int32)
        length = end - start
        keys = _keys(fields, start, length)
        slot = self._find(keys)
        if slot is None:
            self._learn(fields, keys, start, end)
            slot = self._find(keys)
        if slot is None or not self._same_text(fields, start, length, slot):
            return self._encode_slowly(fields, start, end)
        return self._numbers[slot]

    def _find(self, keys: NDArray[np.uint64]) -> NDArray[np.int64] | None:
        """Row of each key among the known ones; None if one is unknown."""
        if not len(self._keys):
            return None
        slot = np.searchsorted(self._keys, keys)
        np.minimum(slot, len(self._keys) - 1, out=slot)
        return slot if np.array_equal(self._keys[slot], keys) else None

    def _learn(self, fields: Fields, keys: NDArray[np.uint64], start: Positions, end: Positions) -> None:
        distinct, sample = np.unique(keys, return_index=True)
        unknown = ~np.isin(distinct, self._keys)
        distinct, sample = distinct[unknown], sample[unknown]
        order = np.argsort(sample)
        numbers = np.empty(len(distinct), dtype=np.int32)
        pairs = zip(order.tolist(), start[sample[order]].tolist(), end[sample[order]].tolist(), strict=True)
        for k, s, e in pairs:
            numbers[k] = self.number_of(fields.text(s, e))
        length = (end - start)[sample]
        words = np.stack(
            [
                fields.masked_words(start[sample] + np.minimum(offset, length), length - offset)
                for offset in range(0, MAX_FIELD, 8)
            ],
            axis=1,
        )
        keys = np.concatenate([self._keys, distinct])
        order = np.argsort(keys)
        self._keys = keys[order]
        self._numbers = np.concatenate([self._numbers, numbers])[order]
        self._words = np.concatenate([self._words, words])[order]
        self._lengths = np.concatenate([self._lengths, length])[order]

    def _same_text(self, fields: Fields, start: Positions, length: Positions, slot: Positions) -> bool:
        """Whether every field is the text its key stands for. Up to eight bytes the key is the text."""
        long_known = self._words[:, 1] != 0
        if length.max() <= 8 and not long_known.any():
            return True
        is_long = long_known[slot] | (length > 8)
        if not is_long.any():
            return True
        rows = np.flatnonzero(is_long)
        start, length, slot = start[rows], length[rows], slot[rows]
        if not np.array_equal(length, self._lengths[slot]):
            return False
        for k in range(-(-int(length.max()) // 8)):
            word = fields.masked_words(start + np.minimum(8 * k, length), length - 8 * k)
            if not np.array_equal(word, self._words[slot, k]):
                return False
        return True

    def _encode_slowly(self, fields: Fields, start: Positions, end: Positions) -> NDArray[np.int32]:
        """Exact but slow; only reached if two texts share a 64-bit key (never seen)."""
        pairs = zip(start.tolist(), end.tolist(), strict=True)
        return np.array([self.number_of(fields.text(s, e)) for s, e in pairs], dtype=np.int32)

    def number_of(self, text: str) -> int:
        found = self._number.setdefault(text, len(self.texts))
        if found == len(self.texts):
            self.texts.append(text)
        return found


def _keys(fields: Fields, start: Positions, length: Positions) -> NDArray[np.uint64]:
    """A 64-bit key per field: its bytes up to eight, a mix of its words beyond."""
    keys = fields.masked_words(start, length)
    for offset in range(8, int(length.max()), 8):
        rows = np.flatnonzero(length > offset)
        word = fields.masked_words(start[rows] + offset, length[rows] - offset)
        mixed = (keys[rows] ^ (keys[rows] >> np.uint64(29))) * _MIX_A + word
        keys[rows] = (mixed ^ (mixed >> np.uint64(32))) * _MIX_B
    return keys
