"""Sensors, rooms and objects under names that tell nobody who lives there; the key stays outside the home."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path

from discover.core.artifacts import write_text
from discover.core.errors import ArtifactError
from discover.core.home import UNKNOWN_ROOM, Sensor
from discover.core.reading import read_text
from discover.homes.places import known_objects, known_rooms

__all__ = ["Pseudonyms"]


@dataclass(frozen=True)
class Pseudonyms:
    """Replaces names, or leaves them as they are.

    Attributes:
        key: Of the pseudonyms; empty: names stay.
        path: Its file, beside the home's folder; None without a key.
    """

    key: str = ""
    path: Path | None = None

    @classmethod
    def of(cls, path: Path | None) -> "Pseudonyms":
        """With the key in a file, or a new one where the file is not there; None leaves names as they are.

        Raises:
            ArtifactError: The file does not hold a key.
        """
        if path is None:
            return cls()
        if not path.exists():
            return cls(secrets.token_hex(32), path)
        key = read_text(path).strip()
        if len(key) != 64:
            raise ArtifactError(
                f"{path} does not hold the key of the pseudonyms (64 digits). Restore the file."
            )
        return cls(key, path)

    def write(self) -> None:
        """Write a new key to its file, which only its owner may read."""
        if self.path is not None and not self.path.exists():
            write_text(self.path, self.key + "\n")
            self.path.chmod(0o600)

    def sensor(self, entity: str) -> str:
        """Sensor id of an entity."""
        return f"sensor_{self._digest(entity)}" if self.key else entity

    def plain(self, sensor: Sensor) -> Sensor:
        """A sensor whose room and object name nobody: known ones stay, others are replaced or left out."""
        if not self.key:
            return sensor
        room = sensor.room
        if room not in known_rooms() | {UNKNOWN_ROOM}:
            room = f"room_{self._digest(room)[:4]}"
        thing = sensor.object if sensor.object in known_objects() else None
        return sensor.model_copy(update={"room": room, "object": thing})

    def _digest(self, name: str) -> str:
        return hmac.new(self.key.encode(), name.encode(), hashlib.sha256).hexdigest()[:10]
