"""Whether prompts answer themselves or teach a student, and the captions that help to teach."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from discover.core.embeddings import mean_caption_vectors
from discover.core.errors import AlteredError, ArtifactError, ConfigError, JoinError
from discover.recognition import RecognitionMethod
from discover.serving.caption_files import (
    CAPTIONS_FILE,
    check_noted,
    find_caption_style,
    load_caption_vectors,
)
from discover.serving.index_folders import samplings_of
from discover.text_encoders.encoder import TextEncoder

__all__ = ["Teaching", "TeachingRequest", "plan_teaching"]


@dataclass(frozen=True, kw_only=True)
class TeachingRequest:
    """The inputs of the choice of a recognition method.

    Attributes:
        method: The requested method; None: self_trained where it is possible with captions.
        style: Style of the captions; None where windows have only one.
        balance: `RecognitionConfig.balance`.
        activities: Number of activities.
        index: Index folder of the reference windows; None: they were cut just now and have no captions.
        window_ids: (W,) the reference windows.
    """

    method: RecognitionMethod | None
    style: str | None
    balance: float
    activities: int
    index: Path | None
    window_ids: NDArray[np.str_]


@dataclass(frozen=True)
class Teaching:
    """The choice.

    Attributes:
        method: How to recognise.
        caption_vectors: (W, D) mean caption vectors of the reference windows; None: there are none to use.
        note: A sentence on why there is no student of windows and captions; empty where there is one, or
            where method prompts was requested.
    """

    method: RecognitionMethod
    caption_vectors: NDArray[np.float32] | None = None
    note: str = ""


def plan_teaching(request: TeachingRequest, encoder: TextEncoder) -> Teaching:
    """Choose the method, and read the caption vectors a student needs.

    Args:
        request: The request, and what is available.
        encoder: The model's text encoder.

    Raises:
        ConfigError: No captions of the requested style.
        AlteredError: The captions' vectors are not those that were written.
    """
    if request.method == "prompts":
        return Teaching("prompts")
    if request.method is None and request.balance > 0:
        return Teaching("prompts", note="Method prompts, because balancing corrects prompt scores only.")
    if request.method is None and request.activities < 2:
        return Teaching("prompts", note="Method prompts, because a student needs two activities or more.")
    try:
        return Teaching("self_trained", _caption_vectors(request, encoder))
    except AlteredError:
        # A student of altered captions would answer wrongly, and one without them otherwise than before.
        raise
    except (ArtifactError, ConfigError, JoinError) as error:
        if request.style is not None and isinstance(error, ConfigError):
            raise
        if request.method is None:
            return Teaching("prompts", note=f"Method prompts, because no captions help to teach: {error}")
        return Teaching("self_trained", note=f"Window vectors alone taught the student: {error}")


def _caption_vectors(request: TeachingRequest, encoder: TextEncoder) -> NDArray[np.float32]:
    if request.index is None:
        raise ArtifactError("a log of another home has windows without captions.")
    samplings = samplings_of(request.index)
    style = find_caption_style(samplings, encoder.config.type, request.style)
    # The captions are not read here, but their vectors depend on them.
    for sampling in samplings:
        check_noted(sampling / CAPTIONS_FILE.format(style=style), "caption")
    return mean_caption_vectors(load_caption_vectors(samplings, style, encoder), request.window_ids)
