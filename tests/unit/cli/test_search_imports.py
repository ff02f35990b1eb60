"""Which modules a search from the shell loads: nearly all of its time is imports."""

import subprocess
import sys
from pathlib import Path

import alignment_world
import pytest

from discover.alignment import AlignmentTrainer

HEAVY = (
    "lightning_fabric",
    "matplotlib",
    "scipy",
    "sentence_transformers",
    "sklearn",
    "sympy",
    "torch._dynamo",
    "transformers",
    "discover.alignment.trainer",
    "discover.evaluation",
    "discover.reports",
)
PROGRAM = """
import sys
from discover.api import open_home
from discover.api.opened import OpenedHome
from discover.cli.search_models import search_models
search_models()
from discover.text_encoders import TextEncoderConfig, build_text_encoder
build_text_encoder(TextEncoderConfig(precision="fp32")).encode(["someone opens the fridge"], kind="query")
from discover.alignment import load_model
load_model(sys.argv[1])
print("\\n".join(sys.modules))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Modules loaded after a question is encoded and a trained model is read."""
    config = alignment_world.make_config(tmp_path_factory.mktemp("model"))
    AlignmentTrainer(config, inputs=alignment_world.make_inputs(config)).train()
    command = [sys.executable, "-c", PROGRAM, str(Path(config.output_dir) / "best_model.pt")]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("module", HEAVY)
def test_a_search_does_not_load(module: str, loaded: set[str]) -> None:
    assert module not in loaded


def test_a_search_loads_what_it_needs(loaded: set[str]) -> None:
    assert {"torch", "tokenizers", "polars", "discover.serving.search"} <= loaded
