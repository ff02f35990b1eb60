"""Whether a sentence can be asked at all, decided before anything is loaded."""

import unicodedata

from discover.core.errors import ConfigError

__all__ = ["check_question"]

_INVISIBLE = ("C", "Z")
"""Unicode's controls, marks of direction, unassigned characters and spaces."""


def check_question(text: str) -> str:
    """The sentence as it was given.

    Raises:
        ConfigError: It is not valid Unicode (bytes of another encoding on the command line), or holds nothing
            that can be seen.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        shown = text.encode("utf-8", "surrogateescape" if _from_bytes(text) else "replace")
        raise ConfigError(
            f"The question is not valid UTF-8: it holds the bytes {shown!r:.80} "
            f"(character {error.start + 1}). "
            "Set the terminal to UTF-8, or save the file of questions as UTF-8."
        ) from error
    if all(unicodedata.category(character)[0] in _INVISIBLE for character in text):
        raise ConfigError(
            "The question is empty. Ask one thing at a time: write a sentence such as "
            '"someone opens the fridge at night".'
        )
    return text


def _from_bytes(text: str) -> bool:
    """Whether what is no character comes from undecoded bytes, as Python keeps those of a command line."""
    return all(0xDC80 <= ord(c) <= 0xDCFF for c in text if 0xD800 <= ord(c) <= 0xDFFF)
