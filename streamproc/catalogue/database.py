"""The connection to the database: opening, migrating, transactions, and errors in words."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from streamproc.errors import CatalogueError

BUSY_TIMEOUT_S = 30.0
_MIGRATION_LOCK = 0x5354_5250  # any number that only we use: PostgreSQL's advisory locks are named by one
_IMMEDIATE = "streamproc_immediate"


class Database:
    """An engine, and the two kinds of transaction there are; every error that leaves here is a CatalogueError."""

    def __init__(self, url: str) -> None:
        self._url = _parse(url)
        self._shown = self._url.render_as_string(hide_password=True)
        try:
            self._engine = _engine(self._url)
        except ModuleNotFoundError as error:
            raise CatalogueError(
                f"catalogue {self._shown}: needs the package '{error.name}'; install streamproc[postgres]"
            ) from error
        self._writing = self._engine.execution_options(**{_IMMEDIATE: True})
        try:
            self._prepare()
        except CatalogueError:
            self._engine.dispose()
            raise

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a transaction that sees one state of the database and changes nothing."""
        with self._translated("read"), Session(self._engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a transaction that commits at the end of the block, or leaves nothing behind when it raises."""
        with self._translated("written"), Session(self._writing) as session, session.begin():
            yield session

    @contextmanager
    def _translated(self, verb: str) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:  # the driver's own errors come from PRAGMAs, outside the engine
            raise CatalogueError(f"catalogue {self._shown}: can't be {verb} ({_reason(error)})") from error

    def _prepare(self) -> None:
        with self._translated("opened"):
            if self._engine.dialect.name == "sqlite":
                _patiently(self._use_wal)
            with self._writing.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MIGRATION_LOCK})
                self._migrate(connection)

    def _use_wal(self) -> None:
        connection = self._engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()

    def _migrate(self, connection: Connection) -> None:
        """Bring the tables up to this version; the caller holds the lock, so of several processes one does it."""
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        scripts = ScriptDirectory.from_config(config)
        current = MigrationContext.configure(connection).get_current_revision()
        if current == scripts.get_current_head():
            return
        if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
            raise CatalogueError(
                f"catalogue {self._shown}: was written by a newer streamproc (its version is '{current}'); "
                "upgrade streamproc, or name another catalogue_url"
            )
        command.upgrade(config, "head")


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise CatalogueError(
            "catalogue_url is not an address; write sqlite:////folder/file or postgresql://user@host/database"
        ) from error


def _engine(url: URL) -> Engine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    try:
        engine = create_engine(url, pool_pre_ping=url.get_backend_name() != "sqlite")
    except (NoSuchModuleError, ArgumentError) as error:
        raise CatalogueError(
            f"catalogue_url begins with '{url.drivername}', which we can't use; use sqlite or postgresql"
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions of its own: it would do so too late, and never for a SELECT.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {round(BUSY_TIMEOUT_S * 1000)}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # Whoever will write says so at once: a transaction that reads first and then writes can't wait for another writer.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_IMMEDIATE) else "BEGIN")


def _patiently(step: Callable[[], None]) -> None:
    """Do a step that SQLite refuses, rather than delays, while another process is at the file for an instant."""
    until = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            return step()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _reason(error: DBAPIError | sqlite3.Error) -> str:
    """Return the database's own words, on one line."""
    return " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())
