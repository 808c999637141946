"""The command line as its users meet it."""

import csv
import json
import re
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from model.store import ModelStore
from training.cli import triage

CLOT = "mi gemelo está hinchado y caliente"


def call(run: CliRunner, *arguments: str | Path) -> Result:
    return run.invoke(triage, [str(argument) for argument in arguments])


def commands() -> list[list[str]]:
    """Every command, groups opened."""
    paths: list[list[str]] = []
    for entry in entry_points(group="triage.commands"):
        command = entry.load()
        names = command.list_commands(click.Context(command)) if isinstance(command, click.Group) else []
        paths += [[entry.name, name] for name in names] or [[entry.name]]
    return paths


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_every_command_explains_itself_with_an_example(run: CliRunner, path: list[str]) -> None:
    shown = call(run, *path, "--help")
    assert shown.exit_code == 0
    assert re.search(rf"Example: triage {' '.join(path)}\b", shown.output)


def test_predict_shows_decision_flags_and_message(run: CliRunner, store: ModelStore) -> None:
    shown = call(run, "predict", CLOT, "--models", store.root)
    assert shown.exit_code == 0
    assert "escalate" in shown.output
    assert "suspected_clot" in shown.output


def test_predict_prints_the_services_json(run: CliRunner, store: ModelStore) -> None:
    answer = json.loads(call(run, "predict", CLOT, "--models", store.root, "--json").output)
    assert answer["escalate"] is True
    assert "112" in answer["message"]


def test_predict_without_a_model_says_how_to_make_one(run: CliRunner, tmp_path: Path) -> None:
    shown = call(run, "predict", CLOT, "--models", tmp_path)
    assert shown.exit_code == 2
    assert shown.output.count("\n") == 1
    assert "make one with `triage train`" in shown.output


