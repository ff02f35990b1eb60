"""Add a captioner of your own: where somebody is, and when, in as few words as possible.

After `import own_captioner`, `captions: {style: room_first, n_captions: 2}` in a run's YAML uses it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from discover.captions import CAPTIONERS
from discover.captions.compose import CaptionColumn
from discover.captions.phrases import Phrases


def room_first(phrases: Phrases, ids: NDArray[np.uint64], n: int, seed: int) -> Sequence[CaptionColumn]:
    """`n` columns of sentences, (W,) each. Sentences of one window differ in their words.

    `phrases.parts` holds ready-made parts of sentences, one per window: room, goes, hour, lasting, ...
    """
    room, hour, lasting = (phrases.parts[name] for name in ("room", "hour", "lasting"))
    forms = [room + ", " + hour, hour + " in the " + room, room + " for " + lasting, lasting + " " + hour]
    return [CaptionColumn("room_first", text) for text in forms[:n]]


CAPTIONERS.register("room_first", room_first)
