"""Recognition of a log without training: the shipped network and captions against sentences of activities.

The row "both" of benchmarks/results/any_home.md. Nothing is trained, no label of the log is read.
"""

from pathlib import Path

import numpy as np

from discover.core.config import config_from_mapping
from discover.core.embeddings import EmbeddingTable
from discover.core.errors import ConfigError
from discover.core.window_set import window_middles_s
from discover.homes import everyday_activities
from discover.pretraining.any_home import AnyHome
from discover.recognition import Recogniser, RecognitionConfig, to_segments, window_timeline
from discover.retrieval import Index
from discover.serving.activity_prompts import activity_prompts
from discover.serving.corrections import CorrectionFile
from discover.serving.index_folders import indexed_windows
from discover.serving.recognise import RecognisedLog, RecogniseRequest, chosen_windows, day_span
from discover.serving.taught import taught_prompts
from discover.text_encoders.encoder import TextEncoder

__all__ = ["recognise_captions"]


def recognise_captions(
    request: RecogniseRequest, index: Path, encoder: TextEncoder, network_vectors: EmbeddingTable
) -> RecognisedLog:
    """Recognise the activities of the windows of an index of captions, with the shipped network beside them.

    Args:
        request: Days, prompts and settings; a home without activities gets those of everyday life.
        index: Folder of an index whose vectors are mean caption vectors.
        encoder: The text encoder that made them.
        network_vectors: What the shipped network makes of the windows.

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
    home = indexed_windows(index).home
    known = home if home.activities else home.model_copy(update={"activities": everyday_activities()})
    # Plain scores: centring gains macro F1 where activities share the day, and loses homes that one fills.
    settings = {"centring": 0.0, **request.config.model_dump(exclude_unset=True), "method": "prompts"}
    config = config_from_mapping(settings, RecognitionConfig, source="recognition")
    loaded = Index.load(index)
    prompts, taught = taught_prompts(
        CorrectionFile(request.corrections, (home.name,)).read() if request.corrections else (),
        loaded.windows,
        activity_prompts(known, config, request.prompts),
    )
    network, windows = AnyHome.load(), loaded.windows
    read = network_vectors.of_windows(windows["window_id"].to_numpy().astype(np.str_))
    vectors = network.beside_captions(read, loaded.vectors.astype(np.float32))
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
    if not home.activities and request.prompts is None:
        note += " The home lists no activities, so those of everyday life were looked for."
    words = f"{len(windows):,} unlabelled windows of {day_span(windows)}"
    segments = to_segments(timeline, config)
    return RecognisedLog(home, timeline, segments, prompts, words, "prompts", note, corrections=taught.words)
