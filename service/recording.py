"""Keeps answers in the prediction log; when that fails, the visitor is answered all the same, and the loss is told."""

import logging
import threading
from collections.abc import Collection, Mapping, Sequence

from service.log import LogUnavailable, PredictionLog, Row
from service.metrics import Metrics
from service.tables import LoggedPrediction

_logger = logging.getLogger("service")


class Recorder:
    """The way of an answer into the log."""

    def __init__(self, log: PredictionLog, metrics: Metrics) -> None:
        self.log, self._metrics = log, metrics
        self._unlogged = 0
        self._counting = threading.Lock()

    def keep(self, rows: Sequence[Row]) -> set[str]:
        """Keep answers; returns the ids of those that repeat an earlier request and were therefore not kept."""
        try:
            return {row["id"] for row in rows} - self.log.add_rows(rows)
        except LogUnavailable as error:
            with self._counting:
                self._unlogged += len(rows)
            self._metrics.unlogged.labels("lost").inc(len(rows))
            _logger.error("%s; %d answers unlogged since the start", error, self._unlogged)  # noqa: TRY400 - no traceback
            return set()

    def answered(self, keys: Collection[str]) -> Mapping[str, LoggedPrediction]:
        """Earlier answers by request key; none while the log is down, since the visitor is answered all the same."""
        try:
            return self.log.answered(keys) if keys else {}
        except LogUnavailable:
            return {}

    def state(self) -> dict[str, str | int]:
        """What the log says of itself (`ok`, or why not), and how many answers were lost to it since the start."""
        try:
            self.log.check()
            state = "ok"
        except LogUnavailable as error:
            state = str(error)
        return {"log": state, "unlogged": self._unlogged}
