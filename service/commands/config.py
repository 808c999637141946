"""`triage config`: every setting of the service, as it is now."""

import json
import os

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from service.config import ServiceSettings, Setting


@click.command(epilog="Example: triage config")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def config(as_json: bool) -> None:
    """List the settings, all from the environment, with their values and secrets hidden."""
    ServiceSettings.from_environment(os.environ)  # a value that cannot be used is told, not shown
    rows = {
        setting.name: {
            "value": _shown(setting),
            "set": setting.name in os.environ,
            "default": setting.default,
            "meaning": setting.meaning,
        }
        for setting in ServiceSettings.table().values()
    }
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    table = Table("variable", "value", "", "meaning", box=None)
    for name, row in rows.items():
        table.add_row(name, str(row["value"]), "set" if row["set"] else "default", str(row["meaning"]))
    Console().print(table)


def _shown(setting: Setting) -> str:
    value = os.environ.get(setting.name, setting.default)
    if not (setting.secret and value):
        return value
    try:
        return make_url(value).set(query={}).render_as_string(hide_password=True)
    except ArgumentError:
        return "***"
