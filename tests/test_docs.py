"""Every command the documents show is run, and what they promise of its answer holds."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from demo_log import fill

from model.store import ModelStore
from training.data import read_labelled
from training.logbook import Logbook
from training.promotions import Promotions

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md")] + sorted(ROOT.glob("*/README.md"))
# Shown to say how a server is run or made; their own tests are elsewhere or they would not end.
NOT_RUN = ("pip install", "python3 -m venv")

VERSION = r"\b\d{8}-[0-9a-f]{6}\b"
OLD, NEW = "20261123-1f3a9c", "20261124-9d11ad"

# What an office keeps in Excel, saved as CSV on Windows.
NOVEMBER = """Mensaje;Servicio;Alertas;Fecha
Me cruje la rodilla al bajar escaleras y llevo dos meses así, ¿me podéis ver?;Fisioterapia;;03/11/2026
Masaje relajante para mi madre, que cumple 60 el sábado;Masaje;;04/11/2026
Estoy de cinco meses y querría un masaje prenatal;Masaje;embarazo;05/11/2026
¿Tenéis parking cerca de la clínica?;Otro;;05/11/2026
"""


def shown(markdown: str) -> list[str]:
    """Lines that begin with `$ ` in console blocks; a trailing backslash joins the next line."""
    blocks = re.findall(r"```console\n(.*?)```", markdown, re.DOTALL)
    lines = [line for block in blocks for line in re.findall(r"^\$ (.*(?:\\\n.*)*)", block, re.MULTILINE)]
    return [re.sub(r"\\\n\s*", " ", line) for line in lines]


def commands() -> list[str]:
    return sorted({line for document in DOCUMENTS for line in shown(document.read_text("utf-8"))})


def walk() -> list[str]:
    """The way from a spreadsheet to a better model, in its order."""
    return shown((ROOT / "training" / "README.md").read_text("utf-8").split("\n## ")[1])


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory, store: ModelStore, small_data: list[Path]) -> Path:
    """A checkout in small: a few authors' enquiries and a small model."""
    folder = tmp_path_factory.mktemp("workplace")
    (folder / "data" / "labelled").mkdir(parents=True)
    for file in small_data:
        copy_rows(file, folder / "data" / "labelled", 60, 120)
    for author in ("s25", "s52", "s53"):  # whom the encoder has not seen
        copy_rows(ROOT / "data" / "labelled" / f"{author}.csv", folder / "data" / "labelled", 0, 80)
    for frozen, rows in (("languages/t6.csv", 10), ("test/t5.csv", 40), ("challenge/context.csv", 20)):
        (folder / "data" / frozen).parent.mkdir()
        copy_rows(ROOT / "data" / frozen, (folder / "data" / frozen).parent, 0, rows)
    shutil.copytree(store.root, folder / "var" / "models")
    shutil.copy(small_data[0], folder / "enquiries.csv")
    # How the walk goes is what is shown here, not how good or fast a model of so few enquiries is.
    limits = (ROOT / "training" / "gates.toml").read_text()
    limits = re.sub(r"^(latency_ratio|alarms_missed) = [\d.]+", r"\1 = 1000", limits, flags=re.MULTILINE)
    (folder / "gates.toml").write_text(re.sub(r" = 0\.\d+", " = 1.0", limits))
    (folder / "november.csv").write_text(NOVEMBER, "cp1252")
    # Visitors' enquiries, read by the champion and by another in its shadow, some of them reviewed; all agreed.
    url = f"sqlite:///{folder}/var/triage.db"
    asked = read_labelled([small_data[0]])[:60]
    fill(url, shadowed(store, tmp_path_factory.mktemp("shadowed")), asked, [], datetime.now(UTC), reviews=20)
    book = Logbook(url)
    (folder / "consent.txt").write_text("\n".join(book.predictions()["id"]))
    book.close()
    return folder


def copy_rows(file: Path, folder: Path, first: int, end: int) -> None:
    table = pd.read_csv(file, dtype=str, keep_default_na=False)[first:end]
    table.to_csv(folder / file.name, index=False)


def shadowed(store: ModelStore, folder: Path) -> ModelStore:
    """The store with a twin of its champion, that has gone before the walk begins."""
    shutil.copytree(store.root, folder, dirs_exist_ok=True)
    manifest = store.manifest(store.champion())
    shutil.copytree(folder / manifest.version, folder / "20200101-abcdef")
    twin = manifest.model_copy(update={"version": "20200101-abcdef"})
    twin.write(folder / "20200101-abcdef" / "manifest.json")
    return ModelStore(folder)


