"""`triage score`: predictions for a whole file."""

from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from model.store import ModelStore
from training.commands.options import models_option
from training.scoring import Engine, Scored, local
from training.scoring import score as run


@click.command(epilog="Example: triage score enquiries.csv predictions.csv")
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--text-column", default="text", show_default=True, help="Column that holds the enquiry.")
@click.option("--model", "version", help="Version to ask; without it the champion.")
@click.option(
    "--engine", type=click.Choice(["local", "dask"]), default="local", show_default=True, help="Where it is computed."
)
@click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler; without it, dask runs on this machine's cores.")
@models_option
def score(
    source: Path, target: Path, text_column: str, version: str | None, engine: str, scheduler: str | None, models: Path
) -> None:
    """Predict every row of a CSV, JSONL or Parquet file IN, and write the rows with their predictions to OUT.

    Rows keep their order and columns; a column that bears a prediction's name is kept as input_NAME. A run that was
    stopped goes on where it was when the same command is given again. Both engines give the same file.
    """
    if scheduler and engine != "dask":
        raise click.UsageError("--scheduler goes with --engine dask")
    store = ModelStore(models)
    chosen = version or store.champion()
    if engine == "local":
        scored = _with_progress(source, target, text_column, store, chosen, local)
    else:
        from training.cluster import Cluster  # here, since it needs the extra `cluster`

        cluster = Cluster(scheduler)
        try:
            scored = _with_progress(source, target, text_column, store, chosen, cluster)
        finally:
            cluster.close()
    before = f", {scored.resumed} of them by an earlier run" if scored.resumed else ""
    click.echo(f"{scored.rows} enquiries read by model {chosen}{before}, written to {target}")


def _with_progress(
    source: Path, target: Path, text_column: str, store: ModelStore, version: str, engine: Engine
) -> Scored:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total, rate="")
            bars.update(tasks[stage], completed=done, total=total)
            speed = next(task.speed for task in bars.tasks if task.id == tasks[stage])
            bars.update(tasks[stage], rate=f"{speed:,.0f} a second" if speed else "")

        return run(source, target, text_column, store, version, engine, progress)
