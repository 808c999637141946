"""`triage data from-reviews`: reviewed predictions as labelled enquiries, for `triage data import`."""

import csv
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from model.errors import TriageError
from service.commands.log import TargetExists
from service.config import ServiceSettings
from service.log import PredictionLog, as_json
from service.redact import redact
from service.reviews import Reviews

COLUMNS = ("id", "text", "language", "service", "flags", "contrast", "source", "annotator", "created")
RANDOM_AUDIT = "random"
"""Value of a review's `sample` when the enquiry was drawn for the audit: what measures a model never trains one."""

_PATIENCE = 300.0
_WORDS = {
    "consent": "without consent",
    "audit": "of the random audit",
    "unreviewed": "without a review of both service and flags",
    "text": "without a text in the log",
}


class TextNotKept(TriageError):
    """The operator keeps no texts."""

    def __init__(self) -> None:
        super().__init__("TRIAGE_LOG_TEXT is none: no text may be kept, so none can be trained on")


class ConsentUnread(TriageError):
    """The list of ids cannot be read."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file}: cannot be read; write one prediction id on each line")


@click.command("from-reviews", epilog="Example: triage data from-reviews reviewed.csv --consent consent.txt")
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--consent",
    type=click.Path(path_type=Path),
    required=True,
    help="File of prediction ids, one a line, whose visitors agreed to training; keep the proof.",
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First day, UTC.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Day before which to stop, UTC.")
def from_reviews(target: Path, consent: Path, since: datetime | None, until: datetime | None) -> None:
    """Write reviewed predictions out of the log (TRIAGE_DATABASE_URL) as labelled enquiries to OUT, a CSV file.

    Taken are those with consent, with the latest review of both service and flags, and never drawn for the random
    audit. Texts are redacted, whatever the log keeps. Have a person read them for names; then `triage data import OUT`.
    """
    settings = ServiceSettings.from_environment(os.environ)
    if settings.text_kept == "none":
        raise TextNotKept
    if target.exists():
        raise TargetExists(target)
    try:
        agreed = {line.strip() for line in consent.read_text("utf-8-sig").splitlines() if line.strip()}
    except (OSError, UnicodeDecodeError):
        raise ConsentUnread(consent) from None
    opened = PredictionLog(settings.database_url, settings.text_kept, _PATIENCE)
    left_out: Counter[str] = Counter()
    try:
        rows = list(_rows(opened, agreed, _day(since), _day(until), left_out))
    finally:
        opened.close()
    _write(rows, target)
    click.echo(f"{len(rows)} labelled enquiries written to {target}")
    for reason, count in sorted(left_out.items()):
        click.echo(f"left out, {_WORDS[reason]}: {count}")


def _rows(
    log: PredictionLog, agreed: set[str], since: datetime | None, until: datetime | None, left_out: Counter[str]
) -> Iterator[dict[str, str]]:
    reviews = Reviews(log)
    for row in log.export(since, until):
        if reason := _reason(row, agreed, reviews):
            left_out[reason] += 1
            continue
        review = row["review"]
        yield {
            "id": row["id"],
            "text": redact(row["text"]),
            "language": row["language"],
            "service": review["service"],
            "flags": " ".join(review["flags"]),
            "contrast": "",
            # Each visitor is an author of their own: cross-validation keeps authors apart.
            "source": f"visitor-{row['id']}",
            "annotator": review["reviewer"],
            "created": row["created"][:10],
        }


def _reason(row: dict[str, Any], agreed: set[str], reviews: Reviews) -> str | None:
    """Why a prediction is left out, or None."""
    review = row["review"]
    if review is None or review["service"] is None or review["flags"] is None:
        return "unreviewed"
    # Any review, not the latest alone: a second look does not take an enquiry out of the audit.
    if any(as_json(each).get("sample") == RANDOM_AUDIT for each in reviews.of(row["id"])):
        return "audit"
    if row["id"] not in agreed:
        return "consent"
    return None if row["text"] else "text"


def _day(given: datetime | None) -> datetime | None:
    return given and given.replace(tzinfo=UTC)


def _write(rows: list[dict[str, str]], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, scratch = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        Path(scratch).replace(target)
    finally:
        Path(scratch).unlink(missing_ok=True)
