"""Sections of `make bench` about the service: how soon it answers, what a worker takes, and its rate over HTTP."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import load
import numpy as np
from bench_timing import Bench, Row, at_least, at_most, in_turn, timed

# A process that loads a model and answers once; it tells the most memory it took.
FIRST_ANSWER = """
import resource, sys
from pathlib import Path
from model.store import ModelStore
store = ModelStore(Path(sys.argv[1]))
store.load(store.champion()).predict_one("my knee hurts when I run")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
_STARTS = 5


def start(bench: Bench) -> Iterator[Row]:
    """From the start of a process, and of `triage serve`, to the first answer; the memory of a worker that serves."""
    waits = []
    for _ in range(_STARTS):
        begin = time.perf_counter()
        command = [sys.executable, "-c", FIRST_ANSWER, str(bench.models)]
        ran = subprocess.run(command, check=True, capture_output=True, text=True)
        waits.append(time.perf_counter() - begin)
    yield at_most("start to first answer, in process", "seconds", float(np.median(waits)), 2)
    yield Row("… and the most memory it took", {"memory_mb": float(ran.stdout)})
    begin = time.perf_counter()
    with load.service(bench.models) as (port, process):
        yield Row("start of triage serve to first answer", {"seconds": time.perf_counter() - begin})
        load.flat_out(port, seconds=5)
        sizes = [_memory(worker) for worker in _children(process.pid)]
    yield at_most("memory of a worker that has served", "memory_mb", max(sizes), 450)


def http(bench: Bench) -> Iterator[Row]:
    """Eight connections: the rate against what prediction allows, and against a bare Flask echo."""
    model = bench.store.load(bench.store.champion())
    waits = in_turn({"alone": model.predict_one}, list(load.ENQUIRIES) * 100)
    limit = (os.cpu_count() or 1) * 1_000 / float(waits["alone"].mean())
    yield Row("HTTP: limit that prediction sets (cores by its time)", {"per_second": limit})
    rates: dict[str, float] = {}
    for name, flat, paced in load.both(bench.models, bench.console):
        rates[name] = flat.rate
        row = timed(f"HTTP, {load.CONNECTIONS} connections: {name}", flat.waits)
        yield Row(row.what, {**row.figures, "per_second": flat.rate})
        yield timed(f"HTTP, {load.PACE} a second: {name}", paced)
    yield at_most("HTTP: p99 of the predictions", "p99_ms", float(np.percentile(flat.waits, 99)), 40)
    yield at_least("HTTP: rate by that limit", "ratio", rates[load.PREDICTIONS] / limit, 0.7)
    yield Row("HTTP: rate by the echo's", {"ratio": rates[load.PREDICTIONS] / rates[load.ECHO]})


def _children(parent: int) -> list[int]:
    return [
        int(pid)
        for task in Path(f"/proc/{parent}/task").iterdir()
        for pid in (task / "children").read_text("utf-8").split()
    ]


def _memory(pid: int) -> float:
    """MB that are resident, shared libraries included."""
    pages = Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1_000_000
