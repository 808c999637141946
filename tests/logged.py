"""Rows of a prediction log, made without a model: what is counted in them is known."""

from datetime import datetime
from typing import Any

from service.log import PredictionLog
from service.tables import ShadowPrediction

CHAMPION, CHALLENGER = "20261001-aaaaaa", "20261101-bbbbbb"


def row(name: str, created: datetime, **changes: Any) -> dict[str, Any]:
    """An English enquiry for physiotherapy, routed; `codes` are flags raised."""
    codes = changes.pop("codes", ())
    return {
        "id": name,
        "created": created,
        "model_version": CHAMPION,
        "text": "My knee hurts on the stairs, can you help?",
        "language": "en",
        "service": "physiotherapy",
        "confidence": 0.98,
        "probabilities": {},
        "decision": "route",
        "urgency": "none",
        "flags": [{"code": code, "urgency": "urgent", "source": "rule", "evidence": []} for code in codes],
        "set_aside": [],
        "request_key": None,
        "request_digest": None,
    } | changes


def add_shadow(log: PredictionLog, of: dict[str, Any], version: str = CHALLENGER, **changes: Any) -> None:
    """What a challenger said of a row: the same, but for the changes."""
    kept = ("created", "service", "confidence", "decision", "urgency")
    said = {column: of[column] for column in kept} | {"flags": [flag["code"] for flag in of["flags"]]} | changes
    with log.database.session(writing=True) as session:
        session.add(ShadowPrediction(prediction_id=of["id"], model_version=version, **said))
