"""Bringing a clinic's spreadsheet into the corpus."""

import csv
import json
import shutil
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from training.cli import triage
from training.data import LabelledEnquiry, read_labelled

ES = "me cruje la rodilla al bajar escaleras y llevo dos meses así, me podéis ver"
EN = "full body relaxing massage for two on saturday please, it is our anniversary"
SALE = "tenéis parking cerca de la clínica, voy en furgoneta el martes"
HEADER = "Mensaje;Servicio;Alertas;Fecha\n"


@pytest.fixture
def corpus(tmp_path: Path, root: Path) -> Path:
    """A small corpus and a frozen file, in a folder of their own."""
    (tmp_path / "labelled").mkdir()
    (tmp_path / "test").mkdir()
    shutil.copy(root / "data" / "labelled" / "s48.csv", tmp_path / "labelled")
    shutil.copy(root / "data" / "test" / "t5.csv", tmp_path / "test")
    return tmp_path


def bring(run: CliRunner, corpus: Path, file: Path, *options: str) -> Result:
    where = ["--into", str(corpus / "labelled"), "--frozen", str(corpus / "test")]
    return run.invoke(triage, ["data", "import", str(file), *where, *options])


def sheet(corpus: Path, content: str | bytes, name: str = "noviembre.csv") -> Path:
    file = corpus / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def imported(corpus: Path) -> list[LabelledEnquiry]:
    files = [file for file in (corpus / "labelled").glob("*.csv") if file.name != "s48.csv"]
    return read_labelled(files) if files else []


ROWS = f"{ES};Fisio;;24/11/2026\n{EN};Masaje;embarazo, menor;3/9/26\n{SALE};otro;no;2026-11-01 10:30\n"


@pytest.mark.parametrize(
    "content",
    [
        (HEADER + ROWS).encode(),
        b"\xef\xbb\xbf" + (HEADER + ROWS).encode(),
        (HEADER + ROWS).encode("cp1252"),
        (HEADER + ROWS).encode("utf-16"),
        ("sep=;\r\n" + HEADER + ROWS).replace("\n", "\r\n").replace("\r\r", "\r").encode("cp1252"),
        ("Mensaje\tServicio\tAlertas\tFecha\n" + ROWS.replace(";", "\t")).encode(),
    ],
    ids=["utf-8", "with BOM", "windows-1252", "utf-16", "excel's sep line", "tabs"],
)
def test_spanish_words_and_every_encoding_come_in_alike(run: CliRunner, corpus: Path, content: bytes) -> None:
    shown = bring(run, corpus, sheet(corpus, content))
    assert shown.exit_code == 0, shown.output
    rows = imported(corpus)
    assert [row.text for row in rows] == [ES, EN, SALE]
    assert [str(row.service) for row in rows] == ["physiotherapy", "massage", "other"]
    assert [set(row.flags) for row in rows] == [set(), {"pregnancy", "minor"}, {"out_of_scope"}]
    assert [row.language for row in rows] == ["es", "en", "es"]
    assert "out_of_scope added to 1 rows" in shown.output


def test_dates_are_read_as_written_and_day_first_unless_the_column_says_otherwise(run: CliRunner, corpus: Path) -> None:
    bring(run, corpus, sheet(corpus, HEADER + ROWS))
    (file,) = (corpus / "labelled").glob("*noviembre.csv")
    assert [row["created"] for row in csv.DictReader(file.read_text().splitlines())] == [
        "2026-11-24",
        "2026-09-03",
        "2026-11-01",
    ]
    american = f"text,label,date\n{ES.replace(',', '')}!,physio,11/24/2026\n{EN.replace(',', '')}!,massage,45985\n"
    file.unlink()
    assert bring(run, corpus, sheet(corpus, american, "us.csv")).exit_code == 0
    (file,) = (corpus / "labelled").glob("*us.csv")
    assert [row["created"] for row in csv.DictReader(file.read_text().splitlines())] == ["2026-11-24", "2025-11-24"]


