"""A small dirty home goes in; exactly these events, annotations, refused lines and report come out.

The log in `homes_dirty/log.txt` is invented and holds each known kind of damage once. After a wanted change
of the reader, run `python tests/golden/test_homes_dirty.py` and review the difference like code.
"""

from pathlib import Path

import polars as pl
import pytest

from discover.core.home import Home
from discover.homes import ImportedLog, import_log

FOLDER = Path(__file__).parent / "homes_dirty"
HOME = Home.model_validate(
    {
        "name": "dirty",
        "sensors": [
            {"id": "D001", "type": "door", "room": "entrance", "object": "front door"},
            {"id": "M001", "type": "motion", "room": "bedroom", "object": "bed"},
            {"id": "M002", "type": "motion", "room": "kitchen"},
            {"id": "T001", "type": "temperature", "room": "kitchen"},
        ],
    }
)


def outputs() -> dict[str, str]:
    imported = import_log(FOLDER / "log.txt", home=HOME)
    return {
        "events.tsv": as_text(imported.log.events),
        "annotations.tsv": as_text(imported.log.annotations),
        "rejected.tsv": as_text(imported.rejected),
        "import.json": imported.report.model_dump_json(indent=1) + "\n",
    }


def as_text(table: pl.DataFrame) -> str:
    return table.write_csv(separator="\t", null_value="-")


@pytest.mark.parametrize("name", ["events.tsv", "annotations.tsv", "rejected.tsv", "import.json"])
def test_output_is_unchanged(name: str) -> None:
    assert outputs()[name] == (FOLDER / name).read_text(encoding="utf-8")


def test_same_file_packed_gives_the_same(tmp_path: Path) -> None:
    import gzip

    packed = tmp_path / "log.txt.gz"
    packed.write_bytes(gzip.compress((FOLDER / "log.txt").read_bytes()))
    plain: ImportedLog = import_log(FOLDER / "log.txt", home=HOME)
    other = import_log(packed, home=HOME)
    assert other.log.events.equals(plain.log.events)
    assert other.log.annotations.equals(plain.log.annotations)


if __name__ == "__main__":
    for file_name, text in outputs().items():
        (FOLDER / file_name).write_text(text, encoding="utf-8")
