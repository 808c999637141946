"""The web application, built by a function."""

from http import HTTPStatus

from flask import Response, jsonify
from flask.json.provider import DefaultJSONProvider
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI

from model.triage import TriageModel
from service.answering import Answering
from service.bodies import EnquiryBody, PredictionBody
from service.form import packaged_clinic, packaged_wording
from service.log import PredictionLog
from service.pages import pages
from service.problems import Problem, problem, register_problems, unreadable_request
from service.wording import Messages

BODY_LIMIT = 64 * 1024
"""Bytes of a request's body."""


class _Json(DefaultJSONProvider):
    """JSON in the order of the documentation, with accents as they are."""

    ensure_ascii = False
    sort_keys = False


def create_app(model: TriageModel | None, log: PredictionLog, messages: Messages) -> OpenAPI:
    """Build the application.

    model : None when none could be loaded: predictions are then answered 503, with the advice to hand over
    """
    app = OpenAPI(
        __name__,
        info=Info(title="Enquiry triage", version="1"),
        doc_ui=False,
        validation_error_callback=unreadable_request,
        responses={422: Problem, 503: Problem},
    )
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.json = _Json(app)
    register_problems(app)
    answering = Answering(model, log, messages) if model else None

    # Views return Response: flask-openapi3 resolves their annotations, and those of flask.typing do not resolve.
    @app.post("/v1/predictions", summary="Read an enquiry", responses={200: PredictionBody})
    def predict(body: EnquiryBody) -> Response:
        return jsonify(answering.answer(body.text)) if answering else _no_model()

    @app.get("/healthz", summary="Is the process alive?")
    def alive() -> Response:
        return jsonify(status="ok")

    @app.get("/readyz", summary="Can it answer, and does the log keep up?")
    def ready() -> Response:
        return jsonify(answering.readiness()) if answering else _no_model()

    @app.get("/openapi.json", doc_ui=False)
    def specification() -> Response:
        return jsonify(app.api_doc)

    app.register_blueprint(pages(answering.answer if answering else None, packaged_wording(), packaged_clinic()))
    return app


def _no_model() -> Response:
    detail = "No model is loaded. Please hand the enquiry to a person."
    return problem("no-model", HTTPStatus.SERVICE_UNAVAILABLE, detail)
