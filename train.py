"""The seed's entry point: `python train.py --config configs/alignment/milan_baseline.yaml`."""

from discover.cli import train_main

if __name__ == "__main__":
    train_main()
