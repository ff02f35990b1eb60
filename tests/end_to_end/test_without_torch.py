"""Where torch is not installed, a raw log is opened, searched and recognised by onnxruntime."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import discover
from discover.homes import load_home
from discover.simulator import SimulatorConfig, write_simulated

# Imports of these fail as if they were not installed; nothing that is installed can bring them back.
WITHOUT_TORCH = """
import sys
from importlib.machinery import PathFinder

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "lightning_fabric", "sentence_transformers", "transformers"):
            return None
        return super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without
"""

ASK = """
import json
import discover
import discover.app.home_view, discover.app.log_end, discover.app.server
import discover.cli.app, discover.cli.imports, discover.homes.home_assistant

assert "matplotlib" not in sys.modules, "the image of Home Assistant's app leaves it out"
home = discover.open(sys.argv[1], home="demo", workspace=sys.argv[2])
found = home.search("someone is in the kitchen", top_k=3)
print(json.dumps({
    "said": str(found), "scores": [hit.score for hit in found], "starts": [str(hit.start) for hit in found],
    "clusters": str(home.clusters()), "drawn": "matplotlib" in sys.modules,
    "timeline": str(home.recognise()), "summary": str(home.summary()),
    "torch": sorted({"torch", "transformers", "sentence_transformers"} & set(sys.modules)),
}))
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "demo.txt"
    write_simulated(path, load_home("demo"), SimulatorConfig(days=1, seed=4))
    return path


def run(code: str, *arguments: Path | str) -> subprocess.CompletedProcess[str]:
    # Arguments stand before the code does its imports, as on a command line.
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH + code, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=False,
    )


def test_a_raw_log_is_opened_searched_and_recognised(log: Path, tmp_path: Path) -> None:
    done = run(ASK, log, tmp_path / "edge")
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert answers["torch"] == []
    assert not answers["drawn"]
    assert "captions and shipped network by onnxruntime, exact search" in answers["said"]
    assert "sleep" in answers["timeline"]
    assert "clusters" in answers["clusters"]
    by_torch = discover.open(log, home="demo", workspace=tmp_path / "torch").search(
        "someone is in the kitchen", top_k=3
    )
    assert answers["starts"][0] == str(by_torch[0].start)
    # Torch may compute in bfloat16 here.
    assert answers["scores"][0] == pytest.approx(by_torch[0].score, abs=0.01)


def test_what_needs_torch_says_so_in_a_sentence(tmp_path: Path) -> None:
    done = run("from discover.cli import main; main()", "train", "--config", "configs/alignment/minilm.yaml")
    assert done.returncode == 2
    assert "is not installed" in done.stderr
    assert "pip install 'discover-v2[minilm]'" in done.stderr
    assert "Traceback" not in done.stderr
