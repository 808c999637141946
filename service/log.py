"""The prediction log: what was asked (redacted), what was answered, and what was set aside."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from model.types import Enquiry, Prediction
from service.config import TextKept
from service.database import PATIENCE, Database, LogUnavailable
from service.redact import redact
from service.tables import Channel, Erasure, LoggedPrediction, Review

__all__ = ["LogUnavailable", "PredictionLog", "Row"]

Row = dict[str, Any]
"""A row of the table `predictions` by column, on its way to the log."""


def _now() -> datetime:
    return datetime.now(UTC)


class PredictionLog:
    """The log behind a SQLAlchemy URL.

    text_kept : what is kept of an enquiry's text
    patience : seconds to wait for the database before LogUnavailable
    clock : gives the moment that a row bears, UTC

    Every method raises LogUnavailable.
    """

    def __init__(
        self,
        url: str,
        text_kept: TextKept,
        patience: float = PATIENCE,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.text_kept, self.clock = text_kept, clock
        self.database = Database(url, patience)

    def row(
        self,
        enquiry: Enquiry,
        prediction: Prediction,
        request: tuple[str, str] | None = None,
        channel: Channel | None = None,
    ) -> Row:
        """What the log keeps of an answer.

        request : `request_key` and `request_digest`, when the caller sent an Idempotency-Key
        """
        key, digest = request or (None, None)
        return {
            "id": prediction.id,
            "created": self.clock(),
            "model_version": prediction.model_version,
            "text": self.kept(enquiry.text),
            "channel": channel,
            "language": prediction.language,
            "service": str(prediction.service) if prediction.service else None,
            "confidence": prediction.confidence,
            "probabilities": {str(service): value for service, value in prediction.probabilities.items()},
            "decision": str(prediction.decision),
            "urgency": prediction.urgency.label,
            "flags": [_without_words(flag.to_dict(), "evidence") for flag in prediction.flags],
            "set_aside": [_without_words(mention.to_dict(), "evidence") for mention in prediction.set_aside],
            "request_key": key,
            "request_digest": digest,
        }

    def add(self, enquiry: Enquiry, prediction: Prediction) -> None:
        """Keep one answer; when this returns, it is kept."""
        self.add_rows([self.row(enquiry, prediction)])

    def add_rows(self, rows: Sequence[Row]) -> set[str]:
        """Keep answers; when this returns, they are kept.

        Returns the ids that were new. One that is there already, was erased, or repeats a `request_key` is left out, so
        that a row may be given again when nobody knows whether it was kept.
        """
        insert = postgresql.insert if self.database.dialect == "postgresql" else sqlite.insert
        with self.database.session(writing=True) as session:
            erased = set(session.scalars(select(Erasure.id).where(Erasure.id.in_([row["id"] for row in rows]))))
            wanted = [row for row in rows if row["id"] not in erased]
            if not wanted:
                return set()
            table = LoggedPrediction.metadata.tables[LoggedPrediction.__tablename__]
            kept = insert(table).on_conflict_do_nothing().returning(table.c.id)
            return set(session.scalars(kept, wanted))

    def get(self, identifier: str) -> LoggedPrediction | None:
        """One row by id, or None."""
        with self.database.session() as session:
            return session.get(LoggedPrediction, identifier)

    def answered(self, keys: Collection[str]) -> Mapping[str, LoggedPrediction]:
        """Rows by `request_key`, of those among `keys` that were answered before."""
        with self.database.session() as session:
            rows = session.scalars(select(LoggedPrediction).where(LoggedPrediction.request_key.in_(keys)))
            return {row.request_key: row for row in rows if row.request_key}

    def erase(self, identifier: str) -> bool:
        """Remove an answer with its reviews, and remember its id; False when there was none."""
        with self.database.session(writing=True) as session:
            row = session.get(LoggedPrediction, identifier)
            if row is None:
                return False
            session.delete(row)
            session.add(Erasure(id=identifier, created=self.clock()))
        self._truncate()
        return True

    def purge(self, before: datetime) -> int:
        """Remove all answers older than a moment, with their reviews; returns how many."""
        with self.database.session(writing=True) as session:
            removed = _delete(session, LoggedPrediction, LoggedPrediction.created < before)
            _delete(session, Erasure, Erasure.created < before)
        if removed:
            self._truncate()
        return removed

    def export(self, since: datetime | None = None, until: datetime | None = None) -> Iterator[dict[str, Any]]:
        """All answers from `since` to before `until`, the oldest first, each with its latest review."""
        with self.database.session() as session:
            for row in session.scalars(_between(since, until).execution_options(yield_per=500)):
                latest = session.scalars(
                    select(Review).where(Review.prediction_id == row.id).order_by(Review.id.desc()).limit(1)
                ).first()
                yield as_json(row) | {"review": latest and as_json(latest)}

    def stats(self) -> dict[str, Any]:
        """How much the log holds: rows, reviews, erased ids, first and last moment, answers by what they share."""
        with self.database.session() as session:
            rows, first, last = session.execute(
                select(
                    func.count(), func.min(LoggedPrediction.created), func.max(LoggedPrediction.created)
                ).select_from(LoggedPrediction)
            ).one()
            return {
                "predictions": rows,
                "reviews": session.scalar(select(func.count()).select_from(Review)),
                "erased": session.scalar(select(func.count()).select_from(Erasure)),
                "first": _plain(first),
                "last": _plain(last),
                "decision": _counts(session, LoggedPrediction.decision),
                "urgency": _counts(session, LoggedPrediction.urgency),
                "model_version": _counts(session, LoggedPrediction.model_version),
                "channel": _counts(session, LoggedPrediction.channel),
            }

    def check(self) -> None:
        """Raise LogUnavailable unless the log answers."""
        with self.database.session() as session:
            session.execute(select(LoggedPrediction.id).limit(1))

    def close(self) -> None:
        """Let go of the database; the next use opens it again."""
        self.database.close()

    def kept(self, text: str) -> str | None:
        """What is kept of a text."""
        if self.text_kept == "none":
            return None
        return redact(text) if self.text_kept == "redacted" else text

    def _truncate(self) -> None:
        # SQLite's write-ahead file would still hold what was removed.
        if self.database.dialect == "sqlite":
            with self.database.session() as session:
                session.connection().connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def as_json(row: LoggedPrediction | Review) -> dict[str, Any]:
    """A row as JSON, without the hashes of its request."""
    columns = (column.key for column in row.__table__.columns if not column.key.startswith("request_"))
    return {key: _plain(getattr(row, key)) for key in columns}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _between(since: datetime | None, until: datetime | None) -> Select[LoggedPrediction]:
    wanted = select(LoggedPrediction).order_by(LoggedPrediction.created, LoggedPrediction.id)
    if since:
        wanted = wanted.where(LoggedPrediction.created >= since)
    return wanted.where(LoggedPrediction.created < until) if until else wanted


def _counts(session: Session, column: Any) -> dict[str, int]:
    rows = session.execute(select(column, func.count()).group_by(column).order_by(column))
    return {str(value or "not told"): count for value, count in rows}


def _delete(session: Session, table: type[LoggedPrediction] | type[Erasure], where: ColumnElement[bool]) -> int:
    return len(session.scalars(delete(table).where(where).returning(table.id)).all())


def _without_words(item: dict[str, Any], key: str) -> dict[str, Any]:
    """A flag or mention as JSON, with the spans of its evidence but not the words, which may not be redacted."""
    evidence = item[key]
    spans = evidence if isinstance(evidence, list) else [evidence]
    return item | {key: [{"start": span["start"], "end": span["end"]} for span in spans]}
