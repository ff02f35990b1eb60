"""Read-only connections to databases: a SQLite file, live or copied, or a server through SQLAlchemy.

Nothing is written, neither in the database nor beside it.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from discover.core.errors import ConfigError, DataError
from discover.homes._sources import is_sqlite

__all__ = ["PASSWORD_VARIABLE", "Database", "is_database_url", "open_database", "plain_url"]

PASSWORD_VARIABLE = "DISCOVER_DATABASE_PASSWORD"
"""Environment variable with the password of a database server; it is never stored."""

Row = tuple[Any, ...]
_WAIT_S = 30.0
_BATCH = 50_000


class Database(Protocol):
    """Answers SQL with `:name` parameters."""

    def rows(self, sql: str, values: Mapping[str, object] | None = None) -> Iterator[Row]:
        """The rows of one statement.

        Raises:
            DataError: The database cannot be read.
        """
        ...

    def columns(self, table: str) -> frozenset[str]:
        """Column names of a table, none if there is no such table."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


def is_database_url(text: str) -> bool:
    """Whether a text is a URL of SQLAlchemy, such as mysql+pymysql://user@host/name; http is none."""
    scheme, found, _ = text.partition("://")
    return bool(found) and scheme.lower() not in ("http", "https", "file")


def plain_url(url: str) -> str:
    """A database URL without its password."""
    scheme, _, rest = url.partition("://")
    account, at, place = rest.rpartition("@")
    return f"{scheme}://{account.partition(':')[0]}{at}{place}"


def open_database(where: str) -> Database:
    """Open a SQLite file by its path, or another database by its URL.

    Raises:
        DataError: There is no such file, it is no database, or the server refuses.
        ConfigError: SQLAlchemy or the driver is not installed.
    """
    return _Server(where) if is_database_url(where) else _File(Path(where))


class _File:
    """A SQLite file. A recorder may go on writing meanwhile."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise DataError(f"There is no database at {path}. Give the path of home-assistant_v2.db.")
        if not is_sqlite(path):
            raise DataError(
                f"{path} is no SQLite database: its first bytes are others. Give home-assistant_v2.db, not a "
                "backup archive; unpack a backup first."
            )
        self._path = path
        try:
            self._link = self._opened()
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _opened(self) -> sqlite3.Connection:
        shared = Path(f"{self._path}-shm")
        if not self._writes_ahead() or shared.is_file():
            try:
                return self._connected("mode=ro")
            except sqlite3.Error:
                if not shared.is_file():
                    raise
        # No shared index: nobody writes. SQLite would make index files beside the database. With this file
        # system layer it keeps the index in memory, reads the -wal file, and locks nothing.
        return self._connected("mode=ro&vfs=unix-none")

    def _writes_ahead(self) -> bool:
        with self._path.open("rb") as stream:
            return stream.read(20)[18:] == b"\x02\x02"

    def _connected(self, options: str) -> sqlite3.Connection:
        uri = f"{self._path.resolve().as_uri()}?{options}"
        link = sqlite3.connect(uri, uri=True, timeout=_WAIT_S, isolation_level=None)
        try:
            # Text that is not UTF-8 is damage of one row, not the end of the import.
            link.text_factory = lambda raw: raw.decode("utf-8", errors="replace")
            link.execute("PRAGMA temp_store=MEMORY")
            link.execute("PRAGMA trusted_schema=OFF")
            if "unix-none" in options:
                link.execute("PRAGMA locking_mode=EXCLUSIVE")
            link.execute("PRAGMA query_only=ON")
            link.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except BaseException:
            link.close()
            raise
        return link

    def rows(self, sql: str, values: Mapping[str, object] | None = None) -> Iterator[Row]:
        """The rows of one statement."""
        try:
            cursor = self._link.execute(sql, values or {})
            while batch := cursor.fetchmany(_BATCH):
                yield from batch
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def columns(self, table: str) -> frozenset[str]:
        """Column names of a table."""
        # A view could do anything that SQL can; a recorder has tables.
        sql = (
            "SELECT name FROM pragma_table_info(:table) WHERE EXISTS "
            "(SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = :table)"
        )
        found = self.rows(sql, {"table": table})
        return frozenset(str(name) for (name,) in found)

    def close(self) -> None:
        """End the connection."""
        self._link.close()

    def _failure(self, error: sqlite3.Error) -> DataError:
        said = str(error)
        if "locked" in said or "busy" in said:
            advice = "Another program holds it. Try again, or copy the file and import the copy."
        elif "malformed" in said or "not a database" in said or "disk I/O" in said:
            advice = (
                "It is damaged, or was copied while it was written. Stop Home Assistant and copy it again "
                "with its -wal file, or repair it (`sqlite3 FILE .recover`)."
            )
        elif "readonly" in said or "unable to open" in said:
            advice = "It holds an unfinished write. Copy it and open the copy once with `sqlite3`."
        else:
            advice = "Check the file."
        return DataError(f"{self._path} cannot be read ({said}). {advice}")


class _Server:
    """A database that SQLAlchemy reads; the extra `sql`."""

    def __init__(self, url: str) -> None:
        try:
            import sqlalchemy
        except ImportError as error:
            raise ConfigError(
                f"{plain_url(url)} needs SQLAlchemy, which is not installed. Run `pip install "
                "discover-v2[sql]`, and install the driver of your database."
            ) from error
        self._sql, self._url = sqlalchemy, plain_url(url)
        try:
            address = sqlalchemy.make_url(url)
            password = os.environ.get(PASSWORD_VARIABLE)
            if address.password is None and password:
                address = address.set(password=password)
            self._engine = sqlalchemy.create_engine(address)
            self._link = self._engine.connect()
        except (sqlalchemy.exc.SQLAlchemyError, ImportError) as error:
            raise self._failure(error) from error

    def rows(self, sql: str, values: Mapping[str, object] | None = None) -> Iterator[Row]:
        """The rows of one statement."""
        try:
            found = self._link.execution_options(stream_results=True).execute(
                self._sql.text(sql), dict(values or {})
            )
            for part in found.partitions(_BATCH):
                yield from (tuple(row) for row in part)
            self._link.rollback()
        except self._sql.exc.SQLAlchemyError as error:
            raise self._failure(error) from error

    def columns(self, table: str) -> frozenset[str]:
        """Column names of a table."""
        try:
            found = self._sql.inspect(self._engine).get_columns(table)
        except self._sql.exc.NoSuchTableError:
            return frozenset()
        except self._sql.exc.SQLAlchemyError as error:
            raise self._failure(error) from error
        return frozenset(str(column["name"]) for column in found)

    def close(self) -> None:
        """End the connection."""
        self._link.close()
        self._engine.dispose()

    def _failure(self, error: Exception) -> DataError:
        # SQLAlchemy's own text quotes statements and a link to its site: the driver's words say more.
        said = " ".join(str(getattr(error, "orig", None) or error).split())[:200]
        return DataError(
            f"The database {self._url} cannot be read ({said}). Check the URL, the driver and the account; "
            f"the password may stand in {PASSWORD_VARIABLE}."
        )
