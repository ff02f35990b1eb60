"""Alignment training: windows per second, against plain loops of the same model and the arithmetic peak.

    python -m benchmarks training [-- --presets tiny small --batch 128 --pairs 5]
    python -m benchmarks training -- --gpu --presets tiny small base --batches 128 1024 8192

Threads are those of OMP_NUM_THREADS. Windows are FD_60 of casas/bosch_b2 where DISCOVER_DATA has it, else
of a made-up log; text vectors are random, which speed does not feel. Three loops train the same weights
on batches of the same size, in turn:

- ours: flat tensors on the device, packed tokens;
- tensors: a DataLoader over ready per-window tensors, padded to the batch maximum;
- python: a DataLoader that builds the features of every event in Python, padded to the batch maximum.

Model-FLOPs utilisation counts multiply-adds of real tokens only (6 per weight and token, attention at window
length), over the rate of a large matmul in the same number format, measured once before the first row. Each
row of the first table comes from a process of its own, so that its peak memory (data, model and training) is
its own.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from benchmarks.harness import ROOT, data_root, markdown_table, peak_rss_gb, time_pairs
from benchmarks.peaks import measure_bandwidth, measure_matmul, peaks_sentence
from discover.alignment.config import AlignmentConfig
from discover.alignment.dataset import AlignmentDataset, PairBatch
from discover.alignment.model import AlignmentModel
from discover.alignment.optimizer import build_optimizer, fabric_precision, pick_device
from discover.core.embeddings import EmbeddingTable
from discover.core.vocabulary import Vocabulary
from discover.core.window_set import WindowSet
from discover.encoders.features import EventFeatures, WindowBatch, gather_batch
from discover.encoders.packing import pack_windows
from discover.sampling import SamplingConfig, sample_windows

__all__ = ["flops_per_step", "main"]

TEXT_DIM = 384
PER_EVENT = ("codes", "sensor", "gap_bucket", "log_gap", "time_s", "clock")


def load_windows() -> tuple[WindowSet, Vocabulary, str]:
    """Training windows of B2 FD_60, or of a made-up log."""
    root = data_root()
    if root is not None and (root / "casas" / "bosch_b2" / "data.gz").is_file():
        from discover.homes import import_log, load_home

        log = import_log(root / "casas" / "bosch_b2" / "data.gz", home=load_home("bosch_b2")).log
        name = "casas/bosch_b2 FD_60"
    else:
        from benchmarks.speed.sampling import make_log

        log, name = make_log(250_000), "made-up log FD_60"
    sampled = sample_windows(log, SamplingConfig())
    return WindowSet.of(log.home, log.events, sampled.windows).of_split("train"), sampled.vocabulary, name


def random_text(windows: WindowSet) -> EmbeddingTable:
    """Four random vectors per window."""
    ids = np.repeat(windows.windows["window_id"].to_numpy().astype(np.str_), 4)
    vectors = np.random.default_rng(0).normal(size=(len(ids), TEXT_DIM)).astype(np.float32)
    return EmbeddingTable(vectors, ids, np.tile(np.arange(4, dtype=np.int16), len(ids) // 4))


def settings(preset: str, batch: int, head: str, mlm: bool) -> AlignmentConfig:
    """Config of a measured run."""
    return AlignmentConfig.from_mapping(
        {
            "encoder": {"preset": preset},
            "sensor_projection": {"type": head, "dim": 512},
            "text_projection": {"type": head, "dim": 512},
            "training": {"batch_size": batch},
            "loss": {"mlm_weight": 0.5} if mlm else {},
        }
    )


@dataclass
class Bench:
    """Model, optimizer and data of one measured setting."""

    config: AlignmentConfig
    data: AlignmentDataset
    model: AlignmentModel
    optimizer: Any
    device: torch.device
    bf16: bool
    batch: int
    step: int = 0

    def rows(self) -> Tensor:
        generator = torch.Generator().manual_seed(self.step)
        self.step += 1
        return torch.randint(len(self.data), (self.batch,), generator=generator)

    def learn(self, batch: PairBatch) -> None:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            loss = self.model(batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def sync(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def build(windows: WindowSet, vocabulary: Vocabulary, config: AlignmentConfig, device: torch.device) -> Bench:
    """Everything on the device."""
    torch.manual_seed(0)
    data = AlignmentDataset(windows, random_text(windows), vocabulary, config.encoder, device=device)
    model = AlignmentModel(config.model_settings, vocabulary, TEXT_DIM).to(device).train()
    bf16 = fabric_precision(config.training, device) == "bf16-mixed"
    optimizer = build_optimizer(model, config.optimizer)
    return Bench(config, data, model, optimizer, device, bf16, config.training.batch_size)


class PythonWindows(Dataset[tuple[dict[str, Tensor], int]]):
    """Features of a window, event by event in Python: how such a loop is usually first written."""

    def __init__(self, windows: WindowSet, features: EventFeatures, vocabulary: Vocabulary) -> None:
        self.events = windows.events.select("time", "sensor", "state").rows()
        self.home = {s.id: s for s in windows.home.sensors}
        self.features, self.vocabulary = features, vocabulary
        self.codes = {f: {v: i + 3 for i, v in enumerate(vocabulary.values[f])} for f in features.fields}
        self.rows = {s.id: i for i, s in enumerate(windows.home.sensors)}

    def __len__(self) -> int:
        return self.features.n_windows

    def __getitem__(self, row: int) -> tuple[dict[str, Tensor], int]:
        from discover.core.day_parts import DAY_PARTS, GAP_EDGES_S, WEEKDAYS

        first, n = int(self.features.first[row]), int(self.features.length[row])
        out: dict[str, list[Any]] = {
            k: [] for k in ("codes", "sensor", "gap_bucket", "log_gap", "time_s", "clock")
        }
        begin = previous = None
        for time_, sensor_id, state in self.events[first : first + n]:
            sensor = self.home[sensor_id]
            part = next(p.name for p in DAY_PARTS if p.begin_hour <= time_.hour < p.end_hour)
            values = {
                "sensor": sensor_id, "state": state, "room_id": sensor.room, "sensor_type": sensor.type,
                "sensor_detail": sensor.object, "tod_bucket": part, "dow_bucket": WEEKDAYS[time_.weekday()],
            }  # fmt: skip
            begin = begin or time_
            gap = 0.0 if previous is None else (time_ - previous).total_seconds()
            out["codes"].append([self.codes[f].get(values[f], 1) for f in self.features.fields])
            out["sensor"].append(self.rows[sensor_id])
            out["gap_bucket"].append(0 if previous is None else 1 + sum(gap >= e for e in GAP_EDGES_S))
            out["log_gap"].append(math.log1p(gap))
            out["time_s"].append((time_ - begin).total_seconds())
            out["clock"].append((time_.hour * 3600 + time_.minute * 60 + time_.second) * 2 * math.pi / 86400)
            previous = time_
        return {k: torch.tensor(v) for k, v in out.items()}, row


class ReadyWindows(Dataset[tuple[dict[str, Tensor], int]]):
    """Per-window tensors made beforehand."""

    def __init__(self, features: EventFeatures) -> None:
        self.items = []
        for row in range(features.n_windows):
            b = gather_batch(features, torch.tensor([row]))
            self.items.append({k: getattr(b, k)[0] for k in PER_EVENT})

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, row: int) -> tuple[dict[str, Tensor], int]:
        return self.items[row], row


def collate(items: list[tuple[dict[str, Tensor], int]]) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """Pad to the batch maximum."""
    lengths = torch.tensor([len(item["sensor"]) for item, _ in items])
    padded = {
        key: torch.nn.utils.rnn.pad_sequence([item[key] for item, _ in items], batch_first=True)
        for key in items[0][0]
    }
    return padded, lengths, torch.tensor([row for _, row in items])


def padded_forward(encoder: Any, batch: WindowBatch) -> Tensor:
    """The same encoder with every layer run on (B, L) slots, padding included."""
    packing = pack_windows(batch.lengths, batch.mask.shape[1], with_cls=True, device=batch.mask.device)
    tokens = encoder.dropout(encoder.tokens(batch, packing))
    width = batch.mask.shape[1] + 1
    counts = torch.sort(batch.lengths, stable=True).values.to(batch.mask.device) + 1
    real = torch.arange(width, device=batch.mask.device) < counts.unsqueeze(1)
    x = tokens.new_zeros(len(batch.lengths), width, tokens.shape[1])
    x[real] = tokens
    place = torch.arange(width, device=batch.mask.device)
    distance = (place[:, None] - place[None, :]).abs() * ((place > 0)[:, None] & (place > 0))
    bias = (-encoder.slope[:, None, None] * distance)[None].masked_fill(~real[:, None, None, :], -math.inf)
    for block in encoder.blocks:
        qkv = block.qkv(block.norm1(x))
        q, k, v = qkv.view(*x.shape[:2], 3, block.n_heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))
        x = x + block.dropout(block.out(mixed.transpose(1, 2).reshape(x.shape)))
        x = x + block.dropout(block.down(F.gelu(block.up(block.norm2(x)), approximate="tanh")))
    x = encoder.norm(x)
    body = real.clone()
    body[:, 0] = False
    mean = (x * body.unsqueeze(-1)).sum(1) / (counts - 1).unsqueeze(1)
    return (0.5 * x[:, 0] + 0.5 * mean)[packing.unsort]


def plain_step(bench: Bench, batches: Any) -> None:
    """One step of a DataLoader loop."""
    padded, lengths, rows = next(batches)
    pairs = bench.data.batch(rows, torch.rand(len(rows)))
    mask = torch.arange(int(lengths.max())) < lengths.unsqueeze(1)
    windows = replace(pairs.windows, **padded, mask=mask, lengths=lengths)
    with torch.autocast(bench.device.type, torch.bfloat16, enabled=bench.bf16):
        pooled = padded_forward(bench.model.encoder, windows)
        window = F.normalize(bench.model.sensor_head(pooled).float(), dim=1)
        loss = bench.model.pair_loss(window, bench.model.embed_text(pairs.text), pairs.keys)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(bench.model.parameters(), 1.0)
    bench.optimizer.step()
    bench.optimizer.zero_grad(set_to_none=True)


def our_step(bench: Bench) -> None:
    """One step as the trainer does it."""
    rows = bench.rows()
    bench.learn(bench.data.batch(rows, torch.rand(len(rows))))
    bench.sync()


def flops_per_step(bench: Bench) -> float:
    """Twice the multiply-adds of encoder and heads, forwards and backwards, real tokens only."""
    lengths = bench.data.features.length.double() + 1
    config = bench.config.encoder
    per_token = config.n_layers * (4 * config.d_model**2 + 2 * config.d_model * config.d_ff)
    attention = config.n_layers * 2 * config.d_model * float((lengths**2).mean())
    heads = sum(p.numel() for h in (bench.model.sensor_head, bench.model.text_head) for p in h.parameters())
    # Masked modelling reads the batch a second time, with its events hidden.
    passes = 1 if bench.model.mlm is None else 2
    return 6.0 * bench.batch * (passes * (per_token * float(lengths.mean()) + attention) + heads)


def data_path_share(bench: Bench, step_s: float) -> float:
    """Share of the step that gathering (and masking) takes."""
    times = []
    for _ in range(10):
        rows = bench.rows()
        started = time.perf_counter()
        batch = bench.data.batch(rows, torch.rand(len(rows)))
        if bench.model.mlm is not None:
            bench.model.mlm.hide(batch.windows)
        bench.sync()
        times.append(time.perf_counter() - started)
    return statistics.median(times) / step_s


def timed(call: Callable[[], None], steps: int) -> float:
    """Median seconds of a call."""
    times = []
    for _ in range(steps + 2):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times[2:])


def alone(bench: Bench, steps: int, peak: float) -> list[object]:
    """Throughput row of one setting; `peak`: floating point operations per second of a large matmul."""
    step_s = timed(lambda: our_step(bench), steps)
    memory = torch.cuda.max_memory_allocated() / 1e9 if bench.device.type == "cuda" else peak_rss_gb()
    use = flops_per_step(bench) / step_s / peak
    share = data_path_share(bench, step_s)
    precision = "bf16" if bench.bf16 else "fp32"
    head = bench.config.sensor_projection.type + (", MLM" if bench.model.mlm is not None else "")
    return [bench.config.encoder.preset or "", head, bench.batch, precision, bench.batch / step_s,
            f"{use:.0%}", f"{share:.1%}", memory]  # fmt: skip


def alone_in_process(one_row: Sequence[object], options: argparse.Namespace) -> list[object]:
    """`alone` in a fresh process: so that its peak memory is its own.

    Args:
        one_row: Preset, batch size, head, whether with masked modelling, and the matmul's rate by format.
        options: The command line.
    """
    one = json.dumps(one_row)
    command = [sys.executable, "-m", "benchmarks.speed.training", "--one", one, "--steps", str(options.steps)]
    command += ["--gpu"] if options.gpu else []
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=dict(os.environ), check=True)
    row: list[object] = json.loads(done.stdout.splitlines()[-1])
    return row


def compare(
    bench: Bench, windows: WindowSet, vocabulary: Vocabulary, pairs: int, steps: int
) -> list[list[object]]:
    """Ratios against the two plain loops."""
    rows: list[list[object]] = []
    sources: dict[str, Dataset[Any]] = {
        "ready tensors": ReadyWindows(bench.data.features),
        "features in Python": PythonWindows(windows, bench.data.features, vocabulary),
    }
    for name, dataset in sources.items():
        loader = DataLoader(dataset, bench.batch, shuffle=True, collate_fn=collate, drop_last=True)
        batches = iter(loader)

        def plain(batches: Any = batches) -> None:
            for _ in range(steps):
                plain_step(bench, batches)

        def ours() -> None:
            for _ in range(steps):
                our_step(bench)

        timing = time_pairs(plain, ours, pairs=pairs)
        ratios = [a / b for a, b in zip(timing.a_s, timing.b_s, strict=True)]
        rows.append(
            [bench.config.encoder.preset or "", name, statistics.median(ratios), min(ratios), max(ratios)]
        )
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--presets", nargs="+", default=["tiny", "small"])
    parser.add_argument("--batches", "--batch", nargs="+", type=int, default=[128])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--gpu", action="store_true", help="throughput on a GPU only, no plain loops")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    device = pick_device("cuda" if options.gpu else "cpu")
    windows, vocabulary, name = load_windows()
    if options.one:
        preset, batch, head, mlm, peaks = json.loads(options.one)
        bench = build(windows, vocabulary, settings(preset, batch, head, mlm), device)
        peak = peaks["bf16" if bench.bf16 else "float32"]
        print(json.dumps(alone(bench, options.steps * 5, peak)))
        return
    lengths = windows.windows["n_events"].to_numpy()
    told = f"{name}: {len(lengths):,} windows, events per window median {np.median(lengths):.0f}, "
    told += (
        f"mean {lengths.mean():.1f}, 95th percentile {np.quantile(lengths, 0.95):.0f}, most {lengths.max()}."
    )
    # First of all, while nothing else of this benchmark runs.
    matmuls = {name: measure_matmul(device, bf16=name == "bf16") for name in ("float32", "bf16")}
    told += f"\n\n{peaks_sentence(matmuls, measure_bandwidth(device))}"
    peaks = {name: peak.median for name, peak in matmuls.items()}
    table: list[list[object]] = []
    ratios: list[list[object]] = []
    for preset in options.presets:
        for batch in options.batches:
            for head, mlm in (("linear", False), ("linear", True), ("mlp", False)):
                table.append(alone_in_process((preset, batch, head, mlm, peaks), options))
                print(table[-1], file=sys.stderr, flush=True)
                if (head, mlm) == ("linear", False) and not options.gpu:
                    bench = build(windows, vocabulary, settings(preset, batch, head, mlm), device)
                    ratios += compare(bench, windows, vocabulary, options.pairs, options.steps)
                    print(ratios[-2:], file=sys.stderr, flush=True)
    columns = ("preset", "heads", "batch", "precision", "windows/s", "MFU", "data path", "peak GB")
    body = f"{told}\n\n{markdown_table(columns, table)}\n"
    if ratios:
        head_row = ("preset", "DataLoader loop with", "times faster, median", "least", "most")
        body += f"\n{markdown_table(head_row, ratios)}\n"
    print(body)


if __name__ == "__main__":
    main()
