"""Train one model on two homes whose sensors have the same ids, and ask both one question.

python examples/two_homes.py workspace [DAYS] [STEPS]
"""

import sys
from pathlib import Path

import yaml

import discover
from discover.pipeline import VECTOR_STAGES, run_chain


def main() -> None:
    """Simulate life in two floor plans, train on both, and print the best moments of each."""
    workspace, days, steps = Path(sys.argv[1]), *(int(n) for n in [*sys.argv[2:4], "14", "300"][:2])
    run = {
        "homes": [{"name": name, "simulate": {"days": days, "seed": 1}} for name in ("demo", "milan")],
        "experiment_name": "two_homes",
        "captions": {"style": "short", "n_captions": 1},
        "encoder": {"d_model": 64, "n_layers": 2, "n_heads": 4, "d_ff": 128},
        "sensor_projection": {"dim": 64},
        "text_projection": {"dim": 64},
        "training": {"batch_size": 64, "max_steps": steps, "val_interval": steps, "batches": "mixed"},
    }
    workspace.mkdir(parents=True, exist_ok=True)
    config = workspace / "two_homes.yaml"
    config.write_text(yaml.safe_dump(run))
    run_chain(config, workspace=workspace, only=VECTOR_STAGES)
    homes = discover.open(workspace / "trained_models/several_homes/two_homes")
    for name in ("demo", "milan"):
        print(name, homes.search("someone is in the kitchen", top_k=2, homes=name), sep="\n")


if __name__ == "__main__":
    main()
