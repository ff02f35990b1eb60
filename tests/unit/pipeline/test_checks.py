"""`check` and `run` refuse the same things, before anything is made."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from discover.core.errors import ConfigError, DataError, DiscoverError
from discover.pipeline import build_chain, check_log, check_run, run_chain
from discover.pipeline.checks import check_days
from discover.sampling.config import SplitConfig
from discover.stages import plan_stages

DEMO = Path(__file__).resolve().parents[3] / "configs/pipelines/demo.yaml"


def check(settings: list[str], workspace: Path) -> None:
    chain = build_chain(DEMO, settings, workspace)
    plans = plan_stages(chain.stages)
    check_run(chain, plans)
    check_log(chain, plans)


def run(settings: list[str], workspace: Path) -> None:
    run_chain(DEMO, settings, workspace)


def write_log(path: Path, *, days: int, bad: int = 0, lines: int = 100) -> list[str]:
    """A log of `lines` events over some days, `bad` of them with a state nobody knows."""
    rows = []
    for i in range(lines):
        day, state = 1 + i * days // lines, "ON" if i % 2 else "OFF"
        state = "%%?" if i < bad else state
        rows.append(f"2024-03-{day:02d} 08:{i % 60:02d}:{i % 50:02d}.000\tM00{i % 3}\t{state}\n")
    path.write_text("".join(rows))
    return [f"home={{name: mine, log: {path}}}"]


@pytest.mark.parametrize("command", [check, run])
def test_a_log_that_is_too_short_is_refused_with_the_length_that_works(
    command: Callable[[list[str], Path], None], tmp_path: Path
) -> None:
    settings = write_log(tmp_path / "log.txt", days=1)
    with pytest.raises(DataError, match=r"1 calendar day, and a whole run needs 3.*of 3 days or more"):
        command(settings, tmp_path / "w")
    assert not list((tmp_path / "w").rglob("windows.parquet"))


@pytest.mark.parametrize("command", [check, run])
def test_most_lines_refused_stops_unless_told(
    command: Callable[[list[str], Path], None], tmp_path: Path
) -> None:
    settings = write_log(tmp_path / "log.txt", days=2, bad=30)
    with pytest.raises(DataError, match=r"30 of 100 lines refused \(30 %\).*--accept-refused") as refused:
        command(settings, tmp_path / "w")
    assert not list(tmp_path.rglob("events.json"))
    assert "\n" not in str(refused.value)
    # Told, it goes on, to the next thing that is wrong.
    with pytest.raises(DataError, match="a whole run needs 3"):
        command([*settings, "home.accept_refused=true"], tmp_path / "w")


@pytest.mark.parametrize("command", [check, run])
@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("output_dir=FILE/model", "is no folder"),
        ("text_encoder.model_path=/no/such/model", "there is no folder /no/such/model"),
        ("sampling.split.ratios=1,0,0", r"leaves no day for val and test.*\[0\.7,0\.1,0\.2\]"),
    ],
)
def test_what_would_fail_late_is_refused_at_once(
    command: Callable[[list[str], Path], None], setting: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    setting = setting.replace("FILE", str(tmp_path / "file"))
    with pytest.raises(DiscoverError, match=re.compile(words)):
        command([setting], tmp_path / "w")
    assert not (tmp_path / "w").exists()


def test_a_check_leaves_nothing_behind(tmp_path: Path) -> None:
    check([], tmp_path)
    assert not list(tmp_path.iterdir())


def test_enough_days_pass_and_one_less_does_not() -> None:
    check_days(3, SplitConfig())
    with pytest.raises(DataError, match="2 calendar days"):
        check_days(2, SplitConfig())


def test_a_folder_without_write_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("discover.pipeline.checks.tempfile.TemporaryDirectory", refuse)
    chain = build_chain(DEMO, [], tmp_path)
    plans = plan_stages(chain.stages)
    with pytest.raises(ConfigError, match=r"Cannot write in .*Read-only file system"):
        check_run(chain, plans)
