"""Fixtures shared by all tests: small made-up homes and logs."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import llm_stub
import pytest
import small_homes as small_homes_module
from hypothesis import HealthCheck, settings

from discover.core.home import Home
from discover.core.window_set import EventLog

TESTS = Path(__file__).parent

# The same examples in every run, so that a change is judged by what it changes. HYPOTHESIS_PROFILE=search
# draws new ones (with --hypothesis-seed for a given draw).
# Slow draws say how busy the machine is, nothing of the code.
settings.register_profile("same", derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture
def stub() -> Iterator[llm_stub.Stub]:
    """A language model's endpoint on this machine."""
    with llm_stub.serving() as server:
        yield server


@pytest.fixture(scope="session")
def small_homes() -> ModuleType:
    """The module tests/fixtures/small_homes.py, for tests that build logs of their own."""
    return small_homes_module


@pytest.fixture(scope="session")
def world() -> ModuleType:
    """The module tests/fixtures/alignment_world.py: a made-up home for encoders and training."""
    # Not at the top: it loads torch, which most tests do without.
    import alignment_world

    return alignment_world


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
