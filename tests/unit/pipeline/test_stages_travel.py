"""A chain's stages can be sent to another process."""

import pickle
from importlib import import_module
from pathlib import Path

from discover.pipeline import build_chain


def test_every_stage_of_a_chain_survives_the_trip(tmp_path: Path) -> None:
    demo = Path(__file__).resolve().parents[3] / "configs/pipelines/demo.yaml"
    chain = build_chain(demo, ["home.simulate.days=8"], tmp_path)
    names = [stage.name for stage in chain.stages]
    assert {"simulate", "import", "sample_p", "align", "embed", "evaluate", "report"} <= set(names)
    for stage in chain.stages:
        assert pickle.loads(pickle.dumps(stage)) == stage
        assert stage.work.__name__ in vars(import_module(stage.work.__module__))
