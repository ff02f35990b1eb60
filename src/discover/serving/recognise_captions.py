"""Recognition of a log without a model: captions of windows against sentences that stand for activities.

The row "text only" of the protocol (docs/protocol.md). Nothing is trained, and no label of the log is read.
"""

from pathlib import Path

import numpy as np

from discover.core.config import config_from_mapping
from discover.core.errors import ConfigError
from discover.core.window_set import window_middles_s
from discover.homes import everyday_activities
from discover.recognition import Recogniser, RecognitionConfig, to_segments, window_timeline
from discover.retrieval import Index
from discover.serving.activity_prompts import activity_prompts
from discover.serving.index_folders import indexed_windows
from discover.serving.recognise import RecognisedLog, RecogniseRequest, chosen_windows, day_span
from discover.text_encoders.encoder import TextEncoder

__all__ = ["recognise_captions"]


def recognise_captions(request: RecogniseRequest, index: Path, encoder: TextEncoder) -> RecognisedLog:
    """Recognise the activities of the windows of an index of captions.

    Args:
        request: Days, prompts and settings; a home without activities gets those of everyday life.
        index: Folder of an index whose vectors are mean caption vectors.
        encoder: The text encoder that made them.

    Raises:
        ConfigError: An option that only a trained model can follow.
        DataError: No window is left.
    """
    for given, what in (
        (request.log, "another log"),
        (request.splits, "a split"),
        (request.method == "self_trained" or None, "method self_trained"),
    ):
        if given:
            raise ConfigError(
                f"Without a trained model a log is recognised by its captions, and {what} cannot be used. "
                "Leave it out, or open the folder of a trained model."
            )
    home = indexed_windows(index).home
    known = home if home.activities else home.model_copy(update={"activities": everyday_activities()})
    # Plain scores, as in the row of the protocol, unless the asker says otherwise.
    settings = {"centring": False, **request.config.model_dump(exclude_unset=True), "method": "prompts"}
    config = config_from_mapping(settings, RecognitionConfig, source="recognition")
    prompts = activity_prompts(known, config, request.prompts)
    loaded = Index.load(index)
    vectors, windows = loaded.vectors.astype(np.float32), loaded.windows
    recogniser = Recogniser(prompts, lambda texts: encoder.encode(texts, kind="query"), None, config)
    recogniser.fit(vectors, middles_s=window_middles_s(windows))
    chosen = chosen_windows(windows, request)
    timeline = window_timeline(recogniser, vectors, windows)
    timeline = timeline.filter(timeline["window_id"].is_in(chosen.implode()))
    note = "Captions answered, without a trained model; open or train one for better answers."
    if not home.activities and request.prompts is None:
        note += " The home lists no activities, so those of everyday life were looked for."
    words = f"{len(windows):,} unlabelled windows of {day_span(windows)}"
    return RecognisedLog(home, timeline, to_segments(timeline, config), prompts, words, "prompts", note)
