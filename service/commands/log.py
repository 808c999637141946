"""`triage log`: what an operator does with the prediction log."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from model.errors import TriageError
from service.config import ServiceSettings
from service.log import PredictionLog
from service.spool import Spool

# Nobody waits for a page here, and a purge may take a while.
_PATIENCE = 300.0


class NothingToErase(TriageError):
    """The log has no answer of that id."""

    def __init__(self, identifier: str) -> None:
        super().__init__(f"the log has no prediction {identifier!r}: it was erased, purged, or never kept")


class TargetExists(TriageError):
    """The file to write is there already."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file} is there already; name another file, or remove it")


@click.group("log")
@click.pass_context
def log(ctx: click.Context) -> None:
    """Keep, count, export and erase what the prediction log holds (TRIAGE_DATABASE_URL)."""
    settings = ServiceSettings.from_environment(os.environ)
    opened = PredictionLog(settings.database_url, settings.text_kept, _PATIENCE)
    ctx.call_on_close(opened.close)
    ctx.obj = settings, opened


@log.command(epilog="Example: triage log purge --days 90")
@click.option("--days", type=click.IntRange(0, 36_500), help="Keep this many days; without it TRIAGE_RETENTION_DAYS.")
@click.pass_obj
def purge(held: tuple[ServiceSettings, PredictionLog], days: int | None) -> None:
    """Forget what is older than the retention period, reviews included."""
    settings, opened = held
    kept = settings.retention_days if days is None else days
    removed = opened.purge(datetime.now(UTC) - timedelta(days=kept))
    click.echo(f"{removed} predictions older than {kept} days removed")


@log.command(epilog="Example: triage log export november.jsonl --since 2026-11-01 --until 2026-12-01")
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First day, UTC.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Day before which to stop, UTC.")
@click.pass_obj
def export(
    held: tuple[ServiceSettings, PredictionLog], target: Path, since: datetime | None, until: datetime | None
) -> None:
    """Write predictions, each with its latest review, to TARGET as JSON Lines."""
    _, opened = held
    rows = opened.export(since and since.replace(tzinfo=UTC), until and until.replace(tzinfo=UTC))
    if target.exists():
        raise TargetExists(target)
    partial = target.with_name(f".{target.name}.partial")
    count = 0
    columns = SpinnerColumn(), TextColumn("{task.description}")
    try:
        with (
            Progress(*columns, console=Console(stderr=True), transient=True) as progress,
            partial.open("w", encoding="utf-8") as file,
        ):
            task = progress.add_task("exporting …")
            for count, row in enumerate(rows, 1):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                progress.update(task, description=f"{count} predictions")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    click.echo(f"{count} predictions written to {target}")


@log.command(epilog="Example: triage log stats")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def stats(held: tuple[ServiceSettings, PredictionLog], as_json: bool) -> None:
    """Count what the log holds."""
    _, opened = held
    found = opened.stats()
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    table = Table("", "", box=None)
    for name, value in found.items():
        shown = ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, dict) else value
        table.add_row(name.replace("_", " "), str(shown if shown is not None else "none"))
    Console().print(table)


@log.command(epilog="Example: triage log erase 019ab6f2-7c1e-7d3a-9a51-2f8e4c0b6d17")
@click.argument("identifier", metavar="ID")
@click.pass_obj
def erase(held: tuple[ServiceSettings, PredictionLog], identifier: str) -> None:
    """Erase one prediction with its text and its reviews, by the id that its answer gave."""
    settings, opened = held
    # It may still be on its way.
    Spool(settings.spool, 0).drain(opened.add_rows)
    if not opened.erase(identifier):
        raise NothingToErase(identifier)
    click.echo(f"{identifier} erased")
