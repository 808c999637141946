"""What a triage model is. Pure: no web, no clock, no environment, and no files but in `model.store`."""

from model.errors import TriageError
from model.taxonomy import FlagType, Urgency, taxonomy
from model.types import TEXT_LIMIT, Decision, Enquiry, Evidence, Flag, Prediction, Service, SetAside

__all__ = [
    "TEXT_LIMIT",
    "Decision",
    "Enquiry",
    "Evidence",
    "Flag",
    "FlagType",
    "Prediction",
    "Service",
    "SetAside",
    "TriageError",
    "Urgency",
    "taxonomy",
]
