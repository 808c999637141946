"""The challenger in the shadow: it predicts what the champion answered, after the visitor has the answer."""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy import select

from model.types import Enquiry
from service.database import Database, LogUnavailable
from service.models import Serving
from service.tables import LoggedPrediction, ShadowPrediction

_logger = logging.getLogger("service")
# Enquiries that may wait for the challenger; beyond that it skips some, and the visitors notice nothing.
_WAITING = 200


class Shadow:
    """Logs a challenger's predictions beside the champion's.

    challenger : hands out the challenger, or None when there is none
    """

    def __init__(self, challenger: Callable[[], Serving | None], database: Database) -> None:
        self._challenger, self._database = challenger, database
        self._waiting: queue.Queue[Enquiry] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def see(self, enquiries: Sequence[Enquiry]) -> None:
        """Predict these as well, some time soon."""
        if self._challenger() is None:
            return
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="shadow", daemon=True)
                self._thread.start()
        for enquiry in enquiries:
            try:
                self._waiting.put_nowait(enquiry)
            except queue.Full:
                _logger.warning("the challenger is too slow: an enquiry skipped")

    def finish(self) -> None:
        """Return when all that was seen is predicted."""
        self._waiting.join()

    def _work(self) -> None:
        while True:
            enquiry = self._waiting.get()
            try:
                self._predict(enquiry)
            except LogUnavailable as error:
                _logger.warning("challenger's prediction lost: %s", error)
            except Exception as error:  # noqa: BLE001 - the type alone: nothing of the shadow may reach a visitor or a log line
                _logger.error("challenger failed with %s", type(error).__name__)  # noqa: TRY400
            finally:
                self._waiting.task_done()

    def _predict(self, enquiry: Enquiry) -> None:
        serving = self._challenger()
        if serving is None:
            return
        prediction = serving.model.predict_one(enquiry)
        row = ShadowPrediction(
            prediction_id=enquiry.id,
            model_version=prediction.model_version,
            created=datetime.now(UTC),
            service=str(prediction.service) if prediction.service else None,
            confidence=prediction.confidence,
            decision=str(prediction.decision),
            urgency=prediction.urgency.label,
            flags=[flag.code for flag in prediction.flags],
        )
        with self._database.session(writing=True) as session:
            # Where the champion's row is not, or was erased, nothing is kept either.
            if session.scalar(select(LoggedPrediction.id).where(LoggedPrediction.id == enquiry.id)):
                session.merge(row)
