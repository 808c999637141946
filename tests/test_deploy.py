"""The files that start the service elsewhere: held to their tools where those are, and to the code everywhere."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from service.config import ServiceSettings

OURS = ("TRIAGE_DB_PASSWORD",)
"""Variables of compose.yaml that are no settings of the service."""


def tool(*command: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a tool, or skip where it is not installed."""
    program = shutil.which(command[0])
    if program is None:
        pytest.skip(f"no {command[0]} here")
    return subprocess.run(
        [program, *command[1:]], cwd=cwd, env=os.environ | variables, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "name", ["Containerfile", "compose.yaml", "enquiry-triage.service", "enquiry-triage.env", "Caddyfile"]
)
def test_what_the_files_set_is_a_setting(root: Path, name: str) -> None:
    content = (root / "deploy" / name).read_text()
    named = set(re.findall(r"\bTRIAGE_[A-Z_]+\b", content))
    assert named <= {setting.name for setting in ServiceSettings.table().values()} | set(OURS)


def test_the_settings_of_the_unit_are_ones_that_the_service_takes(root: Path) -> None:
    lines = (root / "deploy" / "enquiry-triage.env").read_text().splitlines()
    settings = ServiceSettings.from_environment(dict(line.split("=", 1) for line in lines if not line.startswith("#")))
    assert (settings.text_kept, settings.trusted_proxies) == ("redacted", 1)


def test_the_unit_is_one_that_systemd_takes_and_leaves_little_open(root: Path, tmp_path: Path) -> None:
    unit = tmp_path / "enquiry-triage.service"
    # The program and the user are where it is installed, not here.
    text = (root / "deploy" / unit.name).read_text()
    unit.write_text(text.replace("/opt/enquiry-triage/bin/triage", sys.executable).replace("User=enquiry-triage\n", ""))
    checked = tool("systemd-analyze", "verify", str(unit))
    assert (checked.returncode, checked.stderr) == (0, "")
    exposed = tool("systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit))
    assert exposed.returncode == 0, exposed.stdout


def test_compose_takes_its_file_and_asks_for_what_has_no_default(root: Path) -> None:
    if tool("docker", "compose", "version").returncode:
        pytest.skip("no docker compose here")
    config = ("docker", "compose", "-f", "deploy/compose.yaml", "config", "--quiet")
    given = {"SITE": "triage.example.org", "TRIAGE_DB_PASSWORD": "p@ss/word"}
    assert tool(*config, cwd=root, **given).returncode == 0
    for missing in given:
        refused = tool(*config, cwd=root, **given | {missing: ""})
        assert refused.returncode != 0
        assert missing in refused.stderr


def test_caddy_takes_its_file(root: Path) -> None:
    version = tuple(int(part) for part in re.findall(r"\d+", tool("caddy", "version").stdout)[:2])
    if version < (2, 7):
        pytest.skip("this Caddy is older than 2.7")
    checked = tool("caddy", "validate", "--adapter", "caddyfile", "--config", str(root / "deploy" / "Caddyfile"))
    assert checked.returncode == 0, checked.stderr


def test_the_image_is_made_of_code_alone(root: Path) -> None:
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", (root / "deploy" / "Containerfile").read_text(), re.MULTILINE)
    let_in = re.findall(r"^!(.+)$", (root / ".dockerignore").read_text(), re.MULTILINE)
    assert sorted(" ".join(copied).split()) == sorted(let_in)
    assert not {"var", "data", "."} & {path.split("/")[0] for path in let_in}
