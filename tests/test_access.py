"""Who may call: keys, origins, limits, headers."""

import socket
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from service.app import create_app
from service.config import InvalidSetting, ServiceSettings
from service.log import PredictionLog
from service.models import Fixed
from service.wording import packaged_messages
from training.cli import triage

SITE = "https://www.example.org"
BODY = {"text": "my knee hurts on the stairs"}
Build = Callable[..., FlaskClient]


@pytest.fixture
def build(serving: Fixed, log: PredictionLog) -> Build:
    """The service with some variables set."""

    def with_settings(**environment: str) -> FlaskClient:
        settings = ServiceSettings.from_environment(environment)
        return create_app(serving, log, packaged_messages(), settings).test_client()

    return with_settings


@pytest.fixture
def redis_url(server_missing: Callable[[str], None]) -> str:
    try:
        socket.create_connection(("127.0.0.1", 6379), timeout=2).close()
    except OSError:
        server_missing("Redis")
    return "redis://127.0.0.1:6379/0"


def call(run: CliRunner, url: str, *arguments: str) -> Result:
    return run.invoke(triage, ["keys", *arguments], env={"TRIAGE_DATABASE_URL": url})


def test_a_key_opens_what_its_scope_says_until_it_is_revoked(run: CliRunner, database_url: str, serving: Fixed) -> None:
    made = call(run, database_url, "add", "ana", "--scope", "review")
    key = made.stdout.strip()
    headers = {"Authorization": f"Bearer {key}"}
    log = PredictionLog(database_url, "redacted", patience=5)
    client = create_app(serving, log, packaged_messages()).test_client()
    assert client.get("/v1/reviews", headers=headers).status_code == 200
    assert client.delete(f"/v1/predictions/{uuid.uuid4()}", headers=headers).status_code == 403
    assert "ana" in call(run, database_url, "list").output
    assert call(run, database_url, "revoke", "ana").output == "ana revoked\n"
    refused = client.get("/v1/reviews", headers=headers)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    log.close()
    engine = create_engine(database_url)
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT * FROM api_keys")).all()
    engine.dispose()
    assert key not in str(stored)


def test_a_key_is_not_added_or_revoked_twice_and_needs_a_plain_name(run: CliRunner, log: PredictionLog) -> None:
    url = str(log.database._url)
    call(run, url, "add", "ana", "--scope", "admin")
    for arguments in (["add", "ana", "--scope", "admin"], ["add", "Ana María", "--scope", "admin"], ["revoke", "eva"]):
        shown = call(run, url, *arguments)
        assert shown.exit_code == 2
        assert shown.stderr.count("\n") == 1


@pytest.mark.parametrize("header", ["Bearer wrong", "Basic YTpi", "Bearer ", "Bearer clé", "nonsense"])
def test_what_is_no_good_key_is_refused(client: FlaskClient, header: str) -> None:
    assert client.get("/v1/reviews", headers={"Authorization": header}).status_code == 401


def test_without_a_log_no_key_can_be_checked_and_nothing_is_read(serving: Fixed, tmp_path: Any) -> None:
    (tmp_path / "file").write_text("not a folder")
    log = PredictionLog(f"sqlite:///{tmp_path}/file/log.db", "full")
    client = create_app(serving, log, packaged_messages()).test_client()
    assert client.get("/v1/reviews", headers={"Authorization": "Bearer x"}).status_code == 503


def test_pages_of_the_origins_listed_may_ask_and_no_others(build: Build) -> None:
    client = build(TRIAGE_ORIGINS=f"{SITE}, http://localhost:3000")
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    for origin, allowed in (
        (SITE, SITE),
        ("https://www.example.org.evil.net", None),
        ("https://wwwxexample.org", None),
    ):
        for response in (
            client.options("/v1/predictions", headers={"Origin": origin} | preflight),
            client.post("/v1/predictions", json=BODY, headers={"Origin": origin}),
            client.post("/v1/predictions", json={}, headers={"Origin": origin}),
        ):
            assert response.headers.get("Access-Control-Allow-Origin") == allowed
            assert "Access-Control-Allow-Credentials" not in response.headers
    assert "Access-Control-Allow-Origin" not in client.get("/v1/reviews", headers={"Origin": SITE}).headers


