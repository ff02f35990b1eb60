"""Add a tracker of your own: a text file with one line per measured value.

After `import own_tracker`, `trackers: [plain_text]` in a run's YAML uses it.
"""

from collections.abc import Mapping
from typing import Any

from discover.alignment import AlignmentConfig
from discover.alignment.tracking import TRACKERS


class PlainTextTracker:
    """Writes `values.txt` into the run's folder."""

    def __init__(self, config: AlignmentConfig, run_id: str) -> None:
        self._file = (config.output_dir / "values.txt").open("a", encoding="utf-8")

    def log(self, values: Mapping[str, Any]) -> None:
        """Take one line of metrics.jsonl: step, split, and numbers by name."""
        for name, value in values.items():
            if isinstance(value, float):
                self._file.write(f"{values['step']} {name} {value:.6g}\n")

    def finish(self) -> None:
        """Close the file; called once, also when the run is stopped."""
        self._file.close()


TRACKERS.register("plain_text", PlainTextTracker)