@pytest.fixture(scope="module")
def server(workplace: Path) -> Iterator[str]:
    """`triage serve` on a free port, as the README starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [triage_program(), "serve", "--port", str(port)],
        cwd=workplace,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"localhost:{port}"
    deadline = time.monotonic() + 60
    while not answers(f"http://{address}/readyz"):
        assert process.poll() is None, "the server ended"
        assert time.monotonic() < deadline, "the server did not answer within a minute"
        select_nothing()
    yield address
    process.terminate()
    process.wait(30)


def select_nothing() -> None:
    """Let the server have the processor until the next look."""
    os.sched_yield()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.URLError:
        return False


def triage_program() -> str:
    return str(Path(sys.executable).parent / "triage")


def test_the_readme_shows_the_two_commands_first() -> None:
    first_screen = (ROOT / "README.md").read_text("utf-8")[:3500]
    assert "$ make serve" in first_screen
    assert "$ make test" in first_screen
    assert "$ curl " in first_screen


@pytest.mark.parametrize("command", [line for line in commands() if line.startswith("make ")])
def test_a_make_target_that_is_shown_exists(command: str) -> None:
    subprocess.run([*command.split(), "--dry-run"], cwd=ROOT, check=True, capture_output=True)


def triage_line(line: str, workplace: Path) -> subprocess.CompletedProcess[str]:
    """Runs a line that is shown, where `triage` stands for the one beside this Python."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = line.removeprefix(".venv/bin/")
    return subprocess.run(
        command, shell=True, cwd=workplace, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "command",
    [line for line in commands() if line.startswith(("triage ", ".venv/bin/triage ")) and line not in walk()],
)
def test_a_triage_command_that_is_shown_runs(command: str, workplace: Path) -> None:
    version = ModelStore(workplace / "var" / "models").champion()
    done = triage_line(re.sub(VERSION, version, command), workplace)
    assert done.returncode == 0, done.stderr


def test_the_walk_from_a_spreadsheet_to_a_promoted_model_and_back(workplace: Path, tmp_path: Path) -> None:
    place = tmp_path / "walk"
    shutil.copytree(workplace, place)
    store = ModelStore(place / "var" / "models")
    first = store.champion()
    # A champion that hears what the rules hear and nothing else: one that even a small model betters.
    manifest = store.manifest(first)
    deaf = manifest.thresholds.model_copy(
        update={"any_alarm": 1.0, "flags": dict.fromkeys(manifest.thresholds.flags, 1.0)}
    )
    manifest.model_copy(update={"thresholds": deaf}).write(store.root / first / "manifest.json")
    verbs: list[str] = []
    for line in walk():
        known = {OLD: first, NEW: next((name for name in store.versions() if name != first), NEW)}
        done = triage_line(line.replace(OLD, known[OLD]).replace(NEW, known[NEW]), place)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        verbs.append(" ".join(word for word in line.split()[1:3] if word.isalpha() or word == "from-reviews"))
        if verbs[-1] == "promote":
            assert store.champion() == known[NEW]
    assert verbs == [
        *("data import", "data check", "data stats", "data doubts", "data import"),
        *("train", "evaluate", "compare", "promote", "models", "rollback"),
        *("data from-reviews", "data import"),
    ]
    assert store.champion() == first
    assert [change.action for change in Promotions(store).all()] == ["promote", "rollback"]
    assert "<svg" in (place / "corpus.html").read_text("utf-8")
    reviewed = read_labelled([place / "reviewed.csv"])
    assert reviewed
    imported = {row.text for row in read_labelled([place / "data" / "labelled"])}
    assert {row.text for row in reviewed} <= imported


def test_the_answer_that_the_readme_shows_is_the_answer_that_is_given(server: str) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (shown,) = re.findall(r"\$ (curl .*?)\n(\{.*?)```", readme, re.DOTALL)
    command, promised = re.sub(r"\\\n\s*", " ", shown[0]), json.loads(shown[1])
    line = command.replace("localhost:8000", server)
    given = json.loads(subprocess.run(line, shell=True, capture_output=True, check=True, text=True).stdout)
    assert list(given) == list(promised)
    for key in ("service", "decision", "escalate", "urgency", "language", "message"):
        assert given[key] == promised[key]
    assert given["flags"][0] == promised["flags"][0]


def test_the_import_that_is_shown_is_the_import_that_is_made(workplace: Path) -> None:
    walk = (ROOT / "training" / "README.md").read_text("utf-8")
    (shown,) = re.findall(r"\$ (triage data import november.*)\n((?:.*\n)*?)```", walk)
    line = f"{triage_program()}{shown[0].removeprefix('triage')} --dry-run --into empty"
    wide = os.environ | {"COLUMNS": "120"}
    done = subprocess.run(line, shell=True, cwd=workplace, env=wide, capture_output=True, text=True, check=True)
    promised, given = ([text.split() for text in output.splitlines()[:-1]] for output in (shown[1], done.stdout))
    assert given == promised


def test_every_command_shown_is_one_that_is_run_here() -> None:
    known = ("make ", "triage ", ".venv/bin/triage ", "curl ", *NOT_RUN)
    assert [line for line in commands() if not line.startswith(known)] == []
