"""`make bench`: how fast everything is, each figure beside its yardstick in the same run, and the goals.

Writes `build/bench.json` and prints it as a table. `--only SECTION` measures a part.
"""

import json
import os
import platform
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import bench_many
import bench_one
import bench_service
import click
from bench_timing import Bench, Row
from rich.console import Console
from rich.table import Table

SECTIONS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "prediction": bench_one.prediction,
    "ngrams": bench_one.ngrams,
    "encoder": bench_one.encoder,
    "worst": bench_one.worst,
    "start": bench_service.start,
    "http": bench_service.http,
    "scoring": bench_many.scoring,
    "dask": bench_many.dask,
    "training": bench_many.training,
    "growth": bench_many.growth,
}
COLUMNS = {
    "median_ms": "median ms",
    "p99_ms": "p99 ms",
    "per_second": "a second",
    "seconds": "seconds",
    "memory_mb": "MB",
    "ratio": "ratio",
}


@click.command()
@click.argument("models", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--only", multiple=True, type=click.Choice(list(SECTIONS)), help="A section; may be given again.")
@click.option("--enquiries", default=200_000, show_default=True, help="How many `triage score` reads.")
@click.option("--rows", default=100_000, show_default=True, help="How many rows `triage train` reads at most.")
@click.option("--to", type=click.Path(path_type=Path), default=Path("build/bench.json"), show_default=True)
def measure(models: Path, only: tuple[str, ...], enquiries: int, rows: int, to: Path) -> None:
    """Measure the champion of MODELS; about an hour for all sections at full size."""
    console = Console()
    to.parent.mkdir(parents=True, exist_ok=True)
    bench, machine = Bench(models, enquiries, rows, to.parent, console), _machine()
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()))
    found: dict[str, list[Row]] = {}
    for name in only or SECTIONS:
        with console.status(f"{name} …"):
            found[name] = list(SECTIONS[name](bench))
        console.print(_table(name, found[name]))
    lines = [
        {"section": name, "what": row.what, **row.figures, "goal": row.goal, "met": row.met}
        for name, section in found.items()
        for row in section
    ]
    model = bench.store.champion()
    to.write_text(json.dumps({"machine": machine, "model": model, "rows": lines}, indent=1) + "\n", "utf-8")
    console.print(f"Also in {to}")


def _table(title: str, rows: list[Row]) -> Table:
    used = [column for column in COLUMNS if any(column in row.figures for row in rows)]
    table = Table(title, *(COLUMNS[column] for column in used), "goal", "", box=None)
    for row in rows:
        cells = (f"{row.figures[column]:,.3g}" if column in row.figures else "" for column in used)
        table.add_row(row.what, *cells, row.goal, {True: "met", False: "missed", None: ""}[row.met])
    return table


def _machine() -> dict[str, str]:
    """What was measured on, and how busy it was before."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": names[0] if names else platform.processor(),
        "cores": str(os.cpu_count()),
        "load": f"{os.getloadavg()[0]:.1f}",
        "Python": platform.python_version(),
        "onnxruntime": version("onnxruntime"),
        "scikit-learn": version("scikit-learn"),
    }


if __name__ == "__main__":
    measure()
