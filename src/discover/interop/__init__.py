"""discover-v2's own file formats, for moving over and for comparing on the same data.

Windows (`train.json`, `val.json`, `test.json`), vocabulary (`vocab.json`) and captions. Its embedding
NPZ is read by `core.embeddings`.
"""

from discover.interop.captions import read_v2_captions, write_v2_captions, write_v2_vocabulary
from discover.interop.read import V2Windows, read_v2_windows
from discover.interop.write import write_v2_windows

__all__ = [
    "V2Windows",
    "read_v2_captions",
    "read_v2_windows",
    "write_v2_captions",
    "write_v2_vocabulary",
    "write_v2_windows",
]
