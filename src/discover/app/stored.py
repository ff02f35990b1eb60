"""What people say in the app and draw in it: kept beside the home, each file plain text.

`corrections.jsonl` only grows: an undo is one more line. A line that a crash left half written is skipped.
"""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

from pydantic import ValidationError

from discover.app.contract_patterns import Correction, Plan
from discover.core.artifacts import write_text
from discover.core.errors import ArtifactError, ConfigError
from discover.core.reading import MAX_JSON_BYTES, parse_json, read_text

__all__ = ["Stored"]


class Stored:
    """Corrections and the drawn plan of one home.

    Args:
        folder: Where they lie.
        home: Name of the home; a model's folder may be of several.
    """

    def __init__(self, folder: Path, home: str) -> None:
        self._corrections = folder / f"corrections_{home}.jsonl"
        self._plan = folder / f"plan_{home}.json"
        self._lock = threading.Lock()

    def corrections(self) -> list[Correction]:
        """Those that hold, in the order in which they were stored."""
        held: dict[str, Correction] = {}
        for line in self._lines():
            if "undo" in line:
                held.pop(str(line["undo"]), None)
            else:
                try:
                    one = Correction.model_validate(line)
                except ValidationError:
                    continue
                held[one.id] = one
        return list(held.values())

    def add(self, correction: Correction) -> Correction:
        """Store one more; the id is given here."""
        made = datetime.now(UTC).isoformat(timespec="milliseconds")
        stored = correction.model_copy(update={"id": token_hex(8), "made": made})
        self._append(stored.model_dump(mode="json"))
        return stored

    def undo(self, correction: str) -> None:
        """Take one back.

        Raises:
            ConfigError: There is none with this id.
        """
        if correction not in {one.id for one in self.corrections()}:
            raise ConfigError(f"There is no correction {correction[:40]!r} to undo. Load the list again.")
        self._append({"undo": correction, "made": datetime.now(UTC).isoformat(timespec="milliseconds")})

    def plan(self) -> Plan:
        """What was drawn; empty where nothing was."""
        if not self._plan.is_file():
            return Plan()
        try:
            text = read_text(self._plan, limit=MAX_JSON_BYTES)
            return Plan.model_validate(parse_json(text, str(self._plan)))
        except ValidationError as error:
            raise ArtifactError(
                f"{self._plan} is no plan that the app wrote. Delete it and draw again."
            ) from error

    def draw(self, plan: Plan) -> None:
        """Replace what was drawn."""
        write_text(self._plan, plan.model_dump_json(indent=1) + "\n")

    def _append(self, line: dict[str, Any]) -> None:
        text = json.dumps(line, ensure_ascii=False) + "\n"
        try:
            with self._lock, self._corrections.open("ab+") as stream:
                # A line that a crash cut short must not swallow the next one.
                if stream.tell() and (stream.seek(-1, 2), stream.read(1))[1] != b"\n":
                    text = "\n" + text
                stream.write(text.encode())
        except OSError as error:
            raise ArtifactError(
                f"Cannot write {self._corrections} ({error.strerror}). Change the permissions of its folder."
            ) from error

    def _lines(self) -> list[dict[str, Any]]:
        if not self._corrections.is_file():
            return []
        found = []
        for line in self._corrections.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                content = parse_json(line, self._corrections.name)
            except ArtifactError:
                continue
            if isinstance(content, dict):
                found.append(content)
        return found
