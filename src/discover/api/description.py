"""What a home that was opened is, as it is shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from discover.api.shown import Part, Shown, Table
from discover.core.home import UNKNOWN_ROOM, Home
from discover.core.window_set import WindowSet
from discover.homes import guess_notes

__all__ = ["Description"]


@dataclass(frozen=True)
class Description(Shown):
    """What is known of an opened home, and what can be asked of it.

    Attributes:
        path: The log or the model's folder.
        window_set: Home, events and windows.
        windows_in: Folder of the windows, captions and vectors.
        trained: Whether there is a model; else windows are known by their captions alone.
    """

    path: Path
    window_set: WindowSet
    windows_in: Path
    trained: bool

    @property
    def home(self) -> Home:
        """Sensors, rooms and activities."""
        return self.window_set.home

    def parts(self) -> Iterator[Part]:
        """A table of facts, and what is missing in the description of the home."""
        home, events = self.home, self.window_set.events
        days = events["time"].dt.date()
        rooms = sorted({s.room.replace("_", " ") for s in home.sensors if s.room != UNKNOWN_ROOM})
        facts: list[tuple[str, str]] = [
            ("home", f"{home.name}{f': {home.title}' if home.title else ''}"),
            ("opened from", str(self.path)),
            ("compared by", "window vectors of a trained model" if self.trained else "captions, untrained"),
            ("days", f"{days.n_unique():,}, {days.min()!s} to {days.max()!s}"),
            ("events", f"{len(events):,} of {len(home.sensors):,} sensors"),
            ("rooms", ", ".join(rooms) or "none known"),
            ("windows", f"{len(self.window_set.windows):,}, kept in {self.windows_in}"),
            ("activities", ", ".join(a.label for a in home.activities) or "none listed"),
        ]
        yield Table(("", ""), facts)
        yield from guess_notes(home)
