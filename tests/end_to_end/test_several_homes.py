"""Several homes in one run: data by home wherever it runs, one home's failure alone, one model over all."""

import hashlib
import importlib.util
from pathlib import Path

import pytest
import yaml
from chain_runs import CONFIG, SMALL, discover_here

from discover.core.errors import ConfigError, DataError
from discover.core.window_set import write_home
from discover.homes import load_home
from discover.pipeline import build_chain, run_chain
from discover.stages import ExecutorName, Failure, StageOutcome, build_executor

RAY = pytest.param(
    "ray", marks=pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
)
DATA_STAGES = {"simulate", "import", "split", "sample", "caption", "encode-text"}


def settings(folder: Path, names: list[str], extra: dict[str, object] | None = None) -> list[str]:
    """Homes of one floor plan and the same sensor ids, living by different seeds."""
    homes = []
    for seed, name in enumerate(names):
        path = folder / f"{name}.yaml"
        write_home(path, load_home("demo").model_copy(update={"name": name}))
        homes.append({"name": str(path), "simulate": {"days": 4, "seed": seed}})
    small = [s for s in SMALL if not s.startswith("home")]
    return [*small, f"homes={yaml.safe_dump(homes, default_flow_style=True, width=10_000).strip()}"]


def artefacts(workspace: Path) -> dict[str, str]:
    return {
        str(p.relative_to(workspace)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(workspace.rglob("*"))
        if p.is_file() and p.name != ".lock"
    }


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Path]:
    """Settings of two homes, and a workspace with their data, made serially."""
    root = tmp_path_factory.mktemp("several")
    given = settings(root, ["left", "right"])
    run_chain(CONFIG, given, root / "w", only=DATA_STAGES)
    return given, root / "w"


@pytest.mark.parametrize("name", ["processes", RAY])
def test_every_executor_makes_the_same_bytes(
    name: ExecutorName, homes: tuple[list[str], Path], tmp_path: Path
) -> None:
    given, made = homes
    outcomes: list[StageOutcome] = []
    run_chain(
        CONFIG,
        given,
        tmp_path,
        only=DATA_STAGES,
        executor=build_executor(name, 2),
        on_outcome=outcomes.append,
    )
    assert artefacts(tmp_path) == artefacts(made)
    assert {(o.stage.home, o.stage.name) for o in outcomes} == {
        (home, stage) for home in ("left", "right") for stage in DATA_STAGES
    }
    assert all(o.ran for o in outcomes)


def test_one_homes_failure_stops_no_other(homes: tuple[list[str], Path], tmp_path: Path) -> None:
    given, made = homes
    broken = tmp_path / "broken.txt"
    broken.write_text("nothing that is a log\n")
    entries = yaml.safe_load(given[-1].removeprefix("homes="))
    entries.insert(1, {"name": "middle", "log": str(broken)})
    failures: dict[str, Failure] = {}
    with pytest.raises(DataError, match=r"1 of 3 homes failed \(middle: .*What the others made is kept"):
        run_chain(
            CONFIG,
            [*given[:-1], f"homes={yaml.safe_dump(entries, default_flow_style=True, width=10_000).strip()}"],
            tmp_path / "w",
            only=DATA_STAGES,
            on_failure=failures.__setitem__,
        )
    assert set(failures) == {"middle"}
    whole = artefacts(made)
    assert {name: d for name, d in artefacts(tmp_path / "w").items() if name in whole} == whole


def test_the_plan_names_the_homes(homes: tuple[list[str], Path]) -> None:
    given, made = homes
    sets = [part for setting in given for part in ("--set", setting)]
    said = discover_here("run", "-c", str(CONFIG), "-w", str(made), *sets, "--dry-run").stdout
    rows = [line for line in said.splitlines() if " skip " in line or " run " in line]
    assert sum("left" in row for row in rows) == sum("right" in row for row in rows)
    assert any(row.split()[:2] == ["import", "left"] and " skip " in row for row in rows)
    assert any(row.split()[:1] == ["align"] and " run " in row for row in rows)


def test_what_home_says_holds_for_each(tmp_path: Path) -> None:
    given = settings(tmp_path, ["left", "right"])
    chain = build_chain(CONFIG, [*given, "home={accept_refused: true}"], tmp_path)
    assert [home.source.accept_refused for home in chain.homes] == [True, True]
    assert [home.source.simulate.seed for home in chain.homes if home.source.simulate] == [0, 1]


def test_a_home_given_twice_is_refused(tmp_path: Path) -> None:
    given = settings(tmp_path, ["left"])
    entry = yaml.safe_load(given[-1].removeprefix("homes="))[0]
    twice = yaml.safe_dump([entry, entry], default_flow_style=True, width=10_000).strip()
    with pytest.raises(ConfigError, match=r"homes: left is there twice"):
        build_chain(CONFIG, [*given[:-1], f"homes={twice}"], tmp_path)
