"""A model folder from a stranger, or a damaged one: no code, no network, no answer from other files."""

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from chain_runs import discover_here

from discover.core.artifacts import file_sha256

MODEL = "trained_models/demo/demo"
DATA = "data/processed/simulated/demo"

# What the audit hook below saw, while it looks; a hook cannot be taken away again.
_looking, _seen = [False], list[str]()


def _watch(event: str, arguments: object) -> None:
    if _looking[0] and event in ("socket.getaddrinfo", "socket.connect", "socket.gethostbyname"):
        _seen.append(f"{event} {arguments!r}")


sys.addaudithook(_watch)


def watched(*arguments: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run the command line here; also every name that is looked up and every connection, whatever asks."""
    _seen.clear()
    _looking[0] = True
    try:
        return discover_here(*arguments), list(_seen)
    finally:
        _looking[0] = False


COMMANDS = {
    "search": ["search", "{model}", "someone is in the kitchen"],
    "recognise": ["recognise", "{model}", "-o", "{out}"],
    "cluster": ["cluster", "{model}", "--k", "4", "--method", "kmeans"],
    "evaluate": ["evaluate", "--model", "{model}", "-o", "{out}"],
    "changes": ["changes", "{model}", "--by", "activity", "--baseline", "2024-01-01..2024-01-04",
                "--period", "2024-01-05..2024-01-08"],
}  # fmt: skip


@pytest.fixture
def workspace(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished chain, to spoil."""
    copied = tmp_path / "workspace"
    shutil.copytree(finished, copied)
    return copied


def with_encoder(workspace: Path, **settings: object) -> Path:
    """Let the checkpoint name another text encoder, with all hashes made to fit, as a stranger would."""
    model = workspace / MODEL
    content = torch.load(model / "best_model.pt", weights_only=True)
    content["config"]["text_encoder"] |= settings
    torch.save(content, model / "best_model.pt")
    sha256 = file_sha256(model / "best_model.pt")
    for index in model.glob("index_*"):
        for path in index.glob("manifest*.json"):
            manifest = json.loads(path.read_text())
            manifest["inputs"]["model"] = sha256
            path.write_text(json.dumps(manifest))
    for index in model.glob("index_*"):
        for path in index.glob("manifest_embed*.json"):
            manifest = json.loads(path.read_text())
            manifest["outputs"]["manifest.json"] = file_sha256(index / "manifest.json")
            path.write_text(json.dumps(manifest))
    return model


def command(name: str, model: Path, tmp_path: Path) -> list[str]:
    return [part.format(model=model, out=tmp_path / "out") for part in COMMANDS[name]]


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2, done.stdout + done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_an_encoder_with_its_own_class_runs_nothing(name: str, workspace: Path, tmp_path: Path) -> None:
    encoder, mark = tmp_path / "encoder", tmp_path / "mark"
    encoder.mkdir()
    code = f"import pathlib\npathlib.Path({str(mark)!r}).write_text('ran')\nclass Evil: pass\n"
    (encoder / "custom_st.py").write_text(code)
    (encoder / "config.json").write_text("{}")
    (encoder / "model.safetensors").write_bytes(b"")
    modules = [{"idx": 0, "name": "0", "path": "", "type": "custom_st.Evil"}]
    (encoder / "modules.json").write_text(json.dumps(modules))
    model = with_encoder(workspace, type="gte_base", model_path=str(encoder), trust_remote_code=True)
    assert_refused(discover_here(*command(name, model, tmp_path)), "custom_st.Evil", "--trust-remote-code")
    assert not mark.exists()


def test_a_hub_named_in_a_checkpoint_is_not_looked_up(workspace: Path, tmp_path: Path) -> None:
    model = with_encoder(workspace, type="gte_base", model_path="someone/encoder", allow_download=True)
    for name in ("search", "recognise"):
        done, network = watched(*command(name, model, tmp_path))
        assert network == []
        assert_refused(done, "someone/encoder", "--allow-download")


def test_the_watch_sees_a_name_that_is_looked_up() -> None:
    _looking[0] = True
    socket.getaddrinfo("127.0.0.1", 9)
    _looking[0] = False
    assert any("127.0.0.1" in line for line in _seen)


SPOILED = {
    f"{MODEL}/index_FD_60/vectors.npz": "altered",
    f"{MODEL}/index_FD_60/windows.parquet": "altered",
    f"{MODEL}/index_FD_60/source.json": "altered",
    f"{MODEL}/index_FD_60/manifest.json": "altered",
    f"{MODEL}/index_FD_60/manifest_embed.json": "damaged",
    f"{DATA}/home.yaml": "altered",
    f"{DATA}/events/2024-01-*.parquet": "altered",
    f"{DATA}/FD_60/windows.parquet": "altered",
}


@pytest.mark.parametrize("name", SPOILED)
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_search_answers_from_whole_files_only(name: str, damage: str, workspace: Path) -> None:
    (path,) = workspace.glob(name)
    content = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(content[:20])
    done = discover_here("search", str(workspace / MODEL), "someone is in the kitchen")
    word = "missing" if damage == "gone" else SPOILED[name]
    assert_refused(done, path.name, word, "Run `discover run`")
    assert "_p" not in done.stdout


def test_windows_cut_by_labels_never_stand_in(workspace: Path) -> None:
    shutil.rmtree(workspace / MODEL / "index_FD_60")
    done = discover_here("search", str(workspace / MODEL), "someone is in the kitchen")
    assert_refused(done, "presegmented", "index_FD_60_p", "--index")
    named = workspace / MODEL / "index_FD_60_p"
    assert discover_here("search", str(workspace / MODEL), "kitchen", "--index", str(named)).returncode == 0


def test_captions_are_checked_where_they_answer(workspace: Path) -> None:
    path = workspace / DATA / "FD_60/captions_short.parquet"
    ids = ["search", str(workspace / MODEL), "kitchen", "--by", "captions"]
    assert discover_here(*ids).returncode == 0
    vectors = workspace / DATA / "FD_60/embeddings_short_minilm.npz"
    vectors.write_bytes(vectors.read_bytes()[:-1] + b"x")
    assert_refused(discover_here(*ids), "embeddings_short_minilm.npz", "altered")
    path.write_bytes(path.read_bytes() + b"x")
    page = discover_here("cluster", str(workspace / MODEL), "--k", "4", "--method", "kmeans")
    assert_refused(page, "altered")


def test_an_intact_copy_still_answers_and_looks_up_nothing(workspace: Path) -> None:
    done, network = watched("search", str(workspace / MODEL), "someone is in the kitchen", "--json")
    assert done.returncode == 0, done.stderr
    assert network == []
    assert len(json.loads(done.stdout)["answers"]) == 5


def test_a_run_with_a_permission_in_its_file_says_what_to_type(tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text("sampling: {type: fixed_duration}\ntext_encoder: {trust_remote_code: true}\n")
    done = discover_here("run", "-c", str(config), "-w", str(tmp_path / "w"))
    assert_refused(done, "trust_remote_code: true", "--trust-remote-code", "DISCOVER_TRUST_REMOTE_CODE=1")
    assert not (tmp_path / "w").exists()
