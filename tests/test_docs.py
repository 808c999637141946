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
from pathlib import Path

import pandas as pd
import pytest

from model.store import ModelStore

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md")] + sorted(ROOT.glob("*/README.md"))
# Shown to say how a server is run or made; their own tests are elsewhere or they would not end.
NOT_RUN = ("pip install", "python3 -m venv")

# What an office keeps in Excel, saved as CSV on Windows.
NOVEMBER = """Mensaje;Servicio;Alertas;Fecha
Me cruje la rodilla al bajar escaleras y llevo dos meses así, ¿me podéis ver?;Fisioterapia;;03/11/2026
Masaje relajante para mi madre, que cumple 60 el sábado;Masaje;;04/11/2026
Estoy de cinco meses y querría un masaje prenatal;Masaje;embarazo;05/11/2026
¿Tenéis parking cerca de la clínica?;Otro;;05/11/2026
"""


def commands() -> list[str]:
    """Lines that begin with `$ ` in code blocks; a trailing backslash joins the next line."""
    lines = [
        line
        for document in DOCUMENTS
        for block in re.findall(r"```console\n(.*?)```", document.read_text("utf-8"), re.DOTALL)
        for line in re.findall(r"^\$ (.*(?:\\\n.*)*)", block, re.MULTILINE)
    ]
    return sorted({re.sub(r"\\\n\s*", " ", line) for line in lines})


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory, store: ModelStore, small_data: list[Path]) -> Path:
    """A checkout in small: a few authors' enquiries and a small model."""
    folder = tmp_path_factory.mktemp("workplace")
    (folder / "data" / "labelled").mkdir(parents=True)
    for file in small_data:
        shutil.copy(file, folder / "data" / "labelled")
    for author in ("s24", "s52", "s53"):  # whom the encoder has not seen
        rows = pd.read_csv(ROOT / "data" / "labelled" / f"{author}.csv", dtype=str, keep_default_na=False).head(80)
        rows.to_csv(folder / "data" / "labelled" / f"{author}.csv", index=False)
    (folder / "data" / "languages").mkdir()
    foreign = pd.read_csv(ROOT / "data" / "languages" / "t6.csv", dtype=str, keep_default_na=False).head(10)
    foreign.to_csv(folder / "data" / "languages" / "t6.csv", index=False)
    shutil.copytree(store.root, folder / "var" / "models")
    shutil.copy(small_data[0], folder / "enquiries.csv")
    (folder / "data" / "test").mkdir()
    shutil.copy(ROOT / "data" / "test" / "t5.csv", folder / "data" / "test")
    (folder / "data" / "challenge").mkdir()
    items = pd.read_csv(ROOT / "data" / "challenge" / "context.csv", dtype=str, keep_default_na=False).head(20)
    items.to_csv(folder / "data" / "challenge" / "context.csv", index=False)
    # Speed is not what is shown here, and other tests run beside this one.
    limits = (ROOT / "training" / "gates.toml").read_text().replace("latency_ratio = 1.2", "latency_ratio = 1000")
    (folder / "gates.toml").write_text(limits)
    (folder / "november.csv").write_text(NOVEMBER, "cp1252")
    return folder


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


@pytest.mark.parametrize("command", [line for line in commands() if line.startswith(("triage ", ".venv/bin/triage "))])
def test_a_triage_command_that_is_shown_runs(command: str, workplace: Path) -> None:
    # `triage` stands for the one beside this Python.
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    version = next(entry.name for entry in (workplace / "var" / "models").iterdir() if entry.is_dir())
    line = re.sub(r"\b\d{8}-[0-9a-f]{6}\b", version, command.removeprefix(".venv/bin/"))
    done = subprocess.run(line, shell=True, cwd=workplace, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


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
    (shown,) = re.findall(r"\$ (triage data import .*)\n((?:.*\n)*?)```", walk)
    line = f"{triage_program()}{shown[0].removeprefix('triage')} --dry-run --into empty"
    wide = os.environ | {"COLUMNS": "120"}
    done = subprocess.run(line, shell=True, cwd=workplace, env=wide, capture_output=True, text=True, check=True)
    promised, given = ([text.split() for text in output.splitlines()[:-1]] for output in (shown[1], done.stdout))
    assert given == promised


def test_every_command_shown_is_one_that_is_run_here() -> None:
    known = ("make ", "triage ", ".venv/bin/triage ", "curl ", *NOT_RUN)
    assert [line for line in commands() if not line.startswith(known)] == []
