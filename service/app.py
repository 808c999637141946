"""The web application, built by a function."""

import json
from functools import partial
from typing import Any

from flask import Response, jsonify, request
from flask.json.provider import DefaultJSONProvider
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.middleware.proxy_fix import ProxyFix

from service.access import SECURITY
from service.answering import Answering
from service.api.health import health_api
from service.api.predictions import predictions_api
from service.api.problems import Problem, register_problems, unreadable_request
from service.api.records import records_api
from service.browsers import protect_browsers
from service.config import ServiceSettings
from service.docs import serve_docs
from service.form import packaged_clinic, packaged_wording
from service.keys import Keys
from service.limits import limit_calls
from service.log import PredictionLog
from service.metrics import Metrics, measure
from service.models import Models
from service.pages import pages
from service.recording import Recorder
from service.shadow import Shadow
from service.wording import Messages

BODY_LIMIT = 64 * 1024
"""Bytes of a request's body."""


class _Json(DefaultJSONProvider):
    """JSON in the order of the documentation, with accents as they are."""

    ensure_ascii = False
    sort_keys = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """JSON that is nested too deeply is no JSON to us."""
        try:
            return super().loads(s, **kwargs)
        except RecursionError:
            raise json.JSONDecodeError("nested too deeply", "", 0) from None


def create_app(
    models: Models,
    log: PredictionLog,
    messages: Messages,
    settings: ServiceSettings | None = None,
    *,
    recorder: Recorder | None = None,
    metrics: Metrics | None = None,
    shadow: Shadow | None = None,
) -> OpenAPI:
    """Build the application.

    models : hands out the model that serves; while it has none, predictions are answered 503: hand the enquiry over
    settings : without them, those of an empty environment
    recorder, metrics, shadow : those that the caller holds on to; otherwise made here, and the recorder without a spool
    """
    settings = settings or ServiceSettings.from_environment({})
    app = OpenAPI(
        __name__,
        info=Info(title="Enquiry triage", version="1"),
        doc_ui=False,
        security_schemes=SECURITY,  # type: ignore[arg-type]
        validation_error_callback=unreadable_request,
        validation_error_model=Problem,
    )
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.json = _Json(app)
    register_problems(app)
    app.before_request(_refuse_other_charsets)
    metrics = metrics or Metrics()
    measure(app, metrics)
    recorder, keys = recorder or Recorder(log, metrics), Keys(log.database)
    shadow = shadow or Shadow(lambda: models.challenger, log.database)
    answering = Answering(models, recorder, messages, shadow, metrics)
    asking = predictions_api(answering, models)
    records = records_api(log, recorder, keys)
    site = pages(partial(answering.answer, channel="form"), packaged_wording(), packaged_clinic())
    limit_calls(app, settings, keys, asking, records, site)
    protect_browsers(app, settings)
    if settings.trusted_proxies:
        trusted = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted, x_proto=trusted)  # type: ignore[method-assign]
    app.register_api(asking)
    app.register_api(records)
    app.register_api(health_api(models, recorder, metrics))
    app.register_blueprint(site)
    serve_docs(app)

    @app.get("/openapi.json", doc_ui=False)
    def specification() -> Response:
        return jsonify(app.api_doc)

    return app


def _refuse_other_charsets() -> None:
    if request.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType("Send the body in UTF-8.")
