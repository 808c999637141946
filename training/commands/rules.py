"""`triage rules`: the rule packs, checked."""

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from model.red_flags import RedFlags
from model.rule_files import packaged_rules
from training.data import read_labelled
from training.rules import RuleRecord, broken_examples, records, shadowed


@click.group()
def rules() -> None:
    """Check the rule packs for red flags."""


@rules.command(epilog="Example: triage rules check --data data/labelled")
@click.option("--data", type=click.Path(path_type=Path), help="Also count how each rule fares on labelled enquiries.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(context: click.Context, data: Path | None, as_json: bool) -> None:
    """Run each rule's own examples; name rules that break them and rules that no example needs.

    Exit code 1 when an example is broken.
    """
    red_flags = RedFlags(packaged_rules())
    broken, needless = broken_examples(red_flags), shadowed(red_flags)
    counted = records(red_flags, read_labelled([data])) if data else []
    if as_json:
        click.echo(json.dumps({"broken": broken, "shadowed": needless, "rules": [_row(item) for item in counted]}))
    else:
        _show(len(red_flags.rulebook.rules), broken, needless, counted)
    context.exit(1 if broken else 0)


def _show(total: int, broken: list[str], needless: list[str], counted: list[RuleRecord]) -> None:
    console = Console()
    for line in broken:
        console.print(f"[red]broken[/]   {line}", highlight=False)
    for line in needless:
        console.print(f"shadowed {line}", highlight=False)
    if counted:
        table = Table("rule", "flag", "right", "wrong", "set aside")
        for item in counted:
            table.add_row(*(str(value) for value in _row(item).values()))
        console.print(table)
        dead = [item.rule.id for item in counted if not (item.right or item.wrong or item.set_aside)]
        console.print(f"{len(dead)} rules never met in these enquiries: {', '.join(dead) or 'none'}", highlight=False)
    console.print(f"{total} rules, {len(broken)} broken examples, {len(needless)} shadowed", highlight=False)


def _row(item: RuleRecord) -> dict[str, str | int]:
    return {
        "rule": item.rule.id,
        "flag": item.rule.flag,
        "right": item.right,
        "wrong": item.wrong,
        "set_aside": item.set_aside,
    }
