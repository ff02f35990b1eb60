"""Run the small failing inputs of real users and compare what happens with what is right.

    python -m benchmarks.cases ../shared/cases
    python -m benchmarks.cases ../shared/cases --only 07 23 --model trained_models/demo/demo

The argument is a folder with one folder a case, called NUMBER_NAME. A number of `CASES` has commands of its own
and values that must come out. Any other case is run by general rules: each file that looks like a log goes
through `homes verify`, which must give an account (rc 0) or one paragraph (rc 2, no traceback), and so must
`check` with each run.yaml. Prints a table and writes benchmarks/results/cases.md; exits 1 where a case is red.
Without --model a small model of the simulated home is made first; questions are asked of it.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import ROOT, markdown_table, write_result
from benchmarks.speed.cold_search import make_model

TIMEOUT_S = 300
LOGS = ("*.txt", "*.csv", "*.tsv", "*.gz", "*.zip", "*.log")


@dataclass(frozen=True)
class Done:
    """What a command did."""

    rc: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Both outputs in one line."""
        return " ".join(f"{self.out} {self.err}".split())

    @property
    def plain(self) -> bool:
        """Ended with an answer, or with one paragraph and code 2."""
        if "Traceback" in self.err or self.rc not in (0, 2):
            return False
        return self.rc == 0 or self.err.startswith("Error: ")


Rule = Callable[[Done], bool]


@dataclass(frozen=True)
class Step:
    """One command of a case, and what must be true of it."""

    arguments: tuple[str, ...]
    right: Rule
    says: str


def says(pattern: str, rc: int | None = None) -> Rule:
    """A plain end in which a pattern occurs."""
    return lambda done: (
        done.plain and (rc is None or done.rc == rc) and re.search(pattern, done.text) is not None
    )


def lacks(pattern: str, rc: int = 0) -> Rule:
    """A plain end in which a pattern does not occur."""
    return lambda done: done.plain and done.rc == rc and re.search(pattern, done.text) is None


def both(*rules: Rule) -> Rule:
    """All of them."""
    return lambda done: all(rule(done) for rule in rules)


def is_plain(done: Done) -> bool:
    """The command ended with an answer or with one paragraph."""
    return done.plain


def step(command: str, right: Rule, what: str) -> Step:
    """A step from a command line without the first word; MODEL, WORK and quotes-free arguments."""
    return Step(tuple(command.split()), right, what)


def verify(file: str, right: Rule, what: str) -> Step:
    """`homes verify` of one file of the case."""
    return Step(("homes", "verify", file), right, what)


def ask(text: str, right: Rule, what: str) -> Step:
    """A question to the model."""
    return Step(("search", "MODEL", text), right, what)


REFUSED = says("Error: ", rc=2)
CASES: Mapping[str, Sequence[Step]] = {
    "01": [verify("log.txt", says(r"events\W+600\b", 0), "600 events"),
           verify("cr_only.txt", says(r"events\W+600\b", 0), "600 events")],
    "04": [verify("offset.txt", says("zone|offset|UTC"), "names the offset"),
           verify("zulu.txt", says("zone|offset|UTC"), "names the zone")],
    "07": [verify("min.txt", lacks("AM_M001|PM_M001"), "AM and PM are no sensor")],
    "08": [verify("min.csv", says("time-zone", 2), "says that the times carry a zone, and what to type"),
           step("homes verify CASE/min.csv --time-zone Europe/Berlin", says(r"2 events.*08:15:00", 0), "two events, local time")],
    "16": [verify("min.txt", lacks(r"VALUE \d"), "0 and 1 are states")],
    "17": [verify("log.txt", is_plain, "an account or one paragraph")],
    "20": [verify("empty.txt", says("empty", 2), "empty is said"), verify("blank.txt", says("empty", 2), "empty is said")],
    "23": [verify("min.csv", both(says("Motion_Sensor_1", 0), says(r"annotations\W+0\b")), "two sensors, no annotation")],
    "37": [verify("min_zigbee.csv", says("events", 0), "read"), verify("min_pyadlml.csv", says("events", 0), "read")],
    "40": [Step(("search", "MODEL", "--batch", "bom.txt", "--json"), lacks("feff"), "no byte order mark"),
           Step(("search", "MODEL", "--batch", "latin1.txt"), says("Cannot read", 2), "one sentence"),
           Step(("search", "MODEL", "--batch", "empty.txt"), says("has no sentence", 2), "one sentence")],
    "41": [step("cluster MODEL --on bag --method kmeans --k 50000 --set merge_from=0", REFUSED, "one sentence"),
           step("cluster MODEL --on bag --method gmm --k 50000 --set merge_from=0", REFUSED, "one sentence"),
           step("cluster MODEL --k 80", says("--set merge_from", 2), "says how to set merge_from")],
    "42": [ask("", says("question is empty", 2), "refused"), ask("   ", says("question is empty", 2), "refused")],
    "43": [ask("K\udcfchlschrank", says("not valid UTF-8", 2), "refused in one sentence")],
    "50": [step("run --config CASE/run.yaml --workspace WORK", says("needs 3.*3 days", 2), "the length that works"),
           step("check --config CASE/run.yaml --workspace WORK --set sampling.split.ratios=1,0,0",
                says(r"leaves no day for val and test", 2), "a list is read")],
    "61": [verify("log.tsv", both(says("3,000 events of 5 sensors", 0), says("OFF 309, ON 309", 0)), "detected and clear are ON and OFF"),
           step("check --config CASE/run.yaml --workspace WORK", says("needs 3", 2), "two days are too few to train")],
    "69": [ask("jemand öffnet nachts den Kühlschrank", says("Nothing of this question|understood", 0), "said")],
}  # fmt: skip


