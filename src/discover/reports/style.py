"""How figures look: colours that survive colour blindness, one font, PNG and SVG of one drawing."""

import base64
import io
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FuncFormatter
from numpy.typing import NDArray

from discover.core.shown import figure_text

__all__ = [
    "COLOURS",
    "GREY",
    "INK",
    "MANY_COLOURS",
    "SPLIT_COLOURS",
    "Drawing",
    "draw",
    "paint_shares",
    "shares_side",
]

# Okabe and Ito 2008, "Color universal design": distinguishable with every common colour blindness.
COLOURS: tuple[str, ...] = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MANY_COLOURS: tuple[str, ...] = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9",
    "#F0E442", "#6A3D9A", "#8C510A", "#B2DF8A", "#E31A6F", "#17202A",
)  # fmt: skip
"""Twelve for categories: the six above in another order, then six that differ from them and each other."""
SPLIT_COLOURS = {"train": "#0072B2", "val": "#E69F00", "test": "#009E73"}
INK = "#1d2733"
GREY = "#8a94a0"

_RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": "#b8c0c8",
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#e4e8ec",
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": "#4a5561",
    "ytick.color": "#4a5561",
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "discover",
    "svg.fonttype": "path",
}
_PNG_DPI = 150


@dataclass(frozen=True)
class Drawing:
    """One finished figure.

    Attributes:
        name: File name without ending.
        alt: What it shows, for people who cannot see it.
        svg: Bytes of the SVG file.
        figure: What was drawn; most pages show the SVG alone, so the PNG is drawn when it is asked for.
        note: An explanation for a reader who does not know the home, shown below the figure.
    """

    name: str
    alt: str
    svg: bytes
    figure: Figure = field(repr=False, compare=False)
    note: str = ""

    @cached_property
    def png(self) -> bytes:
        """Bytes of the PNG file."""
        return _saved(self.figure, "png", dpi=_PNG_DPI, metadata={"Software": None})

    @property
    def data_uri(self) -> str:
        """The SVG as an address that needs no file."""
        return "data:image/svg+xml;base64," + base64.b64encode(self.svg).decode("ascii")


def draw(
    name: str,
    alt: str,
    size_inches: tuple[float, float],
    paint: Callable[[Figure], None],
    *,
    note: str = "",
) -> Drawing:
    """Make a figure of one size, let `paint` fill it, and lay it out; the same bytes each time."""
    with _style():
        figure = Figure(figsize=size_inches, layout="constrained")
        FigureCanvasAgg(figure)
        paint(figure)
        _show_as_text(figure)
        # Laid out once; with its layout left on, each file would lay the figure out again.
        figure.draw_without_rendering()
        figure.set_layout_engine(None)
    return Drawing(name, alt, _saved(figure, "svg", metadata={"Date": None, "Creator": None}), figure, note)


@contextmanager
def _style() -> Iterator[None]:
    with matplotlib.rc_context(_RC), warnings.catch_warnings():
        # A label in a script that the font lacks is drawn as boxes; the tables show it.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def _saved(figure: Figure, ending: str, **options: Any) -> bytes:
    file = io.BytesIO()
    with _style():
        figure.savefig(file, format=ending, **options)
    return file.getvalue()


def _show_as_text(figure: Figure) -> None:
    """Names from files are shown as they are: a `$` begins no formula, a control character does nothing."""
    for text in figure.findobj(Text):
        text.set_text(figure_text(text.get_text()))
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            for formatter in (axis.get_major_formatter(), axis.get_minor_formatter()):
                if isinstance(formatter, FixedFormatter):
                    formatter.seq = [figure_text(name) for name in formatter.seq]
                elif isinstance(formatter, FuncFormatter):  # names given to set_xticks and set_yticks
                    formatter.func = partial(_tick_text, formatter.func)


def _tick_text(name_of: Callable[[float, int | None], str], at: float, position: int | None = None) -> str:
    return figure_text(name_of(at, position))


def shares_side(names: Sequence[str]) -> float:
    """Inches of a square table of `paint_shares` with its labels."""
    return max(4.2, 1.9 + 0.47 * len(names))


def paint_shares(
    figure: Figure, shares: NDArray[np.floating], words: Mapping[tuple[int, int], str], names: Sequence[str],
    *, across: str, down: str, bar: str,
) -> Axes:  # fmt: skip
    """A square table of shares in [0, 1], (C, C): darker is more, with words in some cells.

    Args:
        figure: An empty figure.
        shares: Row by column.
        words: (row, column) -> text of the cell.
        names: Of rows and columns.
        across, down, bar: Labels of columns, rows and the colour bar.
    """
    axes: Axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel(across)
    axes.set_ylabel(down)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for (i, j), text in words.items():
        ink = "white" if shares[i, j] > 0.55 else INK
        axes.text(j, i, text, ha="center", va="center", color=ink, fontsize=8)
    scale = figure.colorbar(image, ax=axes, shrink=0.7, pad=0.02)
    scale.set_label(bar)
    scale.outline.set_visible(False)
    return axes
