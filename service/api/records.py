"""What the log holds: reading, reviewing and erasing, each with a key."""

from flask import Response, jsonify, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from werkzeug.exceptions import NotFound

from service.access import caller, require
from service.api.bodies import (
    LoggedPredictionBody,
    PredictionPath,
    ReviewBody,
    ReviewsBody,
    ReviewsQuery,
    StoredReviewBody,
)
from service.api.problems import answers
from service.keys import Keys
from service.log import PredictionLog, as_json
from service.recording import Recorder
from service.reviews import Reviews


def records_api(log: PredictionLog, recorder: Recorder, keys: Keys) -> APIBlueprint:
    """The endpoints that need a key: `review` to read and to review, `admin` to erase."""
    api = APIBlueprint(
        "records", __name__, url_prefix="/v1", abp_tags=[Tag(name="The log")], abp_security=[{"key": []}]
    )
    reviews = Reviews(log)

    @api.before_request
    def _allowed() -> None:
        require(keys, "admin" if request.method == "DELETE" else "review")

    @api.get(
        "/predictions/<id>",
        summary="What the log holds of one enquiry",
        responses=answers({200: LoggedPredictionBody}, 401, 403, 404, 503),
    )
    def read(path: PredictionPath) -> Response:
        row = log.get(str(path.id))
        if row is None:
            raise _unknown()
        return jsonify(as_json(row) | {"reviews": [as_json(review) for review in reviews.of(row.id)]})

    @api.delete(
        "/predictions/<id>",
        summary="Erase one enquiry, its answer and its reviews",
        responses=answers({204: None}, 401, 403, 404, 503),
    )
    def erase(path: PredictionPath) -> Response:
        recorder.flush()  # it may still be on its way
        if not log.erase(str(path.id)):
            raise _unknown()
        return Response(status=204)

    @api.post(
        "/predictions/<id>/reviews",
        summary="Say what is right",
        description="Reviews are only ever added; the latest one of a prediction counts.",
        responses=answers({201: StoredReviewBody}, 400, 401, 403, 404, 413, 415, 503),
    )
    def review(path: PredictionPath, body: ReviewBody) -> Response:
        kept = reviews.add(str(path.id), caller(), body.service, body.flags, body.note, body.sample)
        if kept is None:
            raise _unknown()
        response = jsonify(as_json(kept))
        response.status_code = 201
        return response

    @api.get("/reviews", summary="All reviews, the oldest first", responses=answers({200: ReviewsBody}, 401, 403, 503))
    def all_reviews(query: ReviewsQuery) -> Response:
        found = reviews.page(str(query.after) if query.after else None, query.limit + 1)
        page, more = found[: query.limit], len(found) > query.limit
        return jsonify(reviews=[as_json(review) for review in page], next=page[-1].id if more else None)

    return api


def _unknown() -> NotFound:
    return NotFound("The log has no prediction of that id: it was erased, is past its time, or was never made.")
