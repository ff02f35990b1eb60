"""Hostile labels in figures and pages: no formula, no markup, no control character."""

from matplotlib.figure import Figure

from discover.reports.pages import page_environment
from discover.reports.style import draw

HOSTILE = "a $x^{$ <b> \x1b[31m\u202e"


def test_figures_draw_names_as_text() -> None:
    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.bar([0, 1], [1, 2], label=HOSTILE)
        axes.set_xticks([0, 1], [HOSTILE, "$\\frac{$"])
        axes.set_title(HOSTILE)
        axes.text(0, 1, "$x^{$")
        axes.legend()

    drawing = draw("x", "alt", (3, 2), paint)
    assert drawing.png.startswith(b"\x89PNG")
    assert b"\x1b" not in drawing.svg
    assert drawing == draw("x", "alt", (3, 2), paint)


def test_pages_show_names_as_text() -> None:
    page = page_environment().from_string("<p>{{ name }}</p>").render(name=HOSTILE)
    assert page == "<p>a $x^{$ &lt;b&gt; \\x1b[31m\\u202e</p>"
