"""Step 3: windows in words. What the sensors saw, never what somebody labelled it."""

from discover.captions.captioners import CAPTIONERS, Captioner
from discover.captions.config import CaptionConfig
from discover.captions.factory import caption_windows

__all__ = ["CAPTIONERS", "CaptionConfig", "Captioner", "caption_windows"]
