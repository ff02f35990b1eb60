"""Step 3: windows in words. What the sensors saw, never what somebody labelled it."""

from discover.captions.config import CaptionConfig
from discover.captions.factory import STYLES, caption_windows

__all__ = ["STYLES", "CaptionConfig", "caption_windows"]
