"""Mutation testing: small faults planted into the code, and how many of them the tests notice.

    pip install cosmic-ray
    python -m benchmarks.reliability.mutants --mutants 300

cosmic-ray plants the faults (another operator, number, comparison, keyword ...), at most one per place, drawn
from a seed over the modules of the rooms in pyproject.toml (`[tool.discover-mutants]`). Each is tested with
its room's tests in a copy of the repository, those that name the module first, until one fails. A mutant
that no test notices survives; one that runs beyond the time limit is killed. Faults in annotations are left
out: a module that cannot be imported is noticed by anything.
"""

import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness import ROOT, BenchmarkParser, markdown_table, write_result

_SKIPPED = ("core/RemoveDecorator", "core/VariableInserter", "core/VariableReplacer")
_COPIED = ("src", "tests", "benchmarks", "configs", "docs", "examples", "pyproject.toml", "train.py")


@dataclass(frozen=True)
class Mutant:
    """One planted fault.

    Attributes:
        room: Folder below src/discover.
        path: The file, relative to the repository.
        line: Where it is planted.
        operator: cosmic-ray's name of the fault.
        source: The whole changed file.
    """

    room: str
    path: str
    line: int
    operator: str
    source: str

    @property
    def words(self) -> str:
        """The changed line."""
        return self.source.splitlines()[self.line - 1].strip()


def plan_mutants(rooms: Sequence[str], total: int, seed: int) -> list[Mutant]:
    """`total` mutants over the rooms, as many per room as it has places, drawn from a seed."""
    drawn = random.Random(seed)
    places: list[tuple[str, Path, list[tuple[str, int, int]]]] = []
    for room in rooms:
        for path in sorted((ROOT / "src" / "discover" / room).glob("*.py")):
            if path.name != "__init__.py":
                places += [(room, path, choices) for choices in _places(path)]
    chosen = drawn.sample(places, min(total, len(places)))
    found = []
    for room, path, choices in chosen:
        operator, occurrence, line = drawn.choice(choices)
        source = _mutated(path, operator, occurrence)
        if source is not None:
            found.append(Mutant(room, str(path.relative_to(ROOT)), line, operator, source))
    return found


def related_tests(module: Path, tests: Sequence[Path]) -> list[Path]:
    """Test files of a room, those first that name the module or most of what it defines."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    names = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)} | {module.stem}

    def named(test: Path) -> int:
        text = test.read_text(encoding="utf-8")
        return sum(name in text for name in names)

    return sorted(tests, key=lambda test: (-named(test), test))


def _places(path: Path) -> Iterator[list[tuple[str, int, int]]]:
    """Per place in a file that can be changed: (operator, occurrence, line) of every change there."""
    from cosmic_ray.commands.init import _all_work_items

    annotations = _annotation_spans(path)
    found: dict[tuple[int, int], list[tuple[str, int, int]]] = {}
    for item in _all_work_items([path], {}):
        change = item.mutations[0]
        if change.operator_name in _SKIPPED:
            continue
        start = tuple(change.start_pos)
        if any(begin <= start < end for begin, end in annotations):
            continue
        found.setdefault(start, []).append((change.operator_name, change.occurrence, start[0]))
    yield from found.values()


def _annotation_spans(path: Path) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Begin and end of every annotation, of module-level names of types, and of `__all__`."""
    spans = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        parts: list[ast.expr | None] = []
        if isinstance(node, ast.AnnAssign):
            parts = [node.annotation]
        elif isinstance(node, ast.FunctionDef):
            every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            parts = [node.returns, *(a.annotation for a in every)]
        spans += [
            ((p.lineno, p.col_offset), (p.end_lineno or p.lineno, p.end_col_offset or 0)) for p in parts if p
        ]
    return spans


def _mutated(path: Path, operator: str, occurrence: int) -> str | None:
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    source = path.read_text(encoding="utf-8")
    changed: str | None = mutate_code(source, get_operator(operator)(), occurrence)
    return None if changed == source else changed


