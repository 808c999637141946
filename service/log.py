"""The prediction log: what was asked (redacted), what was answered, and what was set aside."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, DateTime, Engine, Float, String, Text, create_engine, event, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from model.errors import TriageError
from model.types import Enquiry, Prediction
from service.config import TextKept
from service.redact import redact


class Base(DeclarativeBase):
    """All tables of the service."""


class LoggedPrediction(Base):
    """One answer. The spans in `flags` and `set_aside` are those of the text; their words are not kept twice."""

    __tablename__ = "predictions"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    model_version: Mapped[str] = mapped_column(String(32), index=True)
    text: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    service: Mapped[str | None] = mapped_column(String(16))
    confidence: Mapped[float] = mapped_column(Float)
    probabilities: Mapped[dict[str, float]] = mapped_column(JSON)
    decision: Mapped[str] = mapped_column(String(16), index=True)
    urgency: Mapped[str] = mapped_column(String(16), index=True)
    flags: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    set_aside: Mapped[list[dict[str, Any]]] = mapped_column(JSON)


class LogUnavailable(TriageError):
    """The prediction log cannot be reached or written."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"prediction log: {reason}")


class PredictionLog:
    """The log behind a SQLAlchemy URL, opened when it is first used, so that a database may come up later than this.

    text_kept : what is kept of an enquiry's text
    """

    def __init__(self, url: str, text_kept: TextKept) -> None:
        self.text_kept = text_kept
        self._url = url
        self._engine: Engine | None = None
        self._opening = threading.Lock()

    def add(self, enquiry: Enquiry, prediction: Prediction) -> None:
        """Keep one answer; when this returns, it is kept.

        Raises LogUnavailable.
        """
        row = LoggedPrediction(
            id=prediction.id,
            created=datetime.now(UTC),
            model_version=prediction.model_version,
            text=self._kept(enquiry.text),
            language=prediction.language,
            service=prediction.service,
            confidence=prediction.confidence,
            probabilities={str(service): value for service, value in prediction.probabilities.items()},
            decision=str(prediction.decision),
            urgency=prediction.urgency.label,
            flags=[_without_words(flag.to_dict(), "evidence") for flag in prediction.flags],
            set_aside=[_without_words(mention.to_dict(), "evidence") for mention in prediction.set_aside],
        )
        with self._session() as session, session.begin():
            session.add(row)

    def get(self, identifier: str) -> LoggedPrediction | None:
        """One row by id, or None.

        Raises LogUnavailable.
        """
        with self._session() as session:
            return session.get(LoggedPrediction, identifier)

    def check(self) -> None:
        """Raise LogUnavailable unless the log answers."""
        with self._session() as session:
            session.execute(select(LoggedPrediction.id).limit(1))

    def close(self) -> None:
        """Let go of the database; the next use opens it again."""
        with self._opening:
            if self._engine:
                self._engine.dispose()
            self._engine = None

    @contextmanager
    def _session(self) -> Iterator[Session]:
        try:
            with Session(self._open(), expire_on_commit=False) as session:
                yield session
        except (SQLAlchemyError, OSError, ImportError) as error:
            # The type alone: the message might quote the row.
            raise LogUnavailable(type(error).__name__) from None

    def _open(self) -> Engine:
        with self._opening:
            if self._engine is None:
                engine = _engine(self._url)
                Base.metadata.create_all(engine)
                self._engine = engine
            return self._engine

    def _kept(self, text: str) -> str | None:
        if self.text_kept == "none":
            return None
        return redact(text) if self.text_kept == "redacted" else text


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    # Errors would otherwise quote the row, and with it the enquiry.
    engine = create_engine(url, hide_parameters=True)
    if parsed.get_backend_name() == "sqlite":

        @event.listens_for(engine, "connect")
        def _configure(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA busy_timeout=5000")
            cursor.close()

    return engine


def _without_words(item: dict[str, Any], key: str) -> dict[str, Any]:
    """A flag or mention as JSON, with the spans of its evidence but not the words, which may not be redacted."""
    evidence = item[key]
    spans = evidence if isinstance(evidence, list) else [evidence]
    return item | {key: [{"start": span["start"], "end": span["end"]} for span in spans]}
