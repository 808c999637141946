"""`triage evaluate`: a model on the frozen sets."""

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from model.errors import InvalidData
from model.store import ModelStore
from training.commands.options import frozen_option, json_option, models_option
from training.commands.shares import share_cell
from training.corpus import read_corpus
from training.evaluate import evaluate as run


@click.command(epilog="Example: triage evaluate")
@frozen_option
@click.option("--model", "version", help="Version to ask; without it the champion.")
@models_option
@json_option
def evaluate(frozen: tuple[Path, ...], version: str | None, models: Path, as_json: bool) -> None:
    """Measure a model on the frozen sets. Look at the figures, never at the misses: the sets are the exam."""
    store = ModelStore(models)
    corpus = read_corpus(frozen)
    if not corpus.test:
        raise InvalidData(["there is no frozen test here (CSV files in a folder named test)"])
    found = run(store.load(version or store.champion()), corpus.test, corpus.challenge, corpus.foreign)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    table = Table(
        "%", "all (95 % interval)", "en", "es", title=f"Model {found['model_version']}", title_justify="left", box=None
    )
    for name in found["figures"]["all"]:
        cells = (share_cell(found["figures"][part][name], interval=part == "all") for part in ("all", "en", "es"))
        table.add_row(name, *cells)
    console = Console()
    console.print(table)
    for name, ids in found["misses"].items():
        console.print(f"{name.replace('_', ' ')}: {len(ids)}", highlight=False)