def test_no_origin_is_let_in_without_a_list(client: FlaskClient) -> None:
    response = client.post("/v1/predictions", json=BODY, headers={"Origin": SITE})
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("storage", ["memory", "redis"])
def test_a_client_that_calls_too_often_is_told_when_to_come_back(
    build: Build, storage: str, request: pytest.FixtureRequest
) -> None:
    address = f"198.51.{uuid.uuid4().int % 256}.{uuid.uuid4().int % 256}"
    url = request.getfixturevalue("redis_url") if storage == "redis" else ""
    first, second = (build(TRIAGE_RATE_LIMIT="3 per minute", TRIAGE_REDIS_URL=url) for _ in range(2))
    other = second if storage == "redis" else first  # through Redis, processes count together
    codes = [
        client.post("/v1/predictions", json=BODY, environ_base={"REMOTE_ADDR": address}).status_code
        for client in (first, other, first)
    ]
    assert codes == [200, 200, 200]
    refused = other.post("/v1/predictions", json=BODY, environ_base={"REMOTE_ADDR": address})
    assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert other.post("/v1/predictions", json=BODY, environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 200


def test_while_redis_is_away_each_process_counts_for_itself(build: Build) -> None:
    client = build(TRIAGE_RATE_LIMIT="2 per minute", TRIAGE_REDIS_URL="redis://127.0.0.1:1/0")
    assert [client.post("/v1/predictions", json=BODY).status_code for _ in range(3)] == [200, 200, 429]


def test_a_batch_counts_as_its_enquiries(build: Build) -> None:
    client = build(TRIAGE_RATE_LIMIT="5 per minute")
    batch = {"enquiries": [BODY] * 4}
    codes = [client.post("/v1/predictions/batch", json=batch).status_code for _ in range(2)]
    assert codes == [200, 429]


def test_a_network_of_ipv6_is_one_client(build: Build) -> None:
    client = build(TRIAGE_RATE_LIMIT="1 per minute")
    codes = [
        client.post("/v1/predictions", json=BODY, environ_base={"REMOTE_ADDR": address}).status_code
        for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
    ]
    assert codes == [200, 429, 200]


def test_a_caller_with_a_key_is_not_limited(build: Build, run: CliRunner, log: PredictionLog) -> None:
    key = call(run, str(log.database._url), "add", "site", "--scope", "review").stdout.strip()
    client = build(TRIAGE_RATE_LIMIT="1 per minute")
    headers = {"Authorization": f"Bearer {key}"}
    assert [client.post("/v1/predictions", json=BODY, headers=headers).status_code for _ in range(3)] == [200] * 3


@pytest.mark.parametrize(("trusted", "codes"), [("0", [200, 429]), ("1", [200, 200])])
def test_a_forwarded_address_is_believed_only_from_a_trusted_proxy(
    build: Build, trusted: str, codes: list[int]
) -> None:
    client = build(TRIAGE_RATE_LIMIT="1 per minute", TRIAGE_TRUSTED_PROXIES=trusted)
    given = [
        client.post("/v1/predictions", json=BODY, headers={"X-Forwarded-For": address}).status_code
        for address in ("192.0.2.1", "192.0.2.2")
    ]
    assert given == codes


@pytest.mark.parametrize("path", ["/", "/v1/model", "/nowhere", "/static/clinic.css"])
def test_every_answer_has_security_headers(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    response.close()
    secure = client.get("/healthz", base_url="https://localhost")
    assert "Strict-Transport-Security" in secure.headers


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRIAGE_ORIGINS", "*"),
        ("TRIAGE_ORIGINS", "https://example.org/form"),
        ("TRIAGE_ORIGINS", "https://*.example.org"),
        ("TRIAGE_ORIGINS", "example.org"),
        ("TRIAGE_RATE_LIMIT", "often"),
        ("TRIAGE_TRUSTED_PROXIES", "-1"),
        ("TRIAGE_RETENTION_DAYS", "0"),
        ("TRIAGE_DATABASE_URL", "mysql://localhost/x"),
        ("TRIAGE_DATABASE_URL", "nonsense"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(InvalidSetting, match=f"^{name}: "):
        ServiceSettings.from_environment({name: value})
