"""Corrected labels of enquiries that the corpus has already: renewed in their files, and every change recorded."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from model.errors import InvalidData
from training.data import check_frame
from training.import_rows import Origin, draft
from training.sheets import read_sheet

_LABELS = ("service", "flags", "contrast")
_RECORD = "corrections.jsonl"

Labels = dict[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One enquiry's labels, before and after."""

    id: str
    file: str
    before: Labels
    after: Labels


def corrections(source: Path, folder: Path, origin: Origin) -> tuple[dict[Path, pd.DataFrame], list[Change]]:
    """Compare a spreadsheet with the corpus in `folder`, by id and text; nothing is written.

    Returns the files that change, as they would become, and the changes.

    Raises InvalidFile, or InvalidData with all that is wrong in the spreadsheet.
    """
    made = draft(read_sheet(source), origin)
    for row, fault in check_frame(made.frame):
        made.refuse(row, fault)
    tables = {
        file: pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        for file in sorted(folder.rglob("*.csv"))
    }
    places = {name: (file, place) for file, table in tables.items() for place, name in enumerate(table["id"])}
    changes: list[Change] = []
    touched: dict[Path, pd.DataFrame] = {}
    for row, new in zip(made.frame.index, made.frame.to_dict("records"), strict=True):
        file, place = places.get(new["id"], (None, 0))
        if file is None or str(tables[file].loc[place, "text"]).strip() != new["text"]:
            made.refuse(row, "id: no row of the corpus has this id with this text; import it without --correct")
            continue
        before = {column: str(tables[file].loc[place, column]) for column in _LABELS}
        after = {column: str(new[column]) for column in _LABELS}
        if _meaning(before) != _meaning(after):
            changes.append(Change(new["id"], file.name, before, after))
            tables[file].loc[place, list(_LABELS)] = list(after.values())
            touched[file] = tables[file]
    if made.reasons:
        raise InvalidData(
            [f"{source}, row {row}, {why}" for row, reasons in sorted(made.reasons.items()) for why in reasons]
        )
    return touched, changes


def write_corrections(
    touched: dict[Path, pd.DataFrame], changes: Sequence[Change], folder: Path, who: str, now: datetime
) -> Path:
    """Keep the record of what changes, then renew the files, each in one step; returns the record."""
    record = folder / _RECORD
    with record.open("a", encoding="utf-8") as stream:
        for change in changes:
            entry = {"when": now.isoformat(timespec="seconds"), "who": who, "id": change.id, "file": change.file}
            stream.write(json.dumps(entry | {"before": change.before, "after": change.after}) + "\n")
    for file, table in touched.items():
        scratch = file.with_name(f".{file.name}.partial")
        table.to_csv(scratch, index=False, encoding="utf-8", lineterminator="\n")
        scratch.replace(file)
    return record


def _meaning(labels: Labels) -> tuple[str, frozenset[str], str]:
    return labels["service"], frozenset(labels["flags"].split()), labels["contrast"]
