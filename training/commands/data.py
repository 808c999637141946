"""`triage data`: the labelled enquiries themselves."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from model.errors import InvalidData, InvalidFile
from training.agreement import Kappa, compare
from training.cli import DataCommands
from training.commands.doubts import doubts
from training.commands.importing import import_
from training.commands.options import json_option
from training.corpus import Corpus, likeness, read_corpus, too_alike
from training.statistics import count

_SEED = 20261124


@click.group(cls=DataCommands)
def data() -> None:
    """Look after labelled enquiries."""


data.add_command(import_)
data.add_command(doubts)


@data.command(epilog="Example: triage data check data")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@json_option
def check(paths: tuple[Path, ...], as_json: bool) -> None:
    """Check that files keep the form of the annotation guide, hold no text twice, and leak nothing.

    PATHS are CSV files or folders; without any, the folder data.
    """
    corpus = read_corpus(paths or [Path("data")])
    found = {name: likeness([row.text for row in rows]) for name, rows in corpus.sets.items()}
    faults = [f"{name}: {fault}" for name, like in found.items() for fault in too_alike(like)]
    if faults:
        raise InvalidData(faults)
    if as_json:
        sets = {name: {**count(rows), "likeness": asdict(found[name])} for name, rows in corpus.sets.items()}
        click.echo(json.dumps({**sets, "agreement": _agreement(corpus)}, indent=2))
    else:
        _show(corpus)


@data.command(epilog="Example: triage data stats data --plots data/plots")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--plots", type=click.Path(path_type=Path), help="Also draw the plots into this folder.")
@click.option("--html", "page", type=click.Path(path_type=Path), help="Also write one page with tables and plots.")
@json_option
def stats(paths: tuple[Path, ...], plots: Path | None, page: Path | None, as_json: bool) -> None:
    """Count what files hold: language, service, flags, contrast, length, sources.

    PATHS are CSV files or folders; without any, the folder data.
    """
    if page and page.suffix != ".html":
        raise InvalidFile(page, "file", "must end in .html")
    paths = paths or (Path("data"),)
    corpus = read_corpus(paths)
    if page:
        from training.corpus_page import write_page  # here, since it loads matplotlib

        with Console(stderr=True).status("drawing …"):
            write_page(corpus, paths, page, datetime.now().astimezone())
        click.echo(f"written: {page}", err=True)
    if plots:
        from training.plots import draw_corpus  # here, since it loads matplotlib

        for file in draw_corpus([*corpus.labelled, *corpus.test], plots):
            click.echo(f"drawn: {file}", err=True)
    if as_json:
        click.echo(json.dumps({name: count(rows) for name, rows in corpus.sets.items()}, indent=2))
        return
    for name, rows in corpus.sets.items():
        if rows:
            _show_counts(name, count(rows))


@data.command(epilog="Example: triage data agreement data")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@json_option
def agreement(paths: tuple[Path, ...], as_json: bool) -> None:
    """Compare a second annotator's labels with the first: Cohen's kappa and the ids on which they differ."""
    corpus = read_corpus(paths or [Path("data")])
    found = _agreement(corpus)
    if not found:
        raise InvalidData(["there are no second labels here (a file with the columns id, service, flags, no text)"])
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    result = compare(corpus.by_id, corpus.second, _SEED)
    console = Console()
    table = Table(f"{result.enquiries} enquiries", "Cohen's kappa", "95 % interval", "same label %", box=None)
    for title, kappa in (
        ("service", result.service),
        ("a person reads it first", result.escalate),
        ("alarm", result.alarm),
    ):
        table.add_row(title, *_kappa_cells(kappa))
    console.print(table)
    console.print(f"They differ on {len(result.differing)}: {' '.join(result.differing)}", highlight=False)


def _kappa_cells(kappa: Kappa) -> tuple[str, str, str]:
    return f"{kappa.value:.3f}", f"{kappa.low:.3f}–{kappa.high:.3f}", f"{100 * kappa.agreed:.1f}"


def _agreement(corpus: Corpus) -> dict[str, Any]:
    return asdict(compare(corpus.by_id, corpus.second, _SEED)) if corpus.second else {}


def _show(corpus: Corpus) -> None:
    for name, rows in corpus.sets.items():
        if rows:
            _show_counts(name, count(rows))
    total = sum(map(len, corpus.sets.values()))
    click.echo(f"{total} texts: form, duplicates and leakage all well")


def _show_counts(name: str, counts: dict[str, Any]) -> None:
    languages = counts["languages"]
    table = Table(f"[bold]{name}[/]", *languages, "all", box=None)
    for title, rows in counts["tables"].items():
        table.add_row(f"[bold]{title}[/]")
        for row, cells in rows.items():
            table.add_row(f"  {row}", *(str(cells[language]) for language in languages), str(sum(cells.values())))
    console = Console()
    console.print(table)
    words = counts["words"]
    console.print(
        f"{counts['texts']} texts by {counts['sources']} authors; words: {words['shortest']} to {words['longest']}, "
        f"median {words['median']:g}, a tenth under {words['tenth']:g}, a tenth over {words['ninetieth']:g}\n",
        highlight=False,
    )
