"""Export a trained model as a folder to share (weights, config, vocabulary, home, card), and read it back.

python examples/export.py trained_models/demo/demo shared_model
"""

import sys
from pathlib import Path

import numpy as np

import discover
from discover.alignment import from_pretrained, load_model, save_pretrained


def main() -> None:
    """Write the folder, load it, and compare the vectors of both for the model's own windows."""
    path, folder = (Path(argument) for argument in sys.argv[1:3])
    windows = discover.open(path).window_set.of_split("test")
    model = load_model(path)
    written = save_pretrained(model, folder)
    vectors, again = (m.embed_windows(windows).vectors for m in (model, from_pretrained(folder)))
    print("Wrote", *(file.name for file in written))
    print(f"Largest difference of {len(again):,} vectors: {np.abs(again - vectors).max():.1e}")


if __name__ == "__main__":
    main()
