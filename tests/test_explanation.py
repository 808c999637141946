"""Why a service: the words' shares are exact, and spans are those of the text."""

import numpy as np
import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from model.triage import TriageModel
from model.types import Service

KNEE = "my knee hurts when I run. I would love a relaxing massage too"


def test_the_words_shares_add_up_to_the_linear_scores(model: TriageModel) -> None:
    classifier = model.classifier
    shares = sum(share for _, _, share in classifier.attribute_services(KNEE))
    scores = classifier.scores([KNEE]).services[0] - classifier.service.intercept_
    assert np.allclose(shares, scores, atol=1e-4)


def test_words_push_towards_the_service_they_speak_for(model: TriageModel) -> None:
    pushes = {push.text: push.towards for push in model.explain(KNEE) if push.part == "words"}
    assert max(pushes["massage"], key=pushes["massage"].__getitem__) is Service.MASSAGE
    assert pushes["knee"][Service.PHYSIOTHERAPY] > pushes["knee"][Service.MASSAGE]


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=80))
def test_every_span_is_one_of_the_text(model: TriageModel, text: str) -> None:
    if not text.strip():
        return
    for push in model.explain(text):
        assert text[push.start : push.end] == push.text
        assert set(push.towards) == set(Service)


def test_the_endpoint_explains_when_asked_and_only_then(client: FlaskClient) -> None:
    plain = client.post("/v1/predictions", json={"text": KNEE}).get_json()
    explained = client.post("/v1/predictions", json={"text": KNEE, "explain": True}).get_json()
    assert "explanation" not in plain
    assert {push["part"] for push in explained["explanation"]} == {"words"}
    assert all(KNEE[push["start"] : push["end"]] == push["text"] for push in explained["explanation"])


@pytest.mark.parametrize("asked", ["yes", 1, None])
def test_explain_is_true_or_false(client: FlaskClient, asked: object) -> None:
    assert client.post("/v1/predictions", json={"text": KNEE, "explain": asked}).status_code == 422
