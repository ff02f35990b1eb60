"""Text from files as it may be shown: on a terminal, in HTML, in a figure.

A home file, a zip member, an id, a label or a question may hold characters that steer a terminal, reverse
the reading order, or mean something to rich, HTML or matplotlib. Every output passes through here.
"""

import html
import json
import unicodedata
from typing import Any

__all__ = ["figure_text", "html_text", "json_text", "one_paragraph", "terminal_text"]

_KEPT = {"\n", "\t"}
_BIDI = {chr(c) for c in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
_SEPARATORS = {"\u2028", "\u2029", "\ufeff"}


def terminal_text(text: object) -> str:
    r"""Text without power: control, direction and undecodable characters are written as `\x1b`, `\u202e`.

    Line ends and tabs stay.
    """
    value = str(text)
    if value.isascii() and value.isprintable():
        return value
    return "".join(c if _is_harmless(c) else _written(c) for c in value)


def one_paragraph(text: object) -> str:
    """As `terminal_text`, in one line."""
    return terminal_text(" ".join(str(text).split()))


def html_text(text: object) -> str:
    """Text for HTML: harmless, with `<`, `>`, `&` and quotes written as entities."""
    return html.escape(terminal_text(text))


def figure_text(text: object) -> str:
    """Text for matplotlib: harmless, and a dollar sign is a dollar sign, not the beginning of a formula."""
    return terminal_text(text).replace("\\$", "$").replace("$", r"\$")


def json_text(value: Any, *, indent: int | None = None) -> str:
    r"""JSON with letters of every language as they are, and control characters as `\u001b`."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(c if _is_harmless(c) else f"\\u{ord(c):04x}" for c in text)


def _is_harmless(char: str) -> bool:
    if char.isascii():
        return char in _KEPT or " " <= char <= "~"
    if char in _BIDI or char in _SEPARATORS:
        return False
    return unicodedata.category(char) not in ("Cc", "Cs")


def _written(char: str) -> str:
    code = ord(char)
    if char == "\r":
        return r"\r"
    if 0xDC80 <= code <= 0xDCFF:  # a byte of the command line that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
