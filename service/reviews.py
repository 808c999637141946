"""What reviewers say of predictions. Reviews are only ever added; the latest one of a prediction counts."""

from collections.abc import Sequence

import uuid_utils
from sqlalchemy import select

from service.log import PredictionLog
from service.tables import LoggedPrediction, Review


class Reviews:
    """The reviews beside a prediction log. Every method raises LogUnavailable."""

    def __init__(self, log: PredictionLog) -> None:
        self._log = log

    def add(
        self,
        prediction_id: str,
        reviewer: str,
        service: str | None,
        flags: Sequence[str] | None,
        note: str | None,
        sample: str | None = None,
    ) -> Review | None:
        """Keep a review, its note as much as the log keeps of a text; None when there is no such prediction."""
        review = Review(
            id=str(uuid_utils.uuid7()),
            prediction_id=prediction_id,
            created=self._log.clock(),
            reviewer=reviewer,
            service=service,
            flags=None if flags is None else list(flags),
            note=note and self._log.kept(note),
            sample=sample,
        )
        with self._log.database.session(writing=True) as session:
            if session.get(LoggedPrediction, prediction_id) is None:
                return None
            session.add(review)
        return review

    def of(self, prediction_id: str) -> Sequence[Review]:
        """All reviews of a prediction, the oldest first."""
        with self._log.database.session() as session:
            return session.scalars(
                select(Review).where(Review.prediction_id == prediction_id).order_by(Review.id)
            ).all()

    def page(self, after: str | None, limit: int) -> Sequence[Review]:
        """Up to `limit` reviews given after the one with the id `after`, the oldest first."""
        wanted = select(Review).order_by(Review.id).limit(limit)
        with self._log.database.session() as session:
            return session.scalars(wanted.where(Review.id > after) if after else wanted).all()
