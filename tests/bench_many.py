"""Sections of `make bench` about many enquiries: scoring a file, spreading it over Dask workers, and training."""

import csv
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench_timing import LABELLED, Bench, Row, at_least, at_most
from distributed import Client, LocalCluster
from matplotlib.figure import Figure

from training.cluster import OWN_PAGE, Cluster
from training.noise import with_typos
from training.scoring import score

TRIAGE = Path(sys.executable).parent / "triage"
_COLUMNS = ("id", "text", "language", "service", "flags", "contrast", "source", "annotator", "created")
_PAUSE = 0.2  # seconds between two looks at a process's memory


def scoring(bench: Bench) -> Iterator[Row]:
    """`triage score` over a long file: rate, rate for each core it kept busy, and whether its memory grows."""
    with tempfile.TemporaryDirectory() as scratch:
        source = _enquiries(Path(scratch), bench.enquiries)
        command = [TRIAGE, "score", source, Path(scratch) / "out.jsonl", "--models", bench.models.resolve()]
        seconds, busy, memory = _watched(command)
    done = f"triage score, {bench.enquiries:,} enquiries"
    yield Row(done, {"per_second": bench.enquiries / seconds, "memory_mb": max(memory)})
    yield at_least(f"{done}: for each busy core", "per_second", bench.enquiries / busy, 350)
    quarter = len(memory) // 4
    early, late = max(memory[quarter : 2 * quarter], default=1), max(memory[-quarter:], default=1)
    yield at_most(f"{done}: memory in the last quarter, times the second", "ratio", late / early, 1.05)


def dask(bench: Bench) -> Iterator[Row]:
    """The same by one Dask worker on one core and by two on two."""
    count = max(4_000, bench.enquiries // 10)
    rates = []
    for workers in (1, 2):
        with (
            tempfile.TemporaryDirectory() as scratch,
            LocalCluster(workers, threads_per_worker=1, dashboard_address=OWN_PAGE) as cluster,
            Client(cluster) as client,
        ):
            for core, address in enumerate(client.scheduler_info()["workers"]):
                client.run(os.sched_setaffinity, 0, {core}, workers=[address])
            source = _enquiries(Path(scratch), count)
            _score(bench, cluster.scheduler_address, _enquiries(Path(scratch), 2_000, "warm"))
            begin = time.perf_counter()
            _score(bench, cluster.scheduler_address, source)
            rates.append(count / (time.perf_counter() - begin))
        yield Row(f"triage score, Dask, {workers} of one core each", {"per_second": rates[-1]})
    yield at_least("two Dask workers: times one", "ratio", rates[1] / rates[0], 1.8)


def training(bench: Bench) -> Iterator[Row]:
    """`triage train` on the whole corpus, with nothing encoded before and with everything."""
    with tempfile.TemporaryDirectory() as models:
        for name, limit in (("caches cold", 120.0), ("caches warm", 20.0)):
            seconds, _, memory = _watched([TRIAGE, "train", "--data", LABELLED, "--models", models])
            yield at_most(f"triage train, {name}", "seconds", seconds, limit)
            yield at_most(f"triage train, {name}: memory", "memory_mb", max(memory), 2_000)


def growth(bench: Bench) -> Iterator[Row]:
    """`triage train` on ever more rows, as a plot too; beyond the corpus they are misspelt copies."""
    sizes = [size for power in range(3, 7) for size in (10**power, 3 * 10**power) if size <= bench.rows]
    seconds: list[float] = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            data = Path(scratch) / "data.csv"
            _labelled(data, size)
            seconds.append(_watched([TRIAGE, "train", "--data", data, "--models", Path(scratch) / "models"])[0])
        yield Row(f"triage train, {size:,} rows", {"seconds": seconds[-1]})
    for (small, before), (large, after) in itertools.pairwise(zip(sizes, seconds, strict=True)):
        what = f"triage train, {small:,} to {large:,} rows: growth by that of the rows"
        yield at_most(what, "ratio", after / before / (large / small), 1.0)
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.loglog(sizes, seconds, "o-")
    axes.loglog(sizes, [seconds[0] * size / sizes[0] for size in sizes], "--", color="grey", label="in proportion")
    axes.set(xlabel="rows", ylabel="seconds of triage train")
    axes.legend()
    figure.savefig(bench.folder / "bench-train.png", dpi=120)


def _watched(command: list[object]) -> tuple[float, float, list[float]]:
    """Run a command: seconds it took, seconds of all cores it used, and its memory in MB, every moment."""
    begin, memory = time.perf_counter(), []
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        pages = Path(f"/proc/{process.pid}/statm").read_text("utf-8").split()[1]
        memory.append(int(pages) * os.sysconf("SC_PAGE_SIZE") / 1_000_000)
        time.sleep(_PAUSE)
    if ended[1]:
        raise RuntimeError(process.stderr.read().decode() if process.stderr else "")
    return time.perf_counter() - begin, ended[2].ru_utime + ended[2].ru_stime, memory


def _score(bench: Bench, scheduler: str, source: Path) -> None:
    cluster = Cluster(scheduler)
    try:
        target = source.with_name(f"{source.stem}-out.jsonl")
        score(source, target, "text", bench.store, bench.store.champion(), cluster, lambda *_: None)
    finally:
        cluster.close()


def _rows() -> list[dict[str, str]]:
    return [
        row
        for file in sorted(LABELLED.glob("*.csv"))
        for row in csv.DictReader(file.read_text("utf-8").splitlines(keepends=True))
    ]


def _varied(count: int) -> Iterator[dict[str, str]]:
    """Labelled rows in an order of their own; from the second time round misspelt, so that no text stands twice."""
    rows, chance = _rows(), random.Random(0)
    chance.shuffle(rows)
    for number, row in zip(range(count), itertools.cycle(rows), strict=False):
        text = row["text"] if number < len(rows) else with_typos(row["text"], 0.05, chance)
        yield row | {"id": f"b-{number}", "text": text if text.strip() else row["text"]}


def _enquiries(folder: Path, count: int, name: str = "in") -> Path:
    file = folder / f"{name}.jsonl"
    with file.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps({"text": row["text"]}) + "\n" for row in _varied(count))
    return file


def _labelled(file: Path, count: int) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(_varied(count))
