"""Which modules a search from the shell loads: nearly all of its time is imports."""

import subprocess
import sys

import pytest

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
from discover.cli.search import open_searcher
from discover.text_encoders import TextEncoderConfig, build_text_encoder
build_text_encoder(TextEncoderConfig(precision="fp32")).encode(["someone opens the fridge"], kind="query")
from discover.alignment import load_model
print("\\n".join(sys.modules))
"""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", HEAVY)
def test_a_search_does_not_load(module: str, loaded: set[str]) -> None:
    assert module not in loaded


def test_a_search_loads_what_it_needs(loaded: set[str]) -> None:
    assert {"torch", "tokenizers", "polars", "discover.pipeline.answers"} <= loaded
