"""Labels in doubt, and reviewed predictions on their way to becoming labels."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from model.triage import TriageModel
from model.types import Enquiry
from service.commands import training_rows
from service.log import PredictionLog
from service.reviews import Reviews
from training.cli import triage

IDS = [f"0199a6f2-7c1e-7d3a-9a51-2f8e4c0b6d{number:02d}" for number in range(5)]


@pytest.fixture(scope="module")
def corpus(small_data: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small corpus with planted faults: an everyday text as massage, a text twice, a red flag without its label."""
    folder = tmp_path_factory.mktemp("corpus")
    for file in small_data:
        shutil.copy(file, folder)
    planted = [
        ("p-1", "sprained my ankle at football, physio said rehab exercises, can I book an assessment", "massage", ""),
        ("p-2", "tengo la espalda cargada de la oficina, un masaje relajante por favor", "massage", ""),
        ("p-3", "tengo la espalda cargada de la oficina, un masaje relajante por favor!", "physiotherapy", ""),
        ("p-4", "mi gemelo está hinchado y caliente desde el vuelo, cita para fisio", "physiotherapy", ""),
    ]
    rows = [
        {
            "id": name,
            "text": text,
            "language": "es" if "la " in text or "mi " in text else "en",
            "service": service,
            "flags": flags,
            "contrast": "",
            "source": "s1",
            "annotator": "a",
            "created": "2026-11-24",
        }
        for name, text, service, flags in planted
    ]
    pd.DataFrame(rows).to_csv(folder / "planted.csv", index=False)
    return folder


def test_planted_faults_are_found_gravest_first_and_go_back_corrected(
    run: CliRunner, corpus: Path, root: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text((root / "training" / "settings.toml").read_text().replace("folds = 5", "folds = 3"))
    target = tmp_path / "doubts.xlsx"
    options = ["--data", str(corpus), "--models", str(tmp_path), "--settings", str(settings), "--no-encoder"]
    shown = run.invoke(triage, ["data", "doubts", str(target), *options])
    assert shown.exit_code == 0, shown.output
    book = openpyxl.load_workbook(target)
    header, *rows = list(book["doubts"].values)
    found = {row[header.index("id")]: dict(zip(header, row, strict=True)) for row in rows}
    assert {"p-1", "p-2", "p-3", "p-4"} <= set(found)
    assert found["p-2"]["why"].startswith("p-3 is the same text with other labels")
    assert "states suspected_clot, by rule" in str(found["p-4"]["why"])
    assert "service=physiotherapy" in str(found["p-1"]["suggestion"])
    assert [row[header.index("id")] for row in rows[:2]] == ["p-2", "p-3"]
    for row in book["doubts"].iter_rows(min_row=2):
        if row[header.index("id")].value == "p-1":
            row[header.index("service")].value = "fisioterapia"
    book.save(tmp_path / "mended.xlsx")
    shutil.copytree(corpus, tmp_path / "labelled")
    back = ["data", "import", str(tmp_path / "mended.xlsx"), "--into", str(tmp_path / "labelled"), "--correct"]
    assert run.invoke(triage, back).exit_code == 0
    planted = pd.read_csv(tmp_path / "labelled" / "planted.csv", dtype=str, keep_default_na=False)
    assert planted["service"].tolist() == ["physiotherapy", "massage", "physiotherapy", "physiotherapy"]
    record = (tmp_path / "labelled" / "corrections.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in record] == ["p-1"]


@pytest.fixture
def reviewed(log: PredictionLog, model: TriageModel) -> PredictionLog:
    """Five answers: reviewed in full, by service alone, not at all, in full without consent, in full for the audit."""
    complaints = (
        "my knee hurts going downstairs",
        "stiff neck from the desk",
        "a voucher for two",
        "sore calves",
        "hi",
    )
    for complaint, identifier in zip(complaints, IDS, strict=True):
        enquiry = Enquiry(f"{complaint}, ring me on 612 34 56 78", identifier)
        log.add(enquiry, model.predict_one(enquiry))
    kept = Reviews(log)
    kept.add(IDS[0], "ana", "massage", [], None)
    kept.add(IDS[0], "ana", "physiotherapy", ["minor"], None)
    kept.add(IDS[1], "ana", "physiotherapy", None, None)
    kept.add(IDS[3], "ana", "massage", [], None)
    kept.add(IDS[4], "ana", "massage", [], "of the audit")
    return log


def take(run: CliRunner, folder: Path, **environment: str) -> Result:
    (folder / "consent.txt").write_text("\n".join([IDS[0], IDS[1], IDS[2], IDS[4]]))
    arguments = ["data", "from-reviews", str(folder / "out.csv"), "--consent", str(folder / "consent.txt")]
    return run.invoke(triage, arguments, env={"TRIAGE_DATABASE_URL": f"sqlite:///{folder}/triage.db"} | environment)


def test_reviews_become_rows_only_with_consent_and_in_full_and_never_from_the_audit(
    run: CliRunner, reviewed: PredictionLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The column `sample` comes with the reviewers' notebooks; here the note stands for it.
    def with_sample(row: Any) -> dict[str, Any]:
        return {"sample": "random" if row.note == "of the audit" else None}

    monkeypatch.setattr(training_rows, "as_json", with_sample)
    shown = take(run, tmp_path)
    assert shown.exit_code == 0, shown.output
    (row,) = csv.DictReader((tmp_path / "out.csv").read_text().splitlines())
    assert (row["id"], row["service"], row["flags"], row["annotator"]) == (IDS[0], "physiotherapy", "minor", "ana")
    assert "612" not in row["text"]
    assert "without consent: 1" in shown.output
    assert "of the random audit: 1" in shown.output
    assert "without a review of both service and flags: 2" in shown.output
    assert take(run, tmp_path).exit_code == 2


def test_what_the_operator_keeps_no_text_of_is_not_trained_on(
    run: CliRunner, reviewed: PredictionLog, tmp_path: Path
) -> None:
    shown = take(run, tmp_path, TRIAGE_LOG_TEXT="none")
    assert shown.exit_code == 2
    assert "TRIAGE_LOG_TEXT is none" in shown.stderr
    assert not (tmp_path / "out.csv").exists()


def test_rows_from_reviews_can_be_imported(run: CliRunner, reviewed: PredictionLog, root: Path, tmp_path: Path) -> None:
    assert take(run, tmp_path).exit_code == 0
    where = ["--into", str(tmp_path / "labelled"), "--frozen", str(root / "data" / "test" / "t5.csv")]
    shown = run.invoke(triage, ["data", "import", str(tmp_path / "out.csv"), *where])
    assert shown.exit_code == 0, shown.output
    assert list((tmp_path / "labelled").glob("*.csv"))
