"""The cluster page: what people do here, where, when, for how long, and on which days it was different.

Shares, hours, lengths and days are those of `clusters.json`; only pictures, neighbours in time and unusual
days are computed here, from the same windows (at most one a minute).
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
from discover.reports.pages import page_environment

__all__ = ["ClusterPageInputs", "example_lines", "write_cluster_page"]

_LARGEST = 12
_NAMED = 5
_SHOWN_DAYS = 10


@dataclass(frozen=True)
class ClusterPageInputs:
    """What the page is made from. Holds no label.

    Attributes:
        title: Heading.
        window_set: Home and events; `facts` are slices of these events.
        facts: Windows of a search index: window_id, start, end, first_event, n_events.
        assignments: window_id, cluster (-1: none), confidence. Windows not in it are in no cluster.
        content: What `clusters.json` says of the same windows.
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
    told = {int(c["id"]): c for c in inputs.content["clusters"] if c["windows"]}
    ids = sorted(told, key=lambda c: (-told[c]["windows"], c))
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
    labels = facts["cluster"].cast(pl.String).replace({"-1": None})
    times = inputs.window_set.events["time"]
    marks = marks_of_windows(facts, labels)
    families = _families(inputs.content, told, ids)
    by_family = [c for family in families for c in family["ids"]]
    colours = family_colours([family["ids"] for family in families])
    grid = build_grid(marks, times, ChangeConfig(), things=[str(c) for c in by_family])
    steps = transitions_of(facts, facts["cluster"])
    titles = {c: str(told[c]["title"]) for c in ids}
    rare = unusual_days(grid, {str(c): titles[c] for c in ids})
    paint = [colours[c] for c in by_family]
    n_days = int(inputs.content["recorded_days"])
    for family in families:
        family["clusters"] = [_line(told[c], colours) for c in family["ids"]]
    page = (
        page_environment()
        .get_template("clusters.html.j2")
        .render(
            title=inputs.title,
            facts=_numbers(inputs.content, len(ids)),
            families=families,
            clusters=_sections(inputs, facts, told, by_family, grid, steps, colours),
            calendar=draw_calendar(grid, paint, [f"{c}: {_short(titles[c])}" for c in by_family]),
            typical=draw_typical_day(grid, paint),
            transitions=draw_transitions(
                steps, {c: _short(titles[c]) for c in ids[:_LARGEST]}, colours, n_days
            ),
            rare=rare[:_SHOWN_DAYS],
            n_compared=len(rare),
            by_chance=f"{0.05 * len(rare):.0f}",
            n_stay=sum(day.stays for day in rare),
        )
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


def _families(
    content: Mapping[str, Any], told: Mapping[int, Mapping[str, Any]], ids: Sequence[int]
) -> list[dict[str, Any]]:
    """Families with their clusters, largest family and largest cluster first."""
    titles = {int(g["id"]): str(g["title"]) for g in content.get("groups", [])}
    members: dict[int, list[int]] = {}
    for c in ids:
        members.setdefault(int(told[c].get("group", 0)), []).append(c)
    order = sorted(members, key=lambda g: (-sum(told[c]["windows"] for c in members[g]), g))
    shares = {g: sum(told[c]["share"] for c in members[g]) for g in order}
    return [
        {"title": titles.get(g, ""), "share": share_words(shares[g], 1), "ids": members[g]} for g in order
    ]


def _line(cluster: Mapping[str, Any], colours: Mapping[int, str]) -> dict[str, Any]:
    number = int(cluster["id"])
    share = share_words(cluster["share"], 1)
    return {"id": number, "title": cluster["title"], "share": share, "colour": colours[number]}


def _numbers(content: Mapping[str, Any], n_clusters: int) -> str:
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
    told: Mapping[int, Mapping[str, Any]],
    order: Sequence[int],
    grid: TimeGrid,
    steps: pl.DataFrame,
    colours: Mapping[int, str],
) -> list[dict[str, Any]]:
    present = inputs.present if inputs.present is not None else np.ones(len(inputs.window_set.events), bool)
    use = sensor_use(inputs.window_set, facts, facts["cluster"], present)
    episodes = episodes_of(facts, facts["cluster"])
    weeks = hours_of_week(grid)
    titles = {c: str(told[c]["title"]) for c in order}
    lengths = {c: duration_shares(episodes.filter(pl.col("cluster") == c)["minutes"]) for c in order}
    most = max(float(shares.max()) for shares in lengths.values())
    places = inputs.content.get("places", [])
    sections = []
    for cluster, week in zip(order, weeks, strict=True):
        row = told[cluster]
        used = {thing["words"] for thing in row["objects"]}
        picture = ClusterPicture(
            use.filter(pl.col("cluster") == cluster), week, lengths[cluster], used, colours[cluster]
        )
        n_episodes = int((episodes["cluster"] == cluster).sum())
        sections.append(
            {
                **_line(row, colours),
                "sentence": str(row["sentence"]),
                "facts": [
                    ("rooms", _most(row["rooms"])),
                    ("objects", _most(row["objects"])),
                    ("hours", row["when"]),
                    ("episodes", f"{n_episodes:,}, half longer than {length_words(row['episode_s'])}"),
                    ("days", f"{row['days_seen']} of {row['days_recorded']} recorded days"),
                    ("before it", _neighbours(steps, titles, cluster, "after", "before")),
                    ("after it", _neighbours(steps, titles, cluster, "before", "after")),
                ],
                "figure": draw_cluster(f"cluster_{cluster}", inputs.window_set.home, places, picture, most),
                "found": str(row.get("sentence_found", "")),
                "examples": example_lines(row),
            }
        )
    return sections


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
