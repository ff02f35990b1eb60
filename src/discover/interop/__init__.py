"""discover-v2's own file formats, for moving over and for comparing on the same data.

Windows (`train.json`, `val.json`, `test.json`), vocabulary (`vocab.json`) and captions. Its embedding
NPZ is read by `core.embeddings`.
"""

from pathlib import Path

from discover.core.window_set import WindowSet, load_window_set
from discover.interop.captions import read_v2_captions, write_v2_captions, write_v2_vocabulary
from discover.interop.read import V2Windows, read_v2_windows
from discover.interop.write import write_v2_windows

__all__ = [
    "V2Windows",
    "read_v2_captions",
    "read_v2_windows",
    "read_windows",
    "write_v2_captions",
    "write_v2_vocabulary",
    "write_v2_windows",
]


def read_windows(path: Path) -> WindowSet:
    """Read windows from a sampling folder, its `windows.parquet`, or a discover-v2 JSON file (`train.json`).

    Raises:
        ArtifactError: Something is missing or damaged.
        DataError: A window points outside the event table.
    """
    return read_v2_windows(path).window_set if path.suffix == ".json" else load_window_set(path)
