"""The review queue, as its reviewers meet it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from model.triage import TriageModel
from model.types import Enquiry
from service.log import PredictionLog
from training.judged import audited, closed, monday, with_facts
from training.logbook import RANDOM, Logbook, LogUnreadable
from training.review_queue import SAMPLES, Queue, Samples
from training.review_widget import ReviewWidget

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # a Tuesday
TEXTS = (
    "my calf is hot and swollen since the flight",
    "no fever, calf not swollen, just a massage please",
    "masaje relajante <b>para dos</b> el viernes",
    "me duele la rodilla al bajar escaleras desde marzo",
)
ID = "0199a6f2-7c1e-7d3a-9a51-2f8e4c0b6d%02d"


@dataclass(frozen=True)
class Desk:
    """A log with four answers of last week, and what a reviewer needs."""

    log: PredictionLog
    book: Logbook
    samples: Samples

    def queue(self, reviewer: str, sample: str = RANDOM) -> Queue:
        return Queue(self.book, self.samples.rows(sample, NOW), sample, reviewer, lambda: NOW)


@pytest.fixture
def desk(database_url: str, model: TriageModel) -> Iterator[Desk]:
    log = PredictionLog(database_url, "redacted", clock=lambda: NOW - timedelta(days=5))
    for number, text in enumerate(TEXTS):
        enquiry = Enquiry(text, ID % number)
        log.add(enquiry, model.predict_one(enquiry))
    book = Logbook(database_url)
    yield Desk(log, book, Samples(with_facts(book.predictions()), book.shadow(), reviews=10))
    book.close()
    log.close()


def test_a_verdict_is_kept_at_once_and_the_queue_goes_on_another_day(desk: Desk) -> None:
    queue = desk.queue("ana")
    judged = queue.judge("massage", ["service_mismatch"])
    verdict = desk.book.verdicts().iloc[0]
    assert (verdict["prediction_id"], verdict["reviewer"], verdict["sample"]) == (judged["id"], "ana", RANDOM)
    assert (verdict["service"], verdict["flags"]) == ("massage", ["service_mismatch"])
    assert verdict["model_version"] == judged["model_version"]
    assert verdict["created"] == NOW
    again = desk.queue("ana")
    assert (again.done, again.total) == (1, 4)
    assert again.current is not None
    assert again.current["id"] != judged["id"]


def test_two_reviewers_take_the_same_sample_and_neither_sees_the_others_verdicts(desk: Desk) -> None:
    first, second = desk.queue("ana"), desk.queue("ben")
    order = [first.judge("other", [])["id"] for _ in range(4)]
    assert first.current is None
    assert desk.queue("ben").done == 0
    assert [second.judge("massage", [])["id"] for _ in range(4)] == order
    assert len(desk.book.verdicts()) == 8


def test_what_is_left_for_later_comes_last_and_holds_up_the_count(desk: Desk) -> None:
    queue = desk.queue("ana")
    while queue.current is not None and len(queue.waiting) > 1:
        queue.skip()
        queue.judge("other", [])
    found = audited(desk.samples.facts, desk.book.verdicts())
    assert found["reviewed"].sum() == 3
    assert found["counted"].sum() <= found["reviewed"].sum()
    queue.judge("other", [])
    assert audited(desk.samples.facts, desk.book.verdicts())["counted"].all()


def test_verdicts_of_other_samples_are_not_counted_for_how_right_it_is(desk: Desk) -> None:
    alarms = desk.queue("ana", "alarms")
    assert alarms.total == 1
    alarms.judge("physiotherapy", ["suspected_clot"])
    assert not audited(desk.samples.facts, desk.book.verdicts())["reviewed"].any()


def test_each_sample_shows_what_it_is_called_after(desk: Desk) -> None:
    facts = desk.samples.facts
    rows = {name: desk.samples.rows(name, NOW) for name in SAMPLES}
    assert rows["alarms"]["alarm"].all()
    assert rows["least_sure"]["confidence"].is_monotonic_increasing
    assert rows["set_aside"]["set_aside"].map(bool).all()
    assert len(rows["set_aside"]) == 1
    assert len(rows["slice"]) == 0
    spanish = Samples(facts, desk.book.shadow(), 10, "language == 'es'").rows("slice", NOW)
    assert set(spanish["language"]) == {"es"}


def test_a_week_is_audited_once_it_is_over(desk: Desk) -> None:
    later = desk.samples.facts.assign(created=NOW)
    assert len(closed(later, NOW + timedelta(days=7))) == 4
    assert monday(NOW) == datetime(2026, 11, 23, tzinfo=UTC)


def test_an_enquiry_that_was_erased_meanwhile_takes_no_verdict(desk: Desk) -> None:
    queue = desk.queue("ana")
    assert queue.current is not None
    desk.log.erase(queue.current["id"])
    with pytest.raises(LogUnreadable, match="erased meanwhile"):
        queue.judge("massage", [])
    assert len(desk.book.verdicts()) == 0


def test_a_log_that_is_not_there_or_too_old_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRIAGE_DATABASE_URL", raising=False)
    with pytest.raises(LogUnreadable, match=r"there is none at var/triage\.db; start the service once"):
        Logbook()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "empty.db").touch()
    with pytest.raises(LogUnreadable, match=r"brings it up to date"):
        Logbook(f"sqlite:///{tmp_path}/empty.db")


def test_the_models_answer_is_not_on_the_page_before_the_verdict(desk: Desk) -> None:
    widget = ReviewWidget(desk.book, desk.samples, lambda: NOW)
    widget.receive({"act": "begin", "reviewer": " ana ", "sample": "alarms"})
    before = json.dumps(widget.screen)
    assert "<mark" not in before
    assert "confidence" not in before
    assert "escalate" not in before
    widget.receive({"act": "judge", "service": "massage", "flags": []})
    assert "<mark" in widget.screen["html"]
    assert "escalate" in widget.screen["answer"]
    assert [same for *_, same in widget.screen["rows"]] == [widget.screen["rows"][0][2] == "massage", False]


def test_a_verdict_that_could_not_be_kept_is_said_and_not_lost(desk: Desk) -> None:
    widget = ReviewWidget(desk.book, desk.samples, lambda: NOW)
    widget.receive({"act": "begin", "reviewer": "ana", "sample": "alarms"})
    desk.log.erase(ID % 0)
    widget.receive({"act": "judge", "service": "massage", "flags": []})
    assert widget.screen["kind"] == "judge"
    assert "erased meanwhile" in widget.screen["problem"]


# The widget's page in a real browser: Jupyter's part, which hands messages to and fro, is played here.
_STAGE = """
const listeners = [];
let screen = await window.current();
const model = {
  get: () => screen,
  on: (_, heard) => listeners.push(heard),
  send: async (message) => { screen = await window.receive(message); listeners.forEach((heard) => heard()); },
};
const { default: widget } = await import(URL.createObjectURL(new Blob([SOURCE], { type: "text/javascript" })));
widget.render({ model, el: document.body });
"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 900, "height": 900})
    yield opened
    opened.close()