def test_an_excel_sheet_with_a_title_dates_and_ticked_columns_comes_in(run: CliRunner, corpus: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["Consultas de noviembre"])
    page.append([])
    page.append(["Nº", "Mensaje", "Servicio", "Embarazada", "Menor de edad", "Fecha", "Atendido por"])
    page.append([1, ES, "Fisioterapia", True, "FALSO", datetime(2026, 11, 24, 9, 30), "Ana"])  # noqa: DTZ001 - as Excel has it
    page.append([2, EN, "masaje", False, "x", None, "Luis"])
    book.save(corpus / "libro.xlsx")
    shown = bring(run, corpus, corpus / "libro.xlsx", "--source", "clinic")
    assert shown.exit_code == 0, shown.output
    assert "Not read: Nº, Atendido por" in shown.output
    rows = imported(corpus)
    assert [set(row.flags) for row in rows] == [{"pregnancy"}, {"minor"}]
    assert {row.source for row in rows} == {"clinic"}


def test_json_lines_come_in_with_lists_of_flags(run: CliRunner, corpus: Path) -> None:
    lines = [
        {"text": ES, "service": "physiotherapy", "flags": ["minor", "pregnancy"]},
        {"text": EN, "service": "massage"},
    ]
    content = "".join(json.dumps(line) + "\n" for line in lines)
    assert bring(run, corpus, sheet(corpus, content, "x.jsonl")).exit_code == 0
    assert [set(row.flags) for row in imported(corpus)] == [{"minor", "pregnancy"}, set()]


BAD = {
    "service": (f"{ES};osteopatía;;\n", "row 2, service: write fisioterapia, masaje or otro"),
    "flag": (f"{ES};fisio;mareo;\n", "row 2, flags: must be codes of the annotation guide"),
    "date": (f"{ES};fisio;;31/31/2026\n", "row 2, created: must be a date such as 24/11/2026"),
    "text": (";fisio;;\n", "row 2, text: is empty; write the enquiry or delete the row"),
    "cells": (f"{ES};fisio;;;;x\n", "row 2, has 6 cells, the header 4"),
    "guide": (f"{ES};fisio;out_of_scope;\n", "row 2, flags: out_of_scope goes with service other only"),
    "accents": (f"{ES.encode().decode('cp1252')};fisio;;\n", "row 2, text: its accents are garbled"),
    "language": (
        "ich möchte bitte einen Termin für meinen Rücken vereinbaren;fisio;;\n",
        "row 2, language: seems neither",
    ),
    "conflict": (f"{ES};fisio;;\n{ES}!;masaje;;\n", "row 3, labels: differ from those of row 2, the same text"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_row_is_named_with_its_remedy_and_nothing_is_written(run: CliRunner, corpus: Path, kind: str) -> None:
    rows, complaint = BAD[kind]
    shown = bring(run, corpus, sheet(corpus, HEADER + rows + f"{EN};masaje;;\n"))
    assert shown.exit_code == 2
    assert f"noviembre.csv, {complaint}" in shown.stderr
    assert "--skip-bad" in shown.stderr
    assert "rodilla" not in shown.stderr
    assert imported(corpus) == []


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("x.csv", f"{ES},fisio\n", "none for text and service; name them in the first row"),
        ("x.csv", "texto,mensaje,servicio\na,b,c\n", "both 'texto' and 'mensaje' mean text; rename"),
        ("x.csv", 'texto,servicio\n"a,b\n', "a quotation mark opens a cell and does not close it"),
        ("x.xlsx", "no workbook", "cannot be read as an Excel workbook"),
        ("x.jsonl", "[1]\n", "row 1: is not a JSON object"),
        ("x.pdf", "", r"must be .xlsx, .csv, .tsv or .jsonl"),
    ],
)
def test_a_file_that_is_no_table_of_enquiries_says_why(
    run: CliRunner, corpus: Path, name: str, content: str, complaint: str
) -> None:
    shown = bring(run, corpus, sheet(corpus, content, name))
    assert shown.exit_code == 2
    assert complaint in shown.stderr
    assert "rodilla" not in shown.stderr


