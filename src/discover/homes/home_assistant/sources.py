"""Where states come from: told by the path or address, and opened."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from discover.core.errors import DataError
from discover.homes._sources import is_sqlite
from discover.homes.home_assistant.databases import is_database_url, open_database
from discover.homes.home_assistant.history import HistoryFile
from discover.homes.home_assistant.recorder import Recorder
from discover.homes.home_assistant.server import HistoryServer
from discover.homes.home_assistant.states import StateSource

__all__ = ["opened_source", "source_kind"]


def source_kind(where: str) -> Literal["recorder", "history", "server"]:
    """What a path or an address is.

    Raises:
        DataError: There is nothing at the path.
    """
    if where.startswith(("http://", "https://")):
        return "server"
    if is_database_url(where):
        return "recorder"
    path = Path(where)
    if not path.is_file():
        raise DataError(
            f"There is no file at {path}. Give home-assistant_v2.db, a history export (CSV), the URL of a "
            "database or the address of Home Assistant."
        )
    return "recorder" if is_sqlite(path) else "history"


@contextlib.contextmanager
def opened_source(kind: str, where: str) -> Iterator[StateSource]:
    """A source of a kind, closed at the end.

    Raises:
        DataError: It cannot be read.
    """
    if kind == "server":
        yield HistoryServer(where)
    elif kind == "history":
        yield HistoryFile(Path(where))
    else:
        with contextlib.closing(open_database(where)) as database:
            yield Recorder(database)
