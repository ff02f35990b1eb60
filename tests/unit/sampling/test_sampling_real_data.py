"""Sampling real homes, where their logs are at hand."""

from pathlib import Path

import polars as pl
import pytest

from discover.core.home import NO_ACTIVITY
from discover.homes import import_log, load_home
from discover.sampling import SamplingConfig, sample_windows

pytestmark = pytest.mark.real_data


def test_b2_windows_keep_clear_of_holes(real_data: Path) -> None:
    log = import_log(real_data / "casas" / "bosch_b2" / "data.gz", home=load_home("bosch_b2")).log
    sampled = sample_windows(log, SamplingConfig())
    holes = sampled.statistics["holes"]
    assert sum(h["hours"] > 280 for h in holes) == 3
    spans = sampled.windows.select("start", "end")
    assert (spans["end"] - spans["start"]).max().total_seconds() < 60  # type: ignore[union-attr]
    assert (spans["start"].dt.date() == spans["end"].dt.date()).all()
    assert {s: p["days"] for s, p in sampled.statistics["splits"].items()} == {
        "train": 62,
        "val": 9,
        "test": 18,
    }
    assert sampled.labels["label"].n_unique() == 12
    events = log.events["time"]
    gaps = events.diff().dt.total_seconds()
    for first, count in sampled.windows.select("first_event", "n_events").sample(500, seed=1).iter_rows():
        assert gaps[first + 1 : first + count].max() < 60  # type: ignore[operator]


def test_scripted_visits_over_few_days(real_data: Path) -> None:
    home = load_home("kyoto_adlnormal")
    log = import_log(real_data / "casas" / "kyoto_adlnormal" / "data.gz", home=home).log
    for presegmented in (False, True):
        sampled = sample_windows(log, SamplingConfig(presegmented=presegmented))
        per_split = (
            sampled.labels.join(sampled.windows, on="window_id")
            .group_by("split")
            .agg(pl.col("label").n_unique())
        )
        assert dict(per_split.iter_rows()) == {"train": 5, "val": 5, "test": 5}
        assert NO_ACTIVITY not in sampled.labels["label"]
