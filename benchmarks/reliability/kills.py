"""SIGKILL every command that writes at random steps and times, run it again, and compare every artefact.

    python -m benchmarks.reliability.kills --kills 500

Commands run in forks of a warm process (`kill_points`), and `run` has a text encoder of one small layer, so
that the time goes into what is written. Half of the kills come at a random step (a file is opened, renamed,
removed or synced), half after a random share of the time an uninterrupted run takes. A workspace is killed
again and again, until a run reaches its end before its kill comes; then every file in it must have the bytes
that an uninterrupted run leaves, and no file may be left over.
"""

import atexit
import contextlib
import datetime as dt
import hashlib
import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.harness import ROOT, BenchmarkParser, markdown_table, write_result
from benchmarks.reliability.kill_points import Outcome, import_warm, run_forked
from benchmarks.reliability.tiny_text_model import make_text_model

_RUN_DAYS, _MODEL_DAYS = 5, 9
_RUN = (
    "sampling={type: fixed_duration, duration_s: 900}",
    "captions={style: short, n_captions: 1}",
    "encoder={preset: tiny, d_model: 32, n_layers: 1, n_heads: 2, d_ff: 64}",
    "sensor_projection.dim=32",
    "text_projection.dim=32",
    "training.max_steps=12",
    "training.batch_size=32",
    "training.val_interval=4",
    "training.save_interval=4",
    "evaluation={supervised: false, bootstrap_samples: 20, shots: [], self_training: false}",
    "report.searches=[someone opens the fridge]",
)
_MODEL = "trained_models/demo/demo"
_NOT_ARTEFACTS = (".lock", "timing.jsonl")
_MOST_PER_WORKSPACE = 25
_WARM = (
    "torch", "lightning.fabric", "sentence_transformers", "polars", "scipy.stats",
    "sklearn.cluster", "sklearn.linear_model",
    "matplotlib.figure", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "jinja2",
    "safetensors.torch", "rich.table", "discover.cli.app", "discover.cli.chain_output",
    "discover.cli.changes", "discover.cli.cluster", "discover.cli.recognise", "discover.pipeline.chain",
    "discover.reports.cluster_page", "discover.homes",
)  # fmt: skip


@dataclass(frozen=True)
class Scenario:
    """One command and what it starts from.

    Attributes:
        name: In the table.
        arguments: Of `discover`, in the workspace as folder.
        prepare: Fills a fresh workspace.
        share: Share of all kills.
    """

    name: str
    arguments: tuple[str, ...]
    prepare: Callable[[Path], None]
    share: float
    resumed: bool = False
    """Whether it goes on where it was: kills then come sooner, so that a workspace has many."""
    patched: bool = False
    """Whether it only works in a fork, because its mirrors are replaced by a server on this machine."""


@dataclass
class Found:
    """What came of the kills of one scenario.

    Attributes:
        reference_s: Seconds of an uninterrupted warm run.
        steps: Its steps.
        artefacts: Files compared.
        workspaces: How many were killed at least once and compared.
        places: Kills by what the command was at.
        differing: Workspaces whose files differ, with the kills they had.
        latest: Kills of the workspace at hand.
    """

    reference_s: float
    steps: int
    artefacts: int
    workspaces: int = 0
    places: Counter[str] = field(default_factory=Counter)
    differing: list[str] = field(default_factory=list)
    latest: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """All kills."""
        return sum(self.places.values())


def tree_hashes(workspace: Path) -> dict[str, str]:
    """sha256 of every artefact; locks and wall-clock times are no artefacts."""
    return {
        str(path.relative_to(workspace)): hashlib.sha256(_content(path)).hexdigest()
        for path in sorted(workspace.rglob("*"))
        if path.is_file() and path.name not in _NOT_ARTEFACTS
    }


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    if path.name == "fetch.json":
        data = re.sub(rb'"fetched": "[^"]*"', b'"fetched": ""', data)
    return data


