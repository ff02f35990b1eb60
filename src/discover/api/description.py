"""What a home that was opened is, as it is shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from discover.api.shown import Part, Shown, Table
from discover.core.home import UNKNOWN_ROOM
from discover.core.window_set import WindowSet
from discover.homes import guess_notes

__all__ = ["Description"]

_TRAINED, _UNTRAINED = "window vectors of a trained model", "captions and shipped network, untrained"


@dataclass(frozen=True)
class Description(Shown):
    """What is known of an opened home, and what can be asked of it.

    Attributes:
        path: The log or the model's folder.
        window_set: Homes, events and windows.
        windows_in: Folders of the windows, captions and vectors, one per home.
        trained: Whether there is a model; else windows are known by captions and the shipped network.
    """

    path: Path
    window_set: WindowSet
    windows_in: tuple[Path, ...]
    trained: bool

    def parts(self) -> Iterator[Part]:
        """For each home a table of facts, and what is missing in its description."""
        for (_, part), folder in zip(self.window_set.by_home(), self.windows_in, strict=True):
            yield from self._of_home(part, folder)

    def _of_home(self, window_set: WindowSet, folder: Path) -> Iterator[Part]:
        home, events = window_set.home, window_set.events
        days = events["time"].dt.date()
        rooms = sorted({s.room.replace("_", " ") for s in home.sensors if s.room != UNKNOWN_ROOM})
        facts: list[tuple[str, str]] = [
            ("home", f"{home.name}{f': {home.title}' if home.title else ''}"),
            ("opened from", str(self.path)),
            ("compared by", _TRAINED if self.trained else _UNTRAINED),
            ("days", f"{days.n_unique():,}, {days.min()!s} to {days.max()!s}"),
            ("events", f"{len(events):,} of {len(home.sensors):,} sensors"),
            ("rooms", ", ".join(rooms) or "none known"),
            ("windows", f"{len(window_set.windows):,}, kept in {folder}"),
            ("activities", ", ".join(a.label for a in home.activities) or "none listed"),
        ]
        yield Table(("", ""), facts)
        yield from guess_notes(home)
