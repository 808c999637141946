"""Labelled enquiries from a spreadsheet into the corpus: checked, without duplicates, conflicts or leaks."""

import csv
import hashlib
import json
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from model.errors import InvalidFile
from training.corpus import Corpus, read_corpus
from training.data import LabelledEnquiry, check_frame, read_labelled, write_file
from training.import_rows import Draft, Origin, draft
from training.overlap import DUPLICATE, NEAR, neighbours
from training.sheets import Sheet, read_sheet


@dataclass(slots=True)
class Import:
    """What an import would do.

    duplicates : rows folded in: their text and labels are in the corpus already, or in an earlier row
    rows : what would be written, index: row in the file
    """

    sheet: Sheet
    origin: Origin
    draft: Draft
    rows: pd.DataFrame
    duplicates: dict[int, str] = field(default_factory=dict)

    @property
    def complaints(self) -> list[str]:
        """One line for each thing wrong, in the order of the rows."""
        reasons = sorted(self.draft.reasons.items())
        return [f"{self.sheet.file}, row {row}, {reason}" for row, found in reasons for reason in found]


def plan(file: Path, folder: Path, frozen: Iterable[Path], origin: Origin) -> Import:
    """Read a spreadsheet and compare it with the corpus in `folder` and with the frozen sets; nothing is written.

    Raises InvalidFile, or InvalidData when the corpus itself is out of form.
    """
    sheet = read_sheet(file)
    made = draft(sheet, origin)
    for row, fault in check_frame(made.frame):
        # What was left empty because it could not be read is told once, with the better remedy.
        column = fault.split(":")[0]
        if not any(reason.startswith(column) for reason in made.reasons.get(row, [])):
            made.refuse(row, fault)
    found = Import(sheet, origin, made, made.frame)
    existing = read_labelled([folder]) if folder.is_dir() and any(folder.rglob("*.csv")) else []
    _refuse_leaks(made, read_corpus(frozen))
    _refuse_known_ids(made, existing)
    _fold_in(found, existing)
    out = [*made.reasons, *found.duplicates]
    found.rows = made.frame.drop(index=[row for row in made.frame.index if row in out])
    return found


def write(found: Import, folder: Path, who: str, now: datetime) -> Path:
    """Write the rows as a file of their own in `folder`, never over another, and beside it where they came from."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{found.origin.name}.csv"
    descriptor, scratch = tempfile.mkstemp(dir=folder, prefix=".import-")
    os.close(descriptor)
    write_file(found.rows, Path(scratch))
    Path(scratch).chmod(0o644)
    try:
        os.link(scratch, target)  # unlike a rename, it fails where a file is
    except FileExistsError:
        raise InvalidFile(target, "file", "appeared meanwhile; import again") from None
    finally:
        Path(scratch).unlink()
    target.with_suffix(".json").write_text(
        json.dumps(_provenance(found, who, now), indent=2, ensure_ascii=False) + "\n", "utf-8"
    )
    return target


def write_skipped(found: Import) -> Path:
    """Write the rows that were kept out, as they came and with the reason, beside the spreadsheet; Excel opens it."""
    target = free_name(found.sheet.file.with_name(f"{found.sheet.file.stem}.skipped.csv"))
    with target.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["row", "why", *found.draft.header])
        for row, reasons in sorted(found.draft.reasons.items()):
            writer.writerow([row, "; ".join(reasons), *found.draft.raw[row]])
    return target


def free_name(file: Path) -> Path:
    """The file, or where it is there already the same name with the next number."""
    number, candidate = 2, file
    while candidate.exists():
        number, candidate = number + 1, file.with_name(f"{file.stem}-{number}{file.suffix}")
    return candidate


def _provenance(found: Import, who: str, now: datetime) -> dict[str, Any]:
    return {
        "file": found.sheet.file.name,
        "sha256": hashlib.sha256(found.sheet.file.read_bytes()).hexdigest(),
        "form": found.sheet.form,
        "imported": now.isoformat(timespec="seconds"),
        "by": who,
        "columns": found.draft.mapping,
        "rows": {
            "written": len(found.rows),
            "folded_in": len(found.duplicates),
            "skipped": len(found.draft.reasons),
            "out_of_scope_added": found.draft.derived,
        },
    }


def _refuse_leaks(made: Draft, corpus: Corpus) -> None:
    frozen = [*(row.text for row in corpus.test), *(item.text for item in corpus.challenge)]
    found = neighbours(list(made.frame["text"]), frozen)
    for row, similarity in zip(made.frame.index, found.similarity, strict=True):
        if similarity > NEAR:
            made.refuse(
                row, "text: is, or is much like, one of a frozen set, on which nobody may train; delete the row"
            )


def _refuse_known_ids(made: Draft, existing: Sequence[LabelledEnquiry]) -> None:
    known = {enquiry.id: enquiry for enquiry in existing}
    firsts: dict[str, int] = {}
    for row, name, text in zip(made.frame.index, made.frame["id"], made.frame["text"], strict=True):
        if name in known and known[name].text != text:
            made.refuse(row, f"id: {name!r} is another text's in the corpus; leave the cell empty to get a new one")
        if firsts.setdefault(name, row) != row:
            made.refuse(row, f"id: {name!r} stands in row {firsts[name]} too; leave the cell empty to get a new one")


def _fold_in(found: Import, existing: Sequence[LabelledEnquiry]) -> None:
    """Texts that are there already: folded in when the labels agree, refused when they do not."""
    made = found.draft
    frame = made.frame[[row not in made.reasons for row in made.frame.index]]
    like = neighbours(list(frame["text"]), [enquiry.text for enquiry in existing])
    for row, similarity, other in zip(frame.index, like.similarity, like.nearest, strict=True):
        if similarity > DUPLICATE:
            twin = existing[other]
            if _labels(frame.loc[row]) == (str(twin.service), twin.flags, twin.contrast):
                found.duplicates[row] = twin.id
            else:
                made.refuse(
                    row, f"labels: differ from those of {twin.id}, the same text in the corpus; mend one of the two"
                )
    for rows in _twins(frame):
        if len({_labels(frame.loc[row]) for row in rows}) > 1:
            for row in rows:
                others = ", ".join(str(other) for other in rows if other != row)
                made.refuse(
                    row, f"labels: differ from those of row {others}, the same text; mend one and delete the other"
                )
                found.duplicates.pop(row, None)
        else:
            found.duplicates |= {row: f"row {rows[0]}" for row in rows[1:] if row not in found.duplicates}


def _twins(frame: pd.DataFrame) -> Iterator[list[int]]:
    """Rows of the file that are the same text, two and more together."""
    found = neighbours(list(frame["text"]))
    leader = list(range(len(frame)))

    def lead(place: int) -> int:
        while leader[place] != place:
            place = leader[place]
        return place

    for place, (similarity, other) in enumerate(zip(found.similarity, found.nearest, strict=True)):
        if similarity > DUPLICATE:
            first, second = sorted((lead(place), lead(int(other))))
            leader[second] = first
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for place, row in enumerate(frame.index):
        groups[lead(place)].append(row)
    return (rows for rows in groups.values() if len(rows) > 1)


def _labels(row: Any) -> tuple[str, frozenset[str], str]:
    return row["service"], frozenset(row["flags"].split()), row["contrast"]
