import pytest

from model import Decision, Enquiry, Evidence, Flag, Prediction, Service, Urgency, taxonomy
from model.errors import InvalidEnquiry
from model.taxonomy import alarm_codes, annotated_codes

SURE = {Service.PHYSIOTHERAPY: 0.96, Service.MASSAGE: 0.03, Service.OTHER: 0.01}


def prediction(*codes: str, probabilities: dict[Service, float] | None = None) -> Prediction:
    flags = tuple(Flag(code, "rule") for code in codes)
    return Prediction("1", "v", SURE if probabilities is None else probabilities, flags, "en")


def test_the_taxonomy_has_the_guides_twenty_one_annotated_codes_and_eleven_alarms() -> None:
    assert len(annotated_codes()) == 21
    assert alarm_codes() == (
        "cauda_equina", "cardiac_or_respiratory", "stroke_or_brain", "major_trauma", "mental_health_crisis",
        "suspected_clot", "suspected_fracture", "suspected_infection", "suspected_cancer", "progressive_nerve_loss",
        "safeguarding",
    )  # fmt: skip


def test_each_code_says_what_it_means_in_one_line() -> None:
    assert all(flag.meaning and "\n" not in flag.meaning for flag in taxonomy().values())


def test_an_unflagged_prediction_routes() -> None:
    assert prediction().decision is Decision.ROUTE
    assert prediction().urgency is Urgency.NONE


@pytest.mark.parametrize("code", taxonomy())
def test_the_decision_follows_from_the_gravest_flag(code: str) -> None:
    expected = {
        Urgency.CONFIRM: Decision.CONFIRM,
        Urgency.REVIEW: Decision.ESCALATE,
        Urgency.URGENT: Decision.ESCALATE,
        Urgency.EMERGENCY: Decision.ESCALATE,
    }
    assert prediction(code).decision is expected[taxonomy()[code].urgency]


def test_an_emergency_outweighs_everything_beside_it() -> None:
    assert prediction("cauda_equina", "mixed_needs").urgency is Urgency.EMERGENCY


def test_when_other_wins_there_is_no_service_and_confidence_is_that_of_other() -> None:
    found = prediction(
        "out_of_scope", probabilities={Service.PHYSIOTHERAPY: 0.2, Service.MASSAGE: 0.1, Service.OTHER: 0.7}
    )
    assert found.service is None
    assert found.confidence == 0.7


def test_without_probabilities_there_is_no_service_and_no_confidence() -> None:
    found = prediction("degraded", probabilities={})
    assert (found.service, found.confidence, found.decision) == (None, 0.0, Decision.ESCALATE)


def test_a_prediction_as_json_has_the_contracts_fields_in_order() -> None:
    flag = Flag("suspected_clot", "rule", (Evidence(0, 4, "calf"),))
    answer = Prediction("1", "v", SURE, (flag,), "en").to_dict()
    assert list(answer) == [
        "id", "model_version", "service", "confidence", "probabilities", "decision", "escalate", "urgency", "flags",
        "language",
    ]  # fmt: skip
    assert answer["flags"] == [
        {
            "code": "suspected_clot",
            "urgency": "urgent",
            "source": "rule",
            "evidence": [{"start": 0, "end": 4, "text": "calf"}],
        }
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        (" \n\t", "is empty"),
        ("a\0b", "NUL"),
        ("knee \ud83d", "surrogate"),
        (5, "must be text, not int"),
    ],
)
def test_an_enquiry_that_cannot_be_read_is_refused_without_quoting_it(text: str, reason: str) -> None:
    with pytest.raises(InvalidEnquiry, match=f"^text: .*{reason}") as caught:
        Enquiry(text)
    assert "knee" not in str(caught.value)
