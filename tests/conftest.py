"""One small real model, trained once for all tests, and what stands around it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from distributed import LocalCluster
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from model.store import ModelStore
from model.triage import TriageModel
from service.app import create_app
from service.keys import SCOPES, Keys
from service.log import PredictionLog
from service.models import Fixed, Serving
from service.wording import packaged_messages
from training.cluster import OWN_PAGE
from training.pipeline import Trained, train
from training.settings import Promise, Settings, read_settings

pytest_plugins = ["form_stage"]

ROOT = Path(__file__).parent.parent
OTHER = "20200101-abcdef"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
# A few authors of each kind: emergencies, everyday, neither service, borderline; English and Spanish.
SMALL = [ROOT / "data" / "labelled" / f"{author}.csv" for author in ("s1", "s2", "s5", "s6", "s7", "s8", "s13")]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def noon() -> datetime:
    return NOON


@pytest.fixture(scope="session")
def small_data() -> list[Path]:
    return SMALL


@pytest.fixture(scope="session")
def small_settings() -> Settings:
    """Three folds, n-grams alone, and a promise that so few enquiries can keep: the whole way in seconds."""
    modest = Promise(risk=0.3, certainty=0.8)
    return read_settings().model_copy(update={"folds": 3, "promise": modest}).without_encoder()


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, small_settings: Settings) -> Trained:
    """A model trained on n-grams alone, in a store of its own whose champion it is."""
    store = ModelStore(tmp_path_factory.mktemp("models"))
    made = train(SMALL, store, small_settings, NOON, lambda *_: None)
    store.promote(made.manifest.version)
    return made


@pytest.fixture(scope="session")
def store(trained: Trained) -> ModelStore:
    return ModelStore(trained.folder.parent)


@pytest.fixture(scope="session")
def model(store: ModelStore) -> TriageModel:
    return store.load(store.champion())


@pytest.fixture(scope="session")
def server_missing() -> Callable[[str], None]:
    """Skips, or fails where the servers are promised to be there (`.ci/run`)."""
    return _server_missing


def _server_missing(name: str) -> None:
    message = f"no {name} answers here"
    if os.environ.get("TRIAGE_TEST_SERVERS") == "required":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind; PostgreSQL's is a schema of its own on a real server."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/triage.db"
        return
    url = os.environ.get("TRIAGE_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/test")
    engine, schema = create_engine(url, connect_args={"connect_timeout": 3}), f"t{uuid.uuid4().hex}"
    try:
        with engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
    except OperationalError:
        _server_missing("PostgreSQL")
    yield f"{url}?options=-csearch_path%3D{schema}"
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[PredictionLog]:
    opened = PredictionLog(f"sqlite:///{tmp_path}/triage.db", "redacted")
    yield opened
    opened.close()


@pytest.fixture
def serving(store: ModelStore, model: TriageModel) -> Fixed:
    return Fixed(Serving(model, store.manifest(model.version)))


@pytest.fixture
def client(serving: Fixed, log: PredictionLog) -> FlaskClient:
    return create_app(serving, log, packaged_messages()).test_client()


@dataclass(frozen=True)
class Site:
    """The service on one of the databases, with a key of each scope."""

    client: FlaskClient
    log: PredictionLog
    review: dict[str, str]
    admin: dict[str, str]


@pytest.fixture
def site(serving: Fixed, database_url: str) -> Iterator[Site]:
    log = PredictionLog(database_url, "redacted", patience=5)
    keys = Keys(log.database)
    headers = [{"Authorization": f"Bearer {keys.add(scope, scope)}"} for scope in SCOPES]
    yield Site(create_app(serving, log, packaged_messages()).test_client(), log, *headers)
    log.close()


@pytest.fixture
def two_models(store: ModelStore, tmp_path: Path) -> ModelStore:
    """A store of its own with a second version, OTHER, that is sure of nothing; the first one is the champion."""
    copied = ModelStore(tmp_path / "store")
    shutil.copytree(store.root, copied.root)
    shutil.copytree(copied.root / store.champion(), copied.root / OTHER)
    manifest = store.manifest(store.champion())
    timid = manifest.thresholds.model_copy(update={"route": 1.0, "confirm": 1.0})
    manifest.model_copy(update={"version": OTHER, "thresholds": timid}).write(copied.root / OTHER / "manifest.json")
    return copied


@dataclass
class Server:
    """A running `triage serve`."""

    url: str
    process: subprocess.Popen[bytes]
    output: Path

    def get(self, path: str) -> tuple[int, Any]:
        return self._send(urllib.request.Request(self.url + path))

    def ask(self, text: str) -> tuple[int, Any]:
        return self.post("/v1/predictions", {"text": text})

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json"}
        return self._send(urllib.request.Request(self.url + path, json.dumps(body).encode(), headers))

    @staticmethod
    def _send(request: urllib.request.Request) -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                status, content = response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                status, content = error.code, error.read().decode()
        return status, json.loads(content) if content.startswith("{") else content


@pytest.fixture(scope="session")
def until() -> Callable[..., None]:
    return _until


def _until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for something that is to happen by itself."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts `triage serve` on a free port with the variables given, and waits until it answers."""
    started: list[Server] = []

    def start(models: Path, *options: str, **environment: str) -> Server:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        output = tmp_path / f"serve-{port}.txt"
        program = str(Path(sys.executable).parent / "triage")
        variables = {
            "TRIAGE_DATABASE_URL": f"sqlite:///{tmp_path}/served.db",
            "TRIAGE_SPOOL": str(tmp_path / "spool.jsonl"),
            "TRIAGE_RATE_LIMIT": "",
        } | environment
        with output.open("wb") as file:
            process = subprocess.Popen(
                [program, "serve", "--port", str(port), "--models", str(models), *options],
                cwd=tmp_path,
                env=os.environ | variables,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        server = Server(f"http://127.0.0.1:{port}", process, output)
        started.append(server)

        def answers() -> bool:
            assert process.poll() is None, output.read_text()
            try:
                return server.get("/healthz")[0] == 200
            except OSError:
                return False

        _until(answers, 60)
        return server

    yield start
    for server in started:
        server.process.terminate()
        server.process.wait(40)


@pytest.fixture
def run() -> CliRunner:
    return CliRunner()


@pytest.fixture(scope="session")
def cluster() -> Iterator[LocalCluster]:
    """A scheduler with two workers, each a process of its own."""
    main = sys.modules["__main__"]
    if not hasattr(main, "__spec__"):
        main.__spec__ = None  # as a new process expects it; that of a pytest-xdist worker has none
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=OWN_PAGE) as made:
        yield made
