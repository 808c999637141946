"""The tables of the prediction log. A change here needs a migration beside it; a test compares the two."""

from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import JSON, DateTime, Dialect, Float, ForeignKey, String, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Channel = Literal["form", "chat", "email", "messenger", "phone", "other"]
"""The way an enquiry came to the clinic."""


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, with its time zone also where the database (SQLite) keeps none."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To UTC."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From UTC."""
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """All tables of the service."""


class LoggedPrediction(Base):
    """One answer. The spans in `flags` and `set_aside` are those of the text; their words are not kept twice.

    channel : as the caller said, None when it did not
    request_key : hash of the caller's Idempotency-Key, by which a repeated request finds its answer
    request_digest : hash of that key with the text, by which another text under the same key is found out
    """

    __tablename__ = "predictions"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    created: Mapped[datetime] = mapped_column(Moment, index=True)
    model_version: Mapped[str] = mapped_column(String(32), index=True)
    text: Mapped[str | None] = mapped_column(Text)
    channel: Mapped[Channel | None] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8))
    service: Mapped[str | None] = mapped_column(String(16))
    confidence: Mapped[float] = mapped_column(Float)
    probabilities: Mapped[dict[str, float]] = mapped_column(JSON)
    decision: Mapped[str] = mapped_column(String(16), index=True)
    urgency: Mapped[str] = mapped_column(String(16), index=True)
    flags: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    set_aside: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    request_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    request_digest: Mapped[str | None] = mapped_column(String(64))


class Review(Base):
    """What a reviewer says is right. Reviews are only ever added: the latest one of a prediction counts.

    service, flags : labels of the annotation guide; None when the reviewer did not judge that part
    sample : the sample that the reviewer was working through, if any; `random` is the unbiased audit, and a prediction
        with such a review must never be trained on
    """

    __tablename__ = "reviews"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    prediction_id: Mapped[str] = mapped_column(ForeignKey("predictions.id", ondelete="CASCADE"), index=True)
    created: Mapped[datetime] = mapped_column(Moment, index=True)
    reviewer: Mapped[str] = mapped_column(String(64))
    service: Mapped[str | None] = mapped_column(String(16))
    flags: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    note: Mapped[str | None] = mapped_column(Text)
    sample: Mapped[str | None] = mapped_column(String(32))


class Erasure(Base):
    """An id that was erased, so that a row still on its way to the log is not written after all."""

    __tablename__ = "erasures"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    created: Mapped[datetime] = mapped_column(Moment, index=True)


class ApiKey(Base):
    """A key that opens texts, reviews and erasure. The key itself is shown once and kept nowhere; this is its hash."""

    __tablename__ = "api_keys"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scope: Mapped[str] = mapped_column(String(16))
    created: Mapped[datetime] = mapped_column(Moment)
    revoked: Mapped[datetime | None] = mapped_column(Moment)


class ShadowPrediction(Base):
    """What a challenger would have answered; nobody was given it."""

    __tablename__ = "shadow_predictions"

    prediction_id: Mapped[str] = mapped_column(ForeignKey("predictions.id", ondelete="CASCADE"), primary_key=True)
    model_version: Mapped[str] = mapped_column(String(32), primary_key=True)
    created: Mapped[datetime] = mapped_column(Moment)
    service: Mapped[str | None] = mapped_column(String(16))
    confidence: Mapped[float] = mapped_column(Float)
    decision: Mapped[str] = mapped_column(String(16))
    urgency: Mapped[str] = mapped_column(String(16))
    flags: Mapped[list[str]] = mapped_column(JSON)
