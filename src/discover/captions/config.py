"""Settings of the caption stage."""

from pydantic import Field, field_validator

from discover.core.config import StrictModel, closest

__all__ = ["MAX_CAPTIONS", "STYLE_NAMES", "CaptionConfig"]

STYLE_NAMES: tuple[str, ...] = ("baseline", "structured", "short", "mixed")
"""The project's own captioners."""

MAX_CAPTIONS = 8
"""Every style has this many sentence forms, so this many distinct captions per window are sure."""


class CaptionConfig(StrictModel):
    """How windows are put into words."""

    style: str = Field(default="baseline", max_length=40)
    """baseline: varied natural sentences; structured: the four facts of a window in a fixed form;
    short: a few words; mixed: the three in turn; or the name of a registered captioner."""
    n_captions: int = Field(default=4, ge=1, le=MAX_CAPTIONS)
    """Distinct captions per window, 1 to 8. structured has one sentence; its further captions repeat the same
    four parts in other fixed orders."""
    seed: int = Field(default=0, ge=0, le=4_294_967_295)
    """Picks the sentence forms of each window, together with the window's id."""

    @field_validator("style")
    @classmethod
    def _known_style(cls, style: str) -> str:
        if style not in STYLE_NAMES:
            # Reading a config must stay light: the captioners are looked at for a name of someone else only.
            from discover.captions.captioners import CAPTIONERS

            if style not in CAPTIONERS:
                raise ValueError(f"no captioner is called '{style}'. {closest(style, tuple(CAPTIONERS))}")
        return style
