"""What changed between two periods, as a picture: effect sizes, the surest first."""

from matplotlib.figure import Figure

from discover.changes import Comparison
from discover.reports.style import COLOURS, GREY, Drawing, draw

__all__ = ["draw_changes", "measure_name"]

_MOST = 24
_LONGEST = 44


def draw_changes(comparison: Comparison, title: str) -> Drawing:
    """Bars of Cliff's delta for the surest measures; grey where the change does not pass the level."""
    shown = comparison.changes[:_MOST]
    height = 1.5 + 0.26 * max(1, len(shown))

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for i, change in enumerate(shown):
            up = change.direction in ("more", "later")
            colour = (COLOURS[1] if up else COLOURS[0]) if change.found else "#cfd6dd"
            axes.barh(i, change.cliffs_delta, color=colour, height=0.7)
            if change.found:
                axes.annotate(
                    change.direction, (change.cliffs_delta, i), xytext=(4 if up else -4, 0),
                    textcoords="offset points", va="center", ha="left" if up else "right", fontsize=8,
                )  # fmt: skip
        axes.set_yticks(range(len(shown)), [measure_name(c.thing, c.measure) for c in shown])
        axes.invert_yaxis()
        axes.set_xlim(-1.25, 1.25)
        axes.set_xticks([-1, -0.5, 0, 0.5, 1])
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set_xlabel("Cliff's delta per day: -1 all days less or earlier, +1 all days more or later")
        axes.set_title(
            f"{title}\n{comparison.period} against {comparison.baseline}\n"
            f"coloured: passes a false discovery rate of {comparison.fdr:g}"
        )

    alt = f"Effect sizes of {len(shown)} measures; {len(comparison.found)} pass the level."
    return draw("changes", alt, (9.0, height), paint)


def measure_name(thing: str, measure: str) -> str:
    """Label such as "living room, begins"; long names are cut."""
    words = thing.replace("_", " ")
    return f"{words if len(words) <= _LONGEST else words[: _LONGEST - 1] + '…'}, {measure}"
