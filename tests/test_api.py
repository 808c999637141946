"""The API beyond a single prediction, on SQLite and on PostgreSQL."""

import threading
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

CLOT = "llevo la pantorrilla hinchada y caliente desde el vuelo, me dais un masaje?"
KNEE = "my knee hurts, ring me on 612 34 56 78"

NOBODY = "01a20e00-0000-7000-8000-000000000000"
"""An id that no answer has."""


def ask(site: Any, text: str, **headers: str) -> dict[str, Any]:
    response = site.client.post("/v1/predictions", json={"text": text}, headers=headers)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.get_json()
    return answer


def test_a_batch_is_answered_in_order_and_each_answer_is_logged(site: Any) -> None:
    body = {"enquiries": [{"text": CLOT}, {"text": KNEE}]}
    answers = site.client.post("/v1/predictions/batch", json=body).get_json()["predictions"]
    assert [answer["language"] for answer in answers] == ["es", "en"]
    alone = ask(site, CLOT)
    assert {key: value for key, value in answers[0].items() if key != "id"} == {
        key: value for key, value in alone.items() if key != "id"
    }
    assert all(site.log.get(answer["id"]) for answer in answers)


@pytest.mark.parametrize(
    ("enquiries", "field"),
    [
        ([], "enquiries"),
        ([{"text": "a knee"}] * 101, "enquiries"),
        ([{"text": "a knee"}, {"text": " "}], "enquiries.1.text"),
        ([{"text": "a knee"}, {"text": 5}], "enquiries.1.text"),
    ],
)
def test_a_batch_with_a_fault_names_it_and_logs_nothing(site: Any, enquiries: list[Any], field: str) -> None:
    response = site.client.post("/v1/predictions/batch", json={"enquiries": enquiries})
    assert response.status_code == 422
    assert [fault["field"] for fault in response.get_json()["errors"]] == [field]
    assert site.log.stats()["predictions"] == 0


def test_a_repeated_request_gets_the_same_answer_and_one_row(site: Any) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first = ask(site, CLOT, **key)
    assert ask(site, CLOT, **key) == first
    assert ask(site, CLOT)["id"] != first["id"]
    assert site.log.stats()["predictions"] == 2


def test_a_repeated_batch_gets_the_same_answers(site: Any) -> None:
    key, body = {"Idempotency-Key": "form-7"}, {"enquiries": [{"text": CLOT}, {"text": KNEE}, {"text": KNEE}]}
    first, second = (site.client.post("/v1/predictions/batch", json=body, headers=key).get_json() for _ in range(2))
    assert first == second
    assert len({answer["id"] for answer in first["predictions"]}) == 3
    assert site.log.stats()["predictions"] == 3


def test_the_same_request_many_times_at_once_is_one_row_and_one_answer(site: Any) -> None:
    answers: list[Any] = []

    def send() -> None:
        client = site.client.application.test_client()
        answers.append(client.post("/v1/predictions", json={"text": CLOT}, headers={"Idempotency-Key": "k"}).get_json())

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer["id"] for answer in answers}) == 1
    assert site.log.stats()["predictions"] == 1


def test_a_key_used_for_another_enquiry_is_refused(site: Any) -> None:
    key = {"Idempotency-Key": "form-7"}
    ask(site, CLOT, **key)
    response = site.client.post("/v1/predictions", json={"text": KNEE}, headers=key)
    assert response.status_code == 409
    assert response.get_json()["type"].endswith("idempotency-key-reused")
    assert site.log.stats()["predictions"] == 1


@pytest.mark.parametrize("key", ["", "a key", "k" * 256, "clé"])
def test_a_key_that_is_no_name_is_refused(client: FlaskClient, key: str) -> None:
    response = client.post("/v1/predictions", json={"text": KNEE}, headers={"Idempotency-Key": key})
    assert response.status_code == 422
    assert response.get_json()["errors"][0]["field"] == "Idempotency-Key"


def test_the_channel_is_kept_where_the_caller_tells_it(site: Any) -> None:
    asked = [{"text": KNEE, "channel": "chat"}, {"text": KNEE}]
    ids = [site.client.post("/v1/predictions", json=body).get_json()["id"] for body in asked]
    batch = site.client.post("/v1/predictions/batch", json={"enquiries": asked}).get_json()["predictions"]
    ids += [answer["id"] for answer in batch]
    held = [site.client.get(f"/v1/predictions/{name}", headers=site.review).get_json()["channel"] for name in ids]
    assert held == ["chat", None, "chat", None]
    assert [row["channel"] for row in site.log.export()] == held
    assert site.log.stats()["channel"] == {"chat": 2, "not told": 2}


def test_a_channel_that_nobody_knows_is_refused_by_name(client: FlaskClient) -> None:
    response = client.post("/v1/predictions", json={"text": KNEE, "channel": "fax"})
    assert response.status_code == 422
    assert [fault["field"] for fault in response.get_json()["errors"]] == ["channel"]