def test_train_makes_the_first_model_champion_and_a_second_one_not(
    run: CliRunner, small_data: list[Path], tmp_path: Path, root: Path
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text((root / "training" / "settings.toml").read_text().replace("folds = 5", "folds = 3"))
    common: list[str | Path] = ["--models", tmp_path / "models", "--settings", settings, "--no-encoder"]
    data: list[str | Path] = [part for file in small_data for part in ("--data", file)]
    first = call(run, "train", *data, *common)
    assert first.exit_code == 0, first.output
    assert "now serves as champion" in first.output
    second = json.loads(
        call(run, "train", *data, "--data", root / "data" / "labelled" / "s9.csv", *common, "--json").stdout
    )
    listed = json.loads(call(run, "models", "--models", tmp_path / "models", "--json").output)
    assert len(listed) == 2
    assert [row["champion"] for row in listed if row["version"] == second["version"]] == [False]


def test_a_bad_row_stops_training_with_one_line_each_and_changes_nothing(
    run: CliRunner, small_data: list[Path], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(small_data[0].read_text().replace(",massage,", ",masaje,", 1))
    shown = call(run, "train", "--data", bad, "--models", tmp_path / "models")
    assert shown.exit_code == 2
    assert re.fullmatch(r"Error: .*bad\.csv, row \d+, service: must be one of .*\n", shown.output)
    assert not (tmp_path / "models").exists()


def test_models_marks_the_champion_and_names_what_is_damaged(run: CliRunner, store: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "20200101-abcdef").mkdir()
    assert "manifest.json is missing" in call(run, "models", "--models", tmp_path).output
    assert "champion" in call(run, "models", "--models", store.root).output


def test_models_of_an_empty_store_says_how_to_make_one(run: CliRunner, tmp_path: Path) -> None:
    shown = call(run, "models", "--models", tmp_path)
    assert shown.exit_code == 2
    assert "make one with `triage train`" in shown.output


def test_data_check_counts_what_it_read(run: CliRunner, small_data: list[Path]) -> None:
    counts = json.loads(call(run, "data", "check", *small_data, "--json").output)["labelled"]
    assert counts["sources"] == 7
    assert sum(counts["tables"]["service"]["physiotherapy"].values()) > 0
    assert "all well" in call(run, "data", "check", *small_data).output


def test_rules_check_passes_on_the_packaged_packs_and_counts_on_data(run: CliRunner, small_data: list[Path]) -> None:
    shown = call(run, "rules", "check", "--data", small_data[0], "--json")
    assert shown.exit_code == 0
    assert json.loads(shown.output)["broken"] == []
    assert "0 broken examples" in call(run, "rules", "check").output


def test_score_keeps_rows_order_and_columns_and_adds_the_predictions(
    run: CliRunner, store: ModelStore, tmp_path: Path
) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(
        'id,text,service,note\n7,"my knee, it clicks",x,a\n3,"masaje relajante para dos, el viernes",,b\n'
    )
    shown = call(run, "score", source, target, "--models", store.root)
    assert shown.exit_code == 0, shown.output
    rows = list(csv.DictReader(target.read_text().splitlines()))
    assert [(row["id"], row["input_service"], row["note"]) for row in rows] == [("7", "x", "a"), ("3", "", "b")]
    assert list(rows[0])[:4] == ["id", "text", "input_service", "note"]
    assert {row["escalate"] for row in rows} <= {"yes", "no"}


def test_score_of_jsonl_gives_jsonl_with_flags_and_evidence(run: CliRunner, store: ModelStore, tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps({"id": 1, "text": CLOT, "flags": ["old"], "nested": {"a": [1]}}) + "\n\n")
    assert call(run, "score", source, target, "--models", store.root).exit_code == 0
    row = json.loads(target.read_text())
    assert (row["id"], row["input_flags"], row["nested"]) == (1, ["old"], {"a": [1]})
    (flag,) = [flag for flag in row["flags"] if flag["code"] == "suspected_clot"]
    assert CLOT[flag["evidence"][0]["start"] : flag["evidence"][0]["end"]] == flag["evidence"][0]["text"]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("in.csv", "id,message\n1,my knee\n", "row 1: has no column 'text'; name it with --text-column"),
        ("in.csv", "id,text\n1,my knee\n2,\n", "enquiry 2, text: is empty; mend or delete it"),
        ("in.csv", "id,text\n1,my knee,what\n", "row 2: has not as many cells as the header"),
        ("in.csv", "text,service,input_service\na knee,x,y\n", "rename one"),
        ("in.jsonl", '{"text": "my knee"}\nnot json\n', "row 2: is not a JSON object"),
        ("in.jsonl", '{"message": "my knee"}\n', "enquiry 1: has no 'text'"),
        ("in.jsonl", '{"text": 5}\n', "enquiry 1, text: must be text, not int"),
        ("in.txt", "my knee", "must be .csv, .jsonl or .parquet"),
    ],
)
def test_score_of_a_file_it_cannot_read_writes_nothing(
    run: CliRunner, store: ModelStore, tmp_path: Path, name: str, content: str, complaint: str
) -> None:
    source = tmp_path / name
    source.write_text(content)
    shown = call(run, "score", source, tmp_path / f"out{source.suffix}", "--models", store.root)
    assert shown.exit_code == 2
    assert complaint in shown.stderr
    assert "knee" not in shown.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_score_never_overwrites(run: CliRunner, store: ModelStore, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("text\nmy knee\n")
    shown = call(run, "score", source, source, "--models", store.root)
    assert shown.exit_code == 2
    assert "is there already" in shown.stderr
    assert source.read_text() == "text\nmy knee\n"


def test_serve_without_a_model_says_how_to_make_one(run: CliRunner, tmp_path: Path) -> None:
    shown = call(run, "serve", "--models", tmp_path)
    assert shown.exit_code == 2
    assert "make one with `triage train`" in shown.output


def test_real_questions_of_public_health_sites_run_through_score(
    run: CliRunner, store: ModelStore, root: Path, tmp_path: Path
) -> None:
    source = root.parent / "shared" / "real-questions.jsonl"
    if not source.exists():
        pytest.skip("the reworded real questions are not beside this checkout")
    assert call(run, "score", source, tmp_path / "out.jsonl", "--models", store.root).exit_code == 0
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    given = [json.loads(line) for line in source.read_text().splitlines()]
    assert [row["id"] for row in rows] == [row["id"] for row in given]
    right = sum((row["service"] or "other") == row["input_service"] for row in rows)
    assert right > len(rows) / 2
