"""The database behind the prediction log: SQLite or PostgreSQL, opened when first used, and never waited for long."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from model.errors import TriageError
from service import migrations

PATIENCE = 1.0
"""Seconds that a web request waits for the database: for a connection, a lock, a statement."""
# Any number, the same in every process: only one of them takes the steps of a migration.
_MIGRATION_LOCK = 3_141_592


class LogUnavailable(TriageError):
    """The prediction log cannot be reached or written."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"prediction log: {reason}")


class Database:
    """A database by SQLAlchemy URL. It is opened when it is first used, so that it may come up later than this.

    patience : seconds to wait for it before LogUnavailable
    """

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        self._url, self._patience = url, patience
        self._engine: Engine | None = None
        self._opening = threading.Lock()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return make_url(self._url).get_backend_name()

    @contextmanager
    def session(self, *, writing: bool = False) -> Iterator[Session]:
        """A session; when it is for writing, what it did is kept once the block is left without an error.

        Raises LogUnavailable.
        """
        try:
            with Session(self._open().execution_options(writing=writing), expire_on_commit=False) as session:
                yield session
                if writing:
                    session.commit()
        except (SQLAlchemyError, OSError, ImportError) as error:
            # The type alone: the message might quote the row.
            raise LogUnavailable(type(error).__name__) from None
        except CommandError:
            raise LogUnavailable("it was made by a newer release of this program") from None

    def close(self) -> None:
        """Let go of the database; the next use opens it again."""
        with self._opening:
            if self._engine:
                self._engine.dispose()
            self._engine = None

    def _open(self) -> Engine:
        with self._opening:
            if self._engine is None:
                engine = _engine(self._url, self._patience)
                try:
                    with engine.execution_options(writing=True).begin() as connection:
                        _lock_schema(connection)
                        migrations.upgrade(connection)
                except BaseException:
                    engine.dispose()
                    raise
                self._engine = engine
            return self._engine


def _lock_schema(connection: Connection) -> None:
    # SQLite's write transaction is such a lock already.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})


def _engine(url: str, patience: float) -> Engine:
    parsed = make_url(url)
    # Errors would otherwise quote the row, and with it the enquiry.
    options: dict[str, Any] = {"hide_parameters": True, "pool_timeout": patience}
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, connect_args={"timeout": patience}, **options)
        _prepare_sqlite(engine)
    else:
        # libpq waits two seconds at the least, and would wait minutes for a server that fell silent.
        silent = {"connect_timeout": 2, "tcp_user_timeout": round(2_000 * patience)}
        engine = create_engine(parsed, connect_args=silent, pool_pre_ping=True, **options)
        _prepare_postgresql(engine, patience)
    return engine


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin below, so that a migration is one as well
        connection.execute("PRAGMA journal_mode=WAL")
        # A killed process loses nothing; a power cut could take the last moments, never the file.
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")  # what was erased leaves no trace in the file

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A reader that turns writer half-way may fail at once; a writer from the start waits its turn.
        writing = connection.get_execution_options().get("writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _prepare_postgresql(engine: Engine, patience: float) -> None:
    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        milliseconds = round(1_000 * patience)
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = {milliseconds}")
            cursor.execute(f"SET lock_timeout = {milliseconds}")
        connection.commit()
