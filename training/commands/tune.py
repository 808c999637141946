"""`triage tune`: a small search for better settings."""

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from model.errors import InvalidFile
from model.rule_files import packaged_rules
from model.store import ModelStore
from training.commands.options import data_option, models_option, scheduler_option, workers
from training.commands.stages import stages
from training.data import csv_files, read_labelled
from training.pipeline import cached_encoder, cached_rules
from training.settings import read_settings
from training.tuning import Candidate, settings_file
from training.tuning import tune as run


@click.command(epilog="Example: triage tune tuned.toml")
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@data_option
@models_option
@click.option("--settings", type=click.Path(path_type=Path), help="Where to begin; without it the packaged settings.")
@click.option("--no-encoder", is_flag=True, help="For models on n-grams alone.")
@scheduler_option
def tune(
    target: Path,
    data: tuple[Path, ...],
    models: Path,
    settings: Path | None,
    no_encoder: bool,
    scheduler: str | None,
) -> None:
    """Look for better settings, one change at a time, and write the best to OUT for `triage train --settings OUT`.

    By cross-validation grouped by author; the frozen sets are not touched. Nothing is written when no change is better
    by more than chance explains. Readings of the encoder and the rules are kept in the model store.
    """
    if target.exists():
        raise InvalidFile(target, "file", "is there already; choose another name or delete it first")
    chosen = read_settings(settings)
    chosen = chosen.without_encoder() if no_encoder else chosen
    enquiries = read_labelled(csv_files(data))
    store = ModelStore(models)
    with workers(scheduler), stages() as progress:
        found = list(
            run(enquiries, cached_encoder(chosen, store), cached_rules(packaged_rules(), store), chosen, progress)
        )
    Console().print(_table(found))
    best = min(found, key=lambda candidate: candidate.difference.mean)
    if not best.better:
        click.echo("No change is better by more than chance explains; keep the settings. Nothing is written.")
        return
    target.write_text(settings_file(best), "utf-8")
    click.echo(f"Better: {best.change}. Settings written; train with: triage train --settings {target}")


def _table(found: list[Candidate]) -> Table:
    title = f"On {len(found[0].losses.right)} enquiries by authors that no model had seen"
    caption = "log loss, less is better; intervals hold together with 95 % certainty"
    table = Table(title=title, caption=caption, title_justify="left", caption_justify="left", box=None)
    for heading in ("", "service right %", "loss: service", "alarm", "both, against the settings"):
        table.add_column(heading, justify="left" if not heading else "right")
    for candidate in found:
        losses, difference = candidate.losses, candidate.difference
        against = f"{difference.mean:+.4f} ({difference.low:+.4f} to {difference.high:+.4f})"
        table.add_row(
            candidate.change or "as they are",
            f"{100 * losses.right.mean():.1f}",
            f"{losses.service.mean():.4f}",
            f"{losses.alarm.mean():.4f}",
            against if candidate.change else "",
        )
    return table
