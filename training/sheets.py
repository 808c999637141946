"""Spreadsheets as people keep them: Excel, CSV with comma, semicolon or tab, JSON Lines; several encodings."""

import codecs
import csv
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.escape import unescape
from openpyxl.utils.exceptions import InvalidFileException

from model.errors import InvalidData, InvalidFile

_SEPARATORS = ",;\t|"
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_LONGEST_CELL = 1_000_000

Cells = list[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of texts.

    rows : the row's number as a spreadsheet shows it, and its cells; rows without any content are left out
    form : how it was read, in words for people
    """

    file: Path
    rows: tuple[tuple[int, Cells], ...]
    form: str


def read_sheet(file: Path) -> Sheet:
    """Read .xlsx (its first sheet), .csv, .tsv or .jsonl; dates become 2026-11-24, booleans TRUE or FALSE.

    A JSONL file's keys become a first row of its own, row 0, so that line numbers stay true.

    Raises InvalidFile for a file that cannot be used, InvalidData for lines of JSONL that are no objects.
    """
    if not file.is_file():
        raise InvalidFile(file, "file", "there is no such file")
    suffix = file.suffix.lower()
    if suffix in (".xlsx", ".xlsm"):
        return _excel(file)
    if suffix not in (".csv", ".tsv", ".txt", ".jsonl"):
        raise InvalidFile(file, "file", "must be .xlsx, .csv, .tsv or .jsonl; save it as one of them")
    text, encoding = _decode(file)
    if suffix == ".jsonl":
        return Sheet(file, tuple(_json_lines(file, text)), f"JSON Lines, {encoding}")
    return _separated(file, text, encoding)


def _filled(rows: Iterator[tuple[int, Cells]]) -> tuple[tuple[int, Cells], ...]:
    return tuple((number, cells) for number, cells in rows if any(cell.strip() for cell in cells))


def _excel(file: Path) -> Sheet:
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError):
        raise InvalidFile(file, "file", "cannot be read as an Excel workbook; save it again as .xlsx") from None
    try:
        sheet = book.worksheets[0]
        rows = ((number, [_cell(value) for value in row]) for number, row in enumerate(sheet.values, 1))
        return Sheet(file, _filled(rows), f"Excel, sheet {sheet.title!r}")
    finally:
        book.close()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime | date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return unescape(value).replace("\r\n", "\n") if isinstance(value, str) else str(value)


def _decode(file: Path) -> tuple[str, str]:
    content = file.read_bytes()
    encoding = next((name for bom, name in _BOMS.items() if content.startswith(bom)), "utf-8")
    try:
        return content.decode(encoding), {"utf-8-sig": "UTF-8 with BOM"}.get(encoding, encoding.upper())
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        raise InvalidFile(file, "file", "is neither UTF-8 nor Windows-1252; save it as 'CSV UTF-8'") from None


def _separated(file: Path, text: str, encoding: str) -> Sheet:
    lines = text.splitlines(keepends=True)
    # Excel writes and reads such a first line; it counts as a row.
    told = lines[0].strip().removeprefix("sep=") if lines and lines[0].startswith("sep=") else ""
    first = 2 if told else 1
    separator = told or _likeliest_separator(lines[0] if lines else "")
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO("".join(lines[first - 1 :]), newline=""), delimiter=separator, strict=True)
    try:
        rows = _filled(
            (number, [cell.replace("\r\n", "\n") for cell in row]) for number, row in enumerate(reader, first)
        )
    except csv.Error:
        where = f"near line {reader.line_num + first - 1}"
        raise InvalidFile(
            file, where, "a quotation mark opens a cell and does not close it, or is not doubled"
        ) from None
    name = {",": "commas", ";": "semicolons", "\t": "tabs"}.get(separator, repr(separator))
    return Sheet(file, rows, f"CSV with {name}, {encoding}")


def _likeliest_separator(header: str) -> str:
    return max(_SEPARATORS, key=lambda mark: len(next(csv.reader([header], delimiter=mark), [])))


def _json_lines(file: Path, text: str) -> Iterator[tuple[int, Cells]]:
    objects: list[tuple[int, dict[str, Any]]] = []
    bad: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if isinstance(found, dict):
            objects.append((number, found))
        else:
            bad.append(f"{file}, row {number}: is not a JSON object; write one on each line")
    if bad:
        raise InvalidData(bad)
    keys = list(dict.fromkeys(key for _, found in objects for key in found))
    yield 0, keys
    for number, found in objects:
        yield number, [_json_cell(found.get(key)) for key in keys]


def _json_cell(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else _cell(value)
