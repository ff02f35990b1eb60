"""Every number of a settings file has a largest value, so that none can stall or fill the memory."""

import importlib
import pkgutil
import time
import typing
from collections.abc import Iterator
from types import UnionType

import annotated_types
import pytest
from pydantic.fields import FieldInfo

import discover
from discover.alignment import AlignmentConfig
from discover.core.config import StrictModel, config_from_mapping
from discover.core.errors import ConfigError


def every_settings_class() -> list[type[StrictModel]]:
    for module in pkgutil.walk_packages(discover.__path__, "discover."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)

    def below(model: type[StrictModel]) -> Iterator[type[StrictModel]]:
        for child in model.__subclasses__():
            yield child
            yield from below(child)

    return sorted(
        {m for m in below(StrictModel) if m.__module__.startswith("discover.")}, key=lambda m: m.__name__
    )


def is_number(field: FieldInfo) -> bool:
    options = typing.get_args(field.annotation) if isinstance(field.annotation, UnionType) else ()
    return bool({int, float} & {field.annotation, *options})


def test_every_number_has_a_largest_value() -> None:
    found = every_settings_class()
    assert len(found) > 30
    free = [
        f"{model.__name__}.{name}"
        for model in found
        for name, field in model.model_fields.items()
        if is_number(field)
        and not any(isinstance(limit, annotated_types.Le | annotated_types.Lt) for limit in field.metadata)
    ]
    assert free == []


@pytest.mark.parametrize(
    "value",
    [1e21, 10**21, 10**5000, -(10**21), float("inf"), float("nan"), 65_537],
    ids=["1e21", "int", "5000 digits", "negative", "inf", "nan", "just above"],
)
def test_an_absurd_number_is_refused_at_once(value: float) -> None:
    begun = time.monotonic()
    with pytest.raises(ConfigError, match="batch_size") as caught:
        config_from_mapping({"training": {"batch_size": value}}, AlignmentConfig, source="run.yaml")
    assert time.monotonic() - begun < 1
    assert len(str(caught.value)) < 300


def test_an_absurd_number_in_a_list_is_refused() -> None:
    with pytest.raises(ConfigError, match="betas"):
        config_from_mapping({"optimizer": {"betas": [0.9, -1e40]}}, AlignmentConfig, source="run.yaml")
