"""The cluster page: complete, self-contained, the same every time, and its numbers those of clusters.json."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from discover.changes import ChangeConfig, TimeGrid, build_grid, marks_of_windows, thin_windows
from discover.changes.unusual_days import unusual_days
from discover.changes.where_when import episodes_of, hours_of_week
from discover.clustering import length_words
from discover.core.errors import DataError
from discover.core.window_set import WindowSet
from discover.reports.cluster_days import _calendar_rows
from discover.reports.cluster_figures import family_colours
from discover.reports.cluster_page import ClusterPageInputs, write_cluster_page
from discover.reports.plan_figure import spread_apart
from discover.retrieval import build_window_facts
from discover.serving.cluster_words import describe_again


def inputs_of(window_set: WindowSet, cluster: int | None = None) -> ClusterPageInputs:
    facts = build_window_facts(window_set)
    n = len(facts)
    labels = (np.arange(n) % 3 if cluster is None else np.full(n, cluster)).astype(np.int32)
    sure = np.ones(n, dtype=np.float32)
    assignments = pl.DataFrame({"window_id": facts["window_id"], "cluster": labels, "confidence": sure})
    found = {
        "clusters": [{"id": i, "title": f"Title <{i}>", "group": i // 2} for i in range(3)],
        "health": {"n_clusters": 3},
        "config": {},
        "sampling": "FL_20",
        "groups": [{"id": 0, "title": "Both"}, {"id": 1, "title": "Third"}],
        "hierarchy": {},
    }
    content = describe_again(
        found, window_set, labels, sure, captions=lambda t: dict.fromkeys(t["window_id"], "Fridge & sink.")
    )
    return ClusterPageInputs("Small home", window_set, facts, assignments, content)


def test_every_cluster_is_told_and_nothing_is_fetched(tmp_path: Path, window_set: WindowSet) -> None:
    inputs = inputs_of(window_set)
    page = write_cluster_page(tmp_path, inputs).read_text(encoding="utf-8")
    again = write_cluster_page(tmp_path / "again", inputs_of(window_set)).read_text(encoding="utf-8")
    assert again == page, "same inputs, same bytes"
    clusters = inputs.content["clusters"]
    for row in clusters:
        assert f"Title &lt;{row['id']}&gt;" in page
        assert row["sentence"] in page
        # One number each, however often it is told: heading, index and sentence; table and sentence.
        assert page.count(f"{100 * row['share']:.1f} %") >= 3
        assert f"{row['days_seen']} of {row['days_recorded']} recorded days" in page
        assert f"half longer than {length_words(row['episode_s'])}<" in page
        assert f"<td>{row['when']}</td>" in page
    days = inputs.facts["start"].dt.date().n_unique()
    assert {row["days_recorded"] for row in clusters} == {days}
    assert f"on {days} recorded days" in page
    assert page.count("data:image/svg+xml;base64,") == 3 + 3
    assert page.count("Fridge &amp; sink.") == sum(len(row["examples"]) for row in clusters) > 0
    assert not any(window in page for window in inputs.facts["window_id"])
    assert 'src="http' not in page
    assert page.index('id="calendar"') < page.index('id="typical"') < page.index('id="cluster-0"')
    assert "How to read this page" in page
    assert list((tmp_path / "again").iterdir()) == [tmp_path / "again/clusters.html"]


def test_episodes_of_the_figure_and_of_the_words_are_the_same(window_set: WindowSet) -> None:
    inputs = inputs_of(window_set)
    facts = thin_windows(inputs.facts.join(inputs.assignments, on="window_id", maintain_order="left"))
    episodes = episodes_of(facts, facts["cluster"])
    for row in inputs.content["clusters"]:
        own = episodes.filter(pl.col("cluster") == row["id"])
        assert 60 * float(np.median(own["minutes"])) == pytest.approx(row["episode_s"], abs=1e-3)


def test_no_cluster_and_counts_of_an_earlier_version_are_errors_with_advice(
    tmp_path: Path, window_set: WindowSet
) -> None:
    none = inputs_of(window_set, cluster=-1)
    with pytest.raises(DataError, match="discover cluster"):
        write_cluster_page(tmp_path, none)
    some = inputs_of(window_set)
    with pytest.raises(DataError, match="describes"):
        write_cluster_page(tmp_path, replace(some, facts=some.facts.head(9)))
    old = {k: v for k, v in none.content.items() if k != "recorded_days"}
    with pytest.raises(DataError, match="earlier version"):
        write_cluster_page(tmp_path, replace(none, content=old))


def grid_of(days: int, odd: int | None = None, hole: range = range(0), random: bool = False) -> TimeGrid:
    """Twenty minutes of a thing at eight on every day, or up to 45; four hours on one."""
    rng = np.random.default_rng(5)
    first = dt.datetime(2024, 1, 1)
    rows = []
    for day in range(days):
        minutes = 240 if day == odd else 20 + (rng.integers(25) if random else 0)
        rows += [
            (first + dt.timedelta(days=day, hours=8, minutes=i), "0")
            for i in range(minutes)
            if day not in hole
        ]
    windows = pl.DataFrame(rows, schema=["start", "thing"], orient="row")
    marks = marks_of_windows(windows, windows["thing"])
    every = [first + dt.timedelta(hours=h) for h in range(24 * days) if h // 24 not in hole]
    times = pl.Series(sorted([*every, *windows["start"]]), dtype=pl.Datetime("us"))
    return build_grid(marks, times, ChangeConfig(gap_h=3))


def test_a_planted_day_stays_unusual_and_ordinary_days_do_not() -> None:
    planted = unusual_days(grid_of(84, odd=9, random=True), {})
    assert len(planted) == 84
    assert [d.day for d in planted if d.stays] == [dt.date(2024, 1, 10)]
    assert planted[0].p_value < 1e-4
    assert not any(d.stays for d in unusual_days(grid_of(84, random=True), {}))


def test_hours_of_week_are_per_recorded_hour() -> None:
    week = hours_of_week(grid_of(14))
    # Twenty windows a minute apart, the last of which lasts five minutes.
    assert week.shape == (1, 7, 24)
    assert week[0, 0, 8] == pytest.approx(24)
    assert week[0, 0, 9] == pytest.approx(0)
    assert hours_of_week(grid_of(14, hole=range(7, 14)))[0, 0, 8] == pytest.approx(24)
    assert np.isnan(hours_of_week(grid_of(3))[0, 6, 8])


def test_the_calendar_labels_weeks_and_shortens_holes() -> None:
    rows, labels = _calendar_rows(grid_of(28, hole=range(8, 17)))
    assert rows == [*range(8), None, None, *range(17, 28)]
    assert labels == [
        (0.5, "Mon 01 Jan 2024"), (9.0, "9 days not recorded"), (14.5, "Mon 22 Jan"),
    ]  # fmt: skip


def test_families_share_a_hue_and_members_differ() -> None:
    colours = family_colours([[3, 1, 2], [0]])
    assert len(set(colours.values())) == 4
    assert colours[0] == "#e69f00"
    red, green, blue = (int(colours[3][i : i + 2], 16) for i in (1, 3, 5))
    assert blue > green > red


def test_names_beside_the_plan_are_spread_apart() -> None:
    placed = spread_apart(np.array([0.0, 0.1, 0.2, 5.0]), 1.0, 0.0, 10.0)
    assert placed.tolist() == [0, 1, 2, 5]
    low = spread_apart(np.array([8.5, 9.5, 9.9]), 1.0, 0.0, 10.0)
    assert low.tolist() == [8, 9, 10]
    assert spread_apart(np.zeros(5), 3.0, 0.0, 10.0).tolist() == [0, 2.5, 5, 7.5, 10]


def test_hostile_titles_are_shown_as_text(tmp_path: Path, window_set: WindowSet) -> None:
    hostile = "a $x^{$ <b> \x1b[31m\u202e"
    inputs = inputs_of(window_set)
    for cluster in inputs.content["clusters"]:
        cluster["title"] = f"{cluster['id']} {hostile}"
    page = write_cluster_page(tmp_path, replace(inputs, title=hostile)).read_text(encoding="utf-8")
    assert "<h1>a $x^{$ &lt;b&gt; \\x1b[31m\\u202e</h1>" in page
    assert not {"\x1b", "\u202e"} & set(page)
