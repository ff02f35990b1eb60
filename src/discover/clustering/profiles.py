"""The profile of a cluster in numbers: hours, rooms, objects, durations, and typical captions.

Every share stands beside its lift: the share in the cluster over the share in all described windows. A
kitchen share of 0.5 is no feature of a cluster in a home where half of all movement is in the kitchen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.clustering.typical import TypicalText
from discover.core.errors import ShapeError

# Shape letters: W windows, C clusters.

__all__ = ["ClusterProfile", "Thing", "empty_profile", "profile_clusters", "sure_activities"]

SURE_SHARE = 0.5
"""Share of a cluster's windows that must be recognised as one activity for it to name the cluster."""
_EPISODE_GAP_S = 120.0
_SMALLEST_SHARE = 0.05


@dataclass(frozen=True)
class Thing:
    """A room or an object of a cluster.

    Attributes:
        name: As in the home's description.
        words: In plain words.
        share: Share of the cluster's windows that visit or use it.
        lift: This share over the share in all described windows.
        room: Of an object: words of its room; empty where unknown.
    """

    name: str
    words: str
    share: float
    lift: float
    room: str = ""


@dataclass(frozen=True)
class ClusterProfile:
    """Facts about one cluster, over the windows it was described from.

    Attributes:
        id: Its number.
        windows: How many windows it holds.
        share: Their share of all described windows.
        days: Share of the recorded days (days with a described window) on which it occurs.
        hours: Share of its windows that begin in each hour of day, 24 numbers.
        hour_lift: These shares over those of all windows.
        episode_s: Median length of an episode: windows of the cluster with pauses of two minutes at most.
        rooms, objects: By share times lift, highest first.
        captions: Most typical of it and least of others.
        prompts: Nearest sentences of a fixed vocabulary.
        confidence: Mean confidence of its windows.
        days_seen, days_recorded: The two counts behind `days`.
        activity: What is done in its windows, in words; empty where that is not sure (`sure_activities`).
    """

    id: int
    windows: int
    share: float
    days: float
    hours: tuple[float, ...]
    hour_lift: tuple[float, ...]
    episode_s: float
    rooms: tuple[Thing, ...]
    objects: tuple[Thing, ...]
    captions: tuple[TypicalText, ...] = ()
    prompts: tuple[TypicalText, ...] = ()
    confidence: float = 0.0
    days_seen: int = 0
    days_recorded: int = 0
    activity: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, numbers to four digits."""
        values = asdict(self)
        values.update(values.pop("extra"))
        rounded: dict[str, Any] = _rounded(values)
        return rounded


def profile_clusters(
    facts: pl.DataFrame,
    labels: NDArray[np.integer],
    confidence: NDArray[np.floating],
    n_clusters: int,
    *,
    words: Mapping[str, str] | None = None,
    rooms_of: Mapping[str, str] | None = None,
    captions: Mapping[int, Sequence[TypicalText]] | None = None,
    prompts: Mapping[int, Sequence[TypicalText]] | None = None,
) -> list[ClusterProfile]:
    """Describe every cluster that has windows.

    Args:
        facts: One row per window with start, end, rooms, objects (lists), as in a search index.
        labels: Cluster of each row, (W,); -1 for none.
        confidence: Confidence of each row, (W,).
        n_clusters: C.
        words: Room or object -> words; the name with spaces where one is missing.
        rooms_of: Object -> words of its room.
        captions: Typical captions per cluster.
        prompts: Nearest prompts per cluster.

    Raises:
        ShapeError: Rows disagree.
    """
    if len(facts) != len(labels) or len(labels) != len(confidence):
        raise ShapeError(f"{len(facts):,} windows, {len(labels):,} labels, {len(confidence):,} confidences.")
    table = facts.select("start", "end", "rooms", "objects").with_columns(
        cluster=pl.Series(labels.astype(np.int32)), confidence=pl.Series(np.asarray(confidence, np.float64))
    )
    say = words or {}
    rooms = _things(table, "rooms", say, {})
    objects = _things(table, "objects", say, rooms_of or {})
    hours, lifts = _hours(table, n_clusters)
    episodes = _episodes(table)
    n_days = max(1, table["start"].dt.date().n_unique())
    basic = table.group_by("cluster").agg(
        windows=pl.len(), days=pl.col("start").dt.date().n_unique(), confidence=pl.col("confidence").mean()
    )
    profiles = []
    for row in basic.filter(pl.col("cluster") >= 0).sort("cluster").iter_rows(named=True):
        cluster = int(row["cluster"])
        profiles.append(
            ClusterProfile(
                id=cluster,
                windows=int(row["windows"]),
                share=_rounded(row["windows"] / len(table)),
                days=_rounded(row["days"] / n_days),
                hours=tuple(hours[cluster].tolist()),
                hour_lift=tuple(lifts[cluster].tolist()),
                episode_s=_rounded(episodes.get(cluster, 0.0)),
                rooms=rooms.get(cluster, ()),
                objects=objects.get(cluster, ()),
                captions=tuple((captions or {}).get(cluster, ())),
                prompts=tuple((prompts or {}).get(cluster, ())),
                confidence=float(row["confidence"]),
                days_seen=int(row["days"]),
                days_recorded=n_days,
            )
        )
    return profiles


def sure_activities(
    profiles: Sequence[ClusterProfile],
    labels: NDArray[np.integer],
    activities: NDArray[np.str_],
    unknown: str,
) -> list[ClusterProfile]:
    """The profiles with the activity of each cluster in which enough windows are recognised as the same one.

    Args:
        profiles: Of the clusters.
        labels: Cluster of each window, (W,).
        activities: What each window was recognised as, (W,).
        unknown: The answer that stands for none; it counts against every activity.
    """
    named = []
    for profile in profiles:
        own = activities[labels == profile.id]
        names, counts = np.unique(own[own != unknown], return_counts=True)
        sure = len(names) > 0 and counts.max() >= SURE_SHARE * len(own)
        named.append(replace(profile, activity=str(names[counts.argmax()]).replace("_", " ") if sure else ""))
    return named


def empty_profile(cluster: int) -> ClusterProfile:
    """The profile of a cluster without a window."""
    nothing = (0.0,) * 24
    return ClusterProfile(cluster, 0, 0.0, 0.0, nothing, nothing, 0.0, (), ())


def _things(
    table: pl.DataFrame, column: str, words: Mapping[str, str], rooms_of: Mapping[str, str]
) -> dict[int, tuple[Thing, ...]]:
    """Rooms or objects of each cluster with share and lift."""
    distinct = table.select("cluster", pl.col(column).list.unique())
    total = distinct.explode(column).drop_nulls(column).group_by(column).len("all_windows")
    sizes = distinct.group_by("cluster").len("size")
    counted = (
        distinct.explode(column)
        .drop_nulls(column)
        .group_by("cluster", column)
        .len("count")
        .join(total, on=column)
        .join(sizes, on="cluster")
        .with_columns(share=pl.col("count") / pl.col("size"))
        .with_columns(lift=pl.col("share") / (pl.col("all_windows") / len(table)))
        .filter((pl.col("share") >= _SMALLEST_SHARE) & (pl.col("cluster") >= 0))
        # By share * ln(1 + lift): a thing must be both common inside and rarer outside to come first.
        .with_columns(weight=pl.col("share") * (1 + pl.col("lift")).log())
        .sort("cluster", pl.col("weight").round(9), column, descending=[False, True, False])
    )
    found: dict[int, list[Thing]] = {}
    for row in counted.iter_rows(named=True):
        name = str(row[column])
        plain = words.get(name, name.replace("_", " "))
        found.setdefault(int(row["cluster"]), []).append(
            Thing(name, plain, _rounded(row["share"]), _rounded(row["lift"]), rooms_of.get(name, ""))
        )
    return {cluster: tuple(things) for cluster, things in found.items()}


def _hours(table: pl.DataFrame, n_clusters: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    hour = table["start"].dt.hour().to_numpy().astype(np.int64)
    labels = table["cluster"].to_numpy()
    inside = labels >= 0
    cells = labels[inside].astype(np.int64) * 24 + hour[inside]
    counts = np.bincount(cells, minlength=n_clusters * 24).reshape(n_clusters, 24).astype(np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    overall = np.bincount(hour, minlength=24) / max(1, len(hour))
    return shares, np.divide(shares, overall, out=np.zeros_like(shares), where=overall > 0)


def _episodes(table: pl.DataFrame) -> dict[int, float]:
    """Median length in seconds of the runs of windows of each cluster."""
    gap = (pl.col("start") - pl.col("end").cum_max().shift(1)).dt.total_microseconds() / 1e6
    runs = (
        table.select("cluster", "start", "end")
        .filter(pl.col("cluster") >= 0)
        .sort("cluster", "start", "end")
        .with_columns(new=(gap.over("cluster") > _EPISODE_GAP_S).fill_null(True))
        .with_columns(run=pl.col("new").cast(pl.Int64).cum_sum())
        .group_by("cluster", "run")
        .agg(length=(pl.col("end").max() - pl.col("start").min()).dt.total_microseconds() / 1e6)
        .group_by("cluster")
        .agg(pl.col("length").median())
    )
    return {int(c): float(s) for c, s in runs.iter_rows()}


def _rounded(value: Any) -> Any:
    # Words are made of the rounded numbers: 1.0499 % must not be "1.0 %" here and "1.1 %" elsewhere.
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, Mapping):
        return {k: _rounded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(v) for v in value]
    return value
