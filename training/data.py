"""Labelled enquiries: reading them and checking that they keep the form of the annotation guide.

A file is CSV in UTF-8 with the columns `id, text, language, service, flags, contrast, source, annotator, created`;
`flags` holds codes separated by spaces. Every complaint names file, row, column and remedy, and all are given at once.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa

from model.decision import EXPLAINS_OTHER
from model.errors import InvalidData
from model.taxonomy import alarm_codes, annotated_codes
from model.types import Service

COLUMNS = ("id", "text", "language", "service", "flags", "contrast", "source", "annotator", "created")
CONTRASTS = ("denied", "past", "other_person", "hypothetical", "figure", "homonym")
_LANGUAGE = re.compile(r"[a-z]{2}")


@dataclass(frozen=True, slots=True)
class LabelledEnquiry:
    """One row of the corpus; the fields are the annotation guide's.

    part : in a frozen set what the row tests (everyday, flags, contrast, borderline); empty elsewhere
    """

    id: str
    text: str
    language: str
    service: Service
    flags: frozenset[str]
    contrast: str
    source: str
    part: str = ""


def read_labelled(paths: Iterable[Path]) -> list[LabelledEnquiry]:
    """Read and check CSV files, or folders of them, in the order given (folders: by name).

    Raises InvalidData with all complaints of all files when a row breaks the form or an id stands twice.
    """
    frames: list[pd.DataFrame] = []
    complaints: list[str] = []
    for file in csv_files(paths):
        frame, faults = read_file(file)
        complaints += faults
        frames.append(frame)
    if not complaints:
        complaints = _repeated_ids(frames)
    if complaints:
        raise InvalidData(complaints)
    return [enquiry for frame in frames for enquiry in enquiries_of(frame)]


def csv_files(paths: Iterable[Path]) -> Iterator[Path]:
    """CSV files among the paths and, recursively, in the folders.

    Raises InvalidData for a path that does not exist or a folder without any CSV file.
    """
    for path in paths:
        if path.is_dir():
            found = sorted(path.rglob("*.csv"))
            if not found:
                raise InvalidData([f"{path}: holds no .csv file"])
            yield from found
        elif path.is_file():
            yield path
        else:
            raise InvalidData([f"{path}: there is no such file or folder"])


def read_file(file: Path) -> tuple[pd.DataFrame, list[str]]:
    """One file of labelled enquiries as strings (index: row in the file), and what is wrong with it."""
    return read_table(file, COLUMNS, _SCHEMA)


def read_table(file: Path, columns: Iterable[str], schema: pa.DataFrameSchema) -> tuple[pd.DataFrame, list[str]]:
    """One CSV file as strings (index: row in the file, the header being row 1), and what is wrong with it."""
    nothing = pd.DataFrame(columns=list(columns))
    try:
        frame = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except UnicodeDecodeError:
        return nothing, [f"{file}: is not UTF-8; save it as 'CSV UTF-8'"]
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        return nothing, [f"{file}: cannot be read as CSV: {str(error).strip()}"]
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        return frame, [f"{file}, row 1: lacks the column {column}; add it to the header" for column in missing]
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        return frame, _complaints(file, errors.failure_cases)
    return frame, []


def check_frame(frame: pd.DataFrame) -> list[tuple[int, str]]:
    """What is wrong with rows of labelled enquiries: the row, by the frame's index, and `column: remedy`."""
    try:
        _SCHEMA.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        return [(row, f"{column}: {rule}") for row, column, rule in _faults(errors.failure_cases)]
    return []


def write_file(frame: pd.DataFrame, file: Path) -> None:
    """Write rows in the project's form: columns in order, UTF-8, one line feed a row."""
    frame.loc[:, list(COLUMNS)].to_csv(file, index=False, encoding="utf-8", lineterminator="\n")


def _complaints(file: Path, failures: pd.DataFrame) -> list[str]:
    """One line a failure, in the order of the rows. The text of an enquiry is never quoted."""
    return [f"{file}, row {row}, {column}: {rule}" for row, column, rule in _faults(failures)]


