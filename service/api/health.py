"""For whoever watches over the service."""

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from service.answering import NoModel
from service.api.bodies import AliveBody, ReadyBody
from service.api.problems import answers
from service.models import Models
from service.recording import Recorder


def health_api(models: Models, recorder: Recorder) -> APIBlueprint:
    """Liveness and readiness."""
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
        status = "ready" if log["log"] == "ok" and not log["unlogged"] else "degraded"
        return jsonify({"status": status, "model_version": serving.model.version} | log)

    return api
