"""`triage data import`: from a spreadsheet into the corpus."""

import getpass
import re
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from model.errors import InvalidData
from model.text import fold
from training.commands.options import frozen_option
from training.correcting import corrections, write_corrections
from training.import_rows import Origin
from training.importing import Import, free_name, plan, write, write_skipped

_PREVIEW = 5
_LISTED = 20


@click.command("import", epilog="Example: triage data import november.xlsx")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--into",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("data/labelled"),
    show_default=True,
    help="Folder of labelled enquiries.",
)
@frozen_option
@click.option("--source", help="Who wrote the enquiries; without it, and without a column autor, the import's name.")
@click.option("--skip-bad", is_flag=True, help="Import the good rows; the others go to a file beside FILE.")
@click.option(
    "--correct", "correcting", is_flag=True, help="Renew the labels of rows that the corpus has, by id and text."
)
@click.option("--dry-run", is_flag=True, help="Show what would be done, and write nothing.")
def import_(
    file: Path,
    folder: Path,
    frozen: tuple[Path, ...],
    source: str | None,
    skip_bad: bool,
    correcting: bool,
    dry_run: bool,
) -> None:
    """Bring labelled enquiries from FILE (.xlsx, .csv, .tsv, .jsonl) into the corpus.

    Column names and labels may be Spanish or English (training/import_words.toml lists the words). Nothing is written
    unless every row is well, or --skip-bad is given; no file is ever written over.
    """
    now = datetime.now().astimezone()
    wanted = f"{now:%Y%m%d}-{re.sub(r'[^a-z0-9]+', '-', fold(file.stem)).strip('-') or 'import'}"
    name = free_name(folder / f"{wanted}.csv").stem
    who = getpass.getuser()
    origin = Origin(name, source or name, who, now.date())
    console = Console(soft_wrap=True, highlight=False)
    if correcting:
        touched, changes = corrections(file, folder, origin)
        console.print(f"{len(changes)} labels differ, in {len(touched)} files")
        if changes and not dry_run:
            console.print(f"Renewed; the record: {write_corrections(touched, changes, folder, who, now)}")
        return
    with Console(stderr=True).status("reading, and comparing with the corpus and the frozen sets …"):
        found = plan(file, folder, frozen, origin)
    _show(console, found)
    if found.complaints and not skip_bad:
        raise InvalidData(
            [*found.complaints, f"nothing was written; mend {file.name}, or import the other rows with --skip-bad"]
        )
    if dry_run:
        console.print("A dry run: nothing was written.")
        return
    if found.draft.reasons:
        console.print(f"{len(found.draft.reasons)} rows skipped, with the reasons: {write_skipped(found)}")
    if len(found.rows):
        console.print(f"{len(found.rows)} enquiries written: {write(found, folder, who, now)}")
    else:
        console.print("Nothing new: no file was written.")


def _show(console: Console, found: Import) -> None:
    console.print(f"{found.sheet.file.name}: {found.sheet.form}, {len(found.draft.raw)} rows")
    read = ", ".join(f"{title} → {column}" for column, title in found.draft.mapping.items())
    console.print(f"Columns: {read}")
    if found.draft.ignored:
        console.print(f"Not read: {', '.join(found.draft.ignored)}")
    if len(found.rows):
        table = Table("row", "text", "language", "service", "flags", "created", box=None)
        for row, values in found.rows.head(_PREVIEW).iterrows():
            text = values["text"].replace("\n", " ")
            shown = text if len(text) <= 40 else f"{text[:39]}…"
            table.add_row(str(row), shown, *(values[key] for key in ("language", "service", "flags", "created")))
        console.print(table)
    counts = found.rows["service"].value_counts().to_dict() | found.rows["language"].value_counts().to_dict()
    if counts:
        console.print("To import: " + ", ".join(f"{value} {key}" for key, value in counts.items()))
    if found.draft.derived:
        console.print(f"out_of_scope added to {found.draft.derived} rows of 'other' that gave no reason")
    if found.duplicates:
        listed = ", ".join(f"{row} ({twin})" for row, twin in list(found.duplicates.items())[:_LISTED])
        console.print(f"{len(found.duplicates)} rows folded in, the same text with the same labels: {listed}")
