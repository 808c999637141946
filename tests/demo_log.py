"""`make demo-log`: a prediction log with something true in it, for a first look at the reviewers' notebooks.

The texts of the frozen test go through the real service, one request each, over eight simulated weeks; in the sixth
most are Spanish and typed in haste, in a chat. Two reviewers then judge the random sample: the corpus's own labels, and
the second annotator's.
"""

import os
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.progress import track

from model.errors import TriageError
from model.store import ModelStore
from service.app import create_app
from service.config import ServiceSettings
from service.log import PredictionLog
from service.metrics import Metrics
from service.models import Fixed, Serving
from service.shadow import Shadow
from service.wording import packaged_messages
from training.agreement import SecondLabels
from training.corpus import read_corpus
from training.data import LabelledEnquiry
from training.judged import monday, with_facts
from training.logbook import RANDOM, Logbook
from training.review_queue import Samples

WEEKS, DRIFT = 8, 5  # the sixth
REVIEWS = 300
_SEED = 20261124


def fill(
    url: str,
    store: ModelStore,
    enquiries: Sequence[LabelledEnquiry],
    second: Sequence[SecondLabels],
    now: datetime,
    reviews: int = REVIEWS,
) -> int:
    """Send the enquiries over the eight weeks before this one, and have them reviewed; returns how many were sent.

    A second version in the store, if there is one, challenges the champion.
    """
    moments = _moments(len(enquiries), monday(now))
    clock = [now]
    log = PredictionLog(url, "redacted", patience=60, clock=lambda: clock[0])
    if log.stats()["predictions"]:
        raise TriageError("this log holds predictions already; name an empty one in TRIAGE_DATABASE_URL")
    others = [version for version in store.versions() if version != store.champion()]
    challenger = Serving.load(store, store.challenger() or others[0]) if others else None
    models = Fixed(Serving.load(store, store.champion()), challenger)
    shadow = Shadow(lambda: models.challenger, log.database)
    settings = ServiceSettings.from_environment({"TRIAGE_RATE_LIMIT": ""})
    app = create_app(models, log, packaged_messages(), settings, metrics=Metrics(), shadow=shadow)
    client, labels = app.test_client(), {}
    console = Console(stderr=True)
    for enquiry, moment in track(
        list(zip(_by_week(enquiries), moments, strict=True)), "asking", console=console, disable=not console.is_terminal
    ):
        clock[0] = moment
        hasty = _week(moment, now) == DRIFT
        text = in_haste(enquiry.text) if hasty else enquiry.text
        response = client.post("/v1/predictions", json={"text": text, "channel": "chat" if hasty else "form"})
        labels[response.get_json()["id"]] = enquiry
    shadow.finish()
    log.close()
    _review(url, labels, {one.id: one for one in second}, monday(now) + timedelta(hours=9), reviews)
    return len(labels)


def in_haste(text: str) -> str:
    """A text as thumbs type it: no capitals, no accents, no stops."""
    plain = unicodedata.normalize("NFD", text.lower())
    kept = "".join(c for c in plain if unicodedata.category(c) != "Mn" and c not in ".,;:!?¡¿")
    return kept if len(kept.split()) > 1 else text


def _by_week(enquiries: Sequence[LabelledEnquiry]) -> list[LabelledEnquiry]:
    """The enquiries in the order of asking: as they fall, but in the sixth week four in five are Spanish."""
    shuffled = [enquiries[place] for place in np.random.default_rng(_SEED).permutation(len(enquiries))]
    size = len(shuffled) // WEEKS
    # Every second Spanish text, so that the other weeks keep their share of them.
    spanish = [enquiry for enquiry in shuffled if enquiry.language == "es"][::2][: round(0.8 * size)]
    others = [enquiry for enquiry in shuffled if enquiry.language != "es"][::2][: size - len(spanish)]
    drifted = [*spanish, *others]
    taken = {enquiry.id for enquiry in drifted}
    rest = [enquiry for enquiry in shuffled if enquiry.id not in taken]
    return [*rest[: DRIFT * size], *drifted, *rest[DRIFT * size :]]


def _moments(count: int, end: datetime) -> list[datetime]:
    """Moments of asking over the eight weeks before `end`, between eight and twenty-two o'clock."""
    size = max(1, count // WEEKS)
    places = np.minimum(np.arange(count) // size, WEEKS - 1)
    generator = np.random.default_rng(_SEED)
    days, seconds = generator.integers(7, size=count), generator.integers(8 * 3600, 22 * 3600, size=count)
    start = end - timedelta(weeks=WEEKS)
    offsets = [
        timedelta(weeks=int(week), days=int(day), seconds=int(second))
        for week, day, second in zip(places, days, seconds, strict=True)
    ]
    return [start + offset for offset in sorted(offsets)]


def _week(moment: datetime, now: datetime) -> int:
    return WEEKS - (monday(now) - monday(moment)).days // 7


def _review(
    url: str, labels: Mapping[str, LabelledEnquiry], second: Mapping[str, SecondLabels], now: datetime, reviews: int
) -> None:
    book = Logbook(url)
    samples = Samples(with_facts(book.predictions()), book.shadow(), reviews)
    for sample in (RANDOM, "alarms"):
        for place, name in enumerate(samples.rows(sample, now)["id"]):
            first = labels[name]
            moment = now + timedelta(seconds=20 * place)
            book.add_verdict(name, "ana", first.service, sorted(first.flags), sample, moment)
            if sample == RANDOM and place % 2 and first.id in second:
                other = second[first.id]
                book.add_verdict(name, "ben", other.service, sorted(other.flags), sample, moment)
    book.close()


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("data"), show_default=True)
def main(data: Path) -> None:
    """Fill the empty log that TRIAGE_DATABASE_URL names."""
    settings = ServiceSettings.from_environment(os.environ)
    try:
        corpus = read_corpus([data / "test", data / "second" / "test.csv"])
        count = fill(settings.database_url, ModelStore(settings.models), corpus.test, corpus.second, datetime.now(UTC))
    except TriageError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{count} enquiries over {WEEKS} weeks are in {settings.database_url}")


if __name__ == "__main__":
    main()
