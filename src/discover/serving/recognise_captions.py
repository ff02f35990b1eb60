"""Recognition of a log without training: the shipped network and captions against sentences of activities.

The row "both" of benchmarks/results/any_home.md. Nothing is trained, no label of the log is read.
"""

import numpy as np

from discover.core.config import config_from_mapping
from discover.core.errors import ConfigError
from discover.core.home import Home
from discover.core.window_set import window_middles_s
from discover.pretraining.any_home import AnyHome
from discover.recognition import Recogniser, RecognitionConfig, to_segments, window_timeline
from discover.retrieval import Index
from discover.serving.activity_prompts import activity_prompts, everyday_note
from discover.serving.corrections import CorrectionFile
from discover.serving.recognise import RecognisedLog, RecogniseRequest, chosen_windows, day_span
from discover.serving.taught import taught_prompts
from discover.text_encoders.encoder import TextEncoder

__all__ = ["recognise_captions"]


def recognise_captions(
    request: RecogniseRequest, index: Index, home: Home, encoder: TextEncoder
) -> RecognisedLog:
    """Recognise the activities of the windows of an index of captions, with the shipped network beside them.

    Args:
        request: Days, prompts and settings; a home without activities gets those of everyday life.
        index: Its vectors are those of `AnyHome.beside_captions`.
        home: The home of its windows.
        encoder: The text encoder of the captions.

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
                f"Without a trained model a log is recognised as it is, and {what} cannot be used. "
                "Leave it out, or open the folder of a trained model."
            )
    # Plain scores: centring gains macro F1 where activities share the day, and loses homes that one fills.
    settings = {"centring": 0.0, **request.config.model_dump(exclude_unset=True), "method": "prompts"}
    config = config_from_mapping(settings, RecognitionConfig, source="recognition")
    prompts, taught = taught_prompts(
        CorrectionFile(request.corrections, (home.name,)).read() if request.corrections else (),
        index.windows,
        activity_prompts(home, config, request.prompts),
    )
    network, windows, vectors = AnyHome.load(), index.windows, index.vectors.astype(np.float32)
    recogniser = Recogniser(
        prompts, lambda texts: encoder.encode(texts, kind="query"), network.sentences_beside, config
    )
    examples = vectors[taught.rows], taught.codes
    recogniser.fit(vectors, middles_s=window_middles_s(windows), examples=examples)
    chosen = chosen_windows(windows, request)
    timeline = window_timeline(recogniser, vectors, windows)
    timeline = timeline.filter(timeline["window_id"].is_in(chosen.implode()))
    timeline = taught.told(timeline, recogniser.classes_)
    note = "The shipped network and captions answered; nothing was trained on this log."
    note = " ".join(filter(None, (note, everyday_note(home, request.prompts))))
    words = f"{len(windows):,} unlabelled windows of {day_span(windows)}"
    segments = to_segments(timeline, config)
    return RecognisedLog(home, timeline, segments, prompts, words, "prompts", note, corrections=taught.words)
