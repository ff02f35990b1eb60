"""The cluster page: what people do here, where, when, for how long, and on which days it was different."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import NDArray

from discover.changes import ChangeConfig, TimeGrid, build_grid, marks_of_windows, thin_windows
from discover.changes.rare_days import rare_days
from discover.changes.where_when import episodes_of, sensor_use, transitions_of
from discover.core.artifacts import write_text
from discover.core.errors import DataError
from discover.core.window_set import WindowSet
from discover.reports.cluster_figures import cluster_colours, draw_calendar, draw_cluster, draw_transitions

__all__ = ["ClusterPageInputs", "example_lines", "write_cluster_page"]

_LARGEST = 12


@dataclass(frozen=True)
class ClusterPageInputs:
    """What the page is made from. Holds no label.

    Attributes:
        title: Heading.
        window_set: Home and events; `facts` are slices of these events.
        facts: Windows of a search index: window_id, start, end, first_event, n_events, rooms, objects.
        assignments: window_id, cluster (-1: none), confidence. Windows not in it are in no cluster.
        clusters: From `clusters.json`: id, title, sentence and example moments each; `sentence_found` where
            the clusters were found in another log.
        present: Which events need a person, (E,); None: all.
    """

    title: str
    window_set: WindowSet
    facts: pl.DataFrame
    assignments: pl.DataFrame
    clusters: Sequence[Mapping[str, Any]]
    present: NDArray[np.bool_] | None = None


def write_cluster_page(folder: Path, inputs: ClusterPageInputs) -> Path:
    """Write `clusters.html`, which needs no other file, into a folder; same inputs, same bytes.

    `discover.pipeline.discovery.write_model_cluster_page` gathers the inputs of a model's clustering.

    Returns:
        Path of the page.

    Raises:
        DataError: No window is in a cluster.
        ArtifactError: The folder cannot be written.
    """
    joined = inputs.facts.join(
        inputs.assignments.select("window_id", "cluster", "confidence"), on="window_id", how="left",
        maintain_order="left",
    ).with_columns(pl.col("cluster").fill_null(-1), pl.col("confidence").fill_null(0.0))  # fmt: skip
    facts = thin_windows(joined)
    sizes = (
        facts.filter(pl.col("cluster") >= 0).group_by("cluster").len("n")
        .sort("n", "cluster", descending=[True, False])
    )  # fmt: skip
    if not len(sizes):
        raise DataError(
            "No window is in a cluster, so there is no cluster page. Run `discover cluster` first."
        )
    ids: list[int] = sizes["cluster"].to_list()
    told = {int(c["id"]): c for c in inputs.clusters}
    titles = {c: str(told.get(c, {}).get("title", f"cluster {c}")) for c in ids}
    colours = cluster_colours(ids)
    things = [str(c) for c in ids]
    labels = facts["cluster"].cast(pl.String).replace({"-1": None})
    grid = build_grid(
        marks_of_windows(facts, labels), inputs.window_set.events["time"], ChangeConfig(), things=things
    )
    steps = transitions_of(facts, facts["cluster"])
    sections = _sections(inputs, facts, dict(sizes.iter_rows()), titles, told, steps)
    figures = {
        "calendar": draw_calendar(
            np.moveaxis(grid.by_day(grid.time_TB), 0, 1), grid.by_day(grid.observed_B), grid.days,
            [colours[c] for c in ids], [f"{c}: {_short(titles[c])}" for c in ids],
        ),
        "transitions": draw_transitions(steps, {c: _short(titles[c]) for c in ids[:_LARGEST]}, colours),
    }  # fmt: skip
    environment = Environment(
        loader=PackageLoader("discover.reports"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    rare = rare_days(grid, titles={str(c): titles[c] for c in ids})
    page = environment.get_template("clusters.html.j2").render(
        title=inputs.title, facts=_numbers(facts, grid, ids), clusters=sections, rare=rare, **figures
    )
    path = folder / "clusters.html"
    write_text(path, page)
    return path


def example_lines(cluster: Mapping[str, Any]) -> list[dict[str, str]]:
    """Example moments of a cluster of `clusters.json`: when, text, window_id."""
    return [
        {**moment, "when": f"{datetime.fromisoformat(moment['start']):%a %d %b %Y %H:%M}"}
        for moment in cluster.get("examples", [])
    ]


def _numbers(facts: pl.DataFrame, grid: TimeGrid, ids: Sequence[int]) -> str:
    inside = float((facts["cluster"] >= 0).mean() or 0.0)  # type: ignore[arg-type]
    return (
        f"{len(facts):,} windows on {grid.n_days} days ({grid.observed_B.sum() / 24:.0f} days of them "
        f"recorded), {len(ids)} clusters; {100 * inside:.0f} % of the windows are in one. No label was read."
    )


def _sections(
    inputs: ClusterPageInputs,
    facts: pl.DataFrame,
    sizes: Mapping[int, int],
    titles: Mapping[int, str],
    told: Mapping[int, Mapping[str, Any]],
    steps: pl.DataFrame,
) -> list[dict[str, Any]]:
    present = inputs.present if inputs.present is not None else np.ones(len(inputs.window_set.events), bool)
    use = sensor_use(inputs.window_set, facts, facts["cluster"], present)
    episodes = episodes_of(facts, facts["cluster"])
    total = sum(sizes.values())
    n_days = facts["start"].dt.date().n_unique()
    sections = []
    for cluster, size in sizes.items():
        inside = facts.filter(pl.col("cluster") == cluster)
        own = episodes.filter(pl.col("cluster") == cluster)
        of_use = use.filter(pl.col("cluster") == cluster)
        days = inside["start"].dt.date().n_unique()
        sections.append(
            {
                "id": cluster,
                "title": titles[cluster],
                "sentence": str(told.get(cluster, {}).get("sentence", "")),
                "share": f"{100 * size / total:.1f} %",
                "facts": [
                    ("rooms", _most(inside, "rooms")),
                    ("objects", _most(inside, "objects")),
                    ("busiest hours", _hours(inside["start"])),
                    ("episodes", f"{len(own):,}, half of them longer than {_minutes(own)}"),
                    ("days", f"on {days} of {n_days} recorded days"),
                    ("before it", _neighbours(steps, titles, cluster, "after", "before")),
                    ("after it", _neighbours(steps, titles, cluster, "before", "after")),
                ],
                "figure": draw_cluster(
                    f"cluster_{cluster}", inputs.window_set.home, of_use, inside["start"], own["minutes"]
                ),
                "found": str(told.get(cluster, {}).get("sentence_found", "")),
                "examples": example_lines(told.get(cluster, {})),
            }
        )
    return sections


def _most(inside: pl.DataFrame, column: str) -> str:
    counted = (
        inside.select(pl.col(column).list.unique()).explode(column).drop_nulls()
        .group_by(column).len("n").sort("n", column, descending=[True, False]).head(4)
    )  # fmt: skip
    parts = [f"{name.replace('_', ' ')} {100 * n / len(inside):.0f} %" for name, n in counted.iter_rows()]
    return ", ".join(parts) or "none named"


def _hours(start: pl.Series) -> str:
    """The six busiest hours as ranges, with the share of windows in them."""
    counts = np.bincount(start.dt.hour().to_numpy(), minlength=24)
    chosen = sorted(np.argsort(-counts, kind="stable")[:6].tolist())
    ranges: list[list[int]] = []
    for hour in chosen:
        if ranges and ranges[-1][1] == hour:
            ranges[-1][1] = hour + 1
        else:
            ranges.append([hour, hour + 1])
    words = ", ".join(f"{a}–{b} h" for a, b in ranges)
    return f"{words} ({100 * counts[chosen].sum() / max(1, counts.sum()):.0f} %)"


def _minutes(own: pl.DataFrame) -> str:
    median = float(own["minutes"].median() or 0.0)  # type: ignore[arg-type]
    return f"{median:.1f} min" if median >= 1 else f"{60 * median:.0f} s"


def _neighbours(steps: pl.DataFrame, titles: Mapping[int, str], cluster: int, fixed: str, other: str) -> str:
    rows = steps.filter(pl.col(fixed) == cluster)
    total = int(rows["count"].sum())
    return "; ".join(
        f"{titles.get(c, c)} {100 * n / max(1, total):.0f} %"
        for c, n in rows.head(3).select(other, "count").iter_rows()
    ) or "nothing within five minutes"  # fmt: skip


def _short(title: str, most: int = 46) -> str:
    return title if len(title) <= most else title[: most - 1] + "…"
