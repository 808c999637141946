"""What goes over the wire, for validation and for the specification."""

import re
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from model.manifest import PromiseFigures, ThresholdFigures
from model.taxonomy import annotated_codes
from model.types import Decision, Service
from service.tables import Channel

BATCH_LIMIT = 100
"""Enquiries in one batch."""


def _known(code: str) -> str:
    if code not in annotated_codes():
        raise PydanticCustomError("unknown_flag", "is no flag of the annotation guide")
    return code


Code = Annotated[str, Field(json_schema_extra={"enum": list(annotated_codes())}), AfterValidator(_known)]
_CONTROLS = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"
_CONTROL = re.compile(f"[{_CONTROLS}]")
# What the specification says of a text; besides control characters it is model.types.Enquiry that checks it.
_TEXT_SCHEMA = {"minLength": 1, "pattern": rf"^[^{_CONTROLS}]*[^\s{_CONTROLS}][^{_CONTROLS}]*$"}


class EnquiryBody(BaseModel):
    """What a website posts."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[
        str,
        Field(description="The enquiry as the visitor wrote it", strict=True, json_schema_extra=_TEXT_SCHEMA),
    ]

    channel: Annotated[Channel | None, Field(description="How it came, for the log: figures are shown by it")] = None

    @field_validator("text")
    @classmethod
    def _is_written_text(cls, text: str) -> str:
        # Nobody types these; a site that sends them has garbled the enquiry, and should learn of it.
        if found := _CONTROL.search(text):
            reason = f"contains the control character U+{ord(found.group()):04X}"
            raise PydanticCustomError("control_character", reason)
        return text


class AskedBody(EnquiryBody):
    """One enquiry, and whether the answer is to say why."""

    explain: Annotated[
        bool, Field(description="Adds the words and clauses that pushed towards each service", strict=True)
    ] = False


class BatchBody(BaseModel):
    """Several enquiries at once."""

    model_config = ConfigDict(extra="forbid")
    enquiries: Annotated[list[EnquiryBody], Field(min_length=1, max_length=BATCH_LIMIT)]


class IdempotencyHeader(BaseModel):
    """A name for the request, so that sending it again changes nothing."""

    key: Annotated[
        str | None,
        Field(
            alias="Idempotency-Key",
            pattern=r"^[!-~]{1,255}$",
            description="Any new name, for instance a UUID made when the form was opened. "
            "The same key with the same enquiry gets the first answer again, and one row in the log.",
        ),
    ] = None

    @classmethod
    @cache
    def model_json_schema(cls, *arguments: Any, **options: Any) -> dict[str, Any]:  # type: ignore[override]
        """Made once: flask-openapi3 asks for it with every request, and it took a twentieth of its time."""
        return super().model_json_schema(*arguments, **options)


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


class PushBody(BaseModel):
    """A span that pushed towards or away from services, in log-odds against their mean."""

    start: int
    end: int
    text: str
    part: Annotated[
        Literal["words", "clause"],
        Field(description="`words`: exact, by the linear models; `clause`: what the encoder's scores lose without it"),
    ]
    towards: dict[Service, float]


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
    explanation: Annotated[
        list[PushBody] | None,
        Field(default=None, description="Only where it was asked for; null when a part of the model could not say"),
    ]


class BatchAnswerBody(BaseModel):
    """The answers, in the order of the enquiries."""

    predictions: list[PredictionBody]


class SpanBody(BaseModel):
    """A span of the text, in Unicode code points; the words are in the text, as far as it was kept."""

    start: int
    end: int


class LoggedFlagBody(BaseModel):
    """A flag as the log keeps it."""

    code: str
    urgency: Literal["confirm", "review", "urgent", "emergency"]
    source: Literal["rule", "model", "policy"]
    evidence: list[SpanBody]


class SetAsideBody(BaseModel):
    """A mention of a red flag whose context says that it is no present sign."""

    code: str
    rule: str
    axis: Literal["denied", "past", "hypothetical", "other_person", "figure"]
    cue: str
    evidence: list[SpanBody]


class PredictionPath(BaseModel):
    """Which prediction."""

    id: Annotated[UUID, Field(description="The id that the answer gave")]


class ReviewBody(BaseModel):
    """What is right, in the labels of the annotation guide; at least one of `service` and `flags`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "anyOf": [
                {"required": ["service"], "properties": {"service": {"type": "string"}}},
                {"required": ["flags"], "properties": {"flags": {"type": "array"}}},
            ]
        },
    )
    service: Annotated[Service | None, Field(description="The service that fits")] = None
    flags: Annotated[
        list[Code] | None, Field(max_length=len(annotated_codes()), description="All flags that apply; [] for none")
    ] = None
    note: Annotated[str | None, Field(max_length=2_000, description="Kept as the enquiry is", strict=True)] = None
    sample: Annotated[
        str | None,
        Field(pattern=r"^[a-z0-9_]{1,32}$", description="The sample worked through; `random` is never trained on"),
    ] = None

    @model_validator(mode="after")
    def _judges_something(self) -> "ReviewBody":
        if self.service is None and self.flags is None:
            raise PydanticCustomError("nothing_judged", "give service, flags, or both")
        return self

    @field_validator("note")
    @classmethod
    def _can_be_kept(cls, note: str | None) -> str | None:
        if note and ("\0" in note or any("\ud800" <= character <= "\udfff" for character in note)):
            raise PydanticCustomError("unreadable", "contains NUL or a lone surrogate")
        return note


