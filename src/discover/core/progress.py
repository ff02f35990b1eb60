"""Progress reporting without choosing how it looks: rooms report, the command line draws."""

from typing import Protocol

__all__ = ["SILENT", "Progress", "SilentProgress"]


class Progress(Protocol):
    """What long work calls as it goes; `discover.cli` draws it as a bar."""

    def start(self, description: str, total: int | None = None) -> None:
        """Begin a piece of work of `total` units (None: unknown)."""
        ...

    def advance(self, units: int = 1, note: str = "") -> None:
        """Report `units` more done; `note` is a short live status such as "loss 2.31"."""
        ...

    def finish(self, summary: str = "") -> None:
        """End the current piece of work."""
        ...


class SilentProgress:
    """Reports nothing; the default in library use and tests."""

    def start(self, description: str, total: int | None = None) -> None:
        """Ignore."""

    def advance(self, units: int = 1, note: str = "") -> None:
        """Ignore."""

    def finish(self, summary: str = "") -> None:
        """Ignore."""


SILENT = SilentProgress()
