"""The packaged networks by torch and by onnxruntime: how fast, how alike, how soon there.

    python -m benchmarks onnx -- --days 7 --sentences 400

A simulated home. Both in fp32 with one thread each; torch may use bfloat16 elsewhere, onnxruntime never does.
Start: a fresh process until the first sentence has a vector.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import ROOT, machine_facts, markdown_table, time_pairs
from discover.captions import CaptionConfig, caption_windows
from discover.core.tables import ANNOTATIONS, empty_table
from discover.core.window_set import EventLog, WindowSet
from discover.homes import load_home
from discover.pretraining.any_home import AnyHome, WindowReader
from discover.pretraining.profiles import TEXT_WIDTH
from discover.sampling import sample_windows
from discover.sampling.config import SamplingConfig
from discover.simulator import SimulatorConfig, simulate_log
from discover.text_encoders import TextEncoderConfig, build_text_encoder
from discover.text_encoders.encoder import TextEncoder

Inputs = Mapping[str, NDArray[Any]]
START = """
import sys
if sys.argv[1] == "onnxruntime":
    from importlib.machinery import PathFinder
    class Without(PathFinder):
        @classmethod
        def find_spec(cls, name, path=None, target=None):
            return None if name.split(".")[0] == "torch" else super().find_spec(name, path, target)
    sys.meta_path[sys.meta_path.index(PathFinder)] = Without
from discover.text_encoders import TextEncoderConfig, build_text_encoder
build_text_encoder(TextEncoderConfig(precision="fp32")).encode(["someone opens the fridge"])
"""


def encoder(runtime: str) -> TextEncoder:
    with patch("discover.text_encoders.factory.runtime", lambda: runtime):
        return build_text_encoder(TextEncoderConfig(precision="fp32"))


def network(runtime: str) -> AnyHome:
    with patch("discover.pretraining.any_home.runtime", lambda: runtime):
        return AnyHome.load()


def start_s(runtime: str, runs: int = 3) -> float:
    """Median seconds of a fresh process."""
    seconds = []
    for _ in range(runs):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", START, runtime], cwd=ROOT, check=True)
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def network_inputs(windows: WindowSet, texts: TextEncoder) -> list[Inputs]:
    """What the network is asked, batch by batch; what is read of the log takes the same time either way."""
    seen: list[Inputs] = []

    def kept(inputs: Inputs) -> NDArray[np.float32]:
        seen.append(inputs)
        return np.zeros((len(inputs["present"]), TEXT_WIDTH), dtype=np.float32)

    replace(network("torch"), network=kept).embed(windows, texts.encode)
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--sentences", type=int, default=400)
    arguments = parser.parse_args()
    # onnxruntime and torch read it when their threads are made; both are loaded below.
    os.environ["OMP_NUM_THREADS"] = "1"
    home = load_home("demo")
    events = simulate_log(home, SimulatorConfig(days=arguments.days, seed=5)).events
    log = EventLog(home, events, empty_table(ANNOTATIONS))
    sampled = sample_windows(log, SamplingConfig())
    windows = WindowSet.of(home, events if sampled.events is None else sampled.events, sampled.windows)
    sentences = (
        caption_windows(windows, CaptionConfig(style="baseline", n_captions=1))["caption"].unique().sort()
    )
    texts = sentences.to_list()[: arguments.sentences]
    torch_texts, onnx_texts = encoder("torch"), encoder("onnxruntime")
    inputs = network_inputs(windows, torch_texts)
    torch_windows, onnx_windows = network("torch").network, network("onnxruntime").network

    def run(reader: WindowReader) -> NDArray[np.float32]:
        return np.concatenate([reader(batch) for batch in inputs])

    sides = {
        f"sentences ({len(texts):,} captions)": (
            len(texts), lambda: torch_texts.encode(texts), lambda: onnx_texts.encode(texts)
        ),
        f"windows ({len(windows.windows):,}, the network alone)": (
            len(windows.windows), lambda: run(torch_windows), lambda: run(onnx_windows)
        ),
    }  # fmt: skip
    rows = []
    for name, (n, by_torch, by_onnx) in sides.items():
        differ = np.abs(by_torch() - by_onnx()).max()
        timing = time_pairs(by_torch, by_onnx)
        rates = (n / statistics.median(timing.a_s), n / statistics.median(timing.b_s))
        rows.append((name, *rates, timing.describe(), f"{differ:.1e}"))
    for key, value in machine_facts().items():
        print(f"- {key}: {value}")
    starts = {runtime: start_s(runtime) for runtime in ("torch", "onnxruntime")}
    told = ", ".join(f"{runtime} {seconds:.1f} s" for runtime, seconds in starts.items())
    print(f"- from the start of a process to the first sentence's vector: {told}\n")
    columns = ["what", "torch, per second", "onnxruntime, per second", "time torch / onnxruntime"]
    print(markdown_table([*columns, "largest difference"], rows))


if __name__ == "__main__":
    main()
