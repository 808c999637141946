"""The pages and the script as the server gives them; what a browser makes of them is in test_form_browser.py."""

import gzip
import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from model.errors import InvalidFile
from service.app import create_app
from service.form import FormWording, packaged_clinic, packaged_wording
from service.log import LogUnavailable, PredictionLog
from service.models import Fixed
from service.pages import pages
from service.wording import packaged_messages

CLOT = "llevo la pantorrilla hinchada y caliente desde el vuelo, me dais un masaje?"
LIMIT = 15_000


def texts() -> dict[str, str]:
    folder = files("service") / "messages"
    return {language: (folder / f"form-{language}.toml").read_text("utf-8") for language in ("en", "es")}


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('send = "Enviar"', "", r"^messages/form-es\.toml: send: is missing or empty$"),
        ('send = "Enviar"', 'send = " "', r"^messages/form-es\.toml: send: is missing or empty$"),
        ('crisis = "No está', 'crises = "No está', r"^messages/form-es\.toml: heading\.crisis: is missing or empty$"),
        (
            "[book]",
            "[book]\nosteopathy = 'x'",
            r"^messages/form-es\.toml: book\.osteopathy: is not a key of this file$",
        ),
        ("[book]", "[book", r"^messages/form-es\.toml: syntax: "),
        (', line = "Emergencias. Gratis, día y noche."', "", r"^messages/form-es\.toml: calls\.112\.line: is missing"),
    ],
)
def test_a_wording_file_that_lacks_a_key_or_has_a_strange_one_is_refused_by_name(
    old: str, new: str, complaint: str
) -> None:
    assert old in texts()["es"]
    with pytest.raises(InvalidFile, match=complaint):
        FormWording(texts() | {"es": texts()["es"].replace(old, new, 1)})


def test_the_form_never_speaks_of_a_percentage() -> None:
    assert "%" not in json.dumps(packaged_wording().languages)


def test_every_number_that_a_message_or_the_form_names_has_a_button() -> None:
    for language, wording in packaged_wording().languages.items():
        messages = (files("service") / "messages" / f"{language}.toml").read_text("utf-8")
        named = set(re.findall(r"\b\d{3}\b", messages + json.dumps(wording["steps"]) + wording["failure"]["urgent"]))
        assert named <= set(wording["calls"])


