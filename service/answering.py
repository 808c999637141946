"""From a visitor's text to the answer, and into the log; the log never keeps the visitor waiting for an answer."""

import logging
import threading
from typing import Any

import uuid_utils

from model.triage import TriageModel
from model.types import Enquiry
from service.log import LogUnavailable, PredictionLog
from service.wording import Messages

_logger = logging.getLogger("service")


class Answering:
    """A model, the visitor's messages and the prediction log at work together."""

    def __init__(self, model: TriageModel, log: PredictionLog, messages: Messages) -> None:
        self._model, self._log, self._messages = model, log, messages
        self._unlogged = 0
        self._counting = threading.Lock()

    def answer(self, text: str) -> dict[str, Any]:
        """The prediction as JSON, with its id and the visitor's message.

        Raises InvalidEnquiry when the text cannot be read.
        """
        enquiry = Enquiry(text, str(uuid_utils.uuid7()))
        prediction = self._model.predict_one(enquiry)
        if prediction.failure:
            _logger.error("classifier failed with %s: answered from the rules alone", prediction.failure)
        try:
            self._log.add(enquiry, prediction)
        except LogUnavailable as error:
            with self._counting:
                self._unlogged += 1
            _logger.error("%s; %d answers unlogged since the start", error, self._unlogged)  # noqa: TRY400 - no traceback
        return prediction.to_dict() | {"message": self._messages.of(prediction)}

    def readiness(self) -> dict[str, Any]:
        """Whether the log keeps up: `ready`, or `degraded` while answers are or were lost to it."""
        try:
            self._log.check()
            state = "ok"
        except LogUnavailable as error:
            state = str(error)
        return {
            "status": "ready" if state == "ok" and not self._unlogged else "degraded",
            "model_version": self._model.version,
            "log": state,
            "unlogged": self._unlogged,
        }
