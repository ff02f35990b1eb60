"""Where artefacts live. One place, so that no stage builds a path by hand."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Workspace"]


@dataclass(frozen=True)
class Workspace:
    """Folder layout below one root (the current folder by default).

    data/raw/<family>/<home>/                       log as published
    data/processed/<family>/<home>/                 home.yaml events.parquet annotations.parquet import.json
    data/processed/<family>/<home>/<sampling>/      windows.parquet labels.parquet vocab.json
                                                    captions_<style>.parquet embeddings_<style>_<encoder>.npz
    trained_models/<home>/<experiment>/             config.yaml best_model.pt metrics.jsonl ...
    results/<home>/<sampling>/<experiment>/         metrics.json report.html figures
    """

    root: Path = Path()

    def raw(self, family: str, home: str) -> Path:
        """Folder of the log as published."""
        return self.root / "data" / "raw" / family / home

    def processed(self, family: str, home: str) -> Path:
        """Folder of the imported log."""
        return self.root / "data" / "processed" / family / home

    def sampling(self, family: str, home: str, sampling: str) -> Path:
        """Folder of one set of windows."""
        return self.processed(family, home) / sampling

    def model(self, home: str, experiment: str) -> Path:
        """Folder of one trained model."""
        return self.root / "trained_models" / home / experiment

    def results(self, home: str, sampling: str, experiment: str) -> Path:
        """Folder of one evaluation."""
        return self.root / "results" / home / sampling / experiment
