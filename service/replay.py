"""A logged prediction made again: from what the log kept of the text, by the model that answered then."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from model.errors import TriageError
from model.manifest import Manifest
from model.store import ModelStore
from model.types import Enquiry
from service.log import PredictionLog, Row, as_json
from service.redact import MASK

_TOLERANCE = 1e-6
"""Probabilities this near are the same: a batch is summed in another order than one text alone."""
_COMPARED = ("service", "probabilities", "decision", "urgency", "language", "flags", "set_aside")


class CannotReplay(TriageError):
    """A prediction cannot be made again."""

    def __init__(self, identifier: str, reason: str) -> None:
        super().__init__(f"prediction {identifier!r} cannot be made again: {reason}")


@dataclass(frozen=True, slots=True)
class Replay:
    """A prediction then and now, and what it was made with.

    then, now : rows of the log, without the text
    differing : names of the fields that differ
    reasons : what may explain a difference; with none differing, what makes the comparison weaker
    """

    then: Row
    now: Row
    manifest: Manifest
    differing: tuple[str, ...]
    reasons: tuple[str, ...]


def replay(log: PredictionLog, store: ModelStore, identifier: str) -> Replay:
    """Make a logged prediction again.

    Raises CannotReplay when the log has no such prediction or kept no text; ModelNotFound, DamagedModel or ForeignModel
    when the model that answered cannot be opened; LogUnavailable.
    """
    row = log.get(identifier)
    if row is None:
        raise CannotReplay(identifier, "the log has none of that id; it was erased, purged, or never kept")
    if row.text is None:
        raise CannotReplay(identifier, "the log kept no text (TRIAGE_LOG_TEXT was none)")
    model = store.load(row.model_version)
    enquiry = Enquiry(row.text, row.id)
    then, now = as_json(row), log.row(enquiry, model.predict_one(enquiry))
    differing = tuple(name for name in _COMPARED if not _same(then[name], now[name]))
    return Replay(
        _shown(then), _shown(now), store.manifest(row.model_version), differing, _reasons(row.text, then, now)
    )


def _reasons(text: str, then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    reasons: list[str] = []
    if MASK in text:
        reasons.append("the log holds the text redacted: the model read other characters then")
    if "degraded" in {flag["code"] for flag in then["flags"]} - {flag["code"] for flag in now["flags"]}:
        reasons.append("the classifier had failed then, and the rules answered alone")
    return tuple(reasons)


def _same(then: object, now: object) -> bool:
    if isinstance(then, dict) and isinstance(now, dict):
        return then.keys() == now.keys() and all(_same(then[key], now[key]) for key in then)
    if isinstance(then, float) and isinstance(now, float):
        return abs(then - now) <= _TOLERANCE
    return then == now


def _shown(row: Mapping[str, Any]) -> Row:
    return {name: row[name] for name in ("model_version", "confidence", *_COMPARED)}
