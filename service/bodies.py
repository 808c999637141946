"""What goes over the wire, for validation and for the specification."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from model.types import Decision, Service


class EnquiryBody(BaseModel):
    """What a website posts."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[str, Field(description="The enquiry as the visitor wrote it", strict=True)]


class EvidenceBody(BaseModel):
    """A span of the text as received, in Unicode code points."""

    start: int
    end: int
    text: str


class FlagBody(BaseModel):
    """A reason to ask, or to bring in a person."""

    code: str
    urgency: Literal["confirm", "review", "urgent", "emergency"]
    source: Literal["rule", "model", "policy"]
    evidence: list[EvidenceBody]


class PredictionBody(BaseModel):
    """The answer."""

    id: str
    model_version: str
    service: Literal[Service.PHYSIOTHERAPY, Service.MASSAGE] | None
    confidence: Annotated[float, Field(ge=0, le=1)]
    probabilities: dict[Service, float]
    decision: Decision
    escalate: bool
    urgency: Literal["none", "confirm", "review", "urgent", "emergency"]
    flags: list[FlagBody]
    language: str
    message: Annotated[str, Field(description="What to tell the visitor, in the language of the enquiry")]
