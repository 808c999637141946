"""`make load`: rate and latency of the service, beside a bare Flask echo on the same server in the same run.

Each is asked in turn: first as fast as it answers, over a few connections; then at 50 requests a second, on a timetable
(a late answer makes no later request wait, so that what visitors would wait is measured).
"""

import http.client
import json
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from flask import Flask, Response, jsonify, request
from granian import Granian
from granian.constants import Interfaces
from rich.console import Console
from rich.table import Table

ENQUIRIES = (
    "My neck is stiff from the desk, do you have a slot on Friday?",
    "llevo la pantorrilla hinchada y caliente desde el vuelo, me dais un masaje?",
    "Me operaron del menisco hace tres semanas y el cirujano me ha dicho que empiece ya con la rehabilitación.",
    "sports massage for tight calves after the marathon please, sixty minutes",
)
CONNECTIONS, SECONDS, PACE = 8, 8.0, 50
ECHO, PREDICTIONS = "bare Flask echo", "predictions, each logged"
echo = Flask(__name__)


@dataclass(frozen=True, slots=True)
class Flat:
    """Answers as fast as they came: how many a second, and the milliseconds that each took, shape (n_answers,)."""

    rate: float
    waits: np.ndarray


@echo.post("/v1/predictions")
def _echo() -> Response:
    return jsonify(request.get_json())


@contextmanager
def serving(command: list[str], port: int, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A server while the block lasts, from its first answer on."""
    process = subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not _answers(port):
            if process.poll() is not None:
                raise click.ClickException(f"the server ended: {' '.join(command)}")
            time.sleep(0.02)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    try:
        ask(http.client.HTTPConnection("127.0.0.1", port, timeout=5), 0)
    except OSError:
        return False
    return True


def ask(connection: http.client.HTTPConnection, number: int) -> None:
    """One prediction."""
    body = json.dumps({"text": ENQUIRIES[number % len(ENQUIRIES)]})
    connection.request("POST", "/v1/predictions", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    response.read()
    if response.status != 200:
        raise click.ClickException(f"the server answered {response.status}")


def flat_out(port: int, seconds: float = SECONDS) -> Flat:
    """Answers a second over a few connections."""
    until, waits = time.perf_counter() + seconds, [list[float]() for _ in range(CONNECTIONS)]

    def work(lane: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while (begin := time.perf_counter()) < until:
            ask(connection, len(waits[lane]))
            waits[lane].append(1_000 * (time.perf_counter() - begin))

    _together(work, CONNECTIONS)
    return Flat(sum(map(len, waits)) / seconds, np.concatenate(waits))


def paced(port: int) -> np.ndarray:
    """Milliseconds from when each request was due to its answer."""
    begin = time.perf_counter() + 0.2
    due: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(int(SECONDS * PACE)):
        due.put(number)
    waits: list[float] = []

    def work(_lane: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while True:
            try:
                number = due.get_nowait()
            except queue.Empty:
                return
            at = begin + number / PACE
            time.sleep(max(0.0, at - time.perf_counter()))
            ask(connection, number)
            waits.append(1_000 * (time.perf_counter() - at))

    _together(work, 16)
    return np.array(waits)


def _together(work: Callable[[int], None], lanes: int) -> None:
    threads = [threading.Thread(target=work, args=(lane,)) for lane in range(lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serve_echo(port: int) -> None:
    """The bare Flask echo, served as `triage serve` serves."""
    Granian(
        "tests.load:echo", "127.0.0.1", port, interface=Interfaces.WSGI, workers=2, blocking_threads=4, websockets=False
    ).serve()


@contextmanager
def service(models: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The champion of a store as `triage serve` serves it, by two workers: its port, and the process above them."""
    with tempfile.TemporaryDirectory() as scratch:
        port = free_port()
        program = Path(sys.executable).parent / "triage"
        command = [str(program), "serve", "--workers", "2", "--port", str(port), "--models", str(models.resolve())]
        environment = {
            "TRIAGE_DATABASE_URL": f"sqlite:///{scratch}/log.db",
            "TRIAGE_SPOOL": f"{scratch}/spool.jsonl",
            "TRIAGE_RATE_LIMIT": "",
        }
        with serving(command, port, environment) as process:
            yield port, process


def both(models: Path, console: Console) -> Iterator[tuple[str, Flat, np.ndarray]]:
    """The echo, then the champion of a store: name, answers flat out, and milliseconds waited when paced."""
    port = free_port()
    with console.status(f"{ECHO} …"), serving([sys.executable, "-m", "tests.load", str(port)], port, {}):
        yield ECHO, flat_out(port), paced(port)
    with console.status(f"{PREDICTIONS} …"), service(models) as (port, _):
        yield PREDICTIONS, flat_out(port), paced(port)


@click.command()
@click.argument("models", type=click.Path(exists=True, file_okay=False, path_type=Path))
def measure(models: Path) -> None:
    """Measure the champion of MODELS."""
    console, table = Console(), Table("", "answers/s", "p50 ms", "p95 ms", "p99 ms", "max ms", box=None)
    for name, flat, waits in both(models, console):
        table.add_row(name, f"{flat.rate:.0f}", *(f"{np.percentile(waits, at):.1f}" for at in (50, 95, 99, 100)))
    console.print(table)
    console.print(
        f"{CONNECTIONS} connections flat out for {SECONDS:.0f} s; waits at {PACE} requests/s for {SECONDS:.0f} s"
    )


if __name__ == "__main__":
    if sys.argv[1].isdigit():
        serve_echo(int(sys.argv[1]))
    else:
        measure()
