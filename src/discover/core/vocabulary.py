"""Vocabulary of the categorical event fields: PAD 0, UNK 1, MASK 2, then values of the training split."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discover.core.errors import DataError
from discover.core.reading import parse_json, read_text, taken_apart

__all__ = ["FIELDS", "MASK", "PAD", "SPECIAL", "UNK", "Vocabulary", "join_vocabularies"]

PAD, UNK, MASK = 0, 1, 2
SPECIAL: tuple[str, ...] = ("[PAD]", "[UNK]", "[MASK]")

FIELDS: tuple[str, ...] = (
    "sensor",
    "state",
    "room_id",
    "sensor_type",
    "sensor_detail",
    "tod_bucket",
    "dow_bucket",
    "time_delta_bucket",
)
"""Names as in discover-v2's vocab.json. Labels are not fields and cannot become one."""


@dataclass(frozen=True)
class Vocabulary:
    """Values per field; `values[field][i]` has id `i + 3`.

    Attributes:
        values: By field. A sensor of a vocabulary of several homes is "home/id".
        homes: The homes whose names are part of the sensors' values; empty where all sensors are of one home.
    """

    values: Mapping[str, tuple[str, ...]]
    homes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = sorted(set(self.values) - set(FIELDS))
        if unknown:
            raise DataError(f"Vocabulary fields {unknown} are not event fields; valid: {', '.join(FIELDS)}.")
        for field, values in self.values.items():
            if len(set(values)) != len(values):
                raise DataError(f"Vocabulary field '{field}' lists a value twice.")

    @classmethod
    def build(cls, values: Mapping[str, Iterable[str]]) -> "Vocabulary":
        """From the values seen in training windows; sorted, so ids do not depend on order."""
        return cls({f: tuple(sorted(set(values[f]))) for f in FIELDS if f in values})

    def size(self, field: str) -> int:
        """Number of ids of a field, special ids included."""
        return len(SPECIAL) + len(self.values[field])

    def encode(self, field: str, values: Iterable[str | None], *, home: str = "") -> list[int]:
        """Ids of values; anything unseen in training (or None) is UNK.

        Args:
            field: One of the fields.
            values: As events and sensors hold them.
            home: Whose sensors they are; read for sensors of a vocabulary of several homes.
        """
        index = {v: i + len(SPECIAL) for i, v in enumerate(self.values[field])}
        prefix = f"{home}/" if field == "sensor" and self.homes else ""
        return [UNK if v is None else index.get(prefix + v, UNK) for v in values]

    def to_dict(self) -> dict[str, list[str]]:
        """Plain data for manifests and checkpoints; `homes` only where there are several."""
        return {f: list(v) for f, v in self.values.items()} | self._named_homes()

    def _named_homes(self) -> dict[str, list[str]]:
        return {"homes": list(self.homes)} if self.homes else {}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Vocabulary":
        """Inverse of `to_dict`."""
        homes = tuple(str(name) for name in data.get("homes", ()))
        return cls({f: tuple(str(x) for x in v) for f, v in data.items() if f != "homes"}, homes)

    def to_json(self) -> str:
        """Our `vocab.json`: field -> value -> id, with the three special tokens named."""
        table = {f: {v: i for i, v in enumerate((*SPECIAL, *vals))} for f, vals in self.values.items()}
        content = {"format": "discover-vocab/1", "fields": table, **self._named_homes()}
        return json.dumps(content, indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Vocabulary":
        """Read our `vocab.json`, or discover-v2's (`{field: {value: index}}`, UNK 0, values from 1).

        discover-v2's label fields (activity, activity_l2, activity_full) are left out.
        """
        data = parse_json(text, "The vocabulary", hint="Sample the windows again.", error=DataError)
        if not isinstance(data, dict):
            raise DataError("The vocabulary must be a JSON object of fields. Sample the windows again.")
        own = data.get("format") == "discover-vocab/1"
        fields: Any = data.get("fields") if own else data
        values: dict[str, tuple[str, ...]] = {}
        homes: tuple[str, ...] = ()
        try:
            homes = tuple(str(name) for name in data.get("homes", ())) if own else ()
            for field, table in fields.items():
                if field in FIELDS:
                    ordered = sorted(table, key=lambda value: int(table[value]))
                    values[field] = tuple(v for v in ordered if v not in (*SPECIAL, "UNK", "<UNK>"))
        except (AttributeError, TypeError, ValueError, LookupError) as error:
            raise DataError(
                "The vocabulary must map each field to {value: number}. Sample the windows again."
            ) from error
        return cls(values, homes)

    @classmethod
    def load(cls, path: Path) -> "Vocabulary":
        """Read a vocabulary file.

        Raises:
            DataError: Missing or damaged file.
        """
        if not path.is_file():
            raise DataError(f"No vocabulary at {path}. Run `discover sample` first or correct vocab_path.")
        with taken_apart(path, error=DataError):
            return cls.from_json(read_text(path, error=DataError))


def join_vocabularies(parts: Mapping[str, Vocabulary]) -> Vocabulary:
    """One vocabulary of the training windows of all homes; that of one home stays what it is.

    Rooms, types, objects and states mean the same everywhere. A sensor is known by its home and id.

    Args:
        parts: Each home's own vocabulary, by name of the home.

    Raises:
        DataError: Homes have other fields than the first.
    """
    if len(parts) == 1:
        return next(iter(parts.values()))
    fields = {home: tuple(sorted(part.values)) for home, part in parts.items()}
    wanted = next(iter(fields.values()))
    other = next((home for home, found in fields.items() if found != wanted), None)
    if other is not None:
        raise DataError(
            f"The vocabulary of home {other} has the fields {', '.join(fields[other])}, and that of "
            f"{next(iter(parts))} has {', '.join(wanted)}. Sample all homes with the same version."
        )

    def named(home: str, field: str) -> list[str]:
        values = parts[home].values[field]
        return [f"{home}/{value}" for value in values] if field == "sensor" else list(values)

    joined = Vocabulary.build({f: [v for home in parts for v in named(home, f)] for f in wanted})
    return Vocabulary(joined.values, tuple(parts))
