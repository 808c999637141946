"""Asking: public to the website, limited by client."""

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from service.answering import Answering, NoModel
from service.api.bodies import AskedBody, BatchAnswerBody, BatchBody, IdempotencyHeader, ModelBody, PredictionBody
from service.api.problems import answers
from service.models import Models

_REFUSED = (400, 409, 413, 415, 503)


def predictions_api(answering: Answering, models: Models) -> APIBlueprint:
    """The endpoints that need no key."""
    api = APIBlueprint("predictions", __name__, url_prefix="/v1", abp_tags=[Tag(name="Asking")])

    # Views return Response: flask-openapi3 resolves their annotations, and those of flask.typing do not resolve.
    @api.post(
        "/predictions", summary="Read an enquiry", responses=answers({200: PredictionBody}, 400, 409, 413, 415, 503)
    )
    def predict(header: IdempotencyHeader, body: AskedBody) -> Response:
        return jsonify(answering.answer(body.text, header.key, channel=body.channel, explain=body.explain))

    @api.post(
        "/predictions/batch",
        summary="Read up to 100 enquiries",
        description="All or none: if one cannot be read, the problem names it and nothing is logged.",
        responses=answers({200: BatchAnswerBody}, *_REFUSED),
    )
    def predict_batch(header: IdempotencyHeader, body: BatchBody) -> Response:
        enquiries = [(enquiry.text, enquiry.channel) for enquiry in body.enquiries]
        return jsonify(predictions=answering.answer_all(enquiries, header.key))

    @api.get("/model", summary="Which model answers, and how good it is", responses=answers({200: ModelBody}, 503))
    def model() -> Response:
        serving = models.serving
        if serving is None:
            raise NoModel
        manifest = serving.manifest
        return jsonify(
            version=manifest.version,
            created=manifest.created.isoformat(),
            thresholds=manifest.thresholds.model_dump(),
            promise=manifest.promise and manifest.promise.model_dump(),
            figures=manifest.figures,
            encoder=manifest.encoder and manifest.encoder[0],
        )

    return api
