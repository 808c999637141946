"""The form on another website, which brings a language, a style and links of its own, or none."""

import time
from urllib.parse import urlencode

import pytest
from form_stage import BOX, KNEE, Opening, answer_of, ask, links, text_of
from playwright.sync_api import Route


def late(route: Route) -> None:
    time.sleep(1)
    route.continue_()


def elsewhere(stage: str, **attributes: str) -> str:
    """The address of another website; `data_lang` stands for data-lang."""
    return f"{stage}/elsewhere?{urlencode({name.replace('_', '-'): value for name, value in attributes.items()})}"


@pytest.mark.parametrize(
    ("lang", "data_lang", "locale", "label"),
    [
        ("es", "", "en-GB", "¿En qué podemos ayudarle?"),
        ("en-US", "", "es-ES", "How can we help you?"),
        ("ca", "", "es-ES", "¿En qué podemos ayudarle?"),
        ("", "", "fr-FR", "How can we help you?"),
        ("en", "es", "en-GB", "¿En qué podemos ayudarle?"),
    ],
)
def test_another_website_chooses_the_language_by_script_page_or_browser(
    open_page: Opening, stage: str, lang: str, data_lang: str, locale: str, label: str
) -> None:
    page = open_page(elsewhere(stage, lang=lang, data_lang=data_lang), locale=locale)
    assert page.locator(".enquiry label").inner_text() == label


def test_another_website_gives_font_and_accent_and_the_form_takes_over_what_was_typed(
    open_page: Opening, stage: str
) -> None:
    style = (
        "main { font-family: Georgia; --enquiry-accent: rgb(90, 20, 120) } .button { display: none } p { color: lime }"
    )
    address = elsewhere(stage, lang="en", style=style)
    plain = open_page(address, java_script_enabled=False)
    assert plain.locator("form").get_attribute("action") == "/enquiry"
    page = open_page("about:blank")
    # The visitor is quicker than the script.
    page.route("**/static/enquiry-form.js", late)
    page.goto(address, wait_until="commit")
    page.locator("textarea[name=text]").fill(KNEE)
    page.locator(".enquiry textarea").wait_for()
    assert page.locator("#text").input_value() == KNEE
    assert page.evaluate("document.querySelector('.enquiry-form').shadowRoot.activeElement?.id") == "text"
    look = page.locator(".enquiry .button").evaluate(
        "e => [getComputedStyle(e).fontFamily, getComputedStyle(e).backgroundColor]"
    )
    assert look == ["Georgia", "rgb(90, 20, 120)"]
    assert page.locator(".enquiry .consent").evaluate("e => getComputedStyle(e).color") == "rgb(0, 0, 0)"


def test_a_website_that_names_no_links_still_gets_the_answer(open_page: Opening, stage: str) -> None:
    page = open_page(elsewhere(stage, lang="en"))
    for kind, expected in (("physiotherapy", []), ("confirm", []), ("emergency", ["tel:112"]), ("failed", ["tel:112"])):
        ask(page, text_of(kind, "en"))
        answer_of(page, BOX.get(kind, kind))
        assert links(page) == expected


@pytest.mark.parametrize("kind", ["physiotherapy", "confirm", "emergency", "failed"])
def test_it_holds_on_a_page_that_reads_from_right_to_left_and_at_twice_the_text_size(
    open_page: Opening, stage: str, kind: str
) -> None:
    attributes = {"data_contact": "/contact", "data_phone": "+34 555 012 345", "data_booking_massage": "/m"}
    for style, direction, width in (("", "rtl", 320), ("html { font-size: 200% }", "ltr", 640)):
        address = elsewhere(stage, lang="es", dir=direction, style=style, **attributes)
        page = open_page(address, viewport={"width": width, "height": 640})
        ask(page, text_of(kind, "es"))
        box = answer_of(page, BOX.get(kind, kind))
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert box.evaluate("e => getComputedStyle(e).direction") == "ltr"
