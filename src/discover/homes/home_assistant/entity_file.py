"""The list of entities as a YAML file that a person corrects, and as a table."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import get_args

import yaml
from pydantic import model_validator

from discover.core.config import StrictModel, load_yaml
from discover.core.home import UNKNOWN_ROOM, SensorType
from discover.homes.home_assistant.entities import EntityRule, Reading

__all__ = ["entity_table", "read_entity_file", "rules_text"]

_HEAD = f"""# Entities of Home Assistant and what they are as sensors, as guessed: correct it by hand.
# type, room, object and in_windows hold from the next `discover sync` on; `read`, `above` and `below` for the
# rows that come then. To read the whole history anew, import it again with --entities THIS_FILE.
# read: one of {", ".join(get_args(Reading))}.
#   threshold: ON from `above` on, OFF below `below`. press: each new state is one ON. skip: not read.
# type: one of {", ".join(get_args(SensorType))}.
# room: a name in snake_case ({UNKNOWN_ROOM}: not known). object: what it watches, in plain words.
# in_windows: false keeps its events out of windows (thermometers, people's whereabouts).
"""


_FIRST = ("entity", "read", "type", "room", "object")


class _EntityFile(StrictModel):
    """The file's content."""

    entities: tuple[EntityRule, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> "_EntityFile":
        seen: set[str] = set()
        for rule in self.entities:
            if rule.entity in seen:
                raise ValueError(f"{rule.entity} is listed twice; keep one line")
            seen.add(rule.entity)
        return self


def read_entity_file(path: Path) -> dict[str, EntityRule]:
    """Rules by entity id.

    Raises:
        ConfigError: No such file, or it says something that cannot be.
    """
    return {rule.entity: rule for rule in load_yaml(path, _EntityFile).entities}


def rules_text(rules: Iterable[EntityRule]) -> str:
    """The file's text: what is read first, then what is skipped, one line per entity."""
    ordered = sorted(rules, key=lambda rule: (rule.read == "skip", rule.entity))
    lines = [_HEAD.rstrip("\n"), "entities:" if ordered else "entities: []"]
    for rule in ordered:
        values: dict[str, object] = rule.model_dump(mode="json", exclude_defaults=True)
        if rule.read != "skip":
            values = {**values, "type": rule.type, "room": rule.room, "object": rule.object}
        order = [*_FIRST, *(key for key in values if key not in _FIRST)]
        ordered_values = {key: values[key] for key in order if key in values}
        flow = yaml.safe_dump(
            ordered_values, default_flow_style=True, sort_keys=False, allow_unicode=True, width=100_000
        )
        lines.append(f"  - {flow.strip()}")
    return "\n".join(lines) + "\n"


def entity_table(
    rules: Sequence[EntityRule], rows: Mapping[str, int], *, most: int = 50
) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Column names and rows: what is read, by number of rows; what is skipped is summed up by reason.

    Args:
        rules: One per entity.
        rows: Rows of each entity.
        most: How many of those that are read are listed.
    """
    listed: list[tuple[object, ...]] = [
        (
            rule.entity,
            rule.read if rule.read != "threshold" else f"ON from {rule.above:g}",
            rule.type,
            "" if rule.room == UNKNOWN_ROOM else rule.room,
            rule.object or "",
            rows.get(rule.entity, 0),
            "" if rule.in_windows else "not in windows",
        )
        for rule in rules
        if rule.read != "skip"
    ]
    listed.sort(key=lambda row: (-int(str(row[5])), str(row[0])))
    if len(listed) > most:
        left = sum(int(str(row[5])) for row in listed[most:])
        listed[most:] = [(f"({len(listed) - most:,} more)", "", "", "", "", left, "in the file of entities")]
    skipped: dict[str, list[str]] = {}
    for rule in rules:
        if rule.read == "skip":
            skipped.setdefault(rule.why or "skipped by hand", []).append(rule.entity)
    for why, ids in sorted(skipped.items()):
        total = sum(rows.get(i, 0) for i in ids)
        listed.append((f"({len(ids):,} entities)", "skip", "", "", "", total, why))
    return ("entity", "read", "type", "room", "what it watches", "rows", ""), listed
