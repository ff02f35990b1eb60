"""The cluster page: what people do, where, when, for how long, and which days are unusual.

Shares, hours, lengths and days come from `clusters.json`. Figures, neighbours in time and unusual days are
computed here, from the same windows (at most one a minute).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.changes import ChangeConfig, TimeGrid, build_grid, marks_of_windows, thin_windows
from discover.changes.unusual_days import unusual_days
from discover.changes.where_when import episodes_of, hours_of_week, sensor_use, transitions_of
from discover.clustering import length_words, share_words
from discover.core.artifacts import write_text
from discover.core.errors import DataError
from discover.core.window_set import WindowSet
from discover.reports.cluster_days import draw_calendar, draw_typical_day
from discover.reports.cluster_figures import (
    ClusterPicture,
    draw_cluster,
    draw_transitions,
    duration_shares,
    family_colours,
)
from discover.reports.found_sections import unusual_section
from discover.reports.pages import ClusterCard, ClusterFamily, Section, render_page

__all__ = ["ClusterPageInputs", "example_lines", "write_cluster_page"]

_LARGEST = 12
_NAMED = 5
_TERMS = (
    ("window", "A short stretch of the sensor log. All days count, with at most one window a minute; every "
     "share, hour and day here is of these windows."),
    ("cluster", "A set of windows that look alike to the sensors. Its title names only what is in at least "
     "half of its windows (“with” too; “sometimes”: a quarter to a half); “between” is a walk."),
    ("family", "A group of similar clusters, in shades of one colour."),
    ("episode", "A run of windows of one cluster with pauses of at most two minutes."),
    ("calendar", "A cell is a quarter of an hour of one day, in the colour of the cluster that took most of "
     "it. A window lasts until the next one, at most five minutes."),
    ("quiet", "White: asleep, sitting still or out. Grey: no sensor reported for hours: nothing is known."),
    ("recorded day", "A day with a window."),
)  # fmt: skip


@dataclass(frozen=True)
class ClusterPageInputs:
    """The inputs of the page, without labels.

    Attributes:
        title: Heading.
        window_set: Home and events; `facts` are slices of these events.
        facts: Windows of a search index: window_id, start, end, first_event, n_events.
        assignments: window_id, cluster (-1: none), confidence. Windows not in it are in no cluster.
        content: `clusters.json` of the same windows.
        present: Which events need a person, (E,); None: all.
    """

    title: str
    window_set: WindowSet
    facts: pl.DataFrame
    assignments: pl.DataFrame
    content: Mapping[str, Any]
    present: NDArray[np.bool_] | None = None


def write_cluster_page(folder: Path, inputs: ClusterPageInputs) -> Path:
    """Write `clusters.html`, which needs no other file, into a folder; same inputs, same bytes.

    `discover.serving.changes.write_model_cluster_page` gathers the inputs of a model's clustering.

    Returns:
        Path of the page.

    Raises:
        DataError: No window is in a cluster, or `clusters.json` is of an earlier version or of other
            windows.
        ArtifactError: The folder cannot be written.
    """
    if "recorded_days" not in inputs.content:
        raise DataError(
            "clusters.json counts as an earlier version did, so the page's numbers would not agree. Run "
            "`discover cluster` again with the same settings."
        )
    described = {int(c["id"]): c for c in inputs.content["clusters"] if c["windows"]}
    ids = sorted(described, key=lambda c: (-described[c]["windows"], c))
    if not ids:
        raise DataError(
            "No window is in a cluster, so there is no cluster page. Run `discover cluster` first."
        )
    facts = _assigned(inputs)
    if len(facts) != inputs.content["windows"]:
        raise DataError(
            f"clusters.json describes {inputs.content['windows']:,} windows and these are {len(facts):,}. "
            "Give the index the clusters were described from, or run `discover cluster` again."
        )
    page = render_page(
        inputs.title, _subtitle(inputs.content, len(ids)), _sections(inputs, facts, described, ids)
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


def _assigned(inputs: ClusterPageInputs) -> pl.DataFrame:
    """The described windows with their clusters."""
    own = inputs.assignments.select("window_id", "cluster")
    joined = inputs.facts.join(own, on="window_id", how="left", maintain_order="left")
    return thin_windows(joined.with_columns(pl.col("cluster").fill_null(-1)))


def _subtitle(content: Mapping[str, Any], n_clusters: int) -> str:
    first, last = (datetime.fromisoformat(content[name]) for name in ("first_day", "last_day"))
    inside = 1 - float(content["health"]["noise_share"])
    return (
        f"{content['windows']:,} windows on {content['recorded_days']} recorded days, out of "
        f"{(last - first).days + 1} from {first:%d %b %Y} to {last:%d %b %Y}; {n_clusters} clusters; "
        f"{share_words(inside)} of the windows are in one. No label was read."
    )


def _sections(
    inputs: ClusterPageInputs,
    facts: pl.DataFrame,
    described: Mapping[int, Mapping[str, Any]],
    ids: Sequence[int],
) -> list[Section]:
    """All sections; `ids` are the clusters, largest first."""
    members = _members(described, ids)
    order = [c for clusters in members.values() for c in clusters]
    colours = family_colours(list(members.values()))
    marks = marks_of_windows(facts, facts["cluster"].cast(pl.String).replace({"-1": None}))
    times = inputs.window_set.events["time"]
    grid = build_grid(marks, times, ChangeConfig(), things=[str(c) for c in order])
    steps = transitions_of(facts, facts["cluster"])
    cards = _cards(inputs, facts, described, order, grid, steps, colours)
    titles = {c: str(described[c]["title"]) for c in ids}
    names = {c: _short(title) for c, title in titles.items()}
    paint = [colours[c] for c in order]
    n_days = int(inputs.content["recorded_days"])
    largest = {c: names[c] for c in ids[:_LARGEST]}
    return [
        Section("guide", "How to read this page", terms=_TERMS),
        Section(
            "calendar",
            "Every day of the recording",
            figures=[draw_calendar(grid, paint, [f"{c}: {names[c]}" for c in order])],
        ),
        Section(
            "typical",
            "A typical day",
            "Colours as in the calendar; the white rest up to 60 minutes is quiet.",
            figures=[draw_typical_day(grid, paint)],
        ),
        Section(
            "clusters",
            "The clusters",
            "By family, with the share of all windows.",
            families=_families(inputs.content, described, members, cards),
            clusters=[cards[c] for c in order],
        ),
        Section(
            "transitions",
            "What follows what",
            "The most frequent changes between the twelve largest clusters, never across a silence longer "
            "than five minutes; an arrow has the colour of what it leaves.",
            figures=[draw_transitions(steps, largest, colours, n_days)],
        ),
        unusual_section(unusual_days(grid, {str(c): title for c, title in titles.items()}), n_days),
    ]


def _members(described: Mapping[int, Mapping[str, Any]], ids: Sequence[int]) -> dict[int, list[int]]:
    """Family -> its clusters, largest family and largest cluster first."""
    members: dict[int, list[int]] = {}
    for c in ids:
        members.setdefault(int(described[c].get("group", 0)), []).append(c)
    order = sorted(members, key=lambda g: (-sum(described[c]["windows"] for c in members[g]), g))
    return {g: members[g] for g in order}


def _families(
    content: Mapping[str, Any],
    described: Mapping[int, Mapping[str, Any]],
    members: Mapping[int, Sequence[int]],
    cards: Mapping[int, ClusterCard],
) -> list[ClusterFamily]:
    titles = {int(g["id"]): str(g["title"]) for g in content.get("groups", [])}
    return [
        ClusterFamily(
            titles.get(g, ""),
            share_words(sum(described[c]["share"] for c in clusters), 1),
            [cards[c] for c in clusters],
        )
        for g, clusters in members.items()
    ]


def _cards(
    inputs: ClusterPageInputs,
    facts: pl.DataFrame,
    described: Mapping[int, Mapping[str, Any]],
    order: Sequence[int],
    grid: TimeGrid,
    steps: pl.DataFrame,
    colours: Mapping[int, str],
) -> dict[int, ClusterCard]:
    """Cluster -> its card, in the order of the page."""
    present = inputs.present if inputs.present is not None else np.ones(len(inputs.window_set.events), bool)
    use = sensor_use(inputs.window_set, facts, facts["cluster"], present)
    episodes = episodes_of(facts, facts["cluster"])
    titles = {c: str(described[c]["title"]) for c in order}
    lengths = {c: duration_shares(episodes.filter(pl.col("cluster") == c)["minutes"]) for c in order}
    most = max(float(shares.max()) for shares in lengths.values())
    places = inputs.content.get("places", [])
    cards = {}
    for cluster, week in zip(order, hours_of_week(grid), strict=True):
        row = described[cluster]
        used = {thing["words"] for thing in row["objects"]}
        own = use.filter(pl.col("cluster") == cluster)
        picture = ClusterPicture(own, week, lengths[cluster], used, colours[cluster])
        n_episodes = int((episodes["cluster"] == cluster).sum())
        cards[cluster] = ClusterCard(
            id=cluster,
            title=titles[cluster],
            share=share_words(row["share"], 1),
            sentence=str(row["sentence"]),
            examples=example_lines(row),
            colour=colours[cluster],
            facts=[
                ("rooms", _most(row["rooms"])),
                ("objects", _most(row["objects"])),
                ("hours", row["when"]),
                ("episodes", f"{n_episodes:,}, half longer than {length_words(row['episode_s'])}"),
                ("days", f"{row['days_seen']} of {row['days_recorded']} recorded days"),
                ("before it", _neighbours(steps, titles, cluster, "after", "before")),
                ("after it", _neighbours(steps, titles, cluster, "before", "after")),
            ],
            figure=draw_cluster(f"cluster_{cluster}", inputs.window_set.home, places, picture, most),
            found=str(row.get("sentence_found", "")),
        )
    return cards


def _most(things: Sequence[Mapping[str, Any]]) -> str:
    ordered = sorted(things, key=lambda t: (-t["share"], t["words"]))[:_NAMED]
    return ", ".join(f"{t['words']} {share_words(t['share'])}" for t in ordered) or "none named"


def _neighbours(steps: pl.DataFrame, titles: Mapping[int, str], cluster: int, fixed: str, other: str) -> str:
    rows = steps.filter((pl.col(fixed) == cluster) & pl.col(other).is_in(list(titles)))
    total = int(rows["count"].sum())
    return "; ".join(
        f"{titles[c]} {share_words(n / max(1, total))}"
        for c, n in rows.head(3).select(other, "count").iter_rows()
    ) or "nothing within five minutes"  # fmt: skip


def _short(title: str, most: int = 46) -> str:
    return title if len(title) <= most else title[: most - 1] + "…"
