"""Memory and time of the chunked losses against the dense ones, and of event masking.

    python -m benchmarks.speed.losses [--pairs 16384] [--width 256] [--largest 65536] [--rounds 5]

Each side runs in its own processes, in turn (A B A B ...): peak memory is the process's, and a dense
run's gigabytes cannot help or hurt the chunked run beside it. "Beyond inputs" is the peak during
forward and backward minus what the process held before, gradients of the inputs included.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import PairedTiming, markdown_table

__all__ = ["measure", "run"]

KINDS: tuple[str, ...] = ("info_nce", "sigmoid", "info_nce duplicates", "sigmoid duplicates")


def measure(kind: str, form: str, pairs: int, width: int, *, warm_up: bool = True) -> dict[str, float]:
    """One forward and backward in this process: seconds, peak GB beyond inputs, loss, gradient samples."""
    import torch

    from discover.losses import (
        PairKeys,
        TargetRule,
        batch_targets,
        chunked_info_nce,
        chunked_sigmoid_loss,
        info_nce,
        sigmoid_loss,
    )

    generator = torch.Generator().manual_seed(0)

    def unit() -> torch.Tensor:
        vectors = torch.randn(pairs, width, generator=generator)
        return torch.nn.functional.normalize(vectors, dim=1).requires_grad_()

    windows, captions = unit(), unit()
    scale = torch.tensor(20.0, requires_grad=True)
    name, _, duplicates = kind.partition(" ")
    rule, keys = TargetRule(mode="identity"), None
    if duplicates:
        rule = TargetRule(mode="mask_duplicates")
        start = torch.randint(0, pairs * 8, (pairs,), generator=generator)
        keys = PairKeys(
            torch.arange(pairs), torch.randint(0, pairs // 4, (pairs,), generator=generator),
            torch.zeros(pairs, dtype=torch.int64), start, torch.full((pairs,), 16),
        )  # fmt: skip

    def step() -> torch.Tensor:
        if form == "chunked":
            if name == "info_nce":
                loss = chunked_info_nce(windows, captions, logit_scale=scale, rule=rule, keys=keys)
            else:
                loss = chunked_sigmoid_loss(windows, captions, logit_scale=scale, rule=rule, keys=keys)
        else:
            made = batch_targets(rule, keys) if keys is not None else None
            loss = (info_nce if name == "info_nce" else sigmoid_loss)(
                windows, captions, logit_scale=scale,
                targets=None if made is None else made.targets,
                negatives_mask=None if made is None else made.negatives_mask,
            )  # fmt: skip
        loss.backward()
        return loss.detach()

    held = _peak_gb()
    if warm_up:
        step()
        windows.grad = captions.grad = scale.grad = None
    started = time.perf_counter()
    loss = step()
    seconds = time.perf_counter() - started
    assert windows.grad is not None
    assert captions.grad is not None
    assert scale.grad is not None
    return {
        "seconds": seconds,
        "gb_beyond_inputs": _peak_gb() - held,
        "loss": float(loss),
        "window_gradient": float(windows.grad.double().square().sum().sqrt()),
        "caption_gradient_5": float(captions.grad[5].double().sum()),
        "scale_gradient": float(scale.grad),
    }


def run(
    *, pairs: int = 16_384, width: int = 256, largest: int = 65_536, rounds: int = 5
) -> dict[str, object]:
    """All tables; prints Markdown and returns the numbers."""
    result: dict[str, object] = {"pairs": pairs, "width": width, "rounds": rounds}
    rows: list[list[object]] = []
    for kind in KINDS:
        sides: dict[str, list[dict[str, float]]] = {"dense": [], "chunked": []}
        for _ in range(rounds):
            for form, runs in sides.items():
                runs.append(_in_process(kind, form, pairs, width))
        dense, chunked = sides["dense"], sides["chunked"]
        timing = PairedTiming(tuple(r["seconds"] for r in dense), tuple(r["seconds"] for r in chunked))
        apart = max(
            abs(dense[0][key] - chunked[0][key]) / max(1.0, abs(dense[0][key]))
            for key in ("loss", "window_gradient", "caption_gradient_5", "scale_gradient")
        )
        numbers = {
            "dense_s": statistics.median(timing.a_s),
            "chunked_s": statistics.median(timing.b_s),
            "dense_over_chunked": statistics.median(timing.ratios),
            "dense_gb": max(r["gb_beyond_inputs"] for r in dense),
            "chunked_gb": max(r["gb_beyond_inputs"] for r in chunked),
            "apart": apart,
        }
        result[kind] = numbers
        rows.append([kind, numbers["dense_s"], numbers["chunked_s"], timing.describe(),
                     numbers["dense_gb"], numbers["chunked_gb"], f"{apart:.1e}"])  # fmt: skip
    print(f"B = {pairs:,}, D = {width}, float32, {rounds} pairs in turn\n")
    header = ["loss", "dense s", "chunked s", "dense / chunked", "dense GB", "chunked GB", "apart"]
    print(markdown_table(header, rows) + "\n")
    if largest:
        big = {kind: _in_process(kind, "chunked", largest, width, warm_up=False) for kind in KINDS[:2]}
        result["largest"] = {"pairs": largest, **big}
        print(
            f"B = {largest:,}, chunked only (dense would need {largest**2 * 4 * 5 / 1e9:,.0f} GB or more)\n"
        )
        table = [[kind, r["seconds"], r["gb_beyond_inputs"]] for kind, r in big.items()]
        print(markdown_table(["loss", "s", "GB beyond inputs"], table))
    return result


def _in_process(kind: str, form: str, pairs: int, width: int, *, warm_up: bool = True) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.speed.losses", "--one", kind, form, str(pairs), str(width)]
    if not warm_up:
        command.append("--cold")
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, env=dict(os.environ), check=True)
    numbers: dict[str, float] = json.loads(done.stdout)
    return numbers


def _peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=16_384)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--largest", type=int, default=65_536, help="0 leaves it out")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--cold", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        kind, form, pairs, width = options.one
        print(json.dumps(measure(kind, form, int(pairs), int(width), warm_up=not options.cold)))
        return
    run(pairs=options.pairs, width=options.width, largest=options.largest, rounds=options.rounds)


if __name__ == "__main__":
    main()
