"""Where the form is played: a browser, the real service, and a stand-in for each answer and each failure."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from model import Flag, Prediction, Service
from service.app import create_app
from service.form import packaged_clinic, packaged_wording
from service.log import PredictionLog
from service.models import Fixed
from service.pages import POLICY, pages
from service.wording import packaged_messages

CHROMIUM = Path("/usr/bin/chromium")
PHYSIO = {Service.PHYSIOTHERAPY: 0.97, Service.MASSAGE: 0.02, Service.OTHER: 0.01}
MASSAGE = {Service.PHYSIOTHERAPY: 0.02, Service.MASSAGE: 0.97, Service.OTHER: 0.01}
OTHER = {Service.PHYSIOTHERAPY: 0.1, Service.MASSAGE: 0.1, Service.OTHER: 0.8}

# Kind of answer: what a visitor wrote in English and Spanish, and what the model makes of it.
ANSWERS: Mapping[str, tuple[Mapping[str, str], Mapping[Service, float], tuple[str, ...]]] = {
    "physiotherapy": (
        {
            "en": "My knee has hurt on the stairs for three months and it gives way when I run.",
            "es": "Me duele la rodilla al bajar escaleras desde hace tres meses y me falla al correr.",
        },
        PHYSIO,
        (),
    ),
    "massage": (
        {
            "en": "I would love a relaxing massage on Friday, it has been a long week at the desk.",
            "es": "Me apetece un masaje relajante el viernes, he tenido una semana muy larga de oficina.",
        },
        MASSAGE,
        (),
    ),
    "confirm": (
        {
            "en": "I would like a massage for the shoulder that I cannot lift since the winter.",
            "es": "Quisiera un masaje para el hombro, que no puedo levantar desde el invierno.",
        },
        PHYSIO,
        ("service_mismatch",),
    ),
    "more": (
        {"en": "My back hurts, can I come?", "es": "Me duele la espalda, ¿puedo ir?"},
        PHYSIO,
        ("not_enough_information",),
    ),
    "review": (
        {
            "en": "I am five months pregnant and would like a massage for my legs.",
            "es": "Estoy embarazada de cinco meses y quisiera un masaje en las piernas.",
        },
        MASSAGE,
        ("pregnancy",),
    ),
    "refusal": (
        {"en": "Do you offer massages with a happy ending?", "es": "¿Hacen masajes con final feliz?"},
        OTHER,
        ("sexual_request",),
    ),
    "urgent": (
        {
            "en": "My calf is hot and twice its size since the flight, can you massage it?",
            "es": "Llevo la pantorrilla hinchada y caliente desde el vuelo, ¿me dan un masaje?",
        },
        PHYSIO,
        ("suspected_clot",),
    ),
    "discreet": (
        {"en": "My husband hits me and my ribs hurt.", "es": "Mi marido me pega y me duelen las costillas."},
        PHYSIO,
        ("safeguarding",),
    ),
    "emergency": (
        {
            "en": "My back is very bad, I feel numb between my legs and I cannot hold my urine.",
            "es": "Estoy fatal de la espalda, tengo dormida la entrepierna y se me escapa la orina.",
        },
        PHYSIO,
        ("cauda_equina",),
    ),
    "crisis": (
        {
            "en": "The pain never stops and I do not want to live any more.",
            "es": "El dolor no para nunca y ya no quiero vivir.",
        },
        OTHER,
        ("mental_health_crisis",),
    ),
}
FAILURES: Mapping[str, Mapping[str, str]] = {
    "failed": {
        "en": "My shoulder hurts when I swim, and the service is down.",
        "es": "Me duele el hombro al nadar y el servicio está caído.",
    },
    "busy": {
        "en": "My shoulder hurts when I swim, like that of everybody else today.",
        "es": "Me duele el hombro al nadar, como hoy a todo el mundo.",
    },
    "long": {
        "en": "My shoulder hurts when I swim, and it is a long story.",
        "es": "Me duele el hombro al nadar y es una historia larga.",
    },
    "slow": {
        "en": "My shoulder hurts when I swim, and the line is slow.",
        "es": "Me duele el hombro al nadar y la línea va lenta.",
    },
    "odd": {"en": "Another program answers here.", "es": "Aquí responde otro programa."},
}
_CODE = {text: kind for kind, texts in FAILURES.items() for text in texts.values()}
_ANSWER = {text: (kind, language) for kind, (texts, _, _) in ANSWERS.items() for language, text in texts.items()}


KNEE = ANSWERS["physiotherapy"][0]["en"]
BOX = {"physiotherapy": "route", "massage": "route"}
"""Boxes of the page where they are not named as the kind of answer."""


def text_of(kind: str, language: str) -> str:
    """What a visitor writes to get this answer or failure from the stand-in."""
    return (ANSWERS[kind][0] if kind in ANSWERS else FAILURES[kind])[language]


def stand_in_answer(text: str) -> dict[str, Any]:
    """The answer of a kind, in the service's own form and words; or the failure."""
    failure = _CODE.get(text)
    if failure == "failed":
        abort(503)
    if failure == "long":
        abort(413)
    if failure == "busy":
        abort(Response("{}", 429, {"Retry-After": "12"}) if request.path.startswith("/v1") else 429)
    if failure == "slow":
        time.sleep(4)
    if failure == "odd":
        abort(Response("<h1>A proxy's page</h1>", 200))
    # Text after a question has been answered, or a text of no list, is routed.
    kind, language = _ANSWER.get(text, ("physiotherapy", "es" if "ñ" in text or "rodilla" in text else "en"))
    _, probabilities, codes = ANSWERS[kind]
    flags = tuple(Flag(code, "rule") for code in codes)
    prediction = Prediction("0199", "20261123-000000", probabilities, flags, language)
    return prediction.to_dict() | {"message": packaged_messages().of(prediction)}


