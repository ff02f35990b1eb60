"""What a path is, where a log's windows are kept, and errors that say what to do."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import discover
from discover.api.changes_result import check_periods
from discover.api.opened import OpenedHome
from discover.api.opening import is_model
from discover.api.raw_log import _home_name, cache_folder
from discover.core.errors import ArtifactError, ConfigError, DataError
from discover.retrieval import SearchFilters, SearchOptions


def test_import_discover_stays_light() -> None:
    code = (
        "import sys, discover\n"
        "heavy = {'torch', 'polars', 'numpy', 'sklearn', 'matplotlib', 'rich', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)), callable(discover.open))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] True"


def test_nothing_there() -> None:
    with pytest.raises(DataError, match=r"There is nothing at no_such_log.*Give a log"):
        discover.open("no_such_log")


def test_a_model_folder_is_told_from_a_log(tmp_path: Path) -> None:
    assert not is_model(tmp_path)
    assert not is_model(tmp_path / "log.txt")
    (tmp_path / "best_model.pt").touch()
    assert is_model(tmp_path)
    with pytest.raises(ArtifactError, match="no search index"):
        discover.open(tmp_path)
    with pytest.raises(ConfigError, match=r"is a trained model.*`home` changes nothing"):
        discover.open(tmp_path, home="demo")
    with pytest.raises(ConfigError, match="`workspace` changes nothing"):
        discover.open(tmp_path, workspace="there")


def test_an_index_goes_with_a_model(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("2024-01-01 08:00:00 M001 ON\n")
    with pytest.raises(ConfigError, match="`index` names an index of a trained model"):
        discover.open(log, index="there")


def test_the_cache_is_one_folder_per_log_and_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    log = tmp_path / "My Log (1).csv"
    folder = cache_folder(log)
    assert folder.parent == tmp_path / "discover"
    assert folder.name.startswith("my_log_1-")
    assert cache_folder(log) == folder
    assert len({folder, cache_folder(log, "demo"), cache_folder(tmp_path / "other" / log.name)}) == 3
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder(log).parent == Path.home() / ".cache" / "discover"


@pytest.mark.parametrize(
    ("name", "home"), [("milan.txt", "milan_log"), ("my_log.txt.gz", "my_log"), ("Привет.csv", "log")]
)
def test_the_home_of_a_log_is_unknown_whatever_its_name(name: str, home: str) -> None:
    assert _home_name(Path(name)) == home


class Asked:
    """Stands for what answers: only the defaults of its index are read."""

    defaults = SearchOptions(top_k=7, merge=False)


@pytest.fixture
def home(tmp_path: Path) -> OpenedHome:
    opened = OpenedHome(tmp_path, None, tmp_path / "index")
    opened.__dict__["searcher"] = Asked()
    return opened


def test_settings_of_a_search_by_their_names(home: OpenedHome) -> None:
    assert home.options() == Asked.defaults
    changed = home.options(hours="22-5", rooms="Living room", splits="test", clusters=3, mmr=0.5)
    filters = SearchFilters(hours=(22, 5), rooms=("living_room",), splits=("test",), clusters=(3,))
    assert changed == SearchOptions(top_k=7, merge=False, mmr=0.5, filters=filters)
    own = SearchOptions(top_k=2, filters=SearchFilters(rooms=("hall",)))
    assert home.options(own, hours=(6, 8)).filters == SearchFilters(rooms=("hall",), hours=(6, 8))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"topk": 3}, "no setting 'topk'. Did you mean 'top_k'"),
        ({"room": "hall"}, "Did you mean 'rooms'"),
        ({"top_k": 0}, "top_k"),
        ({"hours": "22"}, "written as 22-5"),
        ({"weekdays": "mondey"}, "Did you mean 'monday'"),
    ],
)
def test_wrong_settings_are_refused_with_the_nearest_name(
    home: OpenedHome, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        home.options(**changes)


def test_periods() -> None:
    baseline, period = check_periods("2024-01", "2024-02", None, None)  # type: ignore[misc]
    assert (str(baseline), str(period)) == ("2024-01-01..2024-01-31", "2024-02-01..2024-02-29")
    rolling = check_periods(None, None, 28, 14)
    assert (rolling.baseline_days, rolling.window_days) == (28, 14)  # type: ignore[union-attr]
