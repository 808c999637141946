"""What a running service does by itself: brings spooled rows to the log, and forgets what is past its time."""

import logging
import threading
from datetime import UTC, datetime, timedelta
from time import monotonic

from service.log import LogUnavailable, PredictionLog
from service.recording import Recorder

_logger = logging.getLogger("service")
_FLUSH_SECONDS, _PURGE_SECONDS = 2.0, 3_600.0


class Upkeep:
    """Upkeep of one process; several may do it at once.

    log : with more patience than a visitor has
    retention : what is older is forgotten
    """

    def __init__(self, recorder: Recorder, log: PredictionLog, retention: timedelta) -> None:
        self._recorder, self._log, self._retention = recorder, log, retention
        self._purged_at = -_PURGE_SECONDS
        self._fault = ""

    def once(self) -> None:
        """Do what is due. A log that is away is told once, and tried again next time."""
        try:
            self._recorder.flush()
            if monotonic() - self._purged_at >= _PURGE_SECONDS:
                removed = self._log.purge(datetime.now(UTC) - self._retention)
                self._purged_at = monotonic()
                if removed:
                    _logger.info("%d predictions past their time removed", removed)
            self._fault = ""
        except (LogUnavailable, OSError) as error:
            fault = str(error) if isinstance(error, LogUnavailable) else type(error).__name__
            if fault != self._fault:
                _logger.error("upkeep waits: %s", fault)  # noqa: TRY400 - the sentence says it all
            self._fault = fault

    def start(self) -> None:
        """Do it from now on, in a thread that ends with the process."""

        def work() -> None:
            pause = threading.Event()
            self.once()
            while not pause.wait(_FLUSH_SECONDS):
                self.once()

        threading.Thread(target=work, name="upkeep", daemon=True).start()
