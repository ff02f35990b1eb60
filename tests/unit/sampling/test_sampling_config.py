"""Sampling settings: names, defaults by type, refusals, and the shipped YAML files."""

import math
from pathlib import Path
from typing import Any

import pytest

from discover.core.config import config_from_mapping, dump_yaml, load_yaml
from discover.core.errors import ConfigError
from discover.sampling import SamplingConfig


@pytest.mark.parametrize("presegmented", [False, True])
@pytest.mark.parametrize(
    "values",
    [
        {"type": "fixed_length", "size": 20},
        {"type": "fixed_length", "size": 50},
        {"duration_s": 30},
        {"duration_s": 120},
        {"type": "variable_duration", "durations_s": [30, 60, 120]},
    ],
)
def test_written_settings_load_as_the_same(
    values: dict[str, Any], presegmented: bool, tmp_path: Path
) -> None:
    config = SamplingConfig(presegmented=presegmented, **values)
    assert config.name.endswith("_p") == presegmented
    assert (config.overlap_train, config.overlap_eval) == (0.5, 0.0)
    again = tmp_path / "again.yaml"
    again.write_text(dump_yaml(config))
    assert load_yaml(again, SamplingConfig) == config


@pytest.mark.parametrize(
    ("values", "name", "least"),
    [
        ({}, "FD_60", "auto"),
        ({"type": "fixed_length", "size": 20}, "FL_20", 8),
        ({"type": "fixed_length", "size": 5}, "FL_5", 5),
        ({"type": "fixed_length", "size": 5, "min_events": 2}, "FL_5", 2),
        ({"duration_s": 0.5, "min_events": None}, "FD_0.5", "auto"),
        ({"duration_s": 60, "presegmented": True, "tag": "random"}, "FD_60_p-random", "auto"),
        ({"type": "variable_duration", "durations_s": [30, 90]}, "VD_30_90", "auto"),
    ],
)
def test_name_and_minimum_follow_the_type(values: dict[str, Any], name: str, least: int | str) -> None:
    config = SamplingConfig(**values)
    assert (config.name, config.min_events) == (name, least)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"durations": 60}, ["unknown setting 'durations'", "'duration_s'"]),
        ({"type": "fixed_length"}, ["type fixed_length needs size"]),
        (
            {"type": "fixed_length", "size": 20, "duration_s": 60},
            ["duration_s belongs to type fixed_duration"],
        ),
        ({"size": 20}, ["size belongs to type fixed_length"]),
        ({"weights": [1]}, ["weights belongs to type variable_duration"]),
        ({"type": "variable_duration"}, ["needs durations_s"]),
        ({"type": "variable_duration", "durations_s": []}, ["durations_s must list"]),
        ({"type": "variable_duration", "durations_s": [0]}, ["durations_s must list"]),
        ({"type": "variable_duration", "durations_s": [30, 30]}, ["twice"]),
        ({"type": "variable_duration", "durations_s": [30, 60], "weights": [1]}, ["2 numbers"]),
        ({"type": "variable_duration", "durations_s": [30, 60], "weights": [0, 0]}, ["positive sum"]),
        ({"overlap_train": 1.0}, ["overlap_train"]),
        ({"min_events": 300, "max_events": 512}, ["twice min_events"]),
        ({"max_events": 5}, ["at least 6", "auto may come to 3"]),
        ({"type": "fixed_length", "size": 6, "min_events": "auto"}, ["give fixed_length a number"]),
        ({"type": "fixed_length", "size": 600}, ["above max_events"]),
        ({"type": "fixed_length", "size": 6, "min_events": 7}, ["above size"]),
        ({"seed": 4}, ["seed changes nothing"]),
        ({"split": {"seed": 4}}, ["split", "seed changes nothing"]),
        ({"split": {"ratios": [0, 0.5, 0.5]}}, ["ratios"]),
        ({"split": {"ratios": [0.5, 0.6, -0.1]}}, ["ratios"]),
        ({"split": {"ratios": [math.nan, 0.1, 0.1]}}, ["ratios"]),
        ({"split": {"ratios": [0.7, 0.1, math.nan]}}, ["ratios"]),
        ({"split": {"ratios": [math.inf, 0.1, 0.1]}}, ["ratios"]),
        ({"type": "variable_duration", "durations_s": [30, math.nan]}, ["durations_s"]),
        (
            {"type": "variable_duration", "durations_s": [30, 60], "weights": [1, math.nan]},
            ["weights"],
        ),
        ({"split": {"strategy": "chronologic"}}, ["split.strategy"]),
        ({"max_gap_s": 0}, ["max_gap_s"]),
        ({"tag": "Über_x"}, ["tag"]),
    ],
)
def test_contradictions_are_refused_with_advice(values: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        config_from_mapping(values, SamplingConfig)
    for word in words:
        assert word in str(caught.value)
