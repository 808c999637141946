"""`triage shadow`: let a second model predict in the shadow."""

from pathlib import Path

import click

from model.store import ModelStore
from service.commands.asking import models_option


@click.command(epilog="Example: triage shadow 20261123-1f3a9c")
@click.argument("version", metavar="VERSION|off")
@models_option
def shadow(version: str, models: Path) -> None:
    """Let VERSION predict what the champion answers, logged beside it and shown to nobody; `off` ends it."""
    ModelStore(models).challenge(None if version == "off" else version)
    click.echo("no model in the shadow any more" if version == "off" else f"{version} now predicts in the shadow")
