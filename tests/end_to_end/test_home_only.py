"""A run's YAML that names only its home is checked, and trains."""

import json
from pathlib import Path

from chain_runs import discover_here


def test_a_yaml_with_only_its_home_is_checked_and_trains(tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text("home: demo\n")
    where = ("-c", str(config), "-w", str(tmp_path))
    checked = discover_here("check", *where)
    assert checked.returncode == 0, checked.stderr
    assert "The config is valid. Nothing was run." in checked.stdout
    assert not (tmp_path / "data").exists()
    # Only what takes time is made small: heads, windows and the demo's log are the defaults.
    small = (
        "home.simulate.days=3", "captions={style: short, n_captions: 1}", "training.max_steps=2",
        "encoder={preset: tiny, n_layers: 1}", "training.batch_size=16",
    )  # fmt: skip
    sets = [part for setting in small for part in ("--set", setting)]
    for step in ("sample", "caption", "encode-text", "align"):
        done = discover_here(step, *where, *sets)
        assert done.returncode == 0, done.stderr
    (model,) = tmp_path.glob("trained_models/demo/*/best_model.pt")
    manifest = json.loads((model.parent / "manifest_align.json").read_text())
    assert (
        manifest["config"]["text_projection"]["dim"] == manifest["config"]["sensor_projection"]["dim"] == 512
    )
