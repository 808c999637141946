"""The specification and the service agree, whatever is sent."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from model.store import ModelStore
from model.triage import TriageModel
from service.app import create_app
from service.config import ServiceSettings
from service.keys import Keys
from service.log import PredictionLog
from service.models import Fixed, Serving
from service.wording import packaged_messages

ENDPOINTS = [
    ("POST", "/v1/predictions"),
    ("POST", "/v1/predictions/batch"),
    ("GET", "/v1/predictions/{id}"),
    ("DELETE", "/v1/predictions/{id}"),
    ("POST", "/v1/predictions/{id}/reviews"),
    ("GET", "/v1/reviews"),
    ("GET", "/v1/model"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
]
thorough = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def admin() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def specification(
    model: TriageModel, store: ModelStore, admin: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    log = PredictionLog(f"sqlite:///{tmp_path_factory.mktemp('log')}/log.db", "redacted", patience=5)
    admin["Authorization"] = f"Bearer {Keys(log.database).add('admin', 'admin')}"
    unlimited = ServiceSettings.from_environment({"TRIAGE_RATE_LIMIT": ""})
    serving = Fixed(Serving(model, store.manifest(model.version)))
    app = create_app(serving, log, packaged_messages(), unlimited)
    yield schemathesis.openapi.from_wsgi("/openapi.json", app)
    log.close()


@pytest.mark.parametrize("with_key", [True, False], ids=["with a key", "without"])
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_whatever_is_sent_gets_a_documented_answer(
    specification: Any, admin: dict[str, str], method: str, path: str, mode: GenerationMode, with_key: bool
) -> None:
    operation = specification[path][method]
    statuses: set[int] = set()

    @thorough
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        statuses.add(case.call_and_validate(headers=admin if with_key else {}).status_code)

    try:
        send()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # nothing in this request can be wrong
    assert max(statuses, default=0) < 500


def test_the_specification_is_openapi_3_1_and_names_every_endpoint(client: FlaskClient) -> None:
    specification = client.get("/openapi.json").get_json()
    assert specification["openapi"].startswith("3.1")
    described = {(method.upper(), path) for path, item in specification["paths"].items() for method in item}
    assert described == set(ENDPOINTS)


def test_every_error_in_the_specification_is_a_problem_document(client: FlaskClient) -> None:
    for item in client.get("/openapi.json").get_json()["paths"].values():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"]


def test_the_docs_page_loads_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/docs")
    assert "//" not in page.text.replace("<!doctype html>", "")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) == 5
    for path in loaded:
        response = client.get(path)
        assert response.status_code == 200
        response.close()
    assert "connect-src 'self'" in page.headers["Content-Security-Policy"]
