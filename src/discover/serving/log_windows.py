"""Another log cut into windows as those of a trained model were, so that the model can read it."""

from pathlib import Path

import polars as pl

from discover.core.artifacts import read_json, read_manifest
from discover.core.config import config_from_mapping
from discover.core.errors import ArtifactError
from discover.core.home import Home
from discover.core.window_set import WindowSet
from discover.homes import import_log
from discover.sampling import SamplingConfig, SplitConfig, sample_windows
from discover.serving.index_folders import sampling_of

__all__ = ["sample_log", "sampling_settings", "unseen_share"]


def sampling_settings(index_folder: Path) -> SamplingConfig:
    """How the windows of an index were cut, so that another log can be cut alike.

    Raises:
        ArtifactError: The sampling folder behind the index, or its manifest, is gone.
    """
    folder = sampling_of(index_folder)
    for name in ("manifest_sample.json", "manifest_sample_p.json"):
        manifest = read_manifest(folder / name)
        if manifest is not None:
            config = config_from_mapping(manifest.config, SamplingConfig, source=str(folder / name))
            return _as_sampled(config, folder)
    raise ArtifactError(
        f"{index_folder} was made from the windows in {folder}, and the settings they were cut with "
        "(manifest_sample.json) are not there any more. Run `discover sample` with the model's config again, "
        "or leave the log out to read the indexed windows."
    )


def _as_sampled(config: SamplingConfig, folder: Path) -> SamplingConfig:
    """The number that `min_events: auto` came to there: a short log must not choose another."""
    if config.min_events != "auto":
        return config
    used = read_json(folder / "statistics.json")["min_events"]["used"]
    return config.model_copy(update={"min_events": int(used)})


def sample_log(log: Path, home: Home, settings: SamplingConfig) -> WindowSet:
    """Every day of a log cut as validation and test windows are: without overlap, without labels."""
    imported = import_log(log, home=home).log
    config = settings.model_copy(
        update={
            "presegmented": False,
            "overlap_train": settings.overlap_eval,
            "split": SplitConfig(ratios=(1.0, 0.0, 0.0)),
        }
    )
    sampled = sample_windows(imported, config)
    events = imported.events if sampled.events is None else sampled.events
    return WindowSet.of(imported.home, events, sampled.windows)


def unseen_share(home: Home, window_set: WindowSet) -> float:
    """Share of events whose sensor `home` does not have."""
    known = {s.id for s in home.sensors}
    counts = window_set.events["sensor"].cast(pl.String).value_counts()
    unseen = counts.filter(~pl.col("sensor").is_in(known))["count"].sum()
    return float(unseen) / max(1, len(window_set.events))
