"""The runner skips what is current, rebuilds what a change touches, and mixes nothing."""

import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from discover.core.artifacts import atomic_path, file_sha256, folder_lock, read_manifest, write_text
from discover.core.errors import ArtifactError
from discover.stages.stage import Stage, StageOutcome, StageResult, plan_stages, run_stages


def chain(root: Path, ran: list[str], *, suffix: str = "", factor: int = 2) -> list[Stage]:
    """raw.txt -> a/double.txt -> b/upper.txt, where each stage notes that it ran."""
    a, b = root / "a", root / "b"
    return [
        Stage(
            name="double",
            title="double it",
            version=1,
            work=partial(_double, ran),
            folder=a,
            inputs={"raw": root / "raw.txt"},
            outputs=["double.txt"],
            settings=factor,
            config={"factor": factor},
        ),
        Stage(
            name="upper",
            title="shout it",
            version=1,
            work=partial(_upper, ran),
            folder=b,
            inputs={"double": a / "double.txt"},
            outputs=["upper.txt"],
            settings=suffix,
            config={"suffix": suffix},
        ),
    ]


def _double(ran: list[str], stage: Stage, _: object) -> StageResult:
    ran.append(stage.name)
    (output,) = stage.output_paths
    write_text(output, stage.inputs["raw"].read_text() * stage.settings)
    return StageResult([output], {"characters": 1})


def _upper(ran: list[str], stage: Stage, _: object) -> StageResult:
    ran.append(stage.name)
    (output,) = stage.output_paths
    write_text(output, stage.inputs["double"].read_text().upper() + stage.settings)
    return StageResult([output])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "raw.txt").write_text("ab")
    return tmp_path


def test_second_run_runs_nothing(root: Path) -> None:
    ran: list[str] = []
    run_stages(chain(root, ran))
    assert (root / "b/upper.txt").read_text() == "ABAB"
    outcomes = run_stages(chain(root, ran))
    assert ran == ["double", "upper"]
    assert [o.ran for o in outcomes] == [False, False]
    assert outcomes[0].rows == {"characters": 1}


def test_a_setting_rebuilds_only_what_it_touches(root: Path) -> None:
    ran: list[str] = []
    run_stages(chain(root, ran))
    run_stages(chain(root, ran, suffix="!"))
    assert ran == ["double", "upper", "upper"]
    assert (root / "b/upper.txt").read_text() == "ABAB!"


def test_a_changed_input_rebuilds_from_there(root: Path) -> None:
    ran: list[str] = []
    run_stages(chain(root, ran))
    (root / "raw.txt").write_text("cd")
    run_stages(chain(root, ran))
    assert ran == ["double", "upper"] * 2
    assert (root / "b/upper.txt").read_text() == "CDCD"


def test_a_moved_folder_stays_current_and_its_paths_do_not_count(root: Path, tmp_path: Path) -> None:
    ran: list[str] = []

    def placed(where: Path, factor: int = 2) -> list[Stage]:
        double, upper = chain(where, ran, factor=factor)
        config = {**double.config, "place": str(where)}
        return [replace(double, config=config, not_compared=("place",)), upper]

    run_stages(placed(root))
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("a", "b", "raw.txt"):
        (root / name).rename(moved / name)
    assert [o.ran for o in run_stages(placed(moved))] == [False, False]
    assert [p.action for p in plan_stages(placed(moved))] == ["skip", "skip"]
    outcomes = run_stages(placed(moved, factor=3))
    assert outcomes[0].reason == "settings changed: factor"
    assert ran == ["double", "upper"] * 2


def test_an_altered_output_is_made_again(root: Path) -> None:
    ran: list[str] = []
    run_stages(chain(root, ran))
    (root / "a/double.txt").write_text("tampered")
    outcomes = run_stages(chain(root, ran))
    assert outcomes[0].reason == "output altered: double.txt"
    assert (root / "a/double.txt").read_text() == "abab"
    assert ran == ["double", "upper", "double"], "upper's input came out with the same bytes"


def test_a_stage_that_dies_leaves_no_manifest_and_no_half_file(root: Path) -> None:
    ran: list[str] = []
    stages = chain(root, ran)
    run_stages(stages)

    def die(stage: Stage, _: object) -> StageResult:
        with atomic_path(stage.folder / "upper.txt") as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    broken = replace(stages[1], version=2, work=die)
    with pytest.raises(KeyboardInterrupt):
        run_stages([stages[0], broken])
    assert (root / "b/upper.txt").read_text() == "ABAB"
    assert read_manifest(broken.manifest_path) is None
    assert not list((root / "b").glob(".*.partial"))
    run_stages(chain(root, ran))
    assert ran[-1] == "upper"


