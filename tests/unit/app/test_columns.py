"""The buffer of columns, read as the page reads it."""

import json

import numpy as np
import pytest
from column_reader import read_columns

from discover.app.columns import pack_columns
from discover.core.errors import ShapeError


def test_every_column_begins_where_the_header_says_and_at_a_multiple_of_eight() -> None:
    columns = {
        "code": np.array([1, 2, 65_535], dtype=np.uint16),
        "time": np.array([0.5, -1.0, 1e15]),
        "on": np.array([1, 0, 1], dtype=np.uint8),
        "value": np.array([np.nan, 2.0, -3.5], dtype=np.float32),
    }
    buffer = pack_columns(columns, {"room": "Küche", "n": 3})
    assert buffer[:4] == b"DCOL"
    length = int.from_bytes(buffer[4:8], "little")
    header = json.loads(buffer[8 : 8 + length])
    assert length % 8 == 0
    assert header["rows"] == 3
    assert header["meta"] == {"room": "Küche", "n": 3}
    for one in header["columns"]:
        at = 8 + length + one["offset"]
        assert at % 8 == 0
        found = np.frombuffer(buffer, f"<{columns[one['name']].dtype.str[1:]}", 3, at)
        np.testing.assert_array_equal(found, columns[one["name"]])
    back, meta = read_columns(buffer)
    assert list(back) == list(columns)
    assert meta == header["meta"]


def test_nothing_is_a_buffer_too_and_unequal_columns_are_none() -> None:
    back, _ = read_columns(pack_columns({"x": np.zeros(0)}, {}))
    assert len(back["x"]) == 0
    with pytest.raises(ShapeError, match="one length"):
        pack_columns({"x": np.zeros(2), "y": np.zeros(3)}, {})
    with pytest.raises(ShapeError, match="int64"):
        pack_columns({"x": np.zeros(2, dtype=np.int64)}, {})