def run(arguments: Sequence[str], case: Path, model: Path, work: Path) -> Done:
    """One `discover` command, from the folder that holds the cases for run files, else from the case."""
    names = {"MODEL": str(model), "WORK": str(work)}
    given = [names.get(a, a.replace("CASE/", f"{case.name}/")) for a in arguments]
    cwd = case.parent if any("CASE/" in a for a in arguments) else case
    environment = {**os.environ, "COLUMNS": "200", "PYTHONPATH": str(ROOT / "src")}
    command = [os.fsencode(part) for part in (sys.executable, "-m", "discover", *given)]
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return Done(124, "", f"no answer in {TIMEOUT_S} s")
    return Done(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def general_steps(case: Path) -> list[Step]:
    """What every case must stand: an account or one paragraph for each log, and for each run file."""
    logs = sorted({p.name for pattern in LOGS for p in case.glob(pattern)})
    steps = [Step(("homes", "verify", name), is_plain, "an account or one paragraph") for name in logs]
    if (case / "run.yaml").is_file():
        check = ("check", "--config", "CASE/run.yaml", "--workspace", "WORK")
        steps.append(Step(check, is_plain, "a plan or one paragraph"))
    return steps


def run_case(case: Path, model: Path) -> tuple[int, list[str]]:
    """Steps run, and what was wrong."""
    steps = [*CASES.get(case.name.split("_")[0], ()), *general_steps(case)]
    wrong = []
    with tempfile.TemporaryDirectory() as work:
        for one in steps:
            done = run(one.arguments, case, model, Path(work))
            if not one.right(done):
                last = done.err.strip().splitlines()[-1:] or done.out.strip().splitlines()[-1:] or [""]
                shown = " ".join(one.arguments).encode(errors="replace").decode()
                wrong.append(f"`{shown}`: not {one.says} (rc {done.rc}: {last[0][:120]})")
    return len(steps), wrong


def main() -> None:
    """Run the cases and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", default=[], metavar="NUMBER")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--no-write", action="store_true", help="Print only.")
    given = parser.parse_args()
    cases = sorted(p for p in given.folder.resolve().iterdir() if p.is_dir())
    cases = [c for c in cases if not given.only or c.name.split("_")[0] in given.only]
    rows, red = [], 0
    with tempfile.TemporaryDirectory() as made:
        model = (given.model or make_model(Path(made))).resolve()
        for case in cases:
            steps, wrong = run_case(case, model)
            red += bool(wrong)
            rows.append((case.name, steps, "red" if wrong else "right", "; ".join(wrong).replace("|", "/")))
            print(f"{case.name:28} {'RED ' + wrong[0] if wrong else 'right'}", file=sys.stderr, flush=True)
    table = markdown_table(("case", "commands", "result", "what is wrong"), rows)
    body = f"{len(rows) - red} of {len(rows)} cases give the right answer.\n\n{table}"
    if not given.no_write and not given.only:
        write_result("cases", "python -m benchmarks.cases FOLDER", body)
    print(body)
    sys.exit(int(red > 0))


if __name__ == "__main__":
    main()
