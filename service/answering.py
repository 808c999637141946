"""From a visitor's text to the answer, and into the log; the log never keeps the visitor waiting for an answer."""

import hashlib
import logging
from collections.abc import Sequence
from typing import Any

import uuid_utils

from model.errors import InvalidEnquiry, TriageError
from model.taxonomy import taxonomy
from model.types import Decision, Enquiry, Prediction
from service.metrics import Metrics
from service.models import Models, Serving
from service.recording import Recorder
from service.shadow import Shadow
from service.tables import Channel, LoggedPrediction
from service.wording import Messages

_logger = logging.getLogger("service")


class NoModel(TriageError):
    """No model is loaded."""

    def __init__(self) -> None:
        super().__init__("No model is loaded. Please hand the enquiry to a person.")


class KeyReused(TriageError):
    """An Idempotency-Key came a second time, with another text."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another enquiry. Send a new one with each new enquiry.")


class Answering:
    """A model, the visitor's messages and the prediction log at work together."""

    def __init__(
        self, models: Models, recorder: Recorder, messages: Messages, shadow: Shadow, metrics: Metrics
    ) -> None:
        self._models, self._recorder, self._messages = models, recorder, messages
        self._shadow, self._metrics = shadow, metrics

    def answer(
        self, text: str, key: str | None = None, *, channel: Channel | None = None, explain: bool = False
    ) -> dict[str, Any]:
        """The prediction as JSON, with its id and the visitor's message.

        key : the caller's Idempotency-Key: a second request with it gets the first one's answer
        channel : how the enquiry came, for the log
        explain : adds `explanation`, or null in its place when a part of the model is broken, or when the answer was
            first given by a model that serves no longer

        Raises InvalidEnquiry when the text cannot be read, KeyReused, NoModel.
        """
        enquiry, serving = Enquiry(text), self._serving()
        found = self._answers(serving, [enquiry], [channel], [f"one\0{key}"] if key else [])[0]
        if not explain:
            return found
        same = found["model_version"] == serving.model.version
        return found | {"explanation": self._explanation(serving, enquiry) if same else None}

    def _serving(self) -> Serving:
        """The model for one request, which takes it once."""
        serving = self._models.serving
        if serving is None:
            raise NoModel
        return serving

    @staticmethod
    def _explanation(serving: Serving, enquiry: Enquiry) -> list[dict[str, Any]] | None:
        try:
            pushes = serving.model.explain(enquiry)
        except Exception as error:  # noqa: BLE001 - the answer stands without it
            _logger.error("explanation failed with %s", type(error).__name__)  # noqa: TRY400 - a traceback quotes
            return None
        return [
            {
                "start": push.start,
                "end": push.end,
                "text": push.text,
                "part": push.part,
                "towards": {service: round(value, 3) for service, value in push.towards.items()},
            }
            for push in pushes
        ]

    def answer_all(self, asked: Sequence[tuple[str, Channel | None]], key: str | None = None) -> list[dict[str, Any]]:
        """The same for several texts, each with its channel, in order.

        If one cannot be read, none is answered or logged.
        """
        enquiries: list[Enquiry] = []
        for number, (text, _) in enumerate(asked):
            try:
                enquiries.append(Enquiry(text))
            except InvalidEnquiry as error:
                raise InvalidEnquiry(f"enquiries.{number}.{error.field}", error.reason) from None
        channels = [channel for _, channel in asked]
        keys = [f"batch\0{number}\0{key}" for number in range(len(asked))] if key else []
        return self._answers(self._serving(), enquiries, channels, keys)

    def _answers(
        self,
        serving: Serving,
        enquiries: Sequence[Enquiry],
        channels: Sequence[Channel | None],
        keys: Sequence[str],
    ) -> list[dict[str, Any]]:
        requests = [_request(key, enquiry.text) for key, enquiry in zip(keys, enquiries, strict=True)] if keys else None
        answers = self._repeated(enquiries, requests) if requests else {}
        fresh = [
            (number, Enquiry(enquiry.text, str(uuid_utils.uuid7())))
            for number, enquiry in enumerate(enquiries)
            if number not in answers
        ]
        predictions = self._predict(serving, [enquiry for _, enquiry in fresh])
        rows = [
            self._recorder.log.row(enquiry, prediction, requests[number] if requests else None, channels[number])
            for (number, enquiry), prediction in zip(fresh, predictions, strict=True)
        ]
        beaten = self._recorder.keep(rows) if rows else set()
        self._shadow.see([enquiry for _, enquiry in fresh if enquiry.id not in beaten])
        answers |= {
            number: prediction.to_dict() | {"message": self._messages.of(prediction)}
            for (number, _), prediction in zip(fresh, predictions, strict=True)
        }
        if beaten and requests:
            # The same request came twice at once, and the other one was first.
            answers |= self._repeated(enquiries, requests)
        return [answers[number] for number in range(len(enquiries))]

    def _predict(self, serving: Serving, enquiries: Sequence[Enquiry]) -> list[Prediction]:
        predictions = serving.model.predict(enquiries)
        for prediction in predictions:
            self._metrics.predicted(prediction)
            if prediction.failure:
                _logger.error("classifier failed with %s: answered from the rules alone", prediction.failure)
        return predictions

    def _repeated(self, enquiries: Sequence[Enquiry], requests: Sequence[tuple[str, str]]) -> dict[int, dict[str, Any]]:
        """Answers given before, by their place among the enquiries.

        Raises KeyReused.
        """
        rows = self._recorder.answered([key for key, _ in requests])
        answers: dict[int, dict[str, Any]] = {}
        for number, (enquiry, (key, digest)) in enumerate(zip(enquiries, requests, strict=True)):
            if key in rows:
                if rows[key].request_digest != digest:
                    raise KeyReused
                answers[number] = self._again(rows[key], enquiry.text)
        return answers

    def _again(self, row: LoggedPrediction, text: str) -> dict[str, Any]:
        """The answer as it was first given; the log has its spans, the request its words."""
        flags = [
            flag | {"evidence": [span | {"text": text[span["start"] : span["end"]]} for span in flag["evidence"]]}
            for flag in row.flags
        ]
        key = taxonomy()[flags[0]["code"]].message if flags else f"route_{row.service}"
        return {
            "id": row.id,
            "model_version": row.model_version,
            "service": row.service,
            "confidence": round(row.confidence, 4),
            "probabilities": {service: round(value, 4) for service, value in row.probabilities.items()},
            "decision": row.decision,
            "escalate": row.decision == Decision.ESCALATE,
            "urgency": row.urgency,
            "flags": flags,
            "language": row.language,
            "message": self._messages.text(row.language, key),
        }


def _request(key: str, text: str) -> tuple[str, str]:
    """Hashes by which a repeated request is known. The text's is mixed with the key, so that it tells nothing alone."""
    return hashlib.sha256(key.encode()).hexdigest(), hashlib.sha256(f"{key}\0{text}".encode()).hexdigest()
