"""`triage models` and `triage promote`: what is in the store, and what serves."""

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from model.errors import DamagedModel, ForeignModel, ModelNotFound
from model.store import ModelStore
from training.commands.options import json_option, models_option


@click.command(epilog="Example: triage models")
@models_option
@json_option
def models(models: Path, as_json: bool) -> None:
    """List all models, the newest first, with their figures; the champion is marked."""
    store = ModelStore(models)
    rows = [_row(store, version) for version in store.versions()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    if not rows:
        raise ModelNotFound(store.root)
    console = Console()
    table = Table("version", "made", "enquiries", "service right %", "alarms caught %", "", box=None)
    for row in rows:
        if "fault" not in row:
            made = row["created"][:16].replace("T", " ")
            shares = (f"{100 * row[key]:.1f}" for key in ("service_right", "alarm_caught"))
            mark = "champion" if row["champion"] else ""
            table.add_row(row["version"], made, str(row["enquiries"]), *shares, mark)
    if table.rows:
        console.print(table)
    for row in rows:
        if "fault" in row:
            console.print(f"{row['version']}: [red]{row['fault']}[/]", highlight=False, soft_wrap=True)


@click.command(epilog="Example: triage promote 20261123-1f3a9c")
@click.argument("version")
@models_option
def promote(version: str, models: Path) -> None:
    """Let VERSION serve from now on (a running server takes it up within seconds)."""
    ModelStore(models).promote(version)
    click.echo(f"{version} is now the champion")


def _row(store: ModelStore, version: str) -> dict[str, Any]:
    try:
        champion = store.champion() == version
    except ModelNotFound:
        champion = False
    row: dict[str, Any] = {"version": version, "champion": champion}
    try:
        manifest = store.manifest(version)
    except (DamagedModel, ForeignModel) as error:
        return row | {"fault": error.reason}
    figures = manifest.figures
    return row | {
        "created": manifest.created.isoformat(),
        "enquiries": figures["enquiries"],
        "service_right": figures["all"]["service_right"]["value"],
        "alarm_caught": figures["all"]["alarm_caught"]["value"],
    }
