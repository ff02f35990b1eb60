"""Recognition of a log without training: the shipped network and captions against sentences of activities.

The row "both" of benchmarks/results/any_home.md. Nothing is trained, no label of the log is read.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.config import config_from_mapping
from discover.core.embeddings import EmbeddingTable
from discover.core.errors import ConfigError
from discover.core.home import Home
from discover.core.window_set import WindowSet, window_middles_s
from discover.pretraining.any_home import TEMPERATURE, AnyHome
from discover.recognition import Recogniser, RecognitionConfig, to_segments, window_timeline
from discover.retrieval import Index
from discover.serving.activity_prompts import activity_prompts, everyday_note
from discover.serving.corrections import CorrectionFile
from discover.serving.recognise import RecognisedLog, RecogniseRequest, chosen_windows, day_span
from discover.serving.taught import taught_prompts, with_people
from discover.text_encoders.encoder import TextEncoder

__all__ = ["recognise_beside_model", "recognise_captions"]


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
    found = _recognised(request, index.windows, index.vectors.astype(np.float32), home, encoder)
    note = "The shipped network and captions answered; nothing was trained on this log."
    return replace(found, note=" ".join(filter(None, (note, found.note))))


def recognise_beside_model(
    windows: pl.DataFrame,
    window_set: WindowSet,
    captions_WD: NDArray[np.floating],
    encoder: TextEncoder,
    corrections: Path | None = None,
) -> RecognisedLog | None:
    """As `recognise_captions` for the windows of a trained model, which is not asked.

    Args:
        windows: Facts of the windows, as in the model's index.
        window_set: The same windows with their events, of one home, in any order.
        captions_WD: (W, D) mean caption vector of each window.
        encoder: The text encoder of the captions; None is returned for any but MiniLM.
        corrections: File of what was said of the windows.
    """
    if encoder.config.type != "minilm":
        return None
    network = AnyHome.load()
    ids = window_set.windows["window_id"].to_numpy().astype(np.str_)
    read = network.embed(window_set, encoder.encode)
    table = EmbeddingTable(read, ids, np.zeros(len(ids), dtype=np.int16))
    own = table.of_windows(windows["window_id"].to_numpy().astype(np.str_))
    vectors = network.beside_captions(own, captions_WD.astype(np.float32))
    request = RecogniseRequest(model=Path(), corrections=corrections)
    found = _recognised(request, windows, vectors, window_set.home, encoder)
    note = "The shipped network and captions answered, which the training did not change."
    return replace(found, note=" ".join(filter(None, (note, found.note))))


def _recognised(
    request: RecogniseRequest,
    windows: pl.DataFrame,
    vectors: NDArray[np.float32],
    home: Home,
    encoder: TextEncoder,
) -> RecognisedLog:
    # Plain scores: centring gains macro F1 where activities share the day, and loses homes that one fills.
    settings = {
        "centring": 0.0,
        "temperature": TEMPERATURE,
        **request.config.model_dump(exclude_unset=True),
        "method": "prompts",
    }
    config = config_from_mapping(settings, RecognitionConfig, source="recognition")
    corrections = CorrectionFile(request.corrections, (home.name,)).read() if request.corrections else ()
    prompts, taught = taught_prompts(corrections, windows, activity_prompts(home, config, request.prompts))
    recogniser = Recogniser(
        prompts, lambda texts: encoder.encode(texts, kind="query"), AnyHome.load().sentences_beside, config
    )
    examples = vectors[taught.rows], taught.codes
    recogniser.fit(vectors, middles_s=window_middles_s(windows), examples=examples)
    chosen = chosen_windows(windows, request)
    timeline = window_timeline(recogniser, vectors, windows)
    timeline = timeline.filter(timeline["window_id"].is_in(chosen.implode()))
    timeline = taught.told(timeline, recogniser.classes_)
    timeline, who = with_people(timeline, corrections, windows)
    words = f"{len(windows):,} unlabelled windows of {day_span(windows)}"
    segments = to_segments(timeline, config)
    note = everyday_note(home, request.prompts)
    told = " ".join(filter(None, (taught.words, who)))
    return RecognisedLog(home, timeline, segments, prompts, words, "prompts", note, corrections=told)
