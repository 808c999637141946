"""Predictions for a whole file of enquiries, row by row, in order."""

import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, Protocol

from model.errors import InvalidData, InvalidEnquiry, InvalidFile
from model.triage import TriageModel
from model.types import Enquiry, Prediction, Service

BATCH = 256
FIELDS = (
    "model_version",
    "service",
    "confidence",
    "probabilities",
    "decision",
    "escalate",
    "urgency",
    "flags",
    "language",
)
"""What a row gains in JSONL; a CSV row gains the same, flattened (see `csv_fields`)."""


class _Table(Protocol):
    """A file format: rows in, rows and predictions out."""

    def rows(self) -> Iterator[dict[str, Any]]: ...

    def write(self, out: IO[str], scored: Iterator[tuple[dict[str, Any], Prediction]]) -> None: ...


def score(source: Path, target: Path, text_column: str, model: TriageModel, progress: Callable[[int], None]) -> int:
    """Predict each row of a CSV or JSONL file; returns the number of rows.

    The target appears when all is done, or not at all. A column that bears the name of a prediction's field is kept as
    `input_NAME`.

    progress : called with the number of rows done

    Raises InvalidFile for a format or a target that cannot be used, InvalidData for a row that cannot be read.
    """
    if target.exists():
        raise InvalidFile(target, "file", "is there already; choose another name or delete it first")
    if source.suffix != target.suffix:
        raise InvalidFile(target, "file", f"must end in {source.suffix}, as the input does")
    table = _open(source, text_column)
    done = 0

    def scored() -> Iterator[tuple[dict[str, Any], Prediction]]:
        nonlocal done
        rows = enumerate(table.rows(), 1)
        while batch := list(islice(rows, BATCH)):
            enquiries = [_enquiry(source, number, row, text_column) for number, row in batch]
            for (_, row), prediction in zip(batch, model.predict(enquiries), strict=True):
                yield row, prediction
            done += len(batch)
            progress(done)

    target.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            table.write(out, scored())
        Path(scratch).chmod(0o644)
        Path(scratch).replace(target)
    finally:
        Path(scratch).unlink(missing_ok=True)
    return done


def csv_fields(prediction: Prediction) -> dict[str, Any]:
    """A prediction flattened: probabilities in a column each, flags as codes, evidence as the words that carry them."""
    answer = prediction.to_dict()
    return {
        "model_version": answer["model_version"],
        "service": answer["service"] or "",
        "confidence": answer["confidence"],
        **{f"probability_{service}": answer["probabilities"].get(str(service), "") for service in Service},
        "decision": answer["decision"],
        "escalate": "yes" if answer["escalate"] else "no",
        "urgency": answer["urgency"],
        "flags": " ".join(flag.code for flag in prediction.flags),
        "evidence": " | ".join(f"{flag.code}: {span.text}" for flag in prediction.flags for span in flag.evidence),
        "language": answer["language"],
    }


class _Csv:
    def __init__(self, source: Path, text_column: str) -> None:
        self._source = source
        with source.open(encoding="utf-8-sig", newline="") as stream:
            self._columns = next(csv.reader(stream), [])
        if text_column not in self._columns:
            raise InvalidFile(source, "row 1", f"has no column {text_column!r}; name it with --text-column")

    def rows(self) -> Iterator[dict[str, Any]]:
        with self._source.open(encoding="utf-8-sig", newline="") as stream:
            for number, row in enumerate(csv.DictReader(stream), 2):
                if None in row or None in row.values():
                    raise InvalidData([f"{self._source}, row {number}: has not as many cells as the header"])
                yield row

    def write(self, out: IO[str], scored: Iterator[tuple[dict[str, Any], Prediction]]) -> None:
        writer: csv.DictWriter[str] | None = None
        for row, prediction in scored:
            gained = csv_fields(prediction)
            kept = _kept(self._source, row, gained)
            if writer is None:
                writer = csv.DictWriter(out, [*kept, *gained], lineterminator="\n")
                writer.writeheader()
            writer.writerow(kept | gained)


class _Jsonl:
    def __init__(self, source: Path) -> None:
        self._source = source

    def rows(self) -> Iterator[dict[str, Any]]:
        with self._source.open(encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                except ValueError:
                    row = None
                if not isinstance(row, dict):
                    raise InvalidData([f"{self._source}, row {number}: is not a JSON object"])
                yield row

    def write(self, out: IO[str], scored: Iterator[tuple[dict[str, Any], Prediction]]) -> None:
        for row, prediction in scored:
            answer = prediction.to_dict()
            gained = {name: answer[name] for name in FIELDS}
            kept = _kept(self._source, row, gained)
            out.write(json.dumps(kept | gained, ensure_ascii=False) + "\n")


def _open(source: Path, text_column: str) -> _Table:
    if not source.is_file():
        raise InvalidFile(source, "file", "there is no such file")
    if source.suffix == ".csv":
        return _Csv(source, text_column)
    if source.suffix == ".jsonl":
        return _Jsonl(source)
    raise InvalidFile(source, "file", "must be .csv or .jsonl")


def _enquiry(source: Path, number: int, row: dict[str, Any], text_column: str) -> Enquiry:
    if text_column not in row:
        raise InvalidData([f"{source}, enquiry {number}: has no {text_column!r}; name it with --text-column"])
    try:
        return Enquiry(row[text_column])
    except InvalidEnquiry as error:
        raise InvalidData([f"{source}, enquiry {number}, {text_column}: {error.reason}; mend or delete it"]) from None


def _kept(source: Path, row: dict[str, Any], gained: dict[str, Any]) -> dict[str, Any]:
    """The row's own columns, in order, renamed where a prediction's field bears the same name."""
    kept = {f"input_{name}" if name in gained else name: value for name, value in row.items()}
    if len(kept) < len(row):
        raise InvalidFile(source, "columns", "has both a column and the input_ name it would be kept under; rename one")
    return kept
