"""Every state of the form, on a phone and on a desktop, in both languages, light and dark: nothing overflows, axe-core
finds nothing. `make screenshots` keeps the pictures.
"""

import itertools
import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from form_stage import ANSWERS, Opening, answer_of, ask, text_of
from playwright.sync_api import Page

SIZES = {"phone": {"width": 320, "height": 640}, "desktop": {"width": 1280, "height": 800}}
STATES = ("empty", *ANSWERS, "failed", "busy", "long", "slow", "nothing-written")
# All pictures are drawn when they are kept; else each state once, the sizes, languages and schemes taking turns.
ALL = tuple(itertools.product(SIZES, ("en", "es"), ("light", "dark")))
TURNS = (("phone", "en", "light"), ("desktop", "es", "dark"), ("phone", "es", "dark"), ("desktop", "en", "light"))
LOOKS = [
    (state, *look)
    for state, turn in zip(STATES, itertools.cycle(TURNS), strict=False)
    for look in (ALL if "TRIAGE_SCREENSHOTS" in os.environ else [turn])
]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go: TRIAGE_SCREENSHOTS, or a place that is thrown away."""
    chosen = os.environ.get("TRIAGE_SCREENSHOTS")
    target = Path(chosen) if chosen else tmp_path_factory.mktemp("screens")
    target.mkdir(parents=True, exist_ok=True)
    return target


def bring_about(page: Page, state: str, language: str) -> None:
    if state == "nothing-written":
        page.locator(".enquiry .button").first.click()
        page.locator(".enquiry .error:not(:empty)").wait_for()
    elif state == "slow":
        ask(page, text_of(state, language))
        page.locator(".notice .contact").wait_for()
    elif state != "empty":
        ask(page, text_of(state, language))
        answer_of(page, {"physiotherapy": "route", "massage": "route"}.get(state, state))


@pytest.mark.parametrize(("state", "size", "language", "scheme"), LOOKS)
def test_a_state_fits_its_screen_and_axe_finds_nothing(
    open_page: Opening, stage: str, folder: Path, state: str, size: str, language: str, scheme: str
) -> None:
    page = open_page(f"{stage}/?lang={language}", viewport=SIZES[size], color_scheme=scheme)
    bring_about(page, state, language)
    picture = folder / f"{state}-{size}-{language}-{scheme}.png"
    if size == "phone" and state != "empty":
        page.locator("#enquiry").screenshot(path=picture)
    else:
        page.screenshot(path=picture, full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
    options = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
    found = Axe().run(page, options=options)
    assert found.violations_count == 0, found.generate_report()
