"""The form in a real browser: what a visitor does, and what the visitor then can do."""

import itertools
import json
import re

import pytest
from flask import Flask
from form_stage import ANSWERS, BOX, KNEE, Opening, answer_of, ask, links, text_of
from playwright.sync_api import Page, Request


def words_of(page: Page, kind: str) -> str:
    """What the answer says, without the button that only a script can offer."""
    said = re.sub(r"\s+", " ", answer_of(page, BOX.get(kind, kind)).inner_text())
    return re.sub(r" ?(Copy my message|Copiar mi mensaje) ?", " ", said).strip()


@pytest.mark.parametrize(
    ("text", "language"),
    [(KNEE, "en"), ("Me duele la rodilla al bajar escaleras desde hace tres meses.", "es")],
)
def test_the_real_service_answers_in_the_language_of_the_text(
    open_page: Opening, real: str, text: str, language: str
) -> None:
    page = open_page(real)
    with page.expect_response("**/v1/predictions") as awaited:
        ask(page, text)
    page.locator(".answer h2").wait_for()
    assert page.locator(".answer .message").inner_text() == awaited.value.json()["message"]
    assert page.locator(".answer").get_attribute("lang") == language


@pytest.mark.parametrize(("kind", "language"), [*zip(ANSWERS, itertools.cycle(["en", "es"]), strict=False)])
def test_with_and_without_javascript_the_visitor_reads_the_same_and_the_text_stays(
    open_page: Opening, stage: str, kind: str, language: str
) -> None:
    said, reached = [], []
    for script in (True, False):
        page = open_page(f"{stage}/?lang={language}", java_script_enabled=script)
        ask(page, text_of(kind, language))
        said.append(words_of(page, kind))
        reached.append(links(page))
        assert page.locator("#text").input_value() == text_of(kind, language)
    assert said[0] == said[1]
    assert reached[0] == reached[1]
    assert "%" not in said[0]
    assert "0." not in said[0]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("physiotherapy", ["#physiotherapy", "#massage", "tel:+34555012345", "https://wa.me/34555012345", "#contact"]),
        ("massage", ["#massage", "#physiotherapy", "tel:+34555012345", "https://wa.me/34555012345", "#contact"]),
        ("confirm", ["#physiotherapy", "#massage", "tel:+34555012345", "https://wa.me/34555012345", "#contact"]),
        ("more", ["#physiotherapy", "#massage", "tel:+34555012345", "https://wa.me/34555012345", "#contact"]),
        ("review", ["tel:+34555012345", "https://wa.me/34555012345", "#contact"]),
        ("refusal", []),
        ("urgent", ["tel:112", "tel:+34555012345", "https://wa.me/34555012345", "#contact"]),
        ("discreet", ["tel:112", "tel:+34555012345", "https://wa.me/34555012345", "#contact"]),
        ("emergency", ["tel:112"]),
        ("crisis", ["tel:024", "tel:112"]),
    ],
)
def test_the_links_follow_the_kind_and_none_books_when_it_is_urgent(
    open_page: Opening, stage: str, kind: str, expected: list[str]
) -> None:
    page = open_page(stage)
    ask(page, text_of(kind, "en"))
    answer_of(page, BOX.get(kind, kind))
    assert links(page) == expected


@pytest.mark.parametrize(("kind", "role"), [("physiotherapy", "status"), ("review", "status"), ("emergency", "alert")])
def test_the_answer_is_announced_an_emergency_at_once(open_page: Opening, stage: str, kind: str, role: str) -> None:
    page = open_page(stage)
    regions = page.locator(f".answer .said[role={role}]")
    assert regions.count() == 1  # there before it is filled, or it would not be announced
    ask(page, text_of(kind, "en"))
    answer_of(page, BOX.get(kind, kind))
    assert regions.locator(".message").count() == 1
    assert page.locator(".answer .message").count() == 1


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("kind", ["failed", "busy", "long"])
def test_when_it_fails_the_text_stays_and_a_person_is_reached(
    open_page: Opening, stage: str, kind: str, language: str
) -> None:
    for script in (True, False):
        page = open_page(f"{stage}/?lang={language}", java_script_enabled=script)
        ask(page, text_of(kind, language))
        answer_of(page, kind)
        assert links(page) == ["tel:+34555012345", "https://wa.me/34555012345", "#contact", "tel:112"]
        if script or kind != "long":  # what was too large to read cannot be given back; the browser's Back does
            assert page.locator("#text").input_value() == text_of(kind, language)


