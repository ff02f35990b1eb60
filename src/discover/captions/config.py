"""Settings of the caption stage."""

from typing import Literal, get_args

from pydantic import Field

from discover.core.config import StrictModel

__all__ = ["MAX_CAPTIONS", "STYLE_NAMES", "CaptionConfig", "StyleName"]

StyleName = Literal["baseline", "structured", "short", "mixed"]

STYLE_NAMES: tuple[str, ...] = get_args(StyleName)

MAX_CAPTIONS = 8
"""Every style has this many sentence forms, so this many distinct captions per window are sure."""


class CaptionConfig(StrictModel):
    """How windows are put into words."""

    style: StyleName = "baseline"
    """baseline: varied natural sentences; structured: the four facts of a window in a fixed form;
    short: a few words; mixed: the three in turn."""
    n_captions: int = Field(default=4, ge=1, le=MAX_CAPTIONS)
    """Distinct captions per window, 1 to 8. structured has one sentence; further captions of it say the same
    four parts in other fixed orders."""
    seed: int = Field(default=0, ge=0, le=4_294_967_295)
    """Picks the sentence forms of each window, together with the window's id."""
