"""`triage data`: the labelled enquiries themselves."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from training.commands.options import json_option
from training.data import LabelledEnquiry, read_labelled


@click.group()
def data() -> None:
    """Look after labelled enquiries."""


@data.command(epilog="Example: triage data check data/labelled")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@json_option
def check(paths: tuple[Path, ...], as_json: bool) -> None:
    """Check that files keep the form of the annotation guide, and count what they hold.

    PATHS are CSV files or folders; without any, data/labelled.
    """
    enquiries = read_labelled(paths or [Path("data/labelled")])
    counts = count(enquiries)
    if as_json:
        click.echo(json.dumps(counts, indent=2))
    else:
        _show(counts)


def count(enquiries: list[LabelledEnquiry]) -> dict[str, Any]:
    """How many enquiries there are by language, service, flag and contrast."""
    languages = sorted({enquiry.language for enquiry in enquiries})

    def by(values: list[tuple[str, str]]) -> dict[str, dict[str, int]]:
        counter = Counter(values)
        names = sorted({name for name, _ in counter}, key=lambda name: -sum(counter[name, code] for code in languages))
        return {name: {language: counter[name, language] for language in languages} for name in names}

    return {
        "enquiries": len(enquiries),
        "sources": len({enquiry.source for enquiry in enquiries}),
        "service": by([(str(enquiry.service), enquiry.language) for enquiry in enquiries]),
        "flags": by([(code, enquiry.language) for enquiry in enquiries for code in enquiry.flags or {"(none)"}]),
        "contrast": by([(enquiry.contrast or "(none)", enquiry.language) for enquiry in enquiries]),
    }


def _show(counts: dict[str, Any]) -> None:
    console = Console()
    languages = list(next(iter(counts["service"].values())))
    table = Table("", *languages, "all", box=None)
    for title in ("service", "flags", "contrast"):
        table.add_row(f"[bold]{title}[/]")
        for name, row in counts[title].items():
            table.add_row(f"  {name}", *(str(row[language]) for language in languages), str(sum(row.values())))
    console.print(table)
    console.print(f"{counts['enquiries']} enquiries by {counts['sources']} authors: all well", highlight=False)
