"""What is drawn in the app: `plan_HOME.json`, beside the corrections of the home."""

from pathlib import Path

from discover.app.contract_patterns import Plan
from discover.core.artifacts import read_json, write_text
from discover.core.reading import taken_apart

__all__ = ["read_plan", "write_plan"]


def read_plan(path: Path) -> Plan:
    """What was drawn; empty where nothing was.

    Raises:
        ArtifactError: The file is damaged.
    """
    if not path.is_file():
        return Plan()
    with taken_apart(path, "Delete it and draw again."):
        return Plan.model_validate(read_json(path))


def write_plan(path: Path, plan: Plan) -> None:
    """Replace what was drawn."""
    write_text(path, plan.model_dump_json(indent=1) + "\n")
