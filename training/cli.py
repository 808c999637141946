"""The command `triage`: a group whose commands are loaded when they are asked for."""

import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click

from model.errors import TriageError

_GROUP = "triage.commands"
_DATA_GROUP = "triage.commands.data"


class Mistake(click.ClickException):
    """A user's mistake: its sentence is shown, without a traceback, and the exit code is 2."""

    exit_code = 2


class Commands(click.Group):
    """Finds commands by their entry points, and turns a user's mistake into one line and exit code 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names of all commands."""
        return sorted(_entries())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Load one command."""
        entry = _entries().get(cmd_name)
        return _load(entry) if entry else None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors of the family become click's usage errors."""
        try:
            return super().invoke(ctx)
        except TriageError as error:
            raise Mistake(str(error)) from None


class DataCommands(click.Group):
    """`triage data`: its own commands, and those that another package brings by entry points."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return sorted([*super().list_commands(ctx), *_entries(_DATA_GROUP)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of its own, or load one."""
        entry = _entries(_DATA_GROUP).get(cmd_name)
        return _load(entry) if entry else super().get_command(ctx, cmd_name)


def _entries(group: str = _GROUP) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=group)}


def _load(entry: EntryPoint) -> click.Command:
    try:
        command: click.Command = entry.load()
    except ModuleNotFoundError as error:
        # A serving machine has only what serving needs.
        if (error.name or "").split(".")[0] in {"model", "training", "service"}:
            raise
        remedy = "pip install 'enquiry-triage[training]'"
        raise Mistake(f"`triage {entry.name}` needs {error.name}; install it with: {remedy}") from None
    return command


@click.command(cls=Commands, epilog="Example: triage predict 'My neck is stiff from the desk'")
@click.version_option(package_name="enquiry-triage", prog_name="triage")
def triage() -> None:
    """Enquiry triage: train, compare, promote and serve models that read a clinic's enquiries."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    triage.main(args=arguments and list(arguments), prog_name="triage")


if __name__ == "__main__":
    main(sys.argv[1:])
