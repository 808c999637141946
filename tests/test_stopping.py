"""What visitors keep when the service is killed, and when it is told to stop."""

import os
import signal
import threading
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from model.store import ModelStore
from service.log import PredictionLog

KNEE = "my knee hurts on the stairs, ring me on 612 34 56 78"


@pytest.mark.parametrize("log_works", [True, False], ids=["log up", "log away"])
def test_a_killed_server_loses_no_answer_it_gave(
    store: ModelStore, serve: Callable[..., Any], tmp_path: Path, log_works: bool, until: Callable[..., None]
) -> None:
    folder = tmp_path / "log"
    if not log_works:
        folder.write_text("in the way")
    url = f"sqlite:///{folder}/served.db"
    server = serve(store.root, "--workers", "2", TRIAGE_DATABASE_URL=url)
    acknowledged: list[str] = []
    stopped = threading.Event()

    def keep_asking() -> None:
        while not stopped.is_set():
            try:
                status, answer = server.ask(KNEE)
            except (OSError, HTTPException):
                return  # no answer, or a part of one: nothing was acknowledged
            assert status == 200
            acknowledged.append(answer["id"])

    threads = [threading.Thread(target=keep_asking) for _ in range(3)]
    for thread in threads:
        thread.start()
    until(lambda: len(acknowledged) > 40)
    for pid in family(server.process.pid):
        os.kill(pid, signal.SIGKILL)
    stopped.set()
    for thread in threads:
        thread.join()
    if not log_works:
        folder.unlink()
    again = serve(store.root, TRIAGE_DATABASE_URL=url)
    until(lambda: again.get("/readyz")[1]["spool_bytes"] == 0)
    log = PredictionLog(url, "redacted", patience=10)
    assert [identifier for identifier in acknowledged if log.get(identifier) is None] == []
    log.close()


def family(pid: int) -> list[int]:
    """A process and its children, the children first."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [member for child in children for member in family(int(child))] + [pid]


def test_sigterm_lets_the_requests_under_way_finish(store: ModelStore, serve: Callable[..., Any]) -> None:
    server = serve(store.root)
    long = {"enquiries": [{"text": " ".join(f"{KNEE} {number}" for number in range(80))}] * 13}
    begun = monotonic()
    server.post("/v1/predictions/batch", long)
    takes = monotonic() - begun
    results: list[tuple[int, Any]] = []
    threads = [
        threading.Thread(target=lambda: results.append(server.post("/v1/predictions/batch", long))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    threading.Event().wait(takes / 2)
    assert results == []
    server.process.send_signal(signal.SIGTERM)
    for thread in threads:
        thread.join()
    assert [status for status, _ in results] == [200] * 3
    assert server.process.wait(30) == 0
