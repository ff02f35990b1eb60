"""Real homes go through the whole chain: one scripted with labels, one real without any."""

import json
from pathlib import Path

import pytest
from chain_runs import CONFIG, SMALL, discover

LOGS = {
    "kyoto_adlnormal": "casas/kyoto_adlnormal/data.gz",
    "tm000": "casas/tm000_unlabelled/tm000.multiday_absence.txt.gz",
}


@pytest.mark.real_data
@pytest.mark.parametrize("home", LOGS)
def test_a_real_home_goes_through(home: str, real_data: Path, tmp_path: Path) -> None:
    settings = [s for s in SMALL if not s.startswith("home.")]
    settings += [f"home={{name: {home}, log: {real_data / LOGS[home]}}}", f"experiment_name={home}"]
    sets = [part for setting in settings for part in ("--set", setting)]
    done = discover("run", "-c", str(CONFIG), "-w", str(tmp_path), *sets)
    assert done.returncode == 0, done.stdout + done.stderr
    results = tmp_path / "results" / home / "FD_60" / home
    metrics = json.loads((results / "metrics.json").read_text())
    assert metrics["free_running"]["retrieval"]["pool"]["windows"] > 50
    assert (results / "report.html").stat().st_size > 50_000
    if home == "tm000":
        assert set(metrics) == {"free_running"}, "without annotations nothing can be presegmented"
        assert "no training window has an activity" in metrics["free_running"]["recognition"]["skipped"]
    else:
        rows = {row["method"] for row in metrics["presegmented"]["recognition"]["rows"]}
        assert {"text_only", "aligned_zero_shot"} <= rows
