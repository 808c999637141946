"""For whoever watches over the service."""

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from prometheus_client import CONTENT_TYPE_LATEST

from service.answering import NoModel
from service.api.bodies import AliveBody, ReadyBody
from service.api.problems import answers
from service.metrics import Metrics
from service.models import Models
from service.recording import Recorder

_FIGURES = {"description": "Prometheus's text format", "content": {"text/plain": {"schema": {"type": "string"}}}}


def health_api(models: Models, recorder: Recorder, metrics: Metrics) -> APIBlueprint:
    """Liveness, readiness, figures."""
    api = APIBlueprint("health", __name__, abp_tags=[Tag(name="Watching")])

    @api.get("/healthz", summary="Is the process alive?", responses=answers({200: AliveBody}))
    def alive() -> Response:
        return jsonify(status="ok")

    @api.get("/readyz", summary="Can it answer, and does the log keep up?", responses=answers({200: ReadyBody}, 503))
    def ready() -> Response:
        serving = models.serving
        if serving is None:
            raise NoModel
        log = recorder.state()
        well = log["log"] == "ok" and not log["spool_bytes"] and not log["unlogged"] and not models.fault
        return jsonify(
            {
                "status": "ready" if well else "degraded",
                "model_version": serving.model.version,
                "model": models.fault or "ok",
            }
            | log
        )

    @api.get("/metrics", summary="Figures for Prometheus", responses=answers({200: _FIGURES}))
    def figures() -> Response:
        return Response(metrics.text(), content_type=CONTENT_TYPE_LATEST)

    return api
