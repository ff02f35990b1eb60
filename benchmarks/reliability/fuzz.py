"""Damaged artefacts of every kind: none may give a traceback, hang, take much memory, or a wrong answer.

    python -m benchmarks.reliability.fuzz WORKSPACE [--cases 20000] [--seed 0]

WORKSPACE is the folder of a finished `discover run --config configs/pipelines/demo.yaml`; a copy is damaged.
Each case damages one file, reads it (or runs a command on it), and puts it back. Right is: an answer, or one
of the project's errors in one paragraph; for a command also exit code 2 and nothing written. Where a file
carries a hash, or belongs to a folder whose manifest does, cut or overwritten bytes must be noticed or give
the answer of the intact file.
"""

import argparse
import contextlib
import functools
import hashlib
import io
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import yaml

from benchmarks.reliability.damage import (
    Damage,
    damage_bytes,
    damage_npz,
    damage_table,
    damage_text,
    damage_torch,
    load_json,
)

__all__ = ["Finding", "Report", "fuzz", "prepare"]

SECONDS = 10
BYTES = 2**30
HASHED = (
    "cut",
    "cut at the front",
    "one bit",
    "noise",
    "zeros",
    "part gone",
    "part twice",
    "inserted",
    "empty",
)


@dataclass(frozen=True)
class Kind:
    """One kind of artefact.

    Attributes:
        name: In the table.
        files: What may be damaged.
        read: Reads it and returns something comparable.
        damage: How it is damaged.
        same: Whether damaged bytes must be noticed or give the same answer.
        share: Of the cases, against 1 of the others.
    """

    name: str
    files: tuple[Path, ...]
    read: Callable[[], object]
    damage: Damage
    same: bool = False
    share: float = 1.0


@dataclass(frozen=True)
class Finding:
    """A case that went wrong."""

    kind: str
    file: str
    how: str
    seed: int
    said: str


@dataclass
class Report:
    """Counts by kind, and what went wrong."""

    cases: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    slowest_s: float = 0.0
    seconds: float = 0.0
    memory_bytes: int = 0


class _TooLong(BaseException):
    """A case took longer than allowed; no `except Exception` may catch it."""


class _WrongError(Exception):
    """What a command did although it may not."""


def prepare(workspace: Path, folder: Path) -> Path:
    """A copy of a finished workspace with every kind of artefact in it."""
    copy = folder / "workspace"
    shutil.copytree(workspace, copy, ignore=shutil.ignore_patterns("checkpoint_step_*", "final_model.pt"))
    return copy


def kinds_of(workspace: Path) -> list[Kind]:
    """Every kind of artefact, made or found in a workspace."""
    return [*_text_kinds(workspace / "made"), *_log_kinds(workspace / "made"), *_stage_kinds(workspace)]