def test_what_the_log_holds_is_read_with_a_key(site: Any) -> None:
    answer = ask(site, KNEE)
    url = f"/v1/predictions/{answer['id']}"
    assert site.client.get(url).status_code == 401
    held = site.client.get(url, headers=site.review).get_json()
    assert held["text"] == "my knee hurts, ring me on ••••••••••••"
    assert held["decision"] == answer["decision"]
    assert held["reviews"] == []
    assert "request_key" not in held


def test_reviews_are_added_and_never_changed(site: Any) -> None:
    url = f"/v1/predictions/{ask(site, KNEE)['id']}"
    for service in ("massage", "physiotherapy"):
        response = site.client.post(
            f"{url}/reviews", json={"service": service, "note": "rang 612 34 56 78"}, headers=site.review
        )
        assert response.status_code == 201
    reviews = site.client.get(url, headers=site.review).get_json()["reviews"]
    assert [review["service"] for review in reviews] == ["massage", "physiotherapy"]
    assert [(review["reviewer"], review["flags"], review["note"]) for review in reviews] == [
        ("review", None, "rang ••••••••••••")
    ] * 2
    (exported,) = site.log.export()
    assert exported["review"]["service"] == "physiotherapy"


def test_a_review_says_which_sample_it_belongs_to(site: Any) -> None:
    url = f"/v1/predictions/{ask(site, KNEE)['id']}/reviews"
    for sample in ("random", None):
        kept = site.client.post(url, json={"flags": [], "sample": sample}, headers=site.review).get_json()
        assert kept["sample"] == sample
    assert site.client.post(url, json={"flags": [], "sample": "Random!"}, headers=site.review).status_code == 422


def test_reviews_are_paged_from_the_oldest(site: Any) -> None:
    url = f"/v1/predictions/{ask(site, KNEE)['id']}/reviews"
    given = [site.client.post(url, json={"flags": ["minor"]}, headers=site.review).get_json()["id"] for _ in range(3)]
    first = site.client.get("/v1/reviews?limit=2", headers=site.review).get_json()
    rest = site.client.get(f"/v1/reviews?limit=2&after={first['next']}", headers=site.review).get_json()
    assert [review["id"] for review in first["reviews"] + rest["reviews"]] == given
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"service": None}, "body"),
        ({"service": "sauna"}, "service"),
        ({"flags": ["low_confidence"]}, "flags.0"),
        ({"service": "massage", "note": "a\0b"}, "note"),
    ],
)
def test_a_review_that_judges_nothing_we_know_is_refused(site: Any, body: dict[str, Any], field: str) -> None:
    url = f"/v1/predictions/{ask(site, KNEE)['id']}/reviews"
    response = site.client.post(url, json=body, headers=site.review)
    assert response.status_code == 422
    assert response.get_json()["errors"][0]["field"] == field


def test_what_is_erased_is_gone_with_its_reviews(site: Any) -> None:
    url = f"/v1/predictions/{ask(site, KNEE)['id']}"
    site.client.post(f"{url}/reviews", json={"service": "massage"}, headers=site.review)
    assert site.client.delete(url, headers=site.review).status_code == 403
    assert site.client.delete(url, headers=site.admin).status_code == 204
    assert site.client.get(url, headers=site.admin).status_code == 404
    assert site.client.delete(url, headers=site.admin).status_code == 404
    assert site.client.get("/v1/reviews", headers=site.review).get_json()["reviews"] == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/predictions/not-an-id", 422),
        ("GET", f"/v1/predictions/{NOBODY}", 404),
        ("POST", f"/v1/predictions/{NOBODY}/reviews", 404),
        ("GET", "/v1/reviews?limit=0", 422),
        ("GET", "/v1/reviews?colour=red", 422),
    ],
)
def test_what_is_not_there_or_not_understood_is_a_problem(site: Any, method: str, path: str, status: int) -> None:
    body = {"service": "massage"} if method == "POST" else None
    response = site.client.open(path, method=method, json=body, headers=site.review)
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")


def test_the_model_says_what_it_is_and_how_good(client: FlaskClient) -> None:
    shown = client.get("/v1/model").get_json()
    assert shown["version"] == client.get("/readyz").get_json()["model_version"]
    assert 0 < shown["figures"]["all"]["service_right"]["value"] <= 1
    assert 0 < shown["thresholds"]["route"] <= 1


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"text": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", "application/json", 400),
        ('{"text": "mi rodilla está rígida"}'.encode("latin-1"), "application/json", 400),
        (b'{"text": "a knee"}', "application/json; charset=latin-1", 415),
        (b'{"text": "a\x07 knee"}', "application/json", 400),
        (b'{"\\ud800": 1}', "application/json", 422),
        (b'{"text": 1' + b"0" * 5_000 + b"}", "application/json", 400),
        (b"null", "application/json", 422),
        (b"", "application/json", 400),
    ],
)
def test_a_hostile_body_gets_a_clear_4xx(client: FlaskClient, body: bytes, content_type: str, status: int) -> None:
    response = client.post("/v1/predictions", data=body, content_type=content_type)
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert response.get_json()["status"] == status
