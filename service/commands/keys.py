"""`triage keys`: who may read texts, review and erase."""

import os

import click
from rich.console import Console
from rich.table import Table

from service.config import ServiceSettings
from service.database import Database
from service.keys import SCOPES, Keys, Scope


@click.group("keys")
@click.pass_context
def keys(ctx: click.Context) -> None:
    """Make, list and revoke API keys, kept as hashes beside the prediction log (TRIAGE_DATABASE_URL)."""
    database = Database(ServiceSettings.from_environment(os.environ).database_url, patience=30)
    ctx.call_on_close(database.close)
    ctx.obj = Keys(database)


@keys.command(epilog="Example: triage keys add ana --scope review")
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice(SCOPES),
    required=True,
    help="review: read texts and review; admin: erase as well.",
)
@click.pass_obj
def add(held: Keys, name: str, scope: Scope) -> None:
    """Make a key for NAME and print it, this once."""
    key = held.add(name, scope)
    click.echo(f"Key of {name}, scope {scope}. It is shown only now:", err=True)
    click.echo(key)


@keys.command("list", epilog="Example: triage keys list")
@click.pass_obj
def list_keys(held: Keys) -> None:
    """List all keys, revoked ones too."""
    table = Table("name", "scope", "made", "revoked", box=None)
    for key in held.all():
        table.add_row(
            key.name, key.scope, f"{key.created:%Y-%m-%d %H:%M}", f"{key.revoked:%Y-%m-%d %H:%M}" if key.revoked else ""
        )
    Console().print(table if table.rows else "no keys; make one with `triage keys add`")


@keys.command(epilog="Example: triage keys revoke ana")
@click.argument("name")
@click.pass_obj
def revoke(held: Keys, name: str) -> None:
    """Let the key of NAME open nothing from now on."""
    held.revoke(name)
    click.echo(f"{name} revoked")
