"""Results in a terminal and in a notebook: the same words, none of them with power."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console

from discover.api.shown import Part, Shown, Table

NASTY = "<b>&\x1b[31mred[/red]"


@dataclass(frozen=True)
class Example(Shown):
    def parts(self) -> Iterator[Part]:
        yield f"said {NASTY}"
        yield Table(("what", "n", "share"), [(f"a\nb {NASTY}", 12345, 0.5), ("c", 1, None)], "title")
        yield Table(("", ""), [("key", "value")])


def test_text_is_plain_and_harmless() -> None:
    text = str(Example())
    assert text.splitlines()[0] == r"said <b>&\x1b[31mred[/red]"
    assert "\x1b" not in text
    assert "12,345" in text
    assert "0.500" in text
    assert not any(line != line.rstrip() for line in text.splitlines())
    assert text.splitlines()[-1].split() == ["key", "value"]


def test_rich_shows_the_same_words() -> None:
    console = Console(width=120, record=True, file=None, no_color=True, quiet=False)
    with console.capture() as shown:
        console.print(Example())
    words = shown.get().split()
    assert words == str(Example()).split()


def test_html_is_escaped_and_keeps_lines() -> None:
    html = Example()._repr_html_()
    assert "<b>" not in html
    assert r"said &lt;b&gt;&amp;\x1b[31mred[/red]" in html
    assert "a<br>b &lt;b&gt;" in html
    assert 'text-align:right">n</th>' in html
    assert 'text-align:right">12,345</td>' in html
    assert html.count("<table>") == 2
    assert html.count("<thead>") == 1, "a table of facts has no empty head"
    assert "<caption>title</caption>" in html