def _text_kinds(folder: Path) -> list[Kind]:
    from discover.alignment.config import AlignmentConfig
    from discover.cli.search import _sentences
    from discover.core.artifacts import read_manifest, write_manifest
    from discover.core.vocabulary import Vocabulary
    from discover.core.window_set import read_home
    from discover.homes import load_home
    from discover.pipeline.config import RunConfig
    from discover.recognition import RecognitionConfig
    from discover.serving.activity_prompts import activity_prompts

    folder.mkdir(exist_ok=True)
    dump = functools.partial(yaml.safe_dump, sort_keys=False, allow_unicode=True)
    as_yaml = damage_text(yaml.safe_load, dump)
    as_json = damage_text(load_json, json.dumps)
    demo = load_home("demo")
    home, run, train = folder / "home.yaml", folder / "run.yaml", folder / "train.yaml"
    home.write_text(dump(demo.model_dump(mode="json", exclude_defaults=True)))
    run.write_text(Path("configs/pipelines/demo.yaml").read_text(encoding="utf-8"))
    train.write_text(Path("configs/alignment/milan_baseline.yaml").read_text(encoding="utf-8"))
    prompts, queries = folder / "prompts.yaml", folder / "queries.txt"
    prompts.write_text("cooking: [someone cooks, a meal is made]\nsleeping: someone sleeps\n")
    queries.write_text("fridge at night\nsomeone is in the kitchen\n" * 5)
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(Vocabulary.build({"sensor": ["a", "b"], "state": ["ON", "OFF"]}).to_json())
    manifest = folder / "manifest.json"
    write_manifest(manifest, stage="x", stage_version=1, config={"a": 1}, inputs={}, outputs=[home])
    return [
        Kind("home.yaml", (home,), lambda: read_home(home), as_yaml, share=2),
        Kind("home.yaml, command", (home,), _command("homes", "show", str(home)), as_yaml),
        Kind("run YAML", (run,), lambda: RunConfig.from_yaml(run), as_yaml, share=2),
        Kind("training YAML", (train,), lambda: AlignmentConfig.from_yaml(train), as_yaml),
        Kind(
            "run YAML, command",
            (run,),
            _command("check", "-c", str(run), "-w", str(folder), "--set", "home.simulate.days=8"),
            as_yaml,
        ),
        Kind("prompts", (prompts,), lambda: activity_prompts(demo, RecognitionConfig(), prompts), as_yaml),
        Kind("questions", (queries,), lambda: list(_sentences(queries)), damage_bytes),
        Kind("vocabulary", (vocabulary,), lambda: Vocabulary.load(vocabulary), as_json),
        Kind("manifest", (manifest,), lambda: read_manifest(manifest), as_json),
    ]


_LOG = "".join(
    f"2024-03-{1 + i // 60:02d} {6 + i % 60 // 10:02d}:{i % 60:02d}:00.5\tM00{1 + i % 3}\t"
    f"{'ON' if i % 2 else 'OFF'}"
    f"{chr(9) + 'Cooking begin' if i % 40 == 0 else chr(9) + 'Cooking end' if i % 40 == 20 else ''}\n"
    for i in range(240)
)
_SENSORS = "Start time\tEnd time\tLocation\tType\tPlace\n" + "".join(
    f"2011-11-{1 + i // 8:02d} {6 + i % 8:02d}:10:00\t2011-11-{1 + i // 8:02d} {6 + i % 8:02d}:12:00\t"
    f"{('Bed', 'Fridge', 'Door')[i % 3]}\tPressure\t{('Bedroom', 'Kitchen', 'Hall')[i % 3]}\n"
    for i in range(60)
)
_ACTIVITIES = "Start time\tEnd time\tActivity\n" + "".join(
    f"2011-11-{1 + i:02d} 06:00:00\t2011-11-{1 + i:02d} 08:00:00\tSleeping\n" for i in range(7)
)


def _log_kinds(folder: Path) -> list[Kind]:
    from discover.homes import import_log

    log, zipped, tables = folder / "log.txt", folder / "log.zip", folder / "tables"
    log.write_text(_LOG)
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("home/log.txt", _LOG)
    tables.mkdir(exist_ok=True)
    (tables / "x_sensors.txt").write_text(_SENSORS)
    (tables / "x_activities.txt").write_text(_ACTIVITIES)
    interval_files = tuple(sorted(tables.iterdir()))

    def imported(path: Path) -> Callable[[], object]:
        return lambda: len(import_log(path, name="mine").log.events)

    command = _command("homes", "import", str(log), "--name", "mine", "-w", str(folder / "imported"))
    return [
        Kind("log", (log,), imported(log), damage_bytes, share=2),
        Kind("log, command", (log,), command, damage_bytes, share=0.5),
        Kind("zip", (zipped,), imported(zipped), damage_bytes),
        Kind("interval tables, annotations", interval_files, imported(tables), damage_bytes),
    ]


