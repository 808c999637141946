"""`triage replay`: a logged prediction, followed to its model and made again."""

import json
import os
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from model.store import ModelStore
from service.commands.asking import models_option
from service.config import ServiceSettings
from service.log import PredictionLog
from service.replay import Replay
from service.replay import replay as run

_PATIENCE = 60.0


@click.command(epilog="Example: triage replay 019ab6f2-7c1e-7d3a-9a51-2f8e4c0b6d17")
@click.argument("identifier", metavar="ID")
@models_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def replay(ctx: click.Context, identifier: str, models: Path, as_json: bool) -> None:
    """Make a logged prediction again with the model that answered, and show what it was made with.

    Exit code 0 when the answer is the same, 1 when it differs (and why, where that is known). The text is not shown.
    """
    settings = ServiceSettings.from_environment(os.environ)
    log = PredictionLog(settings.database_url, settings.text_kept, _PATIENCE)
    ctx.call_on_close(log.close)
    found = run(log, ModelStore(models), identifier)
    if as_json:
        click.echo(json.dumps(_as_json(found), indent=2))
    else:
        _show(found)
    ctx.exit(1 if found.differing else 0)


def _as_json(found: Replay) -> dict[str, object]:
    manifest = found.manifest.model_dump(
        mode="json", include={"version", "created", "data", "files", "encoder", "thresholds", "settings", "libraries"}
    )
    return {
        "same": not found.differing,
        "differing": found.differing,
        "reasons": found.reasons,
        "then": found.then,
        "now": found.now,
        "model": manifest,
    }


def _show(found: Replay) -> None:
    console, manifest = Console(), found.manifest
    made = Table("made with", "", box=None)
    made.add_row("model", f"{manifest.version}, of {manifest.created:%Y-%m-%d %H:%M}")
    rows = sum(file.rows for file in manifest.data)
    made.add_row("data", f"{rows} rows in {len(manifest.data)} files (names and hashes: --json)")
    for path, digest in sorted(manifest.files.items()):
        made.add_row("rules" if path.startswith("rules/") else "file", f"{path} {digest[:12]}")
    made.add_row("encoder", manifest.encoder[0] if manifest.encoder else "none")
    made.add_row("thresholds", f"route {manifest.thresholds.route}, confirm {manifest.thresholds.confirm}")
    made.add_row("libraries", ", ".join(f"{name} {version}" for name, version in manifest.libraries.items()))
    console.print(made)
    answers = Table("answer", "then", "now", box=None)
    for name in ("service", "confidence", "decision", "urgency", "language"):
        answers.add_row(name, str(found.then[name]), str(found.now[name]))
    for name in ("flags", "set_aside"):
        answers.add_row(name.replace("_", " "), _codes(found.then[name]), _codes(found.now[name]))
    console.print(answers)
    for reason in found.reasons:
        console.print(f"Note: {reason}.", highlight=False, soft_wrap=True)
    if found.differing:
        names = ", ".join(found.differing).replace("_", " ")
        why = "" if found.reasons else "; no reason is known, so this release reads texts otherwise than that one did"
        console.print(f"[red]Another answer[/]: {names} differ{why}", highlight=False, soft_wrap=True)
    else:
        console.print("The same answer.")


def _codes(entries: list[dict[str, object]]) -> str:
    return ", ".join(str(entry["code"]) for entry in entries) or "none"
