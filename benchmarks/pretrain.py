"""Train the shipped network again: simulated homes, no log of anybody.

    python -m benchmarks.pretrain --preset tiny --folder FOLDER [--seed 0] [--minutes 20]

It stops at any moment and goes on where it stopped. `--ship` copies the weights into the package.
"""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.harness import ROOT, BenchmarkParser, source_commit
from discover.core.progress import SilentProgress
from discover.pretraining.recipe import PRESETS, pretrain
from discover.text_encoders import build_text_encoder
from discover.text_encoders.config import TextEncoderConfig

SHIPPED = ROOT / "src/discover/pretraining/weights/tiny.safetensors"


class _Lines(SilentProgress):
    """Progress as lines on standard error."""

    def start(self, description: str, total: int | None = None) -> None:
        self._name, self._done, self._total = description, 0, total

    def advance(self, units: int = 1, note: str = "") -> None:
        self._done += units
        print(f"{self._name} {self._done:,} of {self._total:,} {note}", file=sys.stderr, flush=True)


def main() -> None:
    """Train, and say where the weights are."""
    parser = BenchmarkParser(__doc__, writes=False)
    parser.add_argument("--preset", choices=sorted(PRESETS), default="tiny")
    parser.add_argument("--folder", type=Path, required=True, help="Work folder; start again to go on.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, help="Stop after this time.")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--ship", action="store_true", help="Copy the weights into the package.")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    encoder = build_text_encoder(TextEncoderConfig(type="minilm", precision="fp32"))
    recipe = replace(PRESETS[arguments.preset], seed=arguments.seed)
    facts = {
        "command": f"python -m benchmarks.pretrain --preset {arguments.preset} --seed {arguments.seed}",
        "commit": source_commit(),
        "licence": "Apache-2.0",
        "data": "simulated homes only; no real log",
        "text_space": "all-MiniLM-L6-v2",
    }
    path = pretrain(
        recipe, arguments.folder, encoder.encode, minutes=arguments.minutes, facts=facts, progress=_Lines()
    )
    if path is None:
        print("Time is up. Start the same command again to go on.")
        return
    if arguments.ship:
        SHIPPED.parent.mkdir(exist_ok=True)
        for suffix in (".safetensors", ".json"):
            shutil.copy(path.with_suffix(suffix), SHIPPED.with_suffix(suffix))
        path = SHIPPED
    print(f"Weights: {path}")


if __name__ == "__main__":
    main()
