"""Whole predictions by the small real model."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model import TEXT_LIMIT, Decision, Enquiry, Service, Urgency
from model.errors import InvalidEnquiry
from model.store import ModelStore
from model.triage import TriageModel

CLOT = "llevo la pantorrilla hinchada y caliente desde el vuelo, me dais un masaje?"
TOLD = [CLOT, "Ay, mi Rodilla no para", "no chest pain", "I am 9 weeks pregnant", "me OPERARON hace días", "cita"]
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


def test_an_urgent_sign_found_by_rule_escalates_with_its_evidence(model: TriageModel) -> None:
    found = model.predict_one(CLOT)
    (flag,) = [flag for flag in found.flags if flag.code == "suspected_clot"]
    assert flag.source == "rule"
    assert "pantorrilla" in flag.evidence[0].text
    assert found.decision is Decision.ESCALATE
    assert found.urgency >= Urgency.URGENT
    assert found.language == "es"


def test_probabilities_are_given_for_every_service_and_sum_to_one(model: TriageModel) -> None:
    found = model.predict_one("a relaxing hour for my birthday please")
    assert list(found.probabilities) == list(Service)
    assert sum(found.probabilities.values()) == pytest.approx(1)


def test_one_by_one_and_all_at_once_are_the_same(model: TriageModel) -> None:
    texts = [CLOT, "my knee hurts when I run", "¿a qué hora abrís?", "quiero un masaje relajante para dos"]
    alone = [model.predict_one(text).to_dict() for text in texts]
    assert [found.to_dict() for found in model.predict(texts)] == alone


def test_no_enquiries_give_no_predictions(model: TriageModel) -> None:
    assert model.predict([]) == []


def test_the_enquirys_id_is_the_predictions(model: TriageModel) -> None:
    assert model.predict_one(Enquiry("my knee hurts", "abc")).id == "abc"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Ich möchte gern einen Termin für eine Massage am Freitag", "unsupported_language"),
        ("my back hurts " * 400, "too_long"),
        ("cita", "too_short"),
    ],
)
def test_the_system_says_when_a_text_is_not_for_it(model: TriageModel, text: str, code: str) -> None:
    found = model.predict_one(text)
    assert code in {flag.code for flag in found.flags}
    assert found.decision is not Decision.ROUTE


def test_what_lies_beyond_the_limit_is_not_read(model: TriageModel) -> None:
    found = model.predict_one("a" + " " * TEXT_LIMIT + CLOT)
    assert "suspected_clot" not in {flag.code for flag in found.flags if flag.source == "rule"}


def test_when_the_classifier_breaks_the_rules_still_speak_and_a_person_decides(store: ModelStore) -> None:
    broken = store.load(store.champion())
    broken.classifier.flags.pop("minor")  # type: ignore[attr-defined]
    found = broken.predict_one(CLOT)
    assert {flag.code for flag in found.flags} == {"suspected_clot", "degraded"}
    assert found.decision is Decision.ESCALATE
    assert found.failure == "ValueError"


def test_a_text_that_cannot_be_read_is_an_error_not_a_prediction(model: TriageModel) -> None:
    with pytest.raises(InvalidEnquiry, match=r"^text: is empty$"):
        model.predict(["my knee hurts", "  "])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    pieces=st.lists(st.sampled_from(TOLD) | ANY_TEXT, min_size=1, max_size=5),
    between=st.sampled_from(["", " ", "\n", "😀 "]),
)
def test_any_readable_text_gets_a_whole_answer_whose_evidence_stands_in_it(
    model: TriageModel, pieces: list[str], between: str
) -> None:
    text = between.join(pieces)
    if not text.strip():
        return
    found = model.predict_one(text)
    assert not found.failure
    assert 0 < found.confidence <= 1
    spans = [span for flag in found.flags for span in flag.evidence]
    for span in [*spans, *(mention.evidence for mention in found.set_aside)]:
        assert 0 <= span.start < span.end <= len(text)
        assert text[span.start : span.end] == span.text
    assert (found.decision is Decision.ROUTE) == (not found.flags)
