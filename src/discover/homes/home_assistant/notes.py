"""source.json of an imported home: where its states come from, how far they were read, what came of them."""

from collections import Counter
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from discover.core.artifacts import read_json, write_text
from discover.core.errors import ArtifactError
from discover.core.reading import taken_apart
from discover.homes.home_assistant.reading import Counts
from discover.homes.home_assistant.states import Mark

__all__ = ["NOTE_FILE", "SourceNote", "Totals"]

NOTE_FILE = "source.json"
_ENTITIES = "entities.yaml"

Kind = Literal["recorder", "history", "server"]


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Totals(_Plain):
    """What became of the rows of all imports; the fields are those of `reading.Counts`."""

    rows: int = 0
    read: int = 0
    passing: int = 0
    between: int = 0
    skipped: dict[str, int] = {}
    health: dict[str, int] = {}
    rejected: dict[str, int] = {}

    def plus(self, counts: Counts) -> "Totals":
        """With those of one more import."""
        added = {
            name: dict(Counter(getattr(self, name)) + getattr(counts, name))
            for name in ("skipped", "health", "rejected")
        }
        return Totals(
            rows=self.rows + counts.rows,
            read=self.read + counts.read,
            passing=self.passing + counts.passing,
            between=self.between + counts.between,
            **added,
        )


class SourceNote(_Plain):
    """Where a home's states come from, and how far they were read."""

    format: int = 1
    kind: Kind
    where: str
    """Path, or address without password."""
    time_zone: str
    config: str = ""
    """Home Assistant's configuration folder, "" if none was found."""
    pseudonyms: bool = False
    """Whether ids are replaced; the file of entities and the key then lie beside the folder."""
    row: int = 0
    time: int = 0
    """Mark: the last row that was read, and the latest time in microseconds since 1970."""
    names: dict[str, str] = {}
    """Sensor of each entity by its key in the source: an entity that is renamed stays the same sensor."""
    totals: Totals = Totals()

    @property
    def mark(self) -> Mark:
        """How far the source was read."""
        return Mark(self.row, self.time)

    def entities_file(self, folder: Path) -> Path:
        """The file of entities of a home's folder."""
        return self._beside(folder) if self.pseudonyms else folder / _ENTITIES

    def key_file(self, folder: Path) -> Path | None:
        """The key of the pseudonyms of a home's folder; None where names are as they are."""
        return self._beside(folder).with_suffix(".key") if self.pseudonyms else None

    def _beside(self, folder: Path) -> Path:
        # Made from the folder, never stored: a note from a stranger must not say where to write.
        whole = folder.resolve()
        return whole.parent / f"{whole.name}.{_ENTITIES}"

    @classmethod
    def read(cls, folder: Path) -> "SourceNote":
        """The note of a home's folder.

        Raises:
            ArtifactError: There is none, or it is damaged.
        """
        path = folder / NOTE_FILE
        if not path.is_file():
            raise ArtifactError(
                f"{folder} is no home that was imported from Home Assistant ({NOTE_FILE} is missing). Make "
                f"one with `discover import ha home-assistant_v2.db -o {folder}`."
            )
        with taken_apart(path):
            return cls.model_validate(read_json(path))

    def write(self, folder: Path) -> Path:
        """Write the note."""
        path = folder / NOTE_FILE
        write_text(path, self.model_dump_json(indent=1) + "\n")
        return path
