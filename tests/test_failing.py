"""What a visitor gets, and what is kept, when something around the service fails."""

import json
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from model.store import ModelStore
from service import recording
from service.app import create_app
from service.keys import Keys
from service.log import LogUnavailable, PredictionLog
from service.metrics import Metrics
from service.models import Fixed, Serving
from service.recording import Recorder
from service.spool import Spool
from service.upkeep import Upkeep
from service.wording import packaged_messages

KNEE = "my knee hurts on the stairs, ring me on 612 34 56 78"


@dataclass
class Place:
    """A service with a log and a spool."""

    client: FlaskClient
    log: PredictionLog
    recorder: Recorder
    spool: Path
    url: str

    def ask(self) -> str:
        response = self.client.post("/v1/predictions", json={"text": KNEE})
        assert response.status_code == 200, response.text
        return str(response.get_json()["id"])

    def ready(self) -> dict[str, Any]:
        shown: dict[str, Any] = self.client.get("/readyz").get_json()
        return shown


Build = Callable[..., Place]


@pytest.fixture
def build(serving: Fixed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    monkeypatch.setattr(recording, "_REST_SECONDS", 0.5)
    opened: list[PredictionLog] = []

    def place(url: str, spool: Path | None = None, limit: int = 1_000_000) -> Place:
        log, metrics = PredictionLog(url, "redacted", patience=0.5), Metrics()
        opened.append(log)
        file = spool or tmp_path / "spool" / "rows.jsonl"
        recorder = Recorder(log, metrics, Spool(file, limit))
        app = create_app(serving, log, packaged_messages(), recorder=recorder, metrics=metrics)
        return Place(app.test_client(), log, recorder, file, url)

    yield place
    for log in opened:
        log.close()


@contextmanager
def log_away(url: str) -> Iterator[None]:
    """The table is not there for a while."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE predictions RENAME TO elsewhere"))
    yield
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO predictions"))
    engine.dispose()


@contextmanager
def log_locked(url: str) -> Iterator[None]:
    """Somebody else holds the table for a while."""
    engine = create_engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("LOCK TABLE predictions IN ACCESS EXCLUSIVE MODE"))
        yield
        connection.rollback()
    engine.dispose()


def test_answers_go_out_while_the_log_is_away_and_are_logged_when_it_is_back(
    build: Build, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    place = build(database_url)
    before = place.ask()
    with log_away(database_url):
        ids = [place.ask() for _ in range(3)]
        ready = place.ready()
        assert (ready["status"], ready["unlogged"]) == ("degraded", 0)
        assert ready["spool_bytes"] > 0
        with pytest.raises(LogUnavailable, match="prediction log: "):
            place.recorder.flush()
    place.recorder.flush()
    assert all(place.log.get(identifier) for identifier in [before, *ids])
    assert place.log.stats()["predictions"] == 4
    assert place.ready()["status"] == "ready"
    assert "knee" not in caplog.text


def test_the_spool_holds_no_more_of_a_text_than_the_log(build: Build, database_url: str) -> None:
    place = build(database_url)
    place.ask()
    with log_away(database_url):
        place.ask()
    held = place.spool.read_text()
    assert "612 34 56 78" not in held
    assert place.spool.stat().st_mode & 0o077 == 0


def test_a_slow_log_keeps_one_visitor_a_moment_and_the_next_not_at_all(build: Build, database_url: str) -> None:
    place = build(database_url)
    place.ask()
    with log_locked(database_url):
        begun = monotonic()
        first = place.ask()
        between = monotonic()
        second = place.ask()
        done = monotonic()
    assert between - begun < 3
    assert done - between < 0.4
    place.recorder.flush()
    assert place.log.get(first)
    assert place.log.get(second)


def test_a_log_that_accepts_and_says_nothing_is_given_up_on(build: Build) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = build(f"postgresql+psycopg://nobody@127.0.0.1:{silent.getsockname()[1]}/none")
        begun = monotonic()
        place.ask()
        assert monotonic() - begun < 6
        place.ask()
    assert place.spool.read_text().count("\n") == 2


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process can grow: writing fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_loses_rows_but_no_answer_and_says_how_many(build: Build, tmp_path: Path) -> None:
    place = build(f"sqlite:///{tmp_path}/log.db")
    place.ask()
    with full_disk():
        answered = [place.client.post("/v1/predictions", json={"text": KNEE}).status_code for _ in range(2)]
    assert answered == [200, 200]
    assert place.ready()["unlogged"] == 2
    assert 'triage_unlogged_total{outcome="lost"} 2.0' in place.client.get("/metrics").text
    place.log.close()
    place.recorder.flush()
    assert place.ready()["log"] == "ok"


def test_a_full_spool_takes_no_more_and_the_loss_is_counted(build: Build, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    place = build(f"sqlite:///{tmp_path}/file/log.db", limit=1_500)
    for _ in range(4):
        place.ask()
    size = place.spool.stat().st_size
    assert 0 < size <= 1_500
    kept = place.spool.read_text().count("\n")
    assert place.ready()["unlogged"] == 4 - kept > 0


def test_a_damaged_line_of_the_spool_is_left_out_and_the_others_are_written(
    build: Build, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    place = build(database_url)
    place.ask()
    with log_away(database_url):
        first, second = place.ask(), place.ask()
    lines = place.spool.read_text().splitlines()
    place.spool.write_text("\n".join([lines[0], lines[1][:80] + "knee", lines[1]]) + "\n")
    place.recorder.flush()
    assert place.log.get(first)
    assert place.log.get(second)
    assert "line 2 is damaged" in caplog.text
    assert "knee" not in caplog.text


def test_what_an_older_release_spooled_is_written_too(build: Build, database_url: str) -> None:
    place = build(database_url)
    place.ask()
    with log_away(database_url):
        old, new = place.ask(), place.ask()
    first, second = place.spool.read_text().splitlines()
    older = json.dumps({name: value for name, value in json.loads(first).items() if name != "channel"})
    place.spool.write_text(f"{second}\n{older}\n")
    place.recorder.flush()
    assert all(place.log.get(identifier) for identifier in (old, new))


def test_what_is_erased_while_in_the_spool_never_reaches_the_log(
    build: Build, database_url: str, tmp_path: Path
) -> None:
    place = build(database_url)
    key = Keys(place.log.database).add("admin", "admin")
    with log_away(database_url):
        identifier = place.ask()
    copy = place.spool.read_bytes()
    response = place.client.delete(f"/v1/predictions/{identifier}", headers={"Authorization": f"Bearer {key}"})
    assert response.status_code == 204
    place.spool.write_bytes(copy)  # as if another process had kept it as well
    place.recorder.flush()
    assert place.log.get(identifier) is None


def test_two_processes_that_empty_the_spool_at_once_write_each_row_once(build: Build, database_url: str) -> None:
    place = build(database_url)
    place.ask()
    with log_away(database_url):
        for _ in range(5):
            place.ask()
    others = [build(database_url, place.spool) for _ in range(3)]
    threads = [threading.Thread(target=other.recorder.flush) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert place.log.stats()["predictions"] == 6
    assert place.ready()["spool_bytes"] == 0


def test_upkeep_empties_the_spool_and_forgets_what_is_past_its_time(build: Build, database_url: str) -> None:
    place = build(database_url)
    place.ask()
    with log_away(database_url):
        place.ask()
        upkeep = Upkeep(place.recorder, place.log, timedelta(days=30))
        upkeep.once()
    upkeep.once()
    assert place.log.stats()["predictions"] == 2
    Upkeep(place.recorder, place.log, timedelta(0)).once()
    assert place.log.stats()["predictions"] == 0


class BrokenEncoder:
    """An encoder whose library fails."""

    name, digest, services, flags = "broken", "0", (), ()

    def read(self, texts: Any) -> Any:
        raise OSError(f"cannot read: {texts[0]}")


def test_a_broken_encoder_leaves_the_rules_and_a_person(
    store: ModelStore, log: PredictionLog, caplog: pytest.LogCaptureFixture
) -> None:
    model = store.load(store.champion())
    object.__setattr__(model.classifier, "encoder", BrokenEncoder())
    client = create_app(Fixed(Serving(model, store.manifest(model.version))), log, packaged_messages()).test_client()
    answer = client.post("/v1/predictions", json={"text": KNEE}).get_json()
    assert answer["escalate"] is True
    assert "degraded" in [flag["code"] for flag in answer["flags"]]
    assert "triage_degraded_total 1.0" in client.get("/metrics").text
    assert "knee" not in caplog.text
