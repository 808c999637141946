"""The service through its own doors."""

import json
import logging
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from model.store import ModelStore
from service.app import create_app
from service.config import InvalidSetting, ServiceSettings
from service.log import PredictionLog
from service.models import Fixed, Serving
from service.wording import packaged_messages

CLOT = "llevo la pantorrilla hinchada y caliente desde el vuelo, me dais un masaje?"
PRIVATE = "my knee hurts, ring me on 612 34 56 78 or ana@example.org"


def ask(client: FlaskClient, text: str) -> dict[str, object]:
    response = client.post("/v1/predictions", json={"text": text})
    assert response.status_code == 200, response.text
    answer: dict[str, object] = response.get_json()
    return answer


def test_an_urgent_enquiry_is_answered_with_everything_the_contract_names(client: FlaskClient) -> None:
    answer = ask(client, CLOT)
    assert list(answer) == [
        "id", "model_version", "service", "confidence", "probabilities", "decision", "escalate", "urgency", "flags",
        "language", "message",
    ]  # fmt: skip
    assert answer["escalate"] is True
    assert answer["language"] == "es"
    assert "112" in str(answer["message"])
    assert any(flag["code"] == "suspected_clot" and flag["evidence"] for flag in answer["flags"])  # type: ignore[attr-defined]


def test_each_answer_is_logged_under_its_id(client: FlaskClient, log: PredictionLog) -> None:
    answer = ask(client, CLOT)
    row = log.get(str(answer["id"]))
    assert row is not None
    assert row.text == CLOT
    assert row.model_version == answer["model_version"]
    assert row.decision == "escalate"
    assert [flag["code"] for flag in row.flags] == [flag["code"] for flag in answer["flags"]]  # type: ignore[attr-defined]


def test_ids_sort_by_time(client: FlaskClient) -> None:
    assert (first := str(ask(client, CLOT)["id"])) < str(ask(client, CLOT)["id"])
    assert len(first) == 36


def test_the_log_keeps_the_text_redacted_and_no_evidence_words(client: FlaskClient, log: PredictionLog) -> None:
    row = log.get(str(ask(client, PRIVATE)["id"]))
    assert row is not None
    assert row.text is not None
    assert row.text.startswith("my knee hurts, ring me on •••")
    assert "example" not in json.dumps([row.text, row.flags, row.set_aside])
    assert all("text" not in span for flag in row.flags for span in flag["evidence"])


@pytest.mark.parametrize(("kept", "expected"), [("full", PRIVATE), ("none", None)])
def test_the_log_keeps_as_much_text_as_configured(
    serving: Fixed, tmp_path: Path, kept: str, expected: str | None
) -> None:
    log = PredictionLog(f"sqlite:///{tmp_path}/log.db", kept)  # type: ignore[arg-type]
    client = create_app(serving, log, packaged_messages()).test_client()
    row = log.get(str(ask(client, PRIVATE)["id"]))
    assert row is not None
    assert row.text == expected
    log.close()


def test_what_was_set_aside_is_logged_for_the_audit(client: FlaskClient, log: PredictionLog) -> None:
    row = log.get(str(ask(client, "my calf is not swollen, it is only tired")["id"]))
    assert row is not None
    assert ("suspected_clot", "denied") in [(mention["code"], mention["axis"]) for mention in row.set_aside]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "field"),
    [
        ('{"text": 5}', "application/json", 422, "text"),
        ('{"text": ""}', "application/json", 422, "text"),
        ('{"text": "a\\u0000knee"}', "application/json", 422, "text"),
        ('{"text": "a knee \\ud83d"}', "application/json", 422, "text"),
        ('{"text": "a \\u0007 knee"}', "application/json", 422, "text"),
        ('{"text": "a knee\\u000b"}', "application/json", 422, "text"),
        ('{"text": "a \\u0085 knee"}', "application/json", 422, "text"),
        ('{"text": "a \u0007 knee"}', "application/json", 400, None),
        ('{"text": "a knee", "more": 1}', "application/json", 422, "more"),
        ("{}", "application/json", 422, "text"),
        ("[1]", "application/json", 422, "body"),
        ('{"text": "a knee', "application/json", 400, None),
        ("text=a+knee", "application/x-www-form-urlencoded", 415, None),
        (b'{"text": "a knee \xff"}', "application/json", 400, None),
        ('{"text": "' + "a knee " * 12_000 + '"}', "application/json", 413, None),
    ],
)
def test_a_request_that_cannot_be_used_gets_a_problem_that_names_the_field(
    client: FlaskClient, body: str | bytes, content_type: str, status: int, field: str | None
) -> None:
    response = client.post("/v1/predictions", data=body, content_type=content_type)
    problem = response.get_json()
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert problem["status"] == status
    assert [fault["field"] for fault in problem.get("errors", [])] == ([field] if field else [])
    assert "knee" not in response.text


