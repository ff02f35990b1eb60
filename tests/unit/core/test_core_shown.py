"""Text from files on a terminal, in HTML, in a figure, and in JSON for programs."""

import json

from discover.core.shown import figure_text, json_text, one_paragraph, terminal_text


def test_terminal_text() -> None:
    assert terminal_text("Küche 厨房 a\tb\nc [/red] $x^{$") == "Küche 厨房 a\tb\nc [/red] $x^{$"
    assert terminal_text("\x1b[2J\x07\r\x7f") == r"\x1b[2J\x07\r\x7f"
    assert terminal_text("\x9b31m") == r"\x9b31m"
    assert terminal_text("\u202eabc\u2066\u200f") == r"\u202eabc\u2066\u200f"
    assert terminal_text("K\udcfchl \ud800") == r"K\xfchl \ud800"
    assert terminal_text(3) == "3"


def test_one_paragraph() -> None:
    assert one_paragraph("a\n  b\x1b") == r"a b\x1b"


def test_html_and_figure_text() -> None:
    assert figure_text("$x^{$") == r"\$x^{\$"
    assert figure_text(figure_text("$x^{$")) == r"\$x^{\$"


def test_json_text_is_the_same_value() -> None:
    value = {"a": "ü\x1b\x9b\u202e\x7f"}
    text = json_text(value)
    assert json.loads(text) == value
    assert "ü" in text
    assert not {"\x1b", "\x9b", "\u202e", "\x7f"} & set(text)