@pytest.fixture
def staged(log: PredictionLog, model: TriageModel, page: Page, tmp_path: Path) -> Callable[[], Logbook]:
    def stage() -> Logbook:
        for number, text in enumerate(TEXTS):
            enquiry = Enquiry(text, ID % number)
            log.add(enquiry, model.predict_one(enquiry))
        book = Logbook(f"sqlite:///{tmp_path}/triage.db")
        widget = ReviewWidget(book, Samples(with_facts(book.predictions()), book.shadow(), 10), lambda: NOW)

        def receive(message: dict[str, Any]) -> Any:
            widget.receive(message)
            return widget.screen

        page.expose_function("current", lambda: widget.screen)
        page.expose_function("receive", receive)
        page.set_content("<!doctype html><title>Queue</title>")
        page.add_style_tag(content=str(widget._css))
        page.evaluate(f"async (SOURCE) => {{ {_STAGE} }}", str(widget._esm))
        return book

    return stage


def test_a_sample_is_worked_through_with_the_keyboard_alone(staged: Callable[[], Logbook], page: Page) -> None:
    book = staged()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("ana")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=0 of 4 by ana")
    assert page.locator("blockquote b").count() == 0
    page.keyboard.press("m")
    page.keyboard.press("f")
    page.keyboard.press("f")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=the model")
    (verdict,) = book.verdicts().to_dict("records")
    assert (verdict["service"], verdict["flags"], verdict["reviewer"]) == ("massage", ["cauda_equina"], "ana")
    for done in range(1, 4):
        page.keyboard.press("Enter")
        page.wait_for_selector(f"text={done} of 4 by ana")
        page.keyboard.press("o")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=the model")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=All of this sample is reviewed")
    assert len(book.verdicts()) == 4
    book.close()