def _faults(failures: pd.DataFrame) -> list[tuple[int, str, str]]:
    found = (
        (
            int(failure["index"]),
            str(failure["column"]) if failure["schema_context"] == "Column" else "flags",
            str(failure["check"]),
        )
        for failure in failures.to_dict("records")
    )
    return sorted(dict.fromkeys(found))


def _repeated_ids(frames: list[pd.DataFrame]) -> list[str]:
    ids = pd.concat([frame["id"] for frame in frames]) if frames else pd.Series(dtype=str)
    counts = ids.value_counts()
    return [f"id {name!r} stands {count} times; give each row its own" for name, count in counts[counts > 1].items()]


def enquiries_of(frame: pd.DataFrame) -> Iterator[LabelledEnquiry]:
    """The rows of a checked file."""
    for row in frame.itertuples(index=False):
        yield LabelledEnquiry(
            id=str(row.id),
            text=str(row.text),
            language=str(row.language),
            service=Service(str(row.service)),
            flags=frozenset(str(row.flags).split()),
            contrast=str(row.contrast),
            source=str(row.source),
            part=str(getattr(row, "part", "")),
        )


def _codes(frame: pd.DataFrame) -> "pd.Series[Any]":
    return frame["flags"].map(lambda cell: frozenset(cell.split()))


def _known(cell: str) -> bool:
    return set(cell.split()) <= set(annotated_codes())


def one_of(values: Iterable[str]) -> str:
    """Words for a check on a closed list."""
    return f"must be one of {', '.join(value or 'empty' for value in values)}"


def check_cell(rule: str, test: Callable[[str], bool]) -> pa.Check:
    """A check of each cell of a column; `rule` says what is wrong and how to mend it."""
    return pa.Check(test, element_wise=True, error=rule)


_SCHEMA = pa.DataFrameSchema(
    {
        "id": pa.Column(
            str,
            [check_cell("is empty; give each row a name of its own", lambda cell: bool(cell.strip()))],
            unique=False,
        ),
        "text": pa.Column(
            str,
            [
                check_cell("is empty; write the enquiry or delete the row", lambda cell: bool(cell.strip())),
                check_cell("holds a NUL character; remove it", lambda cell: "\0" not in cell),
            ],
        ),
        "language": pa.Column(
            str,
            check_cell(
                "must be a two-letter language code such as en or es", lambda cell: bool(_LANGUAGE.fullmatch(cell))
            ),
        ),
        "service": pa.Column(str, check_cell(one_of(Service), lambda cell: cell in set(Service))),
        "flags": pa.Column(
            str,
            [
                check_cell("must be codes of the taxonomy separated by spaces", _known),
                check_cell("holds a code twice", lambda cell: len(cell.split()) == len(set(cell.split()))),
            ],
        ),
        "contrast": pa.Column(str, check_cell(one_of(("", *CONTRASTS)), lambda cell: cell in {"", *CONTRASTS})),
        "source": pa.Column(str, check_cell("is empty; say who wrote it", lambda cell: bool(cell.strip()))),
        "created": pa.Column(
            str,
            check_cell("must be a date such as 2026-11-24", lambda cell: bool(re.fullmatch(r"\d{4}-\d\d-\d\d", cell))),
        ),
    },
    checks=[
        pa.Check(
            lambda frame: (
                ~((frame["contrast"] != "") & _codes(frame).map(lambda codes: bool(codes & set(alarm_codes()))))
            ),
            error="contrast must be empty beside an emergency or urgent flag",
        ),
        pa.Check(
            lambda frame: (frame["service"] == "other") | ~_codes(frame).map(lambda codes: "out_of_scope" in codes),
            error="out_of_scope goes with service other only",
        ),
        pa.Check(
            lambda frame: (
                (frame["service"] != "other")
                | (_codes(frame).map(lambda codes: ("out_of_scope" in codes) != bool(codes & EXPLAINS_OTHER)))
            ),
            error="service other needs out_of_scope exactly when no other flag says why",
        ),
    ],
)
