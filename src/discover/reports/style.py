"""How figures look: colours that survive colour blindness, one font, PNG and SVG of one drawing."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["COLOURS", "GREY", "INK", "MANY_COLOURS", "SPLIT_COLOURS", "Drawing", "draw"]

# Okabe and Ito 2008, "Color universal design": told apart with every common colour blindness.
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
        png: Bytes of the PNG file.
        svg: Bytes of the SVG file.
        note: What to see in it, for a reader who never saw the home; stands below it.
    """

    name: str
    alt: str
    png: bytes
    svg: bytes
    note: str = ""

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
    """Make a figure of one size, let `paint` fill it, and return both formats, byte for byte repeatable."""
    with matplotlib.rc_context(_RC):
        figure = Figure(figsize=size_inches, layout="constrained")
        FigureCanvasAgg(figure)
        paint(figure)
        png, svg = io.BytesIO(), io.BytesIO()
        figure.savefig(png, format="png", dpi=_PNG_DPI, metadata={"Software": None})
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    return Drawing(name, alt, png.getvalue(), svg.getvalue(), note)