def _stage_kinds(workspace: Path) -> list[Kind]:
    from discover.alignment import load_model
    from discover.alignment.pretrained import from_pretrained, save_pretrained
    from discover.clustering import load_clustering
    from discover.clustering.config import ClusteringConfig
    from discover.core.embeddings import load_embeddings
    from discover.core.tables import ANNOTATIONS, CAPTIONS, LABELS
    from discover.core.window_set import load_window_set, read_table
    from discover.pipeline.clusters import cluster_model
    from discover.pipeline.evaluate_folder import read_runs
    from discover.pipeline.report_clusters import clustering_notes
    from discover.reports.cluster_section import with_clusters_section
    from discover.retrieval.window_facts import build_window_facts

    as_json = damage_text(load_json, json.dumps)
    as_yaml = damage_text(yaml.safe_load, functools.partial(yaml.safe_dump, sort_keys=False))
    model = next(workspace.glob("trained_models/*/*/best_model.pt")).parent
    index = next(p for p in sorted(model.glob("index_*")) if not p.name.endswith("_p"))
    sampling = next(workspace.glob(f"data/processed/*/*/{index.name.removeprefix('index_')}"))
    home = sampling.parent
    results = next(workspace.glob("results/*/*/*/metrics.json")).parent
    vectors = next(sampling.glob("embeddings_*.npz"))
    captions = next(sampling.glob("captions_*.parquet"))
    cluster_model(
        model, ClusteringConfig.model_validate({"method": "kmeans", "k": 4, "merge_from": 0}), name="k"
    )
    clusters = next(model.glob("clusters_*"))
    exported = workspace / "exported"
    save_pretrained(load_model(model), exported)
    checkpoint = model / "best_model.pt"
    small = workspace / "small_vectors.npz"
    table = load_embeddings(vectors)
    np.savez(
        small, embeddings=table.vectors[:50], sample_ids=table.sample_ids[:50],
        caption_indices=table.caption_indices[:50], model_name=np.array(["x"]),
    )  # fmt: skip

    def weights(loaded: Any) -> str:
        digest = hashlib.sha256(repr((loaded.config, loaded.vocabulary, loaded.home)).encode())
        for name, value in sorted(loaded.model.state_dict().items()):
            digest.update(name.encode() + value.numpy().tobytes())
        return digest.hexdigest()

    def assigned() -> object:
        found = load_clustering(clusters)
        zeros = np.eye(found.n_features_in_, dtype=np.float32)[:8]
        return found.predict(zeros).tolist(), found.predict_proba(zeros).round(6).tolist()

    month = sorted((home / "events").glob("*.parquet"))[0]
    indexed = (
        index / "vectors.npz", index / "windows.parquet", index / "activations.npz", index / "manifest.json",
        index / "source.json", checkpoint, sampling / "windows.parquet", month,
        home / "events.json", home / "home.yaml",
    )  # fmt: skip
    search = _command("search", str(model), "someone is in the kitchen", "--json", "-k", "3")

    def told() -> object:
        notes = clustering_notes(model, results)
        return with_clusters_section('<section id="clusters"></section>\n', notes)

    return [
        Kind("events, windows", (month, sampling / "windows.parquet"),
             lambda: len(build_window_facts(load_window_set(sampling))), damage_table, share=0.4),
        Kind("labels", (sampling / "labels.parquet",),
             lambda: read_table(sampling / "labels.parquet", LABELS), damage_table),
        Kind("captions", (captions,), lambda: read_table(captions, CAPTIONS), damage_table),
        Kind("annotations", (home / "annotations.parquet",),
             lambda: read_table(home / "annotations.parquet", ANNOTATIONS), damage_table),
        Kind("text vectors", (small,), lambda: load_embeddings(small), damage_npz, share=1.5),
        Kind("checkpoint", (checkpoint,), lambda: weights(load_model(model)), damage_torch, same=True),
        Kind("exported model, weights", (exported / "model.safetensors",),
             lambda: weights(from_pretrained(exported)), damage_bytes, same=True, share=0.6),
        Kind("exported model, texts", tuple(exported / f"{n}.json" for n in ("config", "vocab", "home")),
             lambda: weights(from_pretrained(exported)), as_json),
        Kind("clusterer", (clusters / "clusterer.safetensors",), assigned, damage_bytes, same=True),
        Kind("metrics", (results / "metrics.json",), lambda: read_runs([results]), as_json, share=0.5),
        Kind("clusters.json", (clusters / "clusters.json",), told, as_json, share=0.6),
        Kind("index, by command", indexed, search, damage_bytes, same=True, share=0.8),
        Kind("index texts, by command", (index / "manifest.json", index / "source.json"), search, as_json,
             share=0.2),
        Kind("index home, by command", (home / "home.yaml",), search, as_yaml, share=0.1),
        Kind("index tables, by command", (index / "windows.parquet", sampling / "windows.parquet",
             month), search, damage_table, share=0.15),
        Kind("index arrays, by command", (index / "vectors.npz", index / "activations.npz"), search,
             damage_npz, share=0.15),
    ]  # fmt: skip