def test_a_control_character_is_named_and_tabs_and_line_ends_are_none(client: FlaskClient) -> None:
    refused = client.post("/v1/predictions/batch", json={"enquiries": [{"text": "my knee"}, {"text": "my\x1bknee"}]})
    assert refused.status_code == 422
    assert refused.get_json()["errors"] == [
        {"field": "enquiries.1.text", "reason": "contains the control character U+001B"}
    ]
    assert client.post("/v1/predictions", json={"text": "my knee\r\n\thurts"}).status_code == 200


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("GET", "/v1/predictions", 405)])
def test_other_errors_are_problems_too(client: FlaskClient, method: str, path: str, status: int) -> None:
    response = client.open(path, method=method)
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")


def test_without_a_model_the_visitor_is_handed_over(log: PredictionLog) -> None:
    client = create_app(Fixed(None), log, packaged_messages()).test_client()
    for response in (client.post("/v1/predictions", json={"text": CLOT}), client.get("/readyz")):
        assert response.status_code == 503
        assert "hand the enquiry to a person" in response.get_json()["detail"]
    assert client.get("/healthz").status_code == 200


def test_when_the_log_is_down_answers_go_out_and_the_loss_is_told(
    serving: Fixed, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    client = create_app(
        serving, PredictionLog(f"sqlite:///{blocked}/log.db", "full"), packaged_messages()
    ).test_client()
    assert ask(client, PRIVATE)["decision"]
    ready = client.get("/readyz").get_json()
    assert (ready["status"], ready["unlogged"]) == ("degraded", 1)
    assert "1 answers unlogged" in caplog.text
    assert "knee" not in caplog.text


def test_a_broken_classifier_still_answers_from_the_rules_and_says_so_without_the_text(
    store: ModelStore, log: PredictionLog, caplog: pytest.LogCaptureFixture
) -> None:
    model = store.load(store.champion())
    model.classifier.flags.pop("minor")  # type: ignore[attr-defined]
    client = create_app(Fixed(Serving(model, store.manifest(model.version))), log, packaged_messages()).test_client()
    with caplog.at_level(logging.DEBUG):
        answer = ask(client, CLOT)
    assert {flag["code"] for flag in answer["flags"]} == {"suspected_clot", "degraded"}  # type: ignore[attr-defined]
    assert "classifier failed with ValueError" in caplog.text
    assert "pantorrilla" not in caplog.text


def test_ready_and_specification_are_served(client: FlaskClient) -> None:
    assert client.get("/readyz").get_json()["status"] == "ready"
    paths = client.get("/openapi.json").get_json()["paths"]
    assert {"/v1/predictions", "/healthz", "/readyz"} <= set(paths)


def test_settings_come_from_the_environment() -> None:
    settings = ServiceSettings.from_environment({"TRIAGE_MODELS": "/m", "TRIAGE_LOG_TEXT": "none"})
    assert (settings.models, settings.text_kept) == (Path("/m"), "none")
    with pytest.raises(InvalidSetting, match=r"^TRIAGE_LOG_TEXT: must be one of redacted, full, none$"):
        ServiceSettings.from_environment({"TRIAGE_LOG_TEXT": "some"})
