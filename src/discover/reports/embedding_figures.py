"""Maps of window vectors: PCA and t-SNE (UMAP on request), coloured by label, room and part of day."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from discover.core.embeddings import unit_rows
from discover.core.errors import ShapeError
from discover.core.seeds import derive_seed
from discover.reports.style import MANY_COLOURS, Drawing, draw
from discover.reports.window_places import MAP_NOTE, MOST_WINDOWS, project

__all__ = ["MapInputs", "draw_embedding_maps", "draw_window_map"]

_OTHER_COLOUR, _NONE_COLOUR = "#4a5561", "#d3d9df"
_MOST_GROUPS = 11
_NOTE = (
    "Every point is one window; near points have similar vectors. {words}The same points three "
    "times, coloured by the annotated activity (which the model never saw), by the room visited "
    "first and by the part of day. {n:,} windows, drawn at random of {of:,}."
)
_METHODS = {
    "pca": (
        "PCA",
        "PCA shows the two directions in which vectors differ most ({share:.0f} % of the variance). ",
    ),
    "tsne": (
        "t-SNE",
        "t-SNE keeps neighbours together; distances between groups mean little. ",
    ),
    "umap": ("UMAP", "UMAP keeps neighbours together; distances between groups mean little. "),
}


@dataclass(frozen=True)
class MapInputs:
    """What the maps show.

    Attributes:
        vectors: (W, P) window vectors.
        groupings: Heading -> (W,) name of each window's group; "" where it has none (drawn pale). Names of a
            grouping in `ordered` keep their order of first appearance in it.
        ordered: Heading -> names in the order of the legend and colours.
        umap: Also a UMAP map (needs `pip install discover-v2[umap]`).
    """

    vectors: NDArray[np.floating]
    groupings: dict[str, NDArray[np.str_]]
    ordered: dict[str, tuple[str, ...]]
    umap: bool = False


def draw_embedding_maps(inputs: MapInputs, seed: int = 0) -> list[Drawing]:
    """One figure per method; none for fewer than ten windows.

    Raises:
        ShapeError: A grouping has another number of windows.
        ConfigError: UMAP is asked for and not installed.
    """
    total = len(inputs.vectors)
    if any(len(groups) != total for groups in inputs.groupings.values()):
        raise ShapeError(f"Every grouping needs one name for each of the {total} vectors.")
    if total < 10:
        return []
    rng = np.random.default_rng(derive_seed(seed, "embedding map"))
    rows = np.sort(rng.permutation(total)[:MOST_WINDOWS])
    vectors = unit_rows(inputs.vectors[rows])
    groupings = {heading: groups[rows] for heading, groups in inputs.groupings.items()}
    drawings = []
    for method in ("pca", "tsne", *(("umap",) if inputs.umap else ())):
        places, share = project(vectors, method, seed)
        title, words = _METHODS[method]
        note = _NOTE.format(words=words.format(share=100 * share), n=len(rows), of=total)
        drawings.append(_draw_map(places, groupings, inputs.ordered, title, f"embedding_{method}", note))
    return drawings


def draw_window_map(places: NDArray[np.floating], groupings: dict[str, NDArray[np.str_]]) -> Drawing:
    """The map of `window_places` (W, 2), one panel per grouping (`MapInputs`); at most 2,000 points.

    Upright as in the app, whose axis points down.
    """
    rng = np.random.default_rng(derive_seed(0, "app map"))
    rows = np.sort(rng.permutation(len(places))[:MOST_WINDOWS])
    shown = {heading: groups[rows] for heading, groups in groupings.items()}
    points = (places[rows] * (1, -1)).astype(np.float64)
    return _draw_map(points, shown, {}, "Windows", "map", MAP_NOTE)


def _draw_map(
    places: NDArray[np.float64],
    groupings: dict[str, NDArray[np.str_]],
    ordered: dict[str, tuple[str, ...]],
    title: str,
    name: str,
    note: str,
) -> Drawing:
    def paint(figure: Figure) -> None:
        panels = figure.subplots(1, len(groupings), squeeze=False)[0]
        for axes, (heading, groups) in zip(panels, groupings.items(), strict=True):
            _paint_groups(axes, places, groups, ordered.get(heading))
            axes.set_title(f"{title}, by {heading}")

    return draw(name, f"{title} map of window vectors", (4.1 * len(groupings), 5.6), paint, note=note)


def _paint_groups(
    axes: Axes, places: NDArray[np.float64], groups: NDArray[np.str_], order: tuple[str, ...] | None
) -> None:
    names, counts = np.unique(groups[groups != ""], return_counts=True)
    by_size = [str(names[i]) for i in np.lexsort((names, -counts))]
    shown = [n for n in order if n in by_size] if order else by_size[:_MOST_GROUPS]
    colour_of = dict(zip(shown, MANY_COLOURS, strict=False))
    colours = np.array([colour_of.get(str(g), _OTHER_COLOUR if g else _NONE_COLOUR) for g in groups])
    # Pale points first, so that no named point hides below them.
    order_drawn = np.argsort(groups != "", kind="stable")
    axes.scatter(
        places[order_drawn, 0],
        places[order_drawn, 1],
        s=7,
        c=colours[order_drawn].tolist(),
        linewidths=0,
        alpha=0.8,
    )
    legend = [(n.replace("_", " "), colour_of[n]) for n in shown]
    if len(by_size) > len(shown):
        legend.append((f"{len(by_size) - len(shown)} others", _OTHER_COLOUR))
    if (groups == "").any():
        legend.append(("none", _NONE_COLOUR))
    for words, colour in legend:
        axes.scatter([], [], s=34, color=colour, label=words)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=2, fontsize=8, handletextpad=0.2,
                columnspacing=1.0)  # fmt: skip
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color("#d5dbe1")
