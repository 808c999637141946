"""`make bench`: how fast everything is, each figure beside its yardstick in the same run.

Functions that belong together are called in turn on the same enquiry, so that whatever else the machine does falls on
all of them. Writes `build/bench.json` and prints it as a table.
"""

import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import load
import numpy as np
from rich.console import Console
from rich.table import Table

from model.ngrams import NGrams
from model.store import ModelStore
from model.triage import TriageModel
from model.types import TEXT_LIMIT
from training.scoring import local, score

LABELLED = Path(__file__).parent.parent / "data" / "labelled"
TARGET = Path("build/bench.json")
WORDS, ROUNDS, SCORED = 40, 300, 2_000
# A process that loads a model and answers once: wall seconds from its start, and the most memory it took.
FIRST_ANSWER = """
import resource, sys
from pathlib import Path
from model.store import ModelStore
store = ModelStore(Path(sys.argv[1]))
store.load(store.champion()).predict_one("my knee hurts when I run")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
Row = dict[str, Any]


def enquiries() -> list[str]:
    """Labelled enquiries nearest to 40 words."""
    texts = [
        row["text"]
        for file in sorted(LABELLED.glob("*.csv"))
        for row in csv.DictReader(file.read_text("utf-8").splitlines(keepends=True))
    ]
    return sorted(texts, key=lambda text: abs(len(text.split()) - WORDS))[:ROUNDS]


def in_turn(functions: dict[str, Callable[[str], object]], texts: Sequence[str]) -> Iterator[Row]:
    """Median and 99th percentile of each, in milliseconds, after one round that warms them up."""
    waits: dict[str, list[float]] = {name: [] for name in functions}
    for text in texts[:20]:
        for function in functions.values():
            function(text)
    for text in texts:
        for name, function in functions.items():
            begin = time.perf_counter()
            function(text)
            waits[name].append(1_000 * (time.perf_counter() - begin))
    for name, each in waits.items():
        yield {"what": name, "median_ms": float(np.median(each)), "p99_ms": float(np.percentile(each, 99))}


def parts(model: TriageModel) -> dict[str, Callable[[str], object]]:
    """One prediction, its parts, and what they are held against."""
    features, service = model.classifier.features, model.classifier.service
    ngrams = NGrams(features.words, features.characters)
    encoder = model.classifier.encoder

    def vectorise(text: str) -> object:
        return features.words.transform([text]), features.characters.transform([text])

    def plain(text: str) -> object:
        return service.predict_proba(features.transform([text]))

    alone = {"yardstick: encoder alone": lambda text: encoder.read([text])} if encoder else {}
    return {
        "one prediction in process": model.predict_one,
        **alone,
        "yardstick: TF-IDF and logistic regression": plain,
        "n-grams": lambda text: ngrams.rows([text]),
        "yardstick: scikit-learn's vectorisers": vectorise,
        "rules": model.red_flags.read,
    }


def worst_cases(model: TriageModel) -> Iterator[Row]:
    """Texts of 5,000 characters that ask most of the rules: milliseconds of the rules and of a whole prediction."""
    examples = [example for rule in model.red_flags.rulebook.rules for example in rule.matches]
    texts = {
        "rule words": " ".join(examples),
        "one rule's sentence": "both legs weak since my back went. " * TEXT_LIMIT,
        "lists of denials": "ni fiebre, no tos, " * TEXT_LIMIT,
        "one word": "pecho " * TEXT_LIMIT,
        "commas": "," * TEXT_LIMIT,
        "quotation marks": "'" * TEXT_LIMIT,
        "full stops": "a. " * TEXT_LIMIT,
        "ligatures": "\ufdfa" * TEXT_LIMIT,
    }
    for name, text in texts.items():
        functions: dict[str, Callable[[str], object]] = {
            f"worst case, {name}: rules": model.red_flags.read,
            f"worst case, {name}: prediction": model.predict_one,
        }
        yield from in_turn(functions, [text[:TEXT_LIMIT]] * 5)


def scored(store: ModelStore, texts: Sequence[str]) -> Row:
    """Enquiries a second of `triage score`, one process."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "in.jsonl"
        lines = [json.dumps({"text": texts[number % len(texts)]}) for number in range(SCORED)]
        source.write_text("\n".join(lines), "utf-8")
        begin = time.perf_counter()
        score(source, Path(scratch) / "out.jsonl", "text", store, store.champion(), local, lambda *_: None)
        return {"what": "triage score", "per_second": SCORED / (time.perf_counter() - begin)}


def first_answer(models: Path) -> Row:
    """Seconds from the start of a process to its first answer, and its memory in MB."""
    begin = time.perf_counter()
    ran = subprocess.run([sys.executable, "-c", FIRST_ANSWER, str(models)], check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - begin
    return {"what": "start to first answer", "median_ms": 1_000 * seconds, "memory_mb": float(ran.stdout)}


@click.command()
@click.argument("models", type=click.Path(exists=True, file_okay=False, path_type=Path))
def measure(models: Path) -> None:
    """Measure the champion of MODELS."""
    console, store, texts = Console(), ModelStore(models), enquiries()
    with console.status("one enquiry …"):
        model = store.load(store.champion())
        rows = list(in_turn(parts(model), texts))
    with console.status("worst cases …"):
        rows += worst_cases(model)
    with console.status("many enquiries …"):
        rows.append(scored(store, texts))
    with console.status("starting …"):
        rows.append(first_answer(models))
    for name, rate, waits in load.both(models, console):
        rows.append(
            {
                "what": f"HTTP: {name}",
                "median_ms": float(np.median(waits)),
                "p99_ms": float(np.percentile(waits, 99)),
                "per_second": rate,
            }
        )
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    units = ("median_ms", "p99_ms", "per_second", "memory_mb")
    table = Table("", "median ms", "p99 ms", "per second", "MB", box=None)
    for row in rows:
        table.add_row(row["what"], *(f"{row[unit]:.3g}" if unit in row else "" for unit in units))
    console.print(table)
    console.print(f"{len(texts)} enquiries of about {WORDS} words; also in {TARGET}")


if __name__ == "__main__":
    measure()
