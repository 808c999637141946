"""The page at `/`, the form's script, and the form's post for visitors without JavaScript."""

import gzip
from collections.abc import Callable, Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Literal

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from model.errors import InvalidEnquiry, TriageError
from service.answering import NoModel
from service.form import SERVICES, FormWording, kind_of, numbers_to_call

Answer = Callable[[str], Mapping[str, Any]]
"""From an enquiry's text to the answer as JSON. Raises InvalidEnquiry, or another TriageError when it cannot answer."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)


def pages(answer: Answer, wording: FormWording, clinic: Mapping[str, Any]) -> Blueprint:
    """Build the pages.

    clinic : facts and words of the page, as in messages/clinic.toml
    """
    blueprint = Blueprint("pages", __name__)
    page, script = _ClinicPage(wording, clinic), _Script(wording.script().encode())

    @blueprint.get("/")
    def home() -> str:
        return page.with_form()

    # Before the folder of static files, which holds the script without its wording.
    @blueprint.get("/static/enquiry-form.js")
    def form_script() -> Response:
        return script.response()

    @blueprint.get("/enquiry")
    def enquiry_by_address() -> ResponseReturnValue:
        return redirect(url_for("pages.home", lang=page.language()))

    @blueprint.post("/enquiry")
    def enquiry() -> ResponseReturnValue:
        text = _text()
        if not text:
            return page.with_form(empty=True), HTTPStatus.UNPROCESSABLE_ENTITY
        return page.with_answer(answer(text), text)

    @blueprint.errorhandler(Exception)
    def failed(error: Exception) -> ResponseReturnValue:
        """Whatever goes wrong, the visitor sees the page, with ways to a person and the text still there."""
        status = _status(error)
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return page.with_failure("long"), status
        return page.with_failure("busy" if status == HTTPStatus.TOO_MANY_REQUESTS else "failed", _text()), status

    blueprint.after_request(_protect)
    return blueprint


def _status(error: Exception) -> HTTPStatus:
    if isinstance(error, InvalidEnquiry):
        return HTTPStatus.UNPROCESSABLE_ENTITY
    if isinstance(error, NoModel):
        return HTTPStatus.SERVICE_UNAVAILABLE
    if isinstance(error, TriageError):
        return HTTPStatus.SERVICE_UNAVAILABLE
    if isinstance(error, HTTPException) and error.code:
        return HTTPStatus(error.code)
    # The type alone: a message or a traceback with values might carry the enquiry.
    current_app.logger.error("unexpected %s", type(error).__name__)
    return HTTPStatus.INTERNAL_SERVER_ERROR


def _protect(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
    return response


class _ClinicPage:
    """The page at `/`: with its form alone, or with an answer or a failure below the form."""

    def __init__(self, wording: FormWording, clinic: Mapping[str, Any]) -> None:
        self._wording, self._clinic = wording, clinic

    def with_form(self, *, empty: bool = False) -> str:
        return self._render(empty=empty)

    def with_answer(self, answer: Mapping[str, Any], text: str) -> str:
        language = self._wording.known(answer["language"])
        numbers = numbers_to_call(self._wording.of(language), answer["message"])
        return self._render(
            text=text, kind=kind_of(answer), answer=answer, numbers=numbers, **self._words_of_answer(language)
        )

    def with_failure(self, failure: Literal["failed", "busy", "long"], text: str = "") -> str:
        # What was too large to be read has no readable language field either.
        language = self._preferred() if failure == "long" else self.language()
        return self._render(language, text=text, kind=failure, **self._words_of_answer(language))

    def language(self) -> str:
        """As asked for, else as the browser prefers, else English."""
        asked = str(request.values.get("lang", ""))
        return asked if asked in self._wording.languages else self._preferred()

    def _preferred(self) -> str:
        return request.accept_languages.best_match(list(self._wording.languages)) or "en"

    def _words_of_answer(self, language: str) -> dict[str, Any]:
        return {"answer_lang": language, "its": self._wording.of(language)}

    def _render(self, language: str | None = None, **shown: Any) -> str:
        lang = language or self.language()
        return render_template(
            "clinic.html",
            lang=lang,
            languages={code: self._clinic[code]["language"] for code in self._wording.languages},
            clinic=self._clinic,
            words=self._wording.of(lang),
            page=self._clinic[lang],
            services=SERVICES,
            **shown,
        )


class _Script:
    """The script as sent: compressed once, asked for again only when it has changed."""

    def __init__(self, content: bytes) -> None:
        self._plain, self._packed = content, gzip.compress(content, mtime=0)
        self._tag = sha256(content).hexdigest()[:16]

    def response(self) -> Response:
        packed = request.accept_encodings.quality("gzip") > 0
        response = Response(self._packed if packed else self._plain, mimetype="text/javascript")
        if packed:
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = "public, max-age=300"
        # Any website may embed it, also one that asks for it with CORS.
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.set_etag(f"{self._tag}{'-gzip' if packed else ''}")
        response.make_conditional(request)
        return response


def _text() -> str:
    """What was posted; an answer to the form's question is added to the text that it was asked about."""
    parts = [request.form.get("text", ""), request.form.get("more", "")]
    return "\n".join(part.replace("\r\n", "\n").strip() for part in parts if part.strip())
