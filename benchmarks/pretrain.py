"""Train the shipped network again: simulated homes, no log of anybody.

    python -m benchmarks.pretrain --preset tiny --folder FOLDER [--seeds 0 1 2] [--logs LOG ...]

It stops at any moment and goes on where it stopped. One network per seed, joined to one file; `--ship` copies
it into the package. With `--logs` every network goes on for some steps with windows of these logs beside the
simulated ones; their annotations are not read. Such weights are yours: `--ship` refuses them.
"""

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.harness import ROOT, BenchmarkParser, source_commit
from benchmarks.log_lessons import train_further
from discover.core.progress import SilentProgress
from discover.pretraining.any_home import AnyHome, save_weights
from discover.pretraining.network import TorchReader
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
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="One network each.")
    parser.add_argument("--minutes", type=float, help="Stop each network after this time.")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument(
        "--logs", type=Path, nargs="+", default=[], help="Logs without annotations, or imported homes."
    )
    parser.add_argument("--ship", action="store_true", help="Copy the weights into the package.")
    arguments = parser.parse_args()
    if arguments.ship and arguments.logs:
        parser.error("--ship copies weights of simulated homes only. Leave out --logs, or leave out --ship.")
    torch.set_num_threads(arguments.threads)
    encoder = build_text_encoder(TextEncoderConfig(type="minilm", precision="fp32"))
    seeds = " ".join(map(str, arguments.seeds))
    logs = f" --logs ({len(arguments.logs)} logs)" if arguments.logs else ""
    facts = {
        "command": f"python -m benchmarks.pretrain --preset {arguments.preset} --seeds {seeds}{logs}",
        "commit": source_commit(),
        "licence": "that of the logs and Apache-2.0" if logs else "Apache-2.0",
        "data": f"simulated homes{f' and {len(arguments.logs)} logs' if logs else ' only; no real log'}",
        "text_space": "all-MiniLM-L6-v2",
    }
    trained, members = [], []
    for seed in arguments.seeds:
        recipe = replace(PRESETS[arguments.preset], seed=seed)
        folder = arguments.folder / f"seed_{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        limits: dict[str, Any] = {"minutes": arguments.minutes, "progress": _Lines()}
        done = pretrain(recipe, folder, encoder.encode, **limits)
        if done is not None and arguments.logs:
            done = train_further(recipe, folder, arguments.logs, encoder.encode, **limits)
        if done is None:
            print("Time is up. Start the same command again to go on.")
            return
        trained.append(AnyHome.load(done))
        reader = trained[-1].network
        assert isinstance(reader, TorchReader)
        members += list(reader.network.members)
    path = arguments.folder / f"weights{'_with_logs' if logs else ''}.safetensors"
    facts |= {"seeds": arguments.seeds, "windows": [t.facts["windows"] for t in trained]}
    facts |= {key: trained[0].facts[key] for key in ("recipe", "bank_sha256")}
    save_weights(path, members, trained[0].meanings, facts)
    if arguments.ship:
        SHIPPED.parent.mkdir(exist_ok=True)
        for suffix in (".safetensors", ".json"):
            shutil.copy(path.with_suffix(suffix), SHIPPED.with_suffix(suffix))
        path = SHIPPED
    print(f"Weights: {path}")


if __name__ == "__main__":
    main()