def kill_scenario(scenario: Scenario, folder: Path, kills: int, seed: int) -> Found:
    """Kill a scenario's command until there are `kills` kills, and compare every finished workspace."""
    # One path for all runs: a model's config.yaml names its folder.
    workspace = folder / "workspace"
    with _fresh(workspace, scenario):
        whole = run_forked(scenario.arguments, workspace)
        _require(whole, folder)
        reference = tree_hashes(workspace)
    if not scenario.patched:
        with _fresh(workspace, scenario):
            _discover(*scenario.arguments, at=workspace)
            if tree_hashes(workspace) != reference:
                raise RuntimeError(f"{scenario.name}: a fork gives other files than a process of its own.")
    found = Found(whole.seconds, whole.steps, len(reference))
    draws = random.Random(f"{seed} {scenario.name}")
    while found.kills < kills:
        with _fresh(workspace, scenario):
            _kill_until_whole(scenario, workspace, whole, draws, found, kills)
            _compare(workspace, reference, found)
        sys.stderr.write(f"{scenario.name}: {found.kills}/{kills}, {len(found.differing)} differ\n")
    return found


def _kill_until_whole(
    scenario: Scenario, workspace: Path, whole: Outcome, draws: random.Random, found: Found, most: int
) -> None:
    own: list[str] = []
    while True:
        step = at_s = None
        if len(own) < _MOST_PER_WORKSPACE and found.kills < most:
            stretch = draws.choice((0.1, 0.3, 1.0)) if scenario.resumed else 1.0
            if draws.random() < 0.5:
                step = draws.randint(1, math.ceil(stretch * whole.steps))
            else:
                at_s = draws.uniform(0.0, stretch * whole.seconds)
        outcome = run_forked(scenario.arguments, workspace, step=step, at_s=at_s)
        if not outcome.killed:
            break
        own.append(f"{outcome.where}, {'step' if step else 'time'}, {outcome.steps} steps")
        found.places[outcome.where] += 1
    if outcome.code != 0:
        words = (workspace.parent / "last_output.txt").read_text(errors="replace").strip()[-300:]
        found.differing.append(f"after {'; '.join(own)}: exit status {outcome.code}: {words}")
    found.workspaces += bool(own)
    found.latest = own


def _compare(workspace: Path, reference: dict[str, str], found: Found) -> None:
    files = tree_hashes(workspace)
    wrong = sorted(n for n in {*files, *reference} if files.get(n) != reference.get(n))
    if wrong:
        found.differing.append(f"{', '.join(wrong[:5])} after {'; '.join(found.latest)}")


def _require(outcome: Outcome, folder: Path) -> None:
    if outcome.killed or outcome.code != 0:
        words = (folder / "last_output.txt").read_text(errors="replace")[-2000:]
        raise RuntimeError(f"An uninterrupted run failed with exit status {outcome.code}:\n{words}")


@contextlib.contextmanager
def _fresh(workspace: Path, scenario: Scenario) -> Iterator[None]:
    workspace.mkdir()
    try:
        scenario.prepare(workspace)
        yield
    finally:
        shutil.rmtree(workspace)


def scenarios(folder: Path) -> list[Scenario]:
    """All commands that write; the model that they read comes from one uninterrupted run, made here."""
    text_model = folder / "text_model"
    make_text_model(text_model)
    encoder = f"text_encoder={{type: distilroberta, model_path: {text_model}, chunk_texts: 128}}"
    sets = [part for setting in (*_RUN, encoder) for part in ("--set", setting)]
    chain = ("run", "-c", str(ROOT / "configs" / "pipelines" / "demo.yaml"), "-w", ".", *sets)
    run, long_run = ((*chain, "--set", f"home.simulate.days={days}") for days in (_RUN_DAYS, _MODEL_DAYS))
    made, log = folder / "made", folder / "log.txt"
    _discover("homes", "simulate", "--like", "demo", "--days", str(_MODEL_DAYS), "-o", str(log), at=folder)
    _serve(log.read_bytes())

    def model(workspace: Path) -> None:
        if not made.exists():
            made.mkdir()
            _discover(*long_run, at=made)
        shutil.copytree(made, workspace, dirs_exist_ok=True)

    def a_log(workspace: Path) -> None:
        shutil.copy(log, workspace / "log.txt")

    first = dt.date.fromisoformat(log.read_text(encoding="utf-8")[:10])
    early, late = (f"{first + dt.timedelta(a)}..{first + dt.timedelta(b)}" for a, b in ((0, 4), (5, 8)))
    changes = ("changes", _MODEL, "--by", "room", "--min-days", "4", "-o", "out")
    fetch = ("homes", "fetch", "milan", "-w", ".")
    return [
        Scenario("run", run, lambda _: None, 0.36, resumed=True),
        Scenario("cluster", ("cluster", _MODEL, "-k", "5"), model, 0.12),
        Scenario("changes", (*changes, "--baseline", early, "--period", late), model, 0.12),
        Scenario("changes --rolling", (*changes, "--rolling", "4", "--window", "4"), model, 0.08),
        Scenario("recognise -o", ("recognise", _MODEL, "-o", "out"), model, 0.12),
        Scenario("homes import", ("homes", "import", "log.txt", "--name", "mine", "-w", "."), a_log, 0.1),
        Scenario("homes fetch --from-file", (*fetch, "--from-file", "log.txt"), a_log, 0.05),
        Scenario("homes fetch", fetch, lambda _: None, 0.05, patched=True),
    ]


