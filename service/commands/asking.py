"""`triage predict` and `triage serve`: asking a model from the command line, and serving it."""

import json
import os
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from model.store import ModelStore
from model.types import Prediction
from service.config import ServiceSettings
from service.logs import logging_config
from service.wording import packaged_messages

models_option = click.option(
    "--models",
    type=click.Path(path_type=Path),
    default=Path("var/models"),
    show_default=True,
    envvar="TRIAGE_MODELS",
    help="Folder of the model store.",
)


@click.command(epilog="Example: triage predict 'My neck is stiff from the desk, do you have a slot on Friday?'")
@click.argument("text")
@click.option("--model", "version", help="Version to ask; without it the champion.")
@models_option
@click.option("--json", "as_json", is_flag=True, help="Print the JSON that the service would answer.")
def predict(text: str, version: str | None, models: Path, as_json: bool) -> None:
    """Read one enquiry. Nothing is logged."""
    store = ModelStore(models)
    prediction = store.load(version or store.champion()).predict_one(text)
    message = packaged_messages().of(prediction)
    if as_json:
        click.echo(json.dumps(prediction.to_dict() | {"message": message}, ensure_ascii=False, indent=2))
    else:
        _show(prediction, message)


def _show(prediction: Prediction, message: str) -> None:
    console = Console()
    console.print(
        f"[bold]{prediction.decision}[/]: {prediction.service or 'neither service'}, "
        f"confidence {prediction.confidence:.2f}, urgency {prediction.urgency.label}",
        highlight=False,
    )
    if prediction.flags or prediction.set_aside:
        table = Table("flag", "urgency", "source", "evidence", box=None)
        for flag in prediction.flags:
            words = " … ".join(span.text for span in flag.evidence)
            table.add_row(flag.code, flag.urgency.label, flag.source, words)
        for mention in prediction.set_aside:
            table.add_row(f"({mention.code})", "set aside", f"{mention.axis}: {mention.cue}", mention.evidence.text)
        console.print(table)
    console.print(f"[italic]{message}[/]", highlight=False)


@click.command(epilog="Example: triage serve --port 8000")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes; each loads the model."
)
@models_option
def serve(host: str, port: int, workers: int, models: Path) -> None:
    """Serve the champion over HTTP, with a page at / to try it."""
    from granian import Granian
    from granian.constants import Interfaces

    settings = ServiceSettings.from_environment(os.environ)
    store = ModelStore(models)
    version = store.champion()
    store.manifest(version)  # a mistake is better told here than by a worker
    os.environ["TRIAGE_MODELS"] = str(models)
    # Where the workers put their figures, so that /metrics of one gives those of all.
    figures = tempfile.TemporaryDirectory(prefix="triage-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = figures.name
    # Workers start as new processes and read this first: one enquiry is too small a job for a pool of BLAS threads.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    click.echo(f"Model {version} on http://{host}:{port} (Ctrl-C stops it)", err=True)
    with figures:
        Granian(
            "service.wsgi:app",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            workers=workers,
            blocking_threads=4,
            log_enabled=True,
            log_dictconfig=logging_config(settings.log_format),
            websockets=False,
            respawn_failed_workers=True,
            workers_kill_timeout=30,
        ).serve()
