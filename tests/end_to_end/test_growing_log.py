"""Three days are added to a home's log: only what is new is made, and everything that was there stays."""

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from chain_runs import CONFIG, SMALL

from discover.core.embeddings import load_embeddings
from discover.core.tables import CAPTIONS, WINDOWS
from discover.core.window_set import read_table
from discover.homes import load_home
from discover.pipeline import run_chain
from discover.retrieval import Index
from discover.simulator import SimulatorConfig, write_simulated
from discover.stages import StageOutcome

UP_TO_VECTORS = {
    *("import", "split", "sample", "caption", "encode-text", "align", "embed"),
    *("sample_p", "caption_p", "encode-text_p", "embed_p"),
}


@dataclass(frozen=True)
class Made:
    """What a workspace holds after a run, and what the run said."""

    windows: pl.DataFrame
    captions: pl.DataFrame
    vectors: pl.DataFrame
    index: pl.DataFrame
    model: bytes
    outcomes: dict[str, StageOutcome]


def run(log: Path, workspace: Path) -> Made:
    outcomes: list[StageOutcome] = []
    settings = [s for s in SMALL if not s.startswith("home")] + [f"home={{name: demo, log: {log}}}"]
    chain = run_chain(CONFIG, settings, workspace, only=UP_TO_VECTORS, on_outcome=outcomes.append)
    folder, model = chain.data_folders.sampling, chain.model_folders.model
    text, index = load_embeddings(folder / "embeddings_short_minilm.npz"), Index.load(model / "index_FD_60")
    return Made(
        windows=read_table(folder / "windows.parquet", WINDOWS),
        captions=read_table(folder / "captions_short.parquet", CAPTIONS),
        vectors=pl.DataFrame({"window_id": text.sample_ids, "vector": text.vectors.astype(np.float32)}),
        index=index.windows.with_columns(vector=pl.Series(index.vectors.astype(np.float32))),
        model=(model / "best_model.pt").read_bytes(),
        outcomes={outcome.stage.name: outcome for outcome in outcomes},
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Made]:
    """8 days, then 11."""
    root = tmp_path_factory.mktemp("grown")
    write_simulated(root / "all.txt.gz", load_home("demo"), SimulatorConfig(days=11))
    with gzip.open(root / "all.txt.gz", "rt") as stream:
        lines = stream.readlines()
    made = []
    for days in (8, 11):
        last = sorted({line[:10] for line in lines})[days - 1]
        (root / "log.txt").write_text("".join(line for line in lines if line[:10] <= last))
        made.append(run(root / "log.txt", root / "w"))
    return made[0], made[1]


def test_old_windows_keep_ids_splits_captions_and_vectors(runs: tuple[Made, Made]) -> None:
    before, after = runs
    for name in ("windows", "captions", "vectors"):
        old, new = getattr(before, name), getattr(after, name)
        kept = new.join(old.select("window_id").unique(), on="window_id", how="semi", maintain_order="left")
        assert kept.equals(old), name
    kept = after.index.join(
        before.index.select("window_id"), on="window_id", how="semi", maintain_order="left"
    )
    assert kept.equals(before.index)
    assert after.model == before.model


def test_new_windows_are_of_the_new_days_and_are_test_windows(runs: tuple[Made, Made]) -> None:
    before, after = runs
    new = after.windows.join(before.windows, on="window_id", how="anti")
    assert new["start"].dt.date().n_unique() == 3
    assert new["start"].min() > before.windows["end"].max()
    assert set(new["split"]) == {"test"}


def test_only_what_is_new_is_made_and_counted(runs: tuple[Made, Made]) -> None:
    before, after = runs
    new = len(after.windows) - len(before.windows)
    assert 0 < new < len(before.windows)
    rows = {name: outcome.rows for name, outcome in after.outcomes.items()}
    assert rows["split"]["of them new"] == 3
    assert rows["caption"]["new windows"] == new
    assert rows["embed"]["of them new"] == new
    known = set(before.captions["caption"])
    assert rows["encode-text"]["of new texts"] == len(after.captions.filter(~pl.col("caption").is_in(known)))
    assert not after.outcomes["align"].ran, "no day that a model is fitted to has changed"
    assert "new windows" not in before.outcomes["caption"].rows