def test_skip_bad_writes_the_good_rows_and_puts_the_others_beside_the_file(run: CliRunner, corpus: Path) -> None:
    file = sheet(corpus, HEADER + f"{ES};osteopatía;;\n{EN};masaje;;\n")
    for _ in range(2):
        assert bring(run, corpus, file, "--skip-bad").exit_code == 0
    assert [row.text for row in imported(corpus)] == [EN]
    (skipped,) = csv.DictReader((corpus / "noviembre.skipped.csv").read_text("utf-8-sig").splitlines())
    assert (skipped["row"], skipped["Mensaje"], skipped["Servicio"]) == ("2", ES, "osteopatía")
    assert skipped["why"].startswith("service: write fisioterapia")
    assert (corpus / "noviembre.skipped-2.csv").exists()


def test_the_same_text_with_the_same_labels_is_folded_in_and_with_others_refused(run: CliRunner, corpus: Path) -> None:
    first = sheet(corpus, HEADER + f"{ES};fisio;;\n{ES.upper()};fisio;;\n")
    assert "1 rows folded in" in bring(run, corpus, first).output
    again = bring(run, corpus, first)
    assert "Nothing new: no file was written." in again.output
    assert len(imported(corpus)) == 1
    other = bring(run, corpus, sheet(corpus, HEADER + f"{ES};masaje;;\n", "otro.csv"))
    assert other.exit_code == 2
    assert "row 2, labels: differ from those of" in other.stderr


def test_a_row_that_leaks_from_a_frozen_set_is_refused(run: CliRunner, corpus: Path) -> None:
    frozen = read_labelled([corpus / "test"])[0]
    line = json.dumps({"text": frozen.text + " gracias", "service": str(frozen.service)}) + "\n"
    shown = bring(run, corpus, sheet(corpus, line, "x.jsonl"))
    assert shown.exit_code == 2
    assert "one of a frozen set, on which nobody may train" in shown.stderr
    assert frozen.text[:20] not in shown.output


def test_where_rows_came_from_is_kept_and_no_file_is_written_over(run: CliRunner, corpus: Path) -> None:
    assert bring(run, corpus, sheet(corpus, HEADER + f"{ES};fisio;;\n")).exit_code == 0
    assert bring(run, corpus, sheet(corpus, HEADER + f"{EN};masaje;;\n")).exit_code == 0
    files = sorted((corpus / "labelled").glob("*noviembre*.csv"))
    assert len(files) == 2
    kept = json.loads(files[0].with_suffix(".json").read_text())
    assert kept["file"] == "noviembre.csv"
    assert kept["rows"]["written"] == 1
    assert kept["columns"]["text"] == "Mensaje"


def test_a_dry_run_shows_and_writes_nothing(run: CliRunner, corpus: Path) -> None:
    shown = bring(run, corpus, sheet(corpus, HEADER + ROWS), "--dry-run")
    assert "To import: " in shown.output
    assert imported(corpus) == []


def test_corrected_labels_go_to_their_rows_and_are_recorded(run: CliRunner, corpus: Path) -> None:
    bring(run, corpus, sheet(corpus, HEADER + f"{ES};fisio;;\n"))
    (row,) = imported(corpus)
    line = json.dumps({"id": row.id, "text": row.text, "service": "masaje", "flags": "minor"}) + "\n"
    assert bring(run, corpus, sheet(corpus, line, "mended.jsonl"), "--correct").exit_code == 0
    (renewed,) = imported(corpus)
    assert (str(renewed.service), set(renewed.flags)) == ("massage", {"minor"})
    record = json.loads((corpus / "labelled" / "corrections.jsonl").read_text())
    assert (record["before"]["service"], record["after"]["service"]) == ("physiotherapy", "massage")
    foreign = json.dumps({"id": "x-1", "text": EN, "service": "masaje"}) + "\n"
    assert (
        "no row of the corpus has this id" in bring(run, corpus, sheet(corpus, foreign, "y.jsonl"), "--correct").stderr
    )