def test_the_script_is_one_small_file_with_wording_and_style_in_it(client: FlaskClient, root: Path) -> None:
    packed = client.get("/static/enquiry-form.js", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/static/enquiry-form.js")
    assert gzip.decompress(packed.data) == plain.data
    assert plain.mimetype == "text/javascript"
    assert '"send":"Enviar"' in plain.text
    assert ".enquiry textarea" in plain.text
    assert len(packed.data) < LIMIT
    assert (root / "service" / "static" / "enquiry-form.js").stat().st_size < LIMIT


def test_the_script_is_sent_again_only_when_it_has_changed(client: FlaskClient) -> None:
    tag = client.get("/static/enquiry-form.js").headers["ETag"]
    assert client.get("/static/enquiry-form.js", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [("", "es-ES,es;q=0.9,en;q=0.5", "es"), ("", "de", "en"), ("?lang=es", "en", "es"), ("?lang=xx", "es", "es")],
)
def test_the_page_is_in_the_language_asked_for_then_the_browsers_then_english(
    client: FlaskClient, query: str, accepted: str, language: str
) -> None:
    page = client.get(f"/{query}", headers={"Accept-Language": accepted}).text
    assert f'<html lang="{language}"' in page
    assert packaged_wording().of(language)["label"] in page


def test_the_page_loads_nothing_from_elsewhere_and_forbids_inline_code(client: FlaskClient) -> None:
    response = client.get("/")
    loaded = re.findall(r'(?:src|<link[^>]* href)="([^"]+)"', response.text)
    assert len(loaded) > 4
    for address in loaded:
        assert address.startswith("/static/")
        with client.get(address) as asset:
            assert asset.status_code == 200
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert not re.search(r"style=|<style|<script(?! defer src)", response.text)
    assert "Set-Cookie" not in response.headers


def test_a_post_without_javascript_is_answered_on_the_page(client: FlaskClient) -> None:
    response = client.post("/enquiry", data={"text": CLOT, "lang": "en"})
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert '<html lang="en"' in response.text
    assert 'data-kind="urgent" lang="es"' in response.text
    assert "Acuda hoy a un médico" in response.text
    assert f">\n{CLOT}</textarea>" in response.text


def test_what_the_page_posts_is_logged_as_come_by_the_form(client: FlaskClient, log: PredictionLog) -> None:
    client.post("/enquiry", data={"text": CLOT})
    assert [row["channel"] for row in log.export()] == ["form"]


def test_an_answer_to_the_question_is_added_to_the_text(client: FlaskClient) -> None:
    page = client.post(
        "/enquiry", data={"text": "I want an appointment.", "more": "My knee gives way", "lang": "en"}
    ).text
    assert ">\nI want an appointment.\nMy knee gives way</textarea>" in page


def test_what_was_written_is_text_and_never_markup(client: FlaskClient) -> None:
    page = client.post("/enquiry", data={"text": "</textarea><script>alert(1)</script> my knee hurts"}).text
    assert "<script>alert" not in page
    assert "&lt;/textarea&gt;&lt;script&gt;alert(1)" in page


def test_an_empty_post_is_asked_for_a_few_words(client: FlaskClient) -> None:
    response = client.post("/enquiry", data={"text": "  ", "lang": "es"})
    assert response.status_code == 422
    assert "Escriba antes unas palabras" in response.text


def test_without_a_model_the_visitor_reaches_a_person_with_the_text_still_there(log: PredictionLog) -> None:
    client = create_app(Fixed(None), log, packaged_messages()).test_client()
    response = client.post("/enquiry", data={"text": CLOT, "lang": "es"})
    assert response.status_code == 503
    assert "Le atenderá una persona" in response.text
    assert 'href="tel:+34555012345"' in response.text
    assert CLOT in response.text


def test_a_text_that_cannot_be_read_or_is_too_large_gets_a_page_too(client: FlaskClient) -> None:
    unreadable = client.post("/enquiry", data={"text": "a knee\0", "lang": "en"})
    assert (unreadable.status_code, unreadable.mimetype) == (422, "text/html")
    assert "A person will help you instead" in unreadable.text
    large = client.post("/enquiry", data={"text": "a knee " * 12_000, "lang": "en"})
    assert (large.status_code, large.mimetype) == (413, "text/html")
    assert "too long for us" in large.text


def test_a_service_that_cannot_answer_now_hands_the_visitor_over() -> None:
    def unable(text: str) -> dict[str, object]:
        raise LogUnavailable("closed")

    app = Flask("service.app")
    app.register_blueprint(pages(unable, packaged_wording(), packaged_clinic()))
    response = app.test_client().post("/enquiry", data={"text": CLOT, "lang": "es"})
    assert response.status_code == 503
    assert "Le atenderá una persona" in response.text


def test_an_unexpected_error_shows_the_page_and_tells_the_log_no_text(caplog: pytest.LogCaptureFixture) -> None:
    def broken(text: str) -> dict[str, object]:
        raise ValueError(text)

    app = Flask("service.app")
    app.register_blueprint(pages(broken, packaged_wording(), packaged_clinic()))
    response = app.test_client().post("/enquiry", data={"text": CLOT, "lang": "es"})
    assert response.status_code == 500
    assert CLOT in response.text
    assert "unexpected ValueError" in caplog.text
    assert "pantorrilla" not in caplog.text


def test_the_address_of_the_post_leads_back_to_the_form(client: FlaskClient) -> None:
    assert client.get("/enquiry").headers["Location"].startswith("/?lang=")