def test_leftovers_of_a_killed_run_are_removed(root: Path) -> None:
    (root / "a").mkdir()
    (root / "a" / ".double.txt.x.partial").write_text("half")
    run_stages(chain(root, []))
    assert sorted(p.name for p in (root / "a").iterdir()) == [".lock", "double.txt", "manifest_double.json"]


def test_plan_says_what_would_happen_without_doing_it(root: Path) -> None:
    ran: list[str] = []
    assert [p.action for p in plan_stages(chain(root, ran))] == ["run", "run"]
    assert ran == []
    run_stages(chain(root, ran))
    assert [p.action for p in plan_stages(chain(root, ran))] == ["skip", "skip"]
    plans = plan_stages(chain(root, ran, factor=3))
    assert [(p.action, p.reason) for p in plans] == [
        ("run", "settings changed: factor"),
        ("depends", "after double"),
    ]


def test_only_refuses_a_stale_ancestor(root: Path) -> None:
    ran: list[str] = []
    with pytest.raises(ArtifactError, match=r"Stage 'double' .* is not up to date: not made yet"):
        run_stages(chain(root, ran), only={"upper"})
    run_stages(chain(root, ran), only={"double"})
    run_stages(chain(root, ran), only={"upper"})
    assert ran == ["double", "upper"]


def test_another_runs_artefact_is_not_mixed_in(root: Path) -> None:
    ran: list[str] = []
    stages = chain(root, ran)

    def other_run(outcome: object) -> None:
        if ran == ["double"]:
            run_stages(chain(root, ran, factor=5)[:1])

    with pytest.raises(ArtifactError, match="rebuilt by another run"):
        run_stages(stages, on_outcome=other_run)
    assert not (root / "b/upper.txt").exists()


def test_a_current_stage_waits_for_no_reader(root: Path) -> None:
    ran: list[str] = []
    run_stages(chain(root, ran))
    outcomes: list[StageOutcome] = []
    thread = threading.Thread(target=lambda: outcomes.extend(run_stages(chain(root, ran))), daemon=True)
    with folder_lock(root / "a", shared=True), folder_lock(root / "b", shared=True):
        thread.start()
        thread.join(timeout=30)
        assert [o.ran for o in outcomes] == [False, False]


def test_missing_input_names_the_file(root: Path) -> None:
    (root / "raw.txt").unlink()
    with pytest.raises(ArtifactError, match=r"Stage 'double' needs .*raw\.txt"):
        run_stages(chain(root, []))


def test_an_output_that_was_promised_must_be_written(root: Path) -> None:
    double = replace(chain(root, [])[0], outputs=["double.txt"], work=lambda stage, _: StageResult([]))
    with pytest.raises(AssertionError, match=r"double names outputs that it does not write: .*double\.txt"):
        run_stages([double])
    assert read_manifest(double.manifest_path) is None


def test_only_stages_that_read_a_remade_file_depend_on_it(root: Path) -> None:
    ran: list[str] = []
    double, upper = chain(root, ran)
    # A stage that writes into the same folder as `double`, and is not read by `upper`.
    other = replace(
        double, name="other", outputs=["other.txt"], inputs={"raw": root / "raw.txt"}, work=_write_other
    )
    run_stages([double, other, upper])
    plans = plan_stages([double, replace(other, version=2), upper])
    assert [p.action for p in plans] == ["skip", "run", "skip"]
    run_stages([double, replace(other, version=2), upper], only={"upper"})


def _write_other(stage: Stage, _: object) -> StageResult:
    (output,) = stage.output_paths
    write_text(output, "other")
    return StageResult([output])


def test_files_of_other_settings_keep_their_hash(root: Path) -> None:
    def named(name: str, folder: Path) -> Stage:
        return Stage(
            name="caption",
            title="describe",
            version=1,
            work=_named,
            folder=folder,
            inputs={"raw": root / "raw.txt"},
            outputs=[f"{name}.txt"],
            settings=name,
            config={"style": name},
        )

    for name in ("plain", "short", "long"):
        run_stages([named(name, root / "c")])
    noted = read_manifest(root / "c/manifest_caption.json")
    assert noted is not None
    assert list(noted.outputs) == ["long.txt"]
    assert noted.earlier == {f"{n}.txt": file_sha256(root / f"c/{n}.txt") for n in ("plain", "short")}
    (root / "c/plain.txt").unlink()
    run_stages([named("short", root / "c")])
    noted = read_manifest(root / "c/manifest_caption.json")
    assert noted is not None
    assert (list(noted.outputs), list(noted.earlier)) == (["short.txt"], ["long.txt"])


def _named(stage: Stage, _: object) -> StageResult:
    write_text(stage.output_paths[0], stage.settings)
    return StageResult([*stage.output_paths])
