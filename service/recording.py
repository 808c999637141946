"""Keeps answers in the prediction log; when that fails, the visitor is answered all the same, and the loss is told."""

import logging
import threading
from collections.abc import Collection, Mapping, Sequence
from time import monotonic

from service.log import LogUnavailable, PredictionLog, Row
from service.metrics import Metrics
from service.spool import Spool
from service.tables import LoggedPrediction

_logger = logging.getLogger("service")
# After a failure rows go to the spool at once for so long: one visitor waited for the log, the next need not.
_REST_SECONDS = 5.0


class Recorder:
    """The way of an answer into the log, or into the spool while the log is away.

    spool : None when there is none: what the log does not take is lost
    """

    def __init__(self, log: PredictionLog, metrics: Metrics, spool: Spool | None = None) -> None:
        self.log, self._metrics, self._spool = log, metrics, spool
        self._lost = 0
        self._rests_until = 0.0
        self._counting = threading.Lock()

    def keep(self, rows: Sequence[Row]) -> set[str]:
        """Keep answers; returns the ids of those that repeat an earlier request and were therefore not kept."""
        reason = "prediction log: away"
        if not self._resting():
            try:
                return {row["id"] for row in rows} - self.log.add_rows(rows)
            except LogUnavailable as error:
                reason = str(error)
                self._rests_until = monotonic() + _REST_SECONDS
        if self._spool and self._spool.add(rows):
            self._metrics.unlogged.labels("spooled").inc(len(rows))
            _logger.warning("%s; %d answers spooled", reason, len(rows))
        else:
            with self._counting:
                self._lost += len(rows)
            self._metrics.unlogged.labels("lost").inc(len(rows))
            _logger.error("%s; %d answers unlogged since the start", reason, self._lost)
        return set()

    def answered(self, keys: Collection[str]) -> Mapping[str, LoggedPrediction]:
        """Earlier answers by request key; none while the log is down, since the visitor is answered all the same."""
        if not keys or self._resting():
            return {}
        try:
            return self.log.answered(keys)
        except LogUnavailable:
            self._rests_until = monotonic() + _REST_SECONDS
            return {}

    def flush(self) -> None:
        """Write to the log what the spool holds.

        Raises LogUnavailable; what was not written is kept.
        """
        if self._spool:
            self._spool.drain(self.log.add_rows)
            self._metrics.spooled.set(self._spool.size())

    def state(self) -> dict[str, str | int]:
        """What the log says of itself (`ok`, or why not), bytes waiting for it, and answers lost since the start."""
        try:
            self.log.check()
            state = "ok"
        except LogUnavailable as error:
            state = str(error)
        return {"log": state, "spool_bytes": self._spool.size() if self._spool else 0, "unlogged": self._lost}

    def _resting(self) -> bool:
        return monotonic() < self._rests_until
