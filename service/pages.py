"""The page at `/`, the form's script, and the form's post for visitors without JavaScript."""

import gzip
from collections.abc import Callable, Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, TooManyRequests

from model.errors import InvalidEnquiry
from service.form import SERVICES, FormWording, kind_of, numbers_to_call

Answer = Callable[[str], Mapping[str, Any]]
"""From an enquiry's text to the answer as JSON. Raises InvalidEnquiry."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)


def pages(answer: Answer | None, wording: FormWording, clinic: Mapping[str, Any]) -> Blueprint:
    """Build the pages.

    answer : None when there is no model: the visitor is then handed over to a person
    clinic : facts and words of the page, as in messages/clinic.toml
    """
    blueprint = Blueprint("pages", __name__)
    script = _Script(wording.script().encode())

    @blueprint.get("/")
    def home() -> str:
        return _page(wording, clinic)

    # Before the folder of static files, which holds the script without its wording.
    @blueprint.get("/static/enquiry-form.js")
    def form_script() -> Response:
        return script.response()

    @blueprint.get("/enquiry")
    def enquiry_by_address() -> ResponseReturnValue:
        return redirect(url_for("pages.home", lang=_language(wording)))

    @blueprint.post("/enquiry")
    def enquiry() -> ResponseReturnValue:
        text = _text()
        if not text.strip():
            return _page(wording, clinic, empty=True), HTTPStatus.UNPROCESSABLE_ENTITY
        if answer is None:
            return _page(wording, clinic, text, failure="failed"), HTTPStatus.SERVICE_UNAVAILABLE
        return _page(wording, clinic, text, answer=answer(text))

    @blueprint.errorhandler(Exception)
    def failed(error: Exception) -> ResponseReturnValue:
        """Whatever goes wrong, the visitor sees a page with the text still in it and ways to a person."""
        if isinstance(error, HTTPException) and error.response is not None and error.code is None:
            return error.response  # a redirect of the router
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        if isinstance(error, InvalidEnquiry):
            status = HTTPStatus.UNPROCESSABLE_ENTITY
        elif isinstance(error, HTTPException):
            status = HTTPStatus(error.code or status)
        else:
            # The type alone: a message or a traceback with values might carry the enquiry.
            current_app.logger.error("unexpected %s", type(error).__name__)
        failure = {RequestEntityTooLarge.code: "long", TooManyRequests.code: "busy"}.get(status, "failed")
        text = "" if failure == "long" else _text()
        return _page(wording, clinic, text, failure=failure), status

    @blueprint.after_request
    def protect(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        if response.mimetype == "text/html":
            response.headers["Content-Security-Policy"] = POLICY
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["Cache-Control"] = "no-store"
        return response

    return blueprint


class _Script:
    """The script as sent: compressed once, asked for again only when it has changed."""

    def __init__(self, content: bytes) -> None:
        self._plain, self._packed = content, gzip.compress(content, mtime=0)
        self._tag = sha256(content).hexdigest()[:16]

    def response(self) -> Response:
        packed = "gzip" in request.accept_encodings
        response = Response(self._packed if packed else self._plain, mimetype="text/javascript")
        if packed:
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = "public, max-age=300"
        # Any website may embed it, also one that asks for it with CORS.
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.set_etag(f"{self._tag}{'-gzip' if packed else ''}")
        return response.make_conditional(request)


def _text() -> str:
    """What was posted; an answer to the form's question is added to the text that it was asked about."""
    parts = [request.form.get("text", ""), request.form.get("more", "")]
    return "\n".join(part.replace("\r\n", "\n").strip() for part in parts if part.strip())


def _language(wording: FormWording) -> str:
    """As asked for, else as the browser prefers, else English."""
    asked = request.values.get("lang", "") if request.method == "GET" else request.form.get("lang", "")
    if asked in wording.languages:
        return asked
    return request.accept_languages.best_match(list(wording.languages)) or "en"


def _page(
    wording: FormWording,
    clinic: Mapping[str, Any],
    text: str = "",
    *,
    answer: Mapping[str, Any] | None = None,
    failure: str | None = None,
    empty: bool = False,
) -> str:
    language = "en" if failure == "long" else _language(wording)
    shown = wording.known(answer["language"]) if answer else language
    return render_template(
        "clinic.html",
        lang=language,
        languages={code: clinic[code]["language"] for code in wording.languages},
        clinic=clinic,
        words=wording.of(language),
        page=clinic[language],
        text=text,
        empty=empty,
        answer=answer,
        kind=kind_of(answer) if answer else failure,
        answer_lang=shown,
        its=wording.of(shown),
        numbers=numbers_to_call(wording.of(shown), answer["message"]) if answer else [],
        services=SERVICES,
    )
