"""`triage models`, `triage promote`, `triage rollback`: what is in the store, what serves, and who said so."""

import getpass
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from model.errors import DamagedModel, ForeignModel, ModelNotFound
from model.store import ModelStore
from training.commands.compare import compared, show_verdicts
from training.commands.options import frozen_option, gates_option, json_option, models_option
from training.gates import Verdict
from training.promotions import Promotions, champion_of


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
    table = Table(
        "version", "made", "data", "enquiries", "service right %", "alarms caught %", "", "promoted", box=None
    )
    for row in rows:
        if "fault" not in row:
            made = row["created"][:16].replace("T", " ")
            shares = (f"{100 * row[key]:.1f}" for key in ("service_right", "alarm_caught"))
            table.add_row(
                row["version"], made, _files(row["data"]), str(row["enquiries"]), *shares, row["role"], _promoted(row)
            )
    if table.rows:
        console.print(table)
    for row in rows:
        if "fault" in row:
            console.print(f"{row['version']}: [red]{row['fault']}[/]", highlight=False, soft_wrap=True)


@click.command(epilog="Example: triage promote 20261123-1f3a9c")
@click.argument("version")
@frozen_option
@gates_option
@click.option("--override", default="", metavar="WHY", help="Promote although a gate fails; kept with who and when.")
@models_option
def promote(version: str, frozen: tuple[Path, ...], gates: Path | None, override: str, models: Path) -> None:
    """Let VERSION serve from now on, if it passes every gate against the champion.

    A running server takes it up within seconds. See `triage compare` for the gates, `triage rollback` for the way back.
    """
    store = ModelStore(models)
    champion = champion_of(store)
    if champion == version:
        click.echo(f"{version} is the champion already")
        return
    verdicts: Sequence[Verdict] = []
    if champion:
        _, verdicts = compared(store, champion, version, frozen, gates)
        show_verdicts([verdict for verdict in verdicts if verdict.passed])
    Promotions(store).promote(version, getpass.getuser(), datetime.now().astimezone(), verdicts, override.strip())
    show_verdicts([verdict for verdict in verdicts if not verdict.passed])
    click.echo(f"{version} is now the champion")


@click.command(epilog="Example: triage rollback")
@models_option
def rollback(models: Path) -> None:
    """Let the model serve again that served before the last `triage promote`; once more goes one step further."""
    change = Promotions(ModelStore(models)).rollback(getpass.getuser(), datetime.now().astimezone())
    click.echo(f"{change.version} is the champion again, instead of {change.before}")


def _row(store: ModelStore, version: str) -> dict[str, Any]:
    champion = champion_of(store) == version
    row: dict[str, Any] = {"version": version, "champion": champion, "role": _role(store, version, champion)}
    try:
        manifest = store.manifest(version)
    except (DamagedModel, ForeignModel) as error:
        return row | {"fault": error.reason}
    figures = manifest.figures
    return row | {
        "created": manifest.created.isoformat(),
        "data": [file.model_dump() for file in manifest.data],
        "enquiries": figures["enquiries"],
        "service_right": figures["all"]["service_right"]["value"],
        "alarm_caught": figures["all"]["alarm_caught"]["value"],
        "promotions": [
            change.model_dump(mode="json") for change in Promotions(store).all() if change.version == version
        ],
    }


def _role(store: ModelStore, version: str, champion: bool) -> str:
    try:
        shadow = store.challenger() == version
    except ModelNotFound:
        shadow = False
    return "champion" if champion else "in the shadow" if shadow else ""


def _files(data: Sequence[dict[str, Any]]) -> str:
    return data[0]["name"] if len(data) == 1 else f"{len(data)} files"


def _promoted(row: dict[str, Any]) -> str:
    if not row["promotions"]:
        return ""
    last = row["promotions"][-1]
    how = {"promote": "by", "rollback": "rolled back to by"}[last["action"]]
    note = f", overriding {len(last['failed'])} gates: {last['override']}" if last["override"] else ""
    return f"{last['when'][:16].replace('T', ' ')} {how} {last['who']}{note}"