def stand_in_app() -> Flask:
    """The real pages over the stand-in, and `/elsewhere`, another website that embeds the form."""
    app = Flask("service.app")
    app.register_blueprint(pages(stand_in_answer, packaged_wording(), packaged_clinic()))
    received: list[str] = []
    app.extensions["received"] = received

    @app.post("/v1/predictions")
    def predict() -> ResponseReturnValue:
        text = request.get_json()["text"]
        received.append(text)
        return jsonify(stand_in_answer(text))

    @app.get("/elsewhere")
    def elsewhere() -> Response:
        # What the page is like and which attributes the script has comes in the address.
        page = {name: request.args.get(name, "") for name in ("lang", "dir", "style")}
        attributes = "".join(f' {name}="{value}"' for name, value in request.args.items() if name.startswith("data-"))
        html = (
            f'<!doctype html><html lang="{page["lang"]}" dir="{page["dir"]}"><meta name="viewport" '
            'content="width=device-width"><link rel="icon" href="/static/mark.svg"><title>Elsewhere</title>'
            f'<link rel="stylesheet" href="/elsewhere.css?style={page["style"]}"><main><h1>Elsewhere</h1>'
            '<form method="post" action="/enquiry"><label>Text <textarea name="text"></textarea></label></form>'
            f'<script src="/static/enquiry-form.js" data-endpoint="/v1/predictions"{attributes}></script></main></html>'
        )
        return Response(html, headers={"Content-Security-Policy": POLICY})

    @app.get("/elsewhere.css")
    def style() -> Response:
        return Response(request.args.get("style", ""), mimetype="text/css")

    return app


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - as werkzeug names it
        """Say nothing."""


@contextmanager
def served_by(app: Flask) -> Iterator[str]:
    """The address of an application that a thread serves."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; none is ever downloaded."""
    if not CHROMIUM.exists():
        pytest.skip(f"no browser: {CHROMIUM} is not there (apt-get install chromium)")
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=quiet, chromium_sandbox=False)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def stage_app() -> Flask:
    return stand_in_app()


@pytest.fixture(scope="session")
def stage(stage_app: Flask) -> Iterator[str]:
    with served_by(stage_app) as address:
        yield address


@pytest.fixture
def real(serving: Fixed, log: PredictionLog) -> Iterator[str]:
    with served_by(create_app(serving, log, packaged_messages())) as address:
        yield address


Opening = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Opening]:
    """Open an address in a browser of its own; what the page complains of fails the test at its end."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opening(address: str, *, complaints_fail: bool = True, **options: Any) -> Page:
        context = browser.new_context(**{"reduced_motion": "reduce", "locale": "en-GB"} | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        if complaints_fail:
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        page.goto(address)
        return page

    yield opening
    for context in contexts:
        context.close()
    assert complaints == []


def ask(page: Page, text: str) -> None:
    """Write and send."""
    page.locator("#text").fill(text)
    page.locator(".enquiry .button").first.click()
    page.mouse.move(0, 0)  # what lies under the pointer looks different


def answer_of(page: Page, kind: str) -> Any:
    """The answer's box, once it is of this kind."""
    box = page.locator(f".answer[data-kind={kind}]")
    box.wait_for()
    return box


def links(page: Page) -> list[str]:
    return [str(link.get_attribute("href")) for link in page.locator(".enquiry .answer a").all()]
