"""A logged prediction followed to its model and made again."""

import json
import uuid
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from model.store import ModelStore
from service.app import create_app
from service.config import TextKept
from service.log import PredictionLog
from service.models import Fixed
from service.wording import packaged_messages
from training.cli import triage

CLOT = "my calf is hot and swollen since the flight, no fever"
PHONE = "my knee hurts, ring me on 612 34 56 78"


def replayed(run: CliRunner, log: PredictionLog, store: ModelStore, identifier: str, *options: str) -> Result:
    environment = {"TRIAGE_DATABASE_URL": str(log.database._url)}
    return run.invoke(triage, ["replay", identifier, "--models", str(store.root), *options], env=environment)


def asked(serving: Fixed, tmp_path: Path, text: str, kept: TextKept = "redacted") -> tuple[PredictionLog, str]:
    log = PredictionLog(f"sqlite:///{tmp_path}/triage.db", kept)
    client = create_app(serving, log, packaged_messages()).test_client()
    identifier: str = client.post("/v1/predictions", json={"text": text}).get_json()["id"]
    log.close()
    return log, identifier


def test_a_prediction_is_made_again_and_followed_to_data_rules_and_settings(
    run: CliRunner, serving: Fixed, store: ModelStore, tmp_path: Path
) -> None:
    log, identifier = asked(serving, tmp_path, CLOT)
    shown = replayed(run, log, store, identifier)
    assert (shown.exit_code, shown.output.splitlines()[-1]) == (0, "The same answer.")
    found = json.loads(replayed(run, log, store, identifier, "--json").output)
    assert found["same"] is True
    assert found["then"]["flags"][0]["code"] == "suspected_clot"
    manifest = store.manifest(store.champion())
    assert [file["sha256"] for file in found["model"]["data"]] == [file.sha256 for file in manifest.data]
    assert found["model"]["files"]["rules/en.toml"] == manifest.files["rules/en.toml"]
    assert found["model"]["settings"] == manifest.settings
    assert "calf" not in json.dumps(found)
    assert "calf" not in shown.output


def test_an_answer_that_is_not_the_same_is_named_with_what_may_explain_it(
    run: CliRunner, serving: Fixed, store: ModelStore, tmp_path: Path
) -> None:
    log, identifier = asked(serving, tmp_path, PHONE)
    with log.database.session(writing=True) as session:
        row = log.get(identifier)
        assert row is not None
        session.add(row)
        row.decision, row.service = "escalate", "massage"
    log.close()
    shown = replayed(run, log, store, identifier)
    assert shown.exit_code == 1
    assert "Note: the log holds the text redacted" in shown.output
    assert "Another answer: service, " in shown.output
    assert "decision" in shown.output.splitlines()[-1]


@pytest.mark.parametrize(("kept", "reason"), [("none", "kept no text"), ("redacted", "no model ")])
def test_what_cannot_be_made_again_says_why(
    run: CliRunner, serving: Fixed, tmp_path: Path, kept: TextKept, reason: str
) -> None:
    log, identifier = asked(serving, tmp_path, CLOT, kept)
    shown = replayed(run, log, ModelStore(tmp_path / "nowhere"), identifier)
    assert (shown.exit_code, shown.output.count("\n")) == (2, 1)
    assert reason in shown.output
    unknown = replayed(run, log, ModelStore(tmp_path / "nowhere"), str(uuid.uuid4()))
    assert "the log has none of that id" in unknown.output