class StoredReviewBody(BaseModel):
    """A review as it was given."""

    id: str
    prediction_id: str
    created: datetime
    reviewer: Annotated[str, Field(description="Name of the API key it came with")]
    service: Service | None
    flags: list[str] | None
    note: str | None
    sample: str | None


class LoggedPredictionBody(BaseModel):
    """What the log holds of one enquiry."""

    id: str
    created: datetime
    model_version: str
    text: Annotated[str | None, Field(description="Redacted, in full or null, as configured")]
    channel: Channel | None
    language: str
    service: Literal[Service.PHYSIOTHERAPY, Service.MASSAGE] | None
    confidence: Annotated[float, Field(ge=0, le=1)]
    probabilities: dict[Service, float]
    decision: Decision
    urgency: Literal["none", "confirm", "review", "urgent", "emergency"]
    flags: list[LoggedFlagBody]
    set_aside: list[SetAsideBody]
    reviews: list[StoredReviewBody]


class ReviewsQuery(BaseModel):
    """Which reviews."""

    model_config = ConfigDict(extra="forbid")
    after: Annotated[UUID | None, Field(description="Only those given after this one: `next` of the page before")] = (
        None
    )
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


class ReviewsBody(BaseModel):
    """A page of reviews, the oldest first."""

    reviews: list[StoredReviewBody]
    next: Annotated[str | None, Field(description="Give it as `after` for the next page; null on the last one")]


class ModelBody(BaseModel):
    """The model that answers."""

    version: str
    created: datetime
    thresholds: ThresholdFigures
    promise: Annotated[
        PromiseFigures | None, Field(description="What routing promises; null when nothing can be promised or routed")
    ]
    figures: Annotated[dict[str, Any], Field(description="Measured on writers the model never saw")]
    encoder: str | None


class AliveBody(BaseModel):
    """The process lives."""

    status: Literal["ok"]


class ReadyBody(BaseModel):
    """Whether it can answer and keep what it answers."""

    status: Literal["ready", "degraded"]
    model_version: str
    model: Annotated[str, Field(description="`ok`, or why a promoted model was refused while the one before serves on")]
    log: Annotated[str, Field(description="`ok`, or why the log cannot be used")]
    spool_bytes: Annotated[int, Field(ge=0, description="Waiting on this machine until the log can take it")]
    unlogged: Annotated[int, Field(ge=0, description="Answers lost to the log since the start")]
