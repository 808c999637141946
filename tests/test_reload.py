"""Models that change while the service runs."""

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from model.store import ModelStore
from service.app import create_app
from service.config import ServiceSettings
from service.log import PredictionLog
from service.models import Fixed, Serving
from service.reload import Watched
from service.shadow import Shadow
from service.tables import ShadowPrediction
from service.wording import packaged_messages
from training.cli import triage

OTHER = "20200101-abcdef"
ROUTED = "sports massage for tight calves after the marathon please, sixty minutes"


@pytest.fixture
def watched(two_models: ModelStore) -> Watched:
    models = Watched(two_models)
    models.refresh()
    return models


@pytest.fixture
def watching(watched: Watched, log: PredictionLog) -> FlaskClient:
    settings = ServiceSettings.from_environment({"TRIAGE_RATE_LIMIT": ""})
    return create_app(watched, log, packaged_messages(), settings).test_client()


def version(client: FlaskClient) -> str:
    return str(client.post("/v1/predictions", json={"text": ROUTED}).get_json()["model_version"])


def test_a_promoted_model_is_taken_up(two_models: ModelStore, watched: Watched, watching: FlaskClient) -> None:
    assert version(watching) == two_models.champion()
    two_models.promote(OTHER)
    watched.refresh()
    assert version(watching) == OTHER
    assert watching.get("/v1/model").get_json()["version"] == OTHER


def test_the_collector_leaves_the_model_that_serves_alone_and_finds_the_one_before(
    two_models: ModelStore, watched: Watched
) -> None:
    assert watched.serving
    before = weakref.ref(watched.serving.model)
    assert gc.get_freeze_count() > 10_000
    two_models.promote(OTHER)
    watched.refresh()
    gc.unfreeze()
    assert before() is None


