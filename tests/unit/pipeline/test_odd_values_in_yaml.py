"""A value of any type at any place of a run's YAML is taken or refused in words; it is never a traceback."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from discover.alignment import AlignmentConfig
from discover.core.errors import ConfigError
from discover.pipeline.config import RunConfig

CONFIGS = Path(__file__).resolve().parents[3] / "configs"
ODD: tuple[Any, ...] = ({"a": 1}, [None], "no such name", None, -1)


def places(values: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = values.items() if isinstance(values, dict) else enumerate(values)
    for key, child in items:
        yield (*path, key)
        if isinstance(child, dict | list):
            yield from places(child, (*path, key))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("pipelines/demo.yaml", RunConfig),
        ("alignment/milan_with_mlm.yaml", AlignmentConfig),
    ],
)
def test_every_place_takes_every_odd_value_or_says_no(name: str, model: Any, tmp_path: Path) -> None:
    values = yaml.safe_load((CONFIGS / name).read_text(encoding="utf-8"))
    path = tmp_path / "run.yaml"
    refused: list[str] = []
    for place in places(values):
        for odd in ODD:
            changed = copy.deepcopy(values)
            node = changed
            for key in place[:-1]:
                node = node[key]
            node[place[-1]] = odd
            path.write_text(yaml.safe_dump(changed), encoding="utf-8")
            try:
                model.from_yaml(path)
            except ConfigError as error:
                refused.append(str(error))
    assert len(refused) > 100
    assert all(".yaml" in said for said in refused)