def test_a_failure_is_told_in_the_language_of_the_text(open_page: Opening, stage: str) -> None:
    page = open_page(f"{stage}/?lang=en")
    ask(page, text_of("failed", "es"))
    assert "Le atenderá una persona" in answer_of(page, "failed").inner_text()


def test_a_busy_service_says_how_long_to_wait(open_page: Opening, stage: str) -> None:
    page = open_page(stage)
    ask(page, text_of("busy", "en"))
    assert "try again in 12 seconds" in answer_of(page, "busy").inner_text()


def test_an_answer_of_another_program_is_a_failure(open_page: Opening, stage: str) -> None:
    page = open_page(stage)
    ask(page, text_of("odd", "en"))
    answer_of(page, "failed")


@pytest.mark.parametrize(
    "strange",
    [
        {"decision": "delegate", "escalate": False, "service": "massage"},
        {"decision": "route", "escalate": False, "service": "osteopathy"},
        {"decision": "route", "service": "massage"},
    ],
)
def test_what_the_form_does_not_understand_goes_to_a_person(
    open_page: Opening, stage: str, strange: dict[str, object]
) -> None:
    page = open_page(stage)
    answer = {"urgency": "none", "flags": [], "language": "xx", "message": "Hm."} | strange
    page.route("**/v1/predictions", lambda route: route.fulfill(json=answer))
    ask(page, KNEE)
    assert "A person will answer you" in answer_of(page, "review").inner_text()


def test_without_a_connection_the_visitor_reaches_a_person_and_can_try_again(open_page: Opening, stage: str) -> None:
    page = open_page(stage)
    page.context.set_offline(True)
    ask(page, KNEE)
    box = answer_of(page, "failed")
    assert "nothing is lost" in box.inner_text()
    page.context.set_offline(False)
    box.get_by_role("button", name="Try again").press("Enter")
    answer_of(page, "route")
    # The button that had the focus is gone: the answer has it, so that Tab goes on from there.
    assert page.evaluate("document.querySelector('.enquiry-form').shadowRoot.activeElement.className") == "answer"


def test_a_slow_service_offers_a_person_after_three_seconds_and_the_answer_still_comes(
    open_page: Opening, stage: str
) -> None:
    page = open_page(stage)
    ask(page, text_of("slow", "en"))
    page.locator(".notice", has_text="Reading your message").wait_for()
    page.locator(".notice .contact", has_text="Call us").wait_for(timeout=3_900)
    answer_of(page, "route")
    assert page.locator(".notice").inner_text() == ""


def test_a_service_that_never_answers_is_given_up(open_page: Opening, stage: str) -> None:
    page = open_page(stage)
    page.clock.install()
    page.route("**/v1/predictions", lambda _: None)
    ask(page, KNEE)
    page.locator(".notice", has_text="Reading your message").wait_for()
    page.clock.fast_forward(20_001)
    answer_of(page, "failed")


def test_sending_twice_asks_once(open_page: Opening, stage: str, stage_app: Flask) -> None:
    page = open_page(stage)
    received: list[str] = stage_app.extensions["received"]
    received.clear()
    page.locator("#text").fill(text_of("slow", "es"))
    page.locator(".enquiry .button").first.dblclick()
    answer_of(page, "route")
    assert received == [text_of("slow", "es")]


def test_an_answer_to_the_question_is_added_to_the_text(open_page: Opening, stage: str, stage_app: Flask) -> None:
    page = open_page(stage)
    ask(page, text_of("more", "en"))
    box = answer_of(page, "more")
    box.get_by_label("Your answer").fill("Since May, when I lift things.")
    box.get_by_role("button", name="Add and send").click()
    answer_of(page, "route")
    whole = f"{text_of('more', 'en')}\nSince May, when I lift things."
    assert page.locator("#text").input_value() == whole
    assert stage_app.extensions["received"][-1] == whole


