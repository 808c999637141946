"""`make bench-training`: how long `triage train` takes as the corpus grows, caches cold and warm.

Each size is trained twice in a store of its own, so that the first finds nothing kept and the second everything. Beyond
the corpus, its texts come again with a word replaced and another moved: their labels may be wrong, their cost is not.
Writes `build/bench-training.json` and a plot beside it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

LABELLED = Path(__file__).parent.parent / "data" / "labelled"
TARGET = Path("build/bench-training.json")
SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
SEED = 20261124
Row = dict[str, Any]


def corpus() -> pd.DataFrame:
    """All labelled enquiries."""
    return pd.concat([pd.read_csv(file, dtype=str, keep_default_na=False) for file in sorted(LABELLED.glob("*.csv"))])


def of_size(rows: pd.DataFrame, size: int) -> pd.DataFrame:
    """So many enquiries: a sample, or all of them and then perturbed ones."""
    chance = np.random.default_rng(SEED)
    order = np.concatenate([chance.permutation(len(rows)) for _ in range(-(-size // len(rows)))])[:size]
    made = rows.iloc[order].reset_index(drop=True)
    words = [word for text in rows["text"].head(2_000) for word in text.split()]
    texts, ids = made["text"].tolist(), made["id"].tolist()
    for place in range(len(rows), size):
        cut = texts[place].split()
        cut[chance.integers(len(cut))] = words[chance.integers(len(words))]
        cut.insert(int(chance.integers(len(cut))), cut.pop(int(chance.integers(len(cut)))))
        texts[place], ids[place] = " ".join(cut), f"{ids[place]}-{place}"
    return made.assign(text=texts, id=ids)


def trained(data: Path, models: Path) -> tuple[float, float, float]:
    """Seconds by the clock, seconds of processor, and most memory in MB, of one `triage train`."""
    arguments = [sys.executable, "-m", "training.cli", "train", "--data", str(data), "--models", str(models)]
    begin = time.perf_counter()
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException(f"triage train ended with {process.returncode}")
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measured(rows: pd.DataFrame, size: int) -> Row:
    """One size, cold and warm."""
    with tempfile.TemporaryDirectory() as scratch:
        data, models = Path(scratch) / "data.csv", Path(scratch) / "models"
        of_size(rows, size).to_csv(data, index=False)
        cold, warm = (trained(data, models) for _ in range(2))
    return {
        "rows": size,
        "cold_s": cold[0],
        "warm_s": warm[0],
        "cold_cpu_s": cold[1],
        "warm_cpu_s": warm[1],
        "memory_mb": max(cold[2], warm[2]),
    }


def plot(found: list[Row], file: Path) -> None:
    """Seconds against rows, beside lines that grow as the rows do."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    sizes = [row["rows"] for row in found]
    for key, label in (("cold_s", "caches cold"), ("warm_s", "caches warm")):
        (line,) = axes.loglog(sizes, [row[key] for row in found], "o-", label=label)
        linear = [found[0][key] * size / sizes[0] for size in sizes]
        axes.loglog(sizes, linear, ":", color=line.get_color(), label=f"linear from {sizes[0]:,} rows")
    axes.set(xlabel="enquiries", ylabel="seconds", title="Time of triage train")
    axes.legend()
    figure.savefig(file)


@click.command()
@click.argument("sizes", type=click.IntRange(min=1_000), nargs=-1)
def measure(sizes: tuple[int, ...]) -> None:
    """Measure these SIZES, or 1,000 to 100,000 enquiries."""
    console, rows = Console(), corpus()
    found: list[Row] = []
    for size in sorted(sizes or SIZES):
        with console.status(f"{size:,} enquiries …"):
            found.append(measured(rows, size))
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    plot(found, TARGET.with_suffix(".png"))
    table = Table("rows", "cold s", "warm s", "cold CPU s", "warm CPU s", "MB", "grows as rows to the power", box=None)
    powers = ["", *(f"{_power(*pair, 'cold_s'):.2f}, {_power(*pair, 'warm_s'):.2f}" for pair in pairwise(found))]
    units = ("cold_s", "warm_s", "cold_cpu_s", "warm_cpu_s", "memory_mb")
    for row, power in zip(found, powers, strict=True):
        table.add_row(f"{row['rows']:,}", *(f"{row[unit]:.3g}" for unit in units), power)
    console.print(table)
    console.print(f"Also in {TARGET} and {TARGET.with_suffix('.png')}")


def _power(before: Row, after: Row, key: str) -> float:
    """1 where the time grows as the rows do, 2 where it grows as their square."""
    return float(np.log(after[key] / before[key]) / np.log(after["rows"] / before["rows"]))


if __name__ == "__main__":
    measure()
