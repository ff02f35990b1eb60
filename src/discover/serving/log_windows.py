"""Another log cut into windows as those of a trained model were, so that the model can read it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from discover.core.artifacts import read_json, read_manifest
from discover.core.config import config_from_mapping
from discover.core.errors import ArtifactError
from discover.core.home import Home
from discover.core.window_set import WindowSet
from discover.homes import import_log, load_home
from discover.sampling import SamplingConfig, SplitConfig, sample_windows
from discover.serving.index_folders import samplings_of

if TYPE_CHECKING:
    from discover.alignment import LoadedModel

__all__ = ["log_home", "sample_log", "sampling_settings", "unseen_share"]


def sampling_settings(index_folder: Path) -> SamplingConfig:
    """How the windows of an index were cut, so that another log can be cut alike.

    Raises:
        ArtifactError: The sampling folder behind the index, or its manifest, is gone.
    """
    # All homes of an index are cut alike.
    folder = samplings_of(index_folder)[0]
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


def log_home(model: "LoadedModel", name: str | None) -> Home:
    """The home a log belongs to: a home of the model by its name, a shipped home or a home's YAML.

    Args:
        model: The model that reads the log.
        name: The one asked for; None: the model's only home.

    Raises:
        ConfigError: No such home, or the model has several and none is named.
    """
    if name is None:
        return model.home
    return model.homes[name] if name in model.homes and len(model.homes) > 1 else load_home(name)


def unseen_share(homes: Mapping[str, Home], window_set: WindowSet) -> float:
    """Share of a home's events whose sensor a model has not learned.

    Args:
        homes: The homes the model was trained on. Of one home, it knows sensors by their ids alone.
        window_set: The windows of one home.
    """
    only = next(iter(homes.values())) if len(homes) == 1 else None
    home = homes.get(window_set.home.name, only)
    known = set() if home is None else {s.id for s in home.sensors}
    counts = window_set.events["sensor"].cast(pl.String).value_counts()
    unseen = counts.filter(~pl.col("sensor").is_in(known))["count"].sum()
    return float(unseen) / max(1, len(window_set.events))