def test_the_message_can_be_copied_for_whom_one_writes_to(open_page: Opening, stage: str) -> None:
    page = open_page(stage, permissions=["clipboard-read", "clipboard-write"])
    ask(page, text_of("review", "en"))
    page.get_by_role("button", name="Copy my message").click()
    page.get_by_text("Copied. You can paste it").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == text_of("review", "en")


def test_the_keyboard_alone_is_enough(open_page: Opening, stage: str) -> None:
    page = open_page(stage)
    focused = "(document.activeElement.shadowRoot?.activeElement ?? document.activeElement).textContent"
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "Skip to the form"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type(KNEE)
    order = []
    for _ in range(2):
        page.keyboard.press("Tab")
        order.append(page.evaluate(focused))
    assert order == ["How we treat your data", "Send"]
    page.keyboard.press("Enter")
    answer_of(page, "route")
    order = []
    for _ in range(3):
        page.keyboard.press("Tab")
        order.append(page.evaluate(focused))
        ring = "getComputedStyle(document.activeElement.shadowRoot.activeElement).outlineStyle"
        assert page.evaluate(ring) == "solid"
    assert order == ["Book physiotherapy", "I would rather have a massage", "Call us: +34\u00a0555\u00a0012\u00a0345"]


def test_nothing_written_is_told_at_the_field(open_page: Opening, stage: str) -> None:
    page = open_page(stage)
    page.get_by_role("button", name="Send").click()
    assert page.locator("#text[aria-invalid=true]").get_attribute("aria-describedby") == "hint error"
    assert page.locator("#error").inner_text() == "Please write a few words first."
    assert page.evaluate("document.querySelector('.enquiry-form').shadowRoot.activeElement.id") == "text"


def test_the_enquiry_alone_is_sent_nothing_is_stored_and_nobody_else_is_asked(open_page: Opening, real: str) -> None:
    page = open_page("about:blank")
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))  # a method of a list cannot be wrapped
    page.goto(real)
    ask(page, KNEE)
    page.locator(".answer h2").wait_for()
    sent = [request.post_data for request in requests if request.post_data]
    assert [json.loads(body) for body in sent] == [{"text": KNEE, "channel": "form"}]
    assert [request.url for request in requests if not request.url.startswith(f"{real}/")] == []
    stored = (
        "indexedDB.databases().then((d) => [localStorage.length, sessionStorage.length, document.cookie, d.length])"
    )
    assert page.evaluate(stored) == [0, 0, "", 0]
    assert page.context.cookies() == []


def test_the_policy_of_the_page_stops_inline_style_and_code(open_page: Opening, stage: str) -> None:
    page = open_page(stage, complaints_fail=False)
    stopped = page.evaluate("""async () => {
        const stopped = [];
        document.addEventListener("securitypolicyviolation", (event) => stopped.push(event.effectiveDirective));
        for (const tag of ["style", "script"]) {
            const element = document.createElement(tag);
            element.textContent = tag === "style" ? "body { display: none }" : "document.title = 'changed'";
            document.body.append(element);
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
        return stopped;
    }""")
    assert set(stopped) == {"style-src-elem", "script-src-elem"}


@pytest.mark.parametrize(("motion", "moves"), [("reduce", "none"), ("no-preference", "enquiry-in")])
def test_nothing_moves_for_who_asked_for_less_motion(open_page: Opening, stage: str, motion: str, moves: str) -> None:
    page = open_page(stage, reduced_motion=motion)
    ask(page, KNEE)
    assert answer_of(page, "route").evaluate("e => getComputedStyle(e).animationName") == moves


def test_on_a_phone_the_answer_is_brought_into_view(open_page: Opening, stage: str) -> None:
    page = open_page(stage, viewport={"width": 320, "height": 640})
    ask(page, text_of("emergency", "en"))
    assert 0 <= answer_of(page, "emergency").evaluate("e => e.getBoundingClientRect().top") < 100
