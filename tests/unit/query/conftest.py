"""Fixtures of the made-up morning in tests/fixtures/morning.py."""

from morning import one_hot, story, windows_of

__all__ = ["one_hot", "story", "windows_of"]