def _command(*arguments: str) -> Callable[[], object]:
    """A command run in this process; wrong is a traceback, another exit code, several lines or a new file."""
    from discover.cli import main

    def run() -> object:
        out, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            try:
                main(arguments)
            except SystemExit as stop:
                code = int(stop.code or 0)
        if code == 0:
            return out.getvalue()
        lines = [x for x in errors.getvalue().strip().splitlines() if not x.startswith("Note: ")]
        if code != 2 or len(lines) != 1 or not lines[0].startswith("Error: "):
            raise _WrongError(f"exit code {code}, said {errors.getvalue()[:300]!r}")
        raise _RefusedError(lines[0])

    return run


class _RefusedError(Exception):
    """A command that refused as it should."""


def fuzz(workspace: Path, cases: int, seed: int, progress: Path | None = None) -> Report:
    """Damage `cases` files, one after the other; the same seed gives the same cases."""
    report = Report()
    began = time.perf_counter()
    warnings.simplefilter("ignore")
    with _one_text_encoder():
        kinds = kinds_of(workspace)
        intact: dict[str, object] = {}
        for kind in kinds:
            state, intact[kind.name] = _outcome(kind)
            if state != "answered":
                raise RuntimeError(f"{kind.name}: the intact file is not read: {intact[kind.name]}")
        _limit_memory()
        total = sum(kind.share for kind in kinds)
        number = seed * 1_000_000
        for kind in kinds:
            for _ in range(max(4, round(cases * kind.share / total))):
                number += 1
                if progress is not None:
                    progress.write_text(f"{kind.name}, case {number}")
                _one_case(kind, number, intact[kind.name], report)
    report.seconds = time.perf_counter() - began
    report.memory_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return report


def _one_case(kind: Kind, number: int, intact: object, report: Report) -> None:
    rng = np.random.default_rng(number)
    path = kind.files[int(rng.integers(len(kind.files)))]
    kept = path.read_bytes()
    root = _root(path)
    report.cases[kind.name] += 1
    how = "?"
    try:
        how = kind.damage(path, rng)
        before = _listing(root)
        started = time.perf_counter()
        state, value = _outcome(kind)
        report.slowest_s = max(report.slowest_s, time.perf_counter() - started)
        wrong = value if state == "wrong" else None
        if state == "refused":
            report.refused[kind.name] += 1
            if "\n" in str(value) or not str(value).strip():
                wrong = f"not one paragraph: {value!r}"
            elif _listing(root) != before:
                wrong = f"refused, but wrote {sorted(set(_listing(root)) ^ set(before))[:3]}"
        if state == "answered" and kind.same and how in HASHED and value != intact:
            wrong = "another answer than the intact file, without a word"
        if wrong is not None:
            report.findings.append(Finding(kind.name, path.name, how, number, str(wrong)[-1500:]))
    finally:
        path.write_bytes(kept)


def _outcome(kind: Kind) -> tuple[str, object]:
    from discover.core.errors import DiscoverError

    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(SECONDS)
    try:
        return "answered", kind.read()
    except (DiscoverError, _RefusedError) as error:
        link: BaseException | None = error
        while link is not None:
            if isinstance(link, MemoryError):
                return "wrong", f"more memory than {BYTES:,} bytes: {error}"
            link = link.__cause__
        return "refused", str(error)
    except _TooLong:
        return "wrong", f"longer than {SECONDS} s\n{traceback.format_exc()}"
    except Exception:
        return "wrong", traceback.format_exc()
    finally:
        signal.alarm(0)


