"""The prediction log as reviewers use it: read as tables, and added to by verdicts. Nothing in it is ever changed."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import uuid_utils
from sqlalchemy import MetaData, Table, create_engine, insert, make_url, select
from sqlalchemy.exc import ArgumentError, NoSuchTableError, SQLAlchemyError

from model.errors import TriageError

RANDOM = "random"
"""The sample that must never enter training: what is learned from it could no longer be measured by it."""
_DEFAULT = "sqlite:///var/triage.db"


class LogUnreadable(TriageError):
    """The prediction log cannot be used."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"prediction log: {reason}")


class Logbook:
    """A prediction log.

    url : SQLAlchemy URL; None: that of the service (TRIAGE_DATABASE_URL, or var/triage.db). A relative SQLite file is
        looked for in the working folder, then in the one above, so that notebooks find what the service writes

    Every method raises LogUnreadable.
    """

    def __init__(self, url: str | None = None) -> None:
        try:
            wanted = make_url(url or os.environ.get("TRIAGE_DATABASE_URL") or _DEFAULT)
            if wanted.get_backend_name() == "sqlite":
                wanted = wanted.set(database=str(_existing(Path(wanted.database or ""))))
            # Errors would otherwise quote the row, and with it the enquiry.
            self._engine = create_engine(wanted, hide_parameters=True)
        except (ArgumentError, ImportError):
            raise LogUnreadable("TRIAGE_DATABASE_URL is no SQLAlchemy URL whose driver is installed here") from None
        tables = MetaData()
        try:
            self._tables = {
                name: Table(name, tables, autoload_with=self._engine)
                for name in ("predictions", "reviews", "shadow_predictions")
            }
        except NoSuchTableError:
            self.close()
            raise LogUnreadable("it lacks a table; `triage log stats` brings it up to date") from None
        except SQLAlchemyError as error:
            raise LogUnreadable(type(error).__name__) from None
        if "channel" not in self._tables["predictions"].columns:
            self.close()
            raise LogUnreadable("it was made by an older release; `triage log stats` brings it up to date")

    def predictions(self, since: datetime | None = None, until: datetime | None = None) -> pd.DataFrame:
        """Answers from `since` to before `until`, the oldest first: the log's columns, `service` None for neither."""
        found = self._read("predictions").drop(columns=["request_key", "request_digest"])
        if since:
            found = found[found["created"] >= pd.Timestamp(since)]
        if until:
            found = found[found["created"] < pd.Timestamp(until)]
        return found.sort_values(["created", "id"]).reset_index(drop=True)

    def verdicts(self) -> pd.DataFrame:
        """All reviews, the oldest first, each with the `model_version` whose answer it judges."""
        answered = self._read("predictions")[["id", "model_version"]].rename(columns={"id": "prediction_id"})
        return self._read("reviews").merge(answered, on="prediction_id").sort_values("id").reset_index(drop=True)

    def shadow(self) -> pd.DataFrame:
        """What challengers would have answered."""
        return self._read("shadow_predictions")

    def add_verdict(
        self, prediction_id: str, reviewer: str, service: str, flags: Sequence[str], sample: str, now: datetime
    ) -> None:
        """Keep a verdict; when this returns, it is kept."""
        row = {
            "id": str(uuid_utils.uuid7()),
            "prediction_id": prediction_id,
            "created": now.astimezone(UTC),
            "reviewer": reviewer,
            "service": service,
            "flags": list(flags),
            "sample": sample,
        }
        try:
            with self._engine.begin() as connection:
                predictions = self._tables["predictions"]
                known = connection.scalar(select(predictions.c.id).where(predictions.c.id == prediction_id))
                if known:
                    connection.execute(insert(self._tables["reviews"]), row)
        except SQLAlchemyError as error:
            raise LogUnreadable(f"the verdict was not kept ({type(error).__name__}); please try again") from None
        if not known:
            raise LogUnreadable("this enquiry was erased meanwhile, so the verdict was not kept")

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def _read(self, name: str) -> pd.DataFrame:
        try:
            with self._engine.connect() as connection:
                found = pd.read_sql(select(self._tables[name]), connection)
        except SQLAlchemyError as error:
            raise LogUnreadable(type(error).__name__) from None
        found["created"] = pd.to_datetime(found["created"], utc=True)
        for column in ("service", "text", "channel", "sample", "note"):
            if column in found:
                found[column] = found[column].astype(object).where(found[column].notna(), None)
        return found


def _existing(file: Path) -> Path:
    for place in (file, Path("..") / file):
        if place.is_file():
            return place.resolve()
    raise LogUnreadable(f"there is none at {file}; start the service once, or fill one with `make demo-log`")