def test_a_damaged_model_is_refused_and_the_old_one_serves_on(
    two_models: ModelStore, watched: Watched, watching: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    before = two_models.champion()
    two_models.promote(OTHER)
    file = two_models.root / OTHER / "model.joblib"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    watched.refresh()
    watched.refresh()
    assert version(watching) == before
    ready = watching.get("/readyz").get_json()
    assert ready["status"] == "degraded"
    assert "model.joblib is not the file its manifest describes" in ready["model"]
    assert caplog.text.count("not taken up") == 1
    file.write_bytes(whole)
    two_models.promote(before)
    watched.refresh()
    assert watching.get("/readyz").get_json()["status"] == "ready"


def test_a_pointer_that_names_nothing_is_refused_too(
    two_models: ModelStore, watched: Watched, watching: FlaskClient
) -> None:
    before = two_models.champion()
    (two_models.root / "champion").write_text("../../etc\n")
    watched.refresh()
    assert version(watching) == before
    assert watching.get("/readyz").get_json()["status"] == "degraded"


def test_a_service_without_a_model_takes_the_first_one_made(
    store: ModelStore, log: PredictionLog, tmp_path: Any
) -> None:
    models = Watched(ModelStore(tmp_path / "later"))
    models.refresh()
    client = create_app(models, log, packaged_messages()).test_client()
    assert client.post("/v1/predictions", json={"text": ROUTED}).status_code == 503
    (tmp_path / "later").symlink_to(store.root)
    models.refresh()
    assert version(client) == store.champion()


def test_no_request_fails_and_no_answer_is_mixed_while_models_change(
    two_models: ModelStore, watched: Watched, watching: FlaskClient, until: Callable[..., None]
) -> None:
    first = two_models.champion()
    expected = {name: two_models.load(name).predict_one(ROUTED).decision for name in (first, OTHER)}
    assert expected[first] != expected[OTHER]
    seen: list[tuple[int, str, str]] = []
    enough = threading.Event()

    def keep_asking() -> None:
        client = watching.application.test_client()
        while not enough.is_set():
            response = client.post("/v1/predictions/batch", json={"enquiries": [{"text": ROUTED}] * 3})
            answers = response.get_json()["predictions"]
            seen.extend((response.status_code, answer["model_version"], answer["decision"]) for answer in answers)

    threads = [threading.Thread(target=keep_asking) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for name in (OTHER, first, OTHER, first):
            two_models.promote(name)
            watched.refresh()
            wanted = len(seen) + 12
            until(lambda wanted=wanted: len(seen) >= wanted)
    finally:
        enough.set()
        for thread in threads:
            thread.join()
    assert {status for status, _, _ in seen} == {200}
    assert {name for _, name, _ in seen} == {first, OTHER}
    assert all(decision == expected[name] for _, name, decision in seen)


def test_every_worker_of_a_server_takes_up_a_promoted_model_within_seconds(
    two_models: ModelStore, serve: Callable[..., Any], until: Callable[..., None]
) -> None:
    server = serve(two_models.root, "--workers", "2")
    two_models.promote(OTHER)
    until(lambda: f'triage_model_serving{{version="{OTHER}"}} 2.0' in server.get("/metrics")[1], 10)
    assert {server.ask(ROUTED)[1]["model_version"] for _ in range(8)} == {OTHER}
    (two_models.root / OTHER / "model.joblib").write_bytes(b"no longer")
    two_models.promote(next(name for name in two_models.versions() if name != OTHER))
    until(lambda: f'triage_model_serving{{version="{OTHER}"}} 0.0' in server.get("/metrics")[1], 10)
    (two_models.root / "champion").write_text(OTHER)
    until(lambda: "triage_model_refused 1.0" in server.get("/metrics")[1], 10)
    assert server.ask(ROUTED)[0] == 200


def test_a_challenger_predicts_in_the_shadow_and_answers_nobody(
    two_models: ModelStore, serving: Fixed, database_url: str
) -> None:
    log = PredictionLog(database_url, "redacted", patience=5)
    challenger = Fixed(serving.serving, Serving.load(two_models, OTHER))
    shadow = Shadow(lambda: challenger.challenger, log.database)
    client = create_app(challenger, log, packaged_messages(), shadow=shadow).test_client()
    answers = [client.post("/v1/predictions", json={"text": ROUTED}).get_json() for _ in range(2)]
    shadow.finish()
    with log.database.session() as session:
        rows = session.scalars(select(ShadowPrediction)).all()
    assert {answer["model_version"] for answer in answers} == {two_models.champion()}
    assert {(row.prediction_id, row.model_version) for row in rows} == {(answer["id"], OTHER) for answer in answers}
    assert answers[0]["decision"] != "escalate"
    assert {row.decision for row in rows} == {"escalate"}
    assert log.erase(answers[0]["id"]) is True
    with log.database.session() as session:
        assert len(session.scalars(select(ShadowPrediction)).all()) == 1
    log.close()


def test_shadow_names_or_ends_a_challenger(run: Any, two_models: ModelStore, watched: Watched) -> None:
    common = ["--models", str(two_models.root)]
    assert run.invoke(triage, ["shadow", OTHER, *common]).output == f"{OTHER} now predicts in the shadow\n"
    watched.refresh()
    assert watched.challenger is not None
    assert watched.challenger.model.version == OTHER
    assert run.invoke(triage, ["shadow", "off", *common]).exit_code == 0
    watched.refresh()
    assert watched.challenger is None
    assert run.invoke(triage, ["shadow", "20200101-000000", *common]).exit_code == 2
    assert run.invoke(triage, ["shadow", *common]).exit_code == 2


def test_metrics_count_answers_and_hold_no_text(client: FlaskClient) -> None:
    client.post("/v1/predictions", json={"text": ROUTED})
    client.post("/v1/predictions", json={"text": 5})
    client.get("/secret-enquiry-text")
    response = client.get("/metrics")
    assert response.mimetype == "text/plain"
    assert 'triage_requests_total{endpoint="predictions.predict",status="200"} 1.0' in response.text
    assert 'triage_requests_total{endpoint="predictions.predict",status="422"} 1.0' in response.text
    assert 'triage_requests_total{endpoint="none",status="404"} 1.0' in response.text
    assert "triage_predictions_total" in response.text
    assert "marathon" not in response.text
    assert "secret" not in response.text