def _stop(number: int, frame: object) -> None:
    del number, frame
    raise _TooLong


def _root(path: Path) -> Path:
    return next(p for p in path.parents if p.name == "workspace")


def _listing(root: Path) -> list[str]:
    return sorted(str(p) for p in root.rglob("*") if p.name != ".lock" and p.is_file())


def _limit_memory() -> None:
    """A case that takes more than `BYTES` beyond what is in use now fails with a MemoryError."""
    with open("/proc/self/status", encoding="ascii") as stream:
        used = next(int(line.split()[1]) * 1024 for line in stream if line.startswith("VmSize"))
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (used + BYTES, hard))


@contextlib.contextmanager
def _one_text_encoder() -> Iterator[None]:
    """Every command would load the text encoder anew; its files are not what is damaged here."""
    from discover.serving import cluster_inputs
    from discover.serving import search as answers

    kept = functools.lru_cache(maxsize=4)(answers.build_text_encoder)
    with (
        mock.patch.object(answers, "build_text_encoder", kept),
        mock.patch.object(cluster_inputs, "build_text_encoder", kept),
    ):
        yield


def table_of(report: Report) -> str:
    """The results as Markdown."""
    lines = ["| kind | cases | refused | read as something else | wrong |", "|---|---|---|---|---|"]
    wrong = Counter(finding.kind for finding in report.findings)
    for name, count in sorted(report.cases.items()):
        read = count - report.refused[name] - wrong[name]
        lines.append(f"| {name} | {count:,} | {report.refused[name]:,} | {read:,} | {wrong[name]} |")
    lines.append(
        f"| **all** | **{report.cases.total():,}** | **{report.refused.total():,}** | "
        f"**{report.cases.total() - report.refused.total() - len(report.findings):,}** | "
        f"**{len(report.findings)}** |"
    )
    return "\n".join(lines)


def main() -> None:
    """Damage a copy of a workspace and print, or write, what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="Write counts and findings as JSON instead of a table.")
    parser.add_argument("--table", type=Path, help="Also write the table as Markdown.")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as name:
        progress = None if options.json is None else options.json.with_suffix(".now")
        report = fuzz(prepare(options.workspace, Path(name)), options.cases, options.seed, progress)
    if options.json is not None:
        facts = {
            "cases": dict(report.cases),
            "refused": dict(report.refused),
            "findings": [vars(finding) for finding in report.findings],
            "slowest_s": report.slowest_s,
            "seconds": report.seconds,
        }
        options.json.write_text(json.dumps(facts, indent=1))
        return
    text = table_of(report)
    print(text)
    if options.table is not None:
        about = (
            "# Damaged artefacts\n\n"
            f"`python -m benchmarks.reliability.fuzz WORKSPACE --cases {options.cases} --seed {options.seed}`"
            ": one file damaged at a time, then read or used by a command. Refused: one paragraph, for a "
            "command also exit code 2 and nothing written. Read as something else: a file of plain text that "
            "still says something, or bytes that nothing depends on. Wrong: a traceback, more than "
            f"{SECONDS} s or {BYTES // 2**20:,} MiB, or another answer without a word.\n\n"
        )
        end = f"\n\nSlowest case {report.slowest_s:.1f} s.\n"
        options.table.write_text(about + text + end, encoding="utf-8")
    print(f"{report.seconds:.0f} s, slowest {report.slowest_s:.1f} s, {report.memory_bytes / 2**30:.1f} GiB")
    for finding in report.findings:
        print(f"\n{finding.kind}, {finding.file}, {finding.how}, seed {finding.seed}\n{finding.said}")
    sys.exit(bool(report.findings))


if __name__ == "__main__":
    main()
