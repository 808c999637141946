"""`triage challenge`: let a second model predict in the shadow."""

from pathlib import Path

import click

from model.store import ModelStore
from service.commands.asking import models_option


@click.command(epilog="Example: triage challenge 20261123-1f3a9c")
@click.argument("version", required=False)
@click.option("--none", "end", is_flag=True, help="End the challenge.")
@models_option
def challenge(version: str | None, end: bool, models: Path) -> None:
    """Let VERSION predict what the champion answers, logged beside it and shown to nobody, from now on."""
    if end == bool(version):
        raise click.UsageError("name a version, or --none")
    ModelStore(models).challenge(version)
    click.echo(f"{version} is now the challenger" if version else "no challenger any more")
