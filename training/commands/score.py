"""`triage score`: predictions for a whole file."""

from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from model.store import ModelStore
from training.commands.options import models_option
from training.scoring import score as run


@click.command(epilog="Example: triage score enquiries.csv predictions.csv")
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--text-column", default="text", show_default=True, help="Column that holds the enquiry.")
@click.option("--model", "version", help="Version to ask; without it the champion.")
@models_option
def score(source: Path, target: Path, text_column: str, version: str | None, models: Path) -> None:
    """Predict every row of a CSV or JSONL file IN, and write the rows with their predictions to OUT.

    Rows keep their order and columns; a column that bears a prediction's name is kept as input_NAME.
    """
    store = ModelStore(models)
    model = store.load(version or store.champion())
    columns = (SpinnerColumn(), TextColumn("{task.completed} enquiries"), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task("score", total=None)
        rows = run(source, target, text_column, model, lambda done: bars.update(task, completed=done))
    click.echo(f"{rows} enquiries read by model {model.version}, written to {target}")
