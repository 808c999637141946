"""Files of enquiries to score: CSV, JSON Lines and Parquet, read in partitions, larger than memory.

A partition's answers are rendered to bytes on their own and joined at the end, so that any machine may do any of them.
"""

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from shutil import copyfileobj
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from model.errors import InvalidData, InvalidFile
from model.types import Service

Row = dict[str, Any]
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
"""What a row gains in JSONL; a row of CSV or Parquet gains the same, flattened."""

_FLAT = (
    "model_version",
    "service",
    "confidence",
    *(f"probability_{service}" for service in Service),
    "decision",
    "escalate",
    "urgency",
    "flags",
    "evidence",
    "language",
)


class Table(ABC):
    """A file format: rows in, rows with predictions out.

    source : the file
    """

    def __init__(self, source: Path) -> None:
        self.source = source

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """All rows, one at a time.

        Raises InvalidData for one that cannot be read.
        """

    @abstractmethod
    def render(self, rows: Sequence[Row], answers: Sequence[Row]) -> bytes:
        """Rows with their predictions (as `Prediction.to_dict` gives them), as a part of the target."""

    @abstractmethod
    def join(self, parts: Iterable[Path], target: Path) -> None:
        """Write the parts, in order, as one file."""

    def partitions(self, size: int) -> Iterator[list[Row]]:
        """All rows, `size` at a time."""
        rows = self.rows()
        while part := list(islice(rows, size)):
            yield part

    def _renamed(self, columns: Iterable[str], gained: Iterable[str]) -> dict[str, str]:
        """The name that each column is kept under: its own, or input_NAME where a prediction's field bears it."""
        taken = set(gained)
        names = {name: f"input_{name}" if name in taken else name for name in columns}
        if len(set(names.values())) < len(names):
            reason = "has both a column and the input_ name it would be kept under; rename one"
            raise InvalidFile(self.source, "columns", reason)
        return names


def open_table(source: Path, text_column: str) -> Table:
    """The table in a file.

    Raises InvalidFile for a file, or a column, that cannot be used.
    """
    if not source.is_file():
        raise InvalidFile(source, "file", "there is no such file")
    if source.suffix == ".csv":
        return _Csv(source, text_column)
    if source.suffix == ".jsonl":
        return _Jsonl(source)
    if source.suffix == ".parquet":
        return _Parquet(source, text_column)
    raise InvalidFile(source, "file", "must be .csv, .jsonl or .parquet")


def _missing(source: Path, where: str, text_column: str) -> InvalidFile:
    return InvalidFile(source, where, f"has no column {text_column!r}; name it with --text-column")


class _Csv(Table):
    def __init__(self, source: Path, text_column: str) -> None:
        super().__init__(source)
        try:
            with source.open(encoding="utf-8-sig", newline="") as stream:
                columns = next(csv.reader(stream), [])
        except UnicodeDecodeError:
            raise InvalidFile(source, "file", "is not UTF-8; save it as 'CSV UTF-8'") from None
        if text_column not in columns:
            raise _missing(source, "row 1", text_column)
        self._names = self._renamed(columns, _FLAT)

    def rows(self) -> Iterator[Row]:
        with self.source.open(encoding="utf-8-sig", newline="") as stream:
            try:
                for number, row in enumerate(csv.DictReader(stream), 2):
                    if None in row or None in row.values():
                        raise InvalidData([f"{self.source}, row {number}: has not as many cells as the header"])
                    yield row
            except UnicodeDecodeError:
                raise InvalidFile(self.source, "file", "is not UTF-8; save it as 'CSV UTF-8'") from None

    def render(self, rows: Sequence[Row], answers: Sequence[Row]) -> bytes:
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        for row, answer in zip(rows, answers, strict=True):
            gained = _flat(answer) | {"escalate": "yes" if answer["escalate"] else "no"}
            gained["flags"] = " ".join(gained["flags"])
            writer.writerow([*(row[name] for name in self._names), *gained.values()])
        return out.getvalue().encode()

    def join(self, parts: Iterable[Path], target: Path) -> None:
        with target.open("wb") as out:
            header = io.StringIO(newline="")
            csv.writer(header, lineterminator="\n").writerow([*self._names.values(), *_FLAT])
            out.write(header.getvalue().encode())
            _copy(parts, out)


class _Jsonl(Table):
    def rows(self) -> Iterator[Row]:
        # By line feeds alone: other line ends may stand in a text.
        with self.source.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
                except ValueError:
                    row = None
                if not isinstance(row, dict):
                    raise InvalidData([f"{self.source}, row {number}: is not a JSON object"])
                self._renamed(row, FIELDS)
                yield row

    def render(self, rows: Sequence[Row], answers: Sequence[Row]) -> bytes:
        lines: list[str] = []
        for row, answer in zip(rows, answers, strict=True):
            names = self._renamed(row, FIELDS)
            kept = {names[name]: value for name, value in row.items()}
            lines.append(json.dumps(kept | {name: answer[name] for name in FIELDS}, ensure_ascii=False) + "\n")
        return "".join(lines).encode()

    def join(self, parts: Iterable[Path], target: Path) -> None:
        with target.open("wb") as out:
            _copy(parts, out)


class _Parquet(Table):
    def __init__(self, source: Path, text_column: str) -> None:
        super().__init__(source)
        try:
            schema = pq.read_schema(source)
        except pa.ArrowInvalid:
            raise InvalidFile(source, "file", "cannot be read as Parquet") from None
        if text_column not in schema.names:
            raise _missing(source, "columns", text_column)
        names = self._renamed(schema.names, _FLAT)
        self._given = schema
        kept = [field.with_name(names[field.name]) for field in schema]
        self._schema = pa.schema([*kept, *(pa.field(name, _ARROW.get(name, pa.string())) for name in _FLAT)])
        self._names = names

    def rows(self) -> Iterator[Row]:
        with pq.ParquetFile(self.source) as file:
            for batch in file.iter_batches():
                yield from batch.to_pylist()

    def render(self, rows: Sequence[Row], answers: Sequence[Row]) -> bytes:
        full = [
            {self._names[name]: value for name, value in row.items()} | _flat(answer)
            for row, answer in zip(rows, answers, strict=True)
        ]
        out = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(full, self._schema), out)
        return out.getvalue()

    def join(self, parts: Iterable[Path], target: Path) -> None:
        with pq.ParquetWriter(target, self._schema) as writer:
            for part in parts:
                writer.write_table(pq.read_table(part, schema=self._schema))


_ARROW = {
    "confidence": pa.float64(),
    **{f"probability_{service}": pa.float64() for service in Service},
    "escalate": pa.bool_(),
    "flags": pa.list_(pa.string()),
}


def _flat(answer: Row) -> Row:
    """Probabilities in a column each, flags as codes, evidence as the words that carry them."""
    spans = [(flag["code"], span["text"]) for flag in answer["flags"] for span in flag["evidence"]]
    return {
        "model_version": answer["model_version"],
        "service": answer["service"],
        "confidence": answer["confidence"],
        **{f"probability_{service}": answer["probabilities"].get(str(service)) for service in Service},
        "decision": answer["decision"],
        "escalate": answer["escalate"],
        "urgency": answer["urgency"],
        "flags": [flag["code"] for flag in answer["flags"]],
        "evidence": " | ".join(f"{code}: {text}" for code, text in spans),
        "language": answer["language"],
    }


def _copy(parts: Iterable[Path], out: io.BufferedWriter) -> None:
    for part in parts:
        with part.open("rb") as stream:
            copyfileobj(stream, out)
