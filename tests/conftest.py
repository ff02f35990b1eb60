"""Fixtures shared by all tests: small made-up homes and logs."""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from discover.core.home import Home
from discover.core.window_set import EventLog

TESTS = Path(__file__).parent


def _load(name: str) -> ModuleType:
    """Import a module of tests/fixtures by path: the tests are no package."""
    full_name = f"discover_test_fixtures_{name}"
    if full_name not in sys.modules:
        spec = importlib.util.spec_from_file_location(full_name, TESTS / "fixtures" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[full_name] = module
        spec.loader.exec_module(module)
    return sys.modules[full_name]


@pytest.fixture(scope="session")
def small_homes() -> ModuleType:
    """The module tests/fixtures/small_homes.py, for tests that build logs of their own."""
    return _load("small_homes")


@pytest.fixture(scope="session")
def small_home(small_homes: ModuleType) -> Home:
    """Five rooms, 14 sensors, three activities."""
    return small_homes.small_home()


@pytest.fixture(scope="session")
def small_home_log(small_homes: ModuleType) -> EventLog:
    """12 active days with a hole of two days, about 4,500 events, 46 annotations."""
    return small_homes.small_home_log()


@pytest.fixture(scope="session")
def two_resident_log(small_homes: ModuleType) -> EventLog:
    """Two residents whose events and annotations carry their names and overlap in time."""
    return small_homes.small_home_log(n_days=8, seed=1, residents=("r1", "r2"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real logs (DISCOVER_DATA); the test is skipped where it is not there."""
    folder = Path(os.environ.get("DISCOVER_DATA", TESTS.parent.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real logs at {folder}; set DISCOVER_DATA")
    return folder
