"""What goes into a triage model and what comes out: frozen objects that answer questions."""

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from model.errors import InvalidEnquiry
from model.taxonomy import Urgency, taxonomy

TEXT_LIMIT = 5_000
"""Characters (Unicode code points) of an enquiry that are read; what follows is left unread and flagged `too_long`."""

_SURROGATE = re.compile("[\ud800-\udfff]")


@enum.unique
class Service(enum.StrEnum):
    """What an enquiry needs. `OTHER`: neither of the clinic's two services answers it."""

    PHYSIOTHERAPY = "physiotherapy"
    MASSAGE = "massage"
    OTHER = "other"


@enum.unique
class Decision(enum.StrEnum):
    """What the website does next."""

    ROUTE = "route"
    CONFIRM = "confirm"
    ESCALATE = "escalate"


@dataclass(frozen=True, slots=True)
class Enquiry:
    """A visitor's message.

    text : as received, 1 or more characters that are not all white space, no NUL, no lone surrogate
    id : the caller's name for it; may be empty

    Raises InvalidEnquiry when the text cannot be read.
    """

    text: str
    id: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise InvalidEnquiry("text", f"must be text, not {type(self.text).__name__}")
        if not self.text.strip():
            raise InvalidEnquiry("text", "is empty")
        if "\0" in self.text:
            raise InvalidEnquiry("text", "contains a NUL character")
        if _SURROGATE.search(self.text):
            raise InvalidEnquiry("text", "contains a lone surrogate, which is not a character")


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """The part of the text that carries a flag: `text[start:end]` of the enquiry as received, in code points."""

    start: int
    end: int
    text: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"start": self.start, "end": self.end, "text": self.text}


@dataclass(frozen=True, slots=True)
class Flag:
    """A reason to ask, or to bring in a person."""

    code: str
    source: Literal["rule", "model", "policy"]
    evidence: tuple[Evidence, ...] = ()

    @property
    def urgency(self) -> Urgency:
        """As the taxonomy has it."""
        return taxonomy()[self.code].urgency

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "code": self.code,
            "urgency": self.urgency.label,
            "source": self.source,
            "evidence": [span.to_dict() for span in self.evidence],
        }


@dataclass(frozen=True, slots=True)
class SetAside:
    """A mention of a red flag that its context denies: never a flag, kept so that a reviewer can see it.

    axis : why it was set aside; cue : the words that did it
    """

    code: str
    rule: str
    axis: Literal["denied", "past", "hypothetical", "other_person", "figure"]
    cue: str
    evidence: Evidence

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "code": self.code,
            "rule": self.rule,
            "axis": self.axis,
            "cue": self.cue,
            "evidence": self.evidence.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one enquiry.

    probabilities : calibrated, one for each Service, in its order; they sum to 1. Empty when no classifier answered
    flags : the gravest first, each code at most once
    language : ISO 639-1
    set_aside : mentions judged to state no present sign (for the audit, not for the visitor)
    failure : name of the error that kept a part of the model from answering, or empty
    """

    id: str
    model_version: str
    probabilities: Mapping[Service, float]
    flags: tuple[Flag, ...]
    language: str
    set_aside: tuple[SetAside, ...] = ()
    failure: str = ""
    _best: Service = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "probabilities", MappingProxyType(dict(self.probabilities)))
        best = max(self.probabilities, key=self.probabilities.__getitem__, default=Service.OTHER)
        object.__setattr__(self, "_best", best)

    @property
    def service(self) -> Service | None:
        """The service that fits, or None when neither does."""
        return None if self._best is Service.OTHER else self._best

    @property
    def confidence(self) -> float:
        """Calibrated probability that `service` (or its absence) is right; 0 when no classifier answered."""
        return self.probabilities.get(self._best, 0.0)

    @property
    def urgency(self) -> Urgency:
        """The highest among the flags."""
        return max((flag.urgency for flag in self.flags), default=Urgency.NONE)

    @property
    def decision(self) -> Decision:
        """Follows from the urgency alone, so that nothing can be configured to route an emergency."""
        if self.urgency >= Urgency.REVIEW:
            return Decision.ESCALATE
        return Decision.CONFIRM if self.urgency == Urgency.CONFIRM else Decision.ROUTE

    @property
    def message_key(self) -> str:
        """Names the visitor's message: the gravest flag's, or that of the service routed to."""
        return taxonomy()[self.flags[0].code].message if self.flags else f"route_{self._best}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON, without the visitor's message, which the service adds."""
        return {
            "id": self.id,
            "model_version": self.model_version,
            "service": self.service,
            "confidence": round(self.confidence, 4),
            "probabilities": {str(service): round(value, 4) for service, value in self.probabilities.items()},
            "decision": str(self.decision),
            "escalate": self.decision is Decision.ESCALATE,
            "urgency": self.urgency.label,
            "flags": [flag.to_dict() for flag in self.flags],
            "language": self.language,
        }
