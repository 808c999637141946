"""Errors as RFC 9457 problem documents: always JSON, saying what the caller can do, never quoting the enquiry."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field, ValidationError
from werkzeug.exceptions import HTTPException

from model.errors import InvalidEnquiry
from service.answering import KeyReused, NoModel
from service.log import LogUnavailable


class Fault(BaseModel):
    """A part of the request that cannot be used."""

    field: str = Field(description="Path of the field, with dots")
    reason: str = Field(description="Why it cannot be used")


class Problem(BaseModel):
    """RFC 9457 problem document."""

    type: str = Field(description="URN that names the kind of problem")
    title: str = Field(description="The kind of problem in a few words")
    status: int = Field(description="HTTP status")
    detail: str = Field(description="What went wrong, and what to do")
    errors: list[Fault] = Field(default_factory=list, description="The fields at fault")


def problem(kind: str, status: HTTPStatus, detail: str, errors: Sequence[Fault] = ()) -> Response:
    """A response that carries a problem document."""
    document = Problem(
        type=f"urn:enquiry-triage:problem:{kind}",
        title=kind.replace("-", " ").capitalize(),
        status=status,
        detail=detail,
        errors=list(errors),
    )
    body = document.model_dump(exclude_defaults=True) | {"status": int(status)}
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/problem+json")


def unreadable_request(error: ValidationError) -> Response:
    """For a body or parameter that is not of the declared form; pydantic's copy of the input is left out."""
    if request.method == "POST" and not request.is_json:
        detail = "Send the body as JSON, with the header Content-Type: application/json."
        return problem("unsupported-media-type", HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
    if request.method == "POST" and request.get_json(silent=True) is None and request.get_data().strip() != b"null":
        return problem("bad-request", HTTPStatus.BAD_REQUEST, "The body is not JSON.")
    faults = [
        Fault(field=_path(item["loc"]), reason=item["msg"])
        for item in error.errors(include_input=False, include_url=False, include_context=False)
    ]
    return problem(
        "invalid-request", HTTPStatus.UNPROCESSABLE_ENTITY, "The request is not of the declared form.", faults
    )


def _path(location: Sequence[str | int]) -> str:
    """Path of a field. The names in it are the caller's: cut short, and no lone surrogate."""
    path = ".".join(str(part)[:40] for part in location)
    return path.encode("utf-8", "replace").decode() or "body"


def answers(good: Mapping[int, type[BaseModel] | dict[str, Any] | None], *bad: int) -> dict[int | str, Any]:
    """An operation's answers for the specification: models by status, and the statuses of its problem documents.

    422 and 429 (too many requests) and 500 are among them always.
    """
    schema = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    problems = {
        str(status): {"description": HTTPStatus(status).phrase, "content": schema} for status in {*bad, 422, 429, 500}
    }
    return {**{str(status): body for status, body in good.items()}, **dict(sorted(problems.items()))}


def register_problems(app: Flask) -> None:
    """Answer every error with a problem document."""

    @app.errorhandler(InvalidEnquiry)
    def _invalid(error: InvalidEnquiry) -> ResponseReturnValue:
        fault = Fault(field=error.field, reason=error.reason)
        return problem("invalid-enquiry", HTTPStatus.UNPROCESSABLE_ENTITY, "The enquiry cannot be read.", [fault])

    @app.errorhandler(KeyReused)
    def _reused(error: KeyReused) -> ResponseReturnValue:
        return problem("idempotency-key-reused", HTTPStatus.CONFLICT, str(error))

    @app.errorhandler(NoModel)
    def _no_model(error: NoModel) -> ResponseReturnValue:
        return problem("no-model", HTTPStatus.SERVICE_UNAVAILABLE, str(error))

    @app.errorhandler(LogUnavailable)
    def _no_log(error: LogUnavailable) -> ResponseReturnValue:
        current_app.logger.error("%s", error)
        detail = "The prediction log cannot be reached. Nothing was changed; please try again later."
        return problem("log-unavailable", HTTPStatus.SERVICE_UNAVAILABLE, detail)

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> ResponseReturnValue:
        status = HTTPStatus(error.code or 500)
        response = problem(status.phrase.lower().replace(" ", "-"), status, error.description or status.phrase)
        for name, value in error.get_headers():
            if name.lower() not in {"content-type", "content-length"}:
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> ResponseReturnValue:
        # The type alone: a message or a traceback with values might carry the enquiry.
        current_app.logger.error("unexpected %s", type(error).__name__)
        detail = "Something went wrong here. Please hand the enquiry to a person."
        return problem("internal-error", HTTPStatus.INTERNAL_SERVER_ERROR, detail)