def _discover(*arguments: str, at: Path) -> None:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "discover", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=at)


def _serve(log: bytes) -> None:
    """Serve a log on this machine, from a process that ends with this one, as the mirror of all homes."""
    from discover.homes import fetch
    from discover.homes.mirrors import Mirror

    server = HTTPServer(("127.0.0.1", 0), type("Handler", (_LogHandler,), {"log": log}))
    process = os.fork()
    if process == 0:
        server.serve_forever()
    server.server_close()
    atexit.register(os.kill, process, signal.SIGKILL)
    mirror = Mirror(f"http://127.0.0.1:{server.server_port}/log.txt", "log.txt")
    fetch.mirrors_of = lambda _: (mirror,)


class _LogHandler(BaseHTTPRequestHandler):
    log: bytes

    def do_GET(self) -> None:
        asked = re.match(r"bytes=(\d+)-", self.headers.get("Range") or "")
        begin = int(asked[1]) if asked else 0
        body = self.log[begin:]
        self.send_response(206 if asked else 200)
        self.send_header("ETag", '"1"')
        if asked:
            self.send_header("Content-Range", f"bytes {begin}-{len(self.log) - 1}/{len(self.log)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Measure and write benchmarks/results/reliability_kills.md."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--kills", type=int, default=500, help="Kills in all, shared between the commands.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", help="Names of the commands; no table is then written.")
    options = parser.parse_args()
    started = time.monotonic()
    import_warm(_WARM)
    found: dict[str, Found] = {}
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text).resolve()
        for scenario in scenarios(folder):
            if not options.only or scenario.name in options.only:
                kills = math.ceil(scenario.share * options.kills)
                found[scenario.name] = kill_scenario(scenario, folder, kills, options.seed)
    body = _table(found, time.monotonic() - started)
    print(body)
    if not options.only:
        command = f"python -m benchmarks.reliability.kills --kills {options.kills}"
        print(f"Wrote {write_result('reliability_kills', command, body)}")
    sys.exit(any(f.differing for f in found.values()))


def _table(found: dict[str, Found], seconds: float) -> str:
    rows = [
        (
            name, f.kills, f.workspaces, f.workspaces - len(f.differing), f.artefacts, f.steps,
            f"{f.reference_s:.1f}",
        )
        for name, f in found.items()
    ]  # fmt: skip
    columns = [
        "command",
        "kills",
        "workspaces",
        "equal at the end",
        "artefacts",
        "steps",
        "seconds, uninterrupted",
    ]
    places = Counter[str]()
    for name, f in found.items():
        for place, count in f.places.items():
            places[place if name == "run" else name] += count
    wrong = [f"- {name}: {words}" for name, f in found.items() for words in f.differing]
    kills, whole = sum(f.kills for f in found.values()), sum(f.workspaces for f in found.values())
    equal = whole - sum(len(f.differing) for f in found.values())
    return (
        f"**{kills} kills** by SIGKILL in {whole} workspaces; **{equal} of {whole}** have the same bytes in "
        f"all files as an uninterrupted run, and no other file. {seconds:.0f} s in all.\n\n"
        f"{markdown_table(columns, rows)}\n\n## Where the kills came\n\nThe stages are those of `run`.\n\n"
        f"{markdown_table(['at', 'kills'], sorted(places.items()))}"
        + ("\n\n## What differed\n\n" + "\n".join(wrong) if wrong else "")
    )


if __name__ == "__main__":
    main()
