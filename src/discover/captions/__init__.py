"""Step 3: captions of windows, from sensor events and never from labels."""

from discover.captions.captioners import CAPTIONERS, Captioner
from discover.captions.config import CaptionConfig
from discover.captions.factory import caption_windows

__all__ = ["CAPTIONERS", "CaptionConfig", "Captioner", "caption_windows"]
