"""`triage train`: labelled enquiries in, a model out."""

import getpass
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from model.errors import ModelNotFound
from model.store import ModelStore
from training.commands.options import data_option, json_option, models_option, scheduler_option, workers
from training.commands.shares import share_cell
from training.commands.stages import stages
from training.figures import TITLES
from training.pipeline import Trained
from training.pipeline import train as run
from training.promotions import Promotions
from training.settings import read_settings


@click.command(epilog="Example: triage train --data data/labelled")
@data_option
@models_option
@click.option("--settings", type=click.Path(path_type=Path), help="Settings file; without it the packaged settings.")
@click.option("--no-encoder", is_flag=True, help="Train on n-grams alone: smaller, less right.")
@scheduler_option
@json_option
def train(
    data: tuple[Path, ...],
    models: Path,
    settings: Path | None,
    no_encoder: bool,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Train a model on labelled enquiries; the first one in a store becomes its champion.

    On a cluster the same model is made, and only counts of n-grams and labels go there, no text.
    """
    chosen = read_settings(settings)
    store = ModelStore(models)
    chosen = chosen.without_encoder() if no_encoder else chosen
    with workers(scheduler), stages() as progress:
        trained = run(data, store, chosen, datetime.now().astimezone(), progress)
    first = _promote_first(store, trained)
    if as_json:
        click.echo(trained.manifest.model_dump_json(indent=2))
    else:
        _show(trained, first)


def _promote_first(store: ModelStore, trained: Trained) -> bool:
    try:
        store.champion()
    except ModelNotFound:
        now = datetime.now().astimezone()
        Promotions(store).promote(trained.manifest.version, getpass.getuser(), now, verdicts=[], override="")
        return True
    return False


def _show(trained: Trained, first: bool) -> None:
    figures = trained.manifest.figures
    title = "On authors the model had not seen"
    table = Table("%", "all (95 % interval)", "en", "es", title=title, title_justify="left", box=None)
    for key, title in TITLES.items():
        table.add_row(title, *(share_cell(figures[part][key], interval=part == "all") for part in ("all", "en", "es")))
    console = Console()
    console.print(table)
    console.print(
        f"Model {trained.manifest.version}: {figures['enquiries']} enquiries by {figures['authors']} authors, "
        f"in {trained.folder}",
        highlight=False,
        soft_wrap=True,
    )
    console.print(f"Report: {trained.folder / 'report.html'}", highlight=False, soft_wrap=True)
    if first:
        console.print("It is the first model here and now serves as champion.")
    else:
        console.print(f"Let it serve with: triage promote {trained.manifest.version}", highlight=False)
