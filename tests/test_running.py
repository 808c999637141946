"""How the service is run: its settings, its own log, the files that start it elsewhere."""

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from model.store import ModelStore
from service.config import ServiceSettings
from service.logs import Lines
from training.cli import triage

KNEE = "my knee hurts on the stairs"


def test_config_lists_every_setting_and_hides_secrets(run: CliRunner) -> None:
    environment = {
        "TRIAGE_DATABASE_URL": "postgresql+psycopg://clinic:s3cret@db/triage?password=s3cret",
        "TRIAGE_REDIS_URL": "redis://:s3cret@cache:6379/0",
        "TRIAGE_RETENTION_DAYS": "90",
    }
    shown = run.invoke(triage, ["config", "--json"], env=environment)
    rows = json.loads(shown.output)
    assert set(rows) == {setting.name for setting in ServiceSettings.table().values()}
    assert rows["TRIAGE_DATABASE_URL"]["value"] == "postgresql+psycopg://clinic:***@db/triage"
    assert rows["TRIAGE_RETENTION_DAYS"] | {"meaning": ""} == {
        "value": "90", "set": True, "default": "365", "meaning": "",
    }  # fmt: skip
    assert "s3cret" not in shown.output
    assert "s3cret" not in run.invoke(triage, ["config"], env=environment).output


def test_config_names_the_setting_that_cannot_be_used(run: CliRunner) -> None:
    shown = run.invoke(triage, ["config"], env={"TRIAGE_LOG_FORMAT": "xml"})
    assert (shown.exit_code, shown.output) == (2, "Error: TRIAGE_LOG_FORMAT: must be json or text\n")


def test_the_guide_to_running_it_lists_every_setting_with_its_default(root: Path) -> None:
    guide = (root / "deploy" / "README.md").read_text()
    rows = dict(re.findall(r"^\| `(TRIAGE_\w+)` \| .* \| (.*) \|$", guide, re.MULTILINE))
    assert set(rows) == {setting.name for setting in ServiceSettings.table().values()}
    for setting in ServiceSettings.table().values():
        assert rows[setting.name] == (f"`{setting.default}`" if setting.default else "none")


def test_a_server_logs_one_json_object_a_line_without_any_text(
    store: ModelStore, serve: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    server = serve(store.root, TRIAGE_DATABASE_URL=f"sqlite:///{tmp_path}/file/log.db")
    assert server.ask(KNEE)[0] == 200
    lines = [line for line in server.output.read_text().splitlines() if not line.startswith("Model ")]
    entries = [json.loads(line) for line in lines]
    assert all({"time", "level", "logger", "message"} <= set(entry) for entry in entries)
    assert any("prediction log" in entry["message"] for entry in entries)
    assert "knee" not in server.output.read_text()


def test_an_exception_in_the_log_is_its_type_alone() -> None:
    with pytest.raises(ValueError, match="knee") as caught:
        int(KNEE)
    fault = (caught.type, caught.value, caught.tb)
    record = logging.LogRecord("service", logging.ERROR, "", 0, "failed", (), fault)
    entry = json.loads(Lines().format(record))
    assert (entry["message"], entry["exc_info"]) == ("failed", "ValueError")
