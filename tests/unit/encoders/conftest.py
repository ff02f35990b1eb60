"""The made-up home of `tests/fixtures/alignment_world.py` as a fixture."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def world() -> ModuleType:
    path = Path(__file__).parents[2] / "fixtures" / "alignment_world.py"
    spec = importlib.util.spec_from_file_location("alignment_world", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