class _Worker:
    """A copy of the repository and a process that tests mutants in it."""

    def __init__(self, folder: Path) -> None:
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif source.is_file():
                shutil.copy(source, folder / name)
        environment = {
            **os.environ,
            "PYTHONPATH": str(folder / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_NUM_THREADS": "1",
            "TOKENIZERS_PARALLELISM": "false",
        }
        self._process = subprocess.Popen(
            [sys.executable, "benchmarks/reliability/mutant_worker.py"],
            cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def test(self, path: str, source: str, tests: Sequence[Path], timeout_s: float) -> dict[str, Any]:
        """Whether the tests notice this source, and how."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        names = [str(t.relative_to(ROOT)) for t in tests]
        task = {"path": path, "source": source, "tests": names, "timeout_s": timeout_s}
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def measure(
    rooms: Mapping[str, Sequence[str]], total: int, seed: int, timeout_s: float, minutes: float
) -> list[tuple[Mutant, dict[str, Any]]]:
    """Test mutants until all are done or the minutes are over; unchanged code must pass first."""
    tests = {
        room: sorted({f for name in names for f in _files(ROOT / name)}) for room, names in rooms.items()
    }
    ends = time.monotonic() + 60 * minutes
    found: list[tuple[Mutant, dict[str, Any]]] = []
    with tempfile.TemporaryDirectory() as folder:
        worker = _Worker(Path(folder))
        try:
            for room, files in tests.items():
                path = f"src/discover/{room}/__init__.py"
                whole = worker.test(path, (ROOT / path).read_text(encoding="utf-8"), files, 1800)
                if whole["killed"]:
                    sys.exit(f"The tests of {room} fail without any mutant ({whole['why']}).")
            for mutant in plan_mutants(list(rooms), total, seed):
                if time.monotonic() > ends:
                    break
                files = related_tests(ROOT / mutant.path, tests[mutant.room])
                found.append((mutant, worker.test(mutant.path, mutant.source, files, timeout_s)))
                state = "killed" if found[-1][1]["killed"] else "SURVIVED"
                print(f"{len(found)}/{total} {state} {mutant.path}:{mutant.line} {mutant.words}", flush=True)
        finally:
            worker.close()
    return found


def _files(path: Path) -> list[Path]:
    return sorted(path.glob("test_*.py")) if path.is_dir() else [path]


def report(found: Sequence[tuple[Mutant, Mapping[str, Any]]]) -> str:
    """Share killed per room and per module, and the survivors."""
    rows = []
    for key in ("room", "path"):
        for name in sorted({getattr(m, key) for m, _ in found}):
            own = [outcome["killed"] for m, outcome in found if getattr(m, key) == name]
            rows.append(
                (name.removeprefix("src/discover/"), len(own), sum(own), f"{sum(own) / len(own):.0%}")
            )
    killed = sum(outcome["killed"] for _, outcome in found)
    late = sum(outcome["why"] == "timeout" for _, outcome in found)
    alive = [
        (f"{m.path.removeprefix('src/discover/')}:{m.line}", m.operator.removeprefix("core/"), f"`{m.words}`")
        for m, outcome in found
        if not outcome["killed"]
    ]
    return "\n\n".join(
        (
            f"**{killed} of {len(found)}** mutants killed ({killed / len(found):.0%}), {late} of them by the "
            "time limit. One fault per place, places drawn at random.",
            markdown_table(("room or module", "mutants", "killed", "share"), rows),
            "## Survivors",
            markdown_table(("place", "fault", "changed line"), alive) if alive else "None.",
        )
    )


def main() -> None:
    """Measure and write benchmarks/results/mutants.md."""
    parser = BenchmarkParser(__doc__, writes=False)
    parser.add_argument("--mutants", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--room", action="append", help="Only this room. Default: all of pyproject.toml.")
    parser.add_argument("--timeout", type=float, default=180, help="Seconds until a mutant counts as killed.")
    parser.add_argument("--minutes", type=float, default=120, help="Stop drawing after so long.")
    parser.add_argument("--no-table", action="store_true", help="Print only.")
    options = parser.parse_args()
    with (ROOT / "pyproject.toml").open("rb") as stream:
        rooms = tomllib.load(stream)["tool"]["discover-mutants"]
    rooms = {room: tests for room, tests in rooms.items() if room in (options.room or rooms)}
    found = measure(rooms, options.mutants, options.seed, options.timeout, options.minutes)
    if not found:
        sys.exit("No mutant was tested.")
    body = report(found)
    print(body)
    if not options.no_table:
        command = (
            f"python -m benchmarks.reliability.mutants --mutants {options.mutants} --seed {options.seed}"
        )
        print(f"Wrote {write_result('mutants', command, body)}")


if __name__ == "__main__":
    main()
