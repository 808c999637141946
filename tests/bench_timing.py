"""What the sections of `make bench` share: texts, rows, and waits measured in turn."""

import csv
import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from model.store import ModelStore

LABELLED = Path(__file__).parent.parent / "data" / "labelled"
WORDS, TEXTS = 40, 1_000
Waits = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bench:
    """What a section is given.

    models : the store whose champion is measured
    enquiries, rows : how many `triage score` reads and, at most, `triage train`
    folder : for results that are pictures
    """

    models: Path
    enquiries: int
    rows: int
    folder: Path
    console: Console

    @property
    def store(self) -> ModelStore:
        return ModelStore(self.models)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: figures by their column, and, where there is a goal, whether it was met."""

    what: str
    figures: Mapping[str, float]
    goal: str = ""
    met: bool | None = None


def texts() -> list[str]:
    """Labelled enquiries nearest to 40 words."""
    found = [
        row["text"]
        for file in sorted(LABELLED.glob("*.csv"))
        for row in csv.DictReader(file.read_text("utf-8").splitlines(keepends=True))
    ]
    return sorted(found, key=lambda text: abs(len(text.split()) - WORDS))[:TEXTS]


def in_turn(functions: Mapping[str, Callable[[str], object]], texts: Sequence[str]) -> dict[str, Waits]:
    """Milliseconds of each function on each text, after up to twenty that warm them up.

    The functions are called in turn on the same text, so that whatever else the machine does falls on all of them.
    """
    waits: dict[str, list[float]] = {name: [] for name in functions}
    for text in dict.fromkeys(texts[:20]):
        for function in functions.values():
            function(text)
    settle()
    for text in texts:
        for name, function in functions.items():
            begin = time.perf_counter()
            function(text)
            waits[name].append(1_000 * (time.perf_counter() - begin))
    return {name: np.array(each) for name, each in waits.items()}


def settle() -> None:
    """As the service does when a model is loaded: what stays is left out of the collector's rounds."""
    gc.collect()
    gc.freeze()


def timed(what: str, waits: Waits) -> Row:
    """Median and 99th percentile."""
    return Row(what, {"median_ms": float(np.median(waits)), "p99_ms": float(np.percentile(waits, 99))})


def at_most(what: str, name: str, value: float, limit: float) -> Row:
    """A figure that must not be above a limit."""
    return Row(what, {name: value}, f"at most {limit:g}", value <= limit)


def at_least(what: str, name: str, value: float, limit: float) -> Row:
    """A figure that must not be below a limit."""
    return Row(what, {name: value}, f"at least {limit:g}", value >= limit)
