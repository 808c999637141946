"""A small search for better settings of the first level, by cross-validation grouped by author.

Every candidate differs from the given settings in one thing. It is judged by what the second level makes of its
held-out scores, on authors that neither it nor the encoder has seen: the mean log loss of the service plus that of
"some emergency or urgent flag", enquiry by enquiry beside the given settings. Of several candidates one always looks
best by chance, so the intervals are Bonferroni's: with 95 % certainty all of them hold together.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from model.classifier import ANY_ALARM, flag_inputs, service_inputs
from model.encoder import Encoder
from training.calibration import cross_fitted
from training.corpus_arrays import Corpus, Progress, Stated
from training.data import LabelledEnquiry
from training.first_level import held_out
from training.fit import divide, held_out_scores
from training.settings import Settings

CHANGES: tuple[tuple[str, str, Any], ...] = (
    ("classifier", "C", 3.0),
    ("classifier", "C", 30.0),
    ("features", "character_ngrams", (2, 4)),
    ("features", "character_ngrams", (3, 5)),
    ("features", "character_min_df", 5),
    ("features", "word_ngrams", (1, 1)),
    ("features", "word_ngrams", (1, 3)),
)
"""Table, setting and value of each candidate; those that the given settings have already are left out."""

_CERTAINTY = 0.95
_SURE = 1e-12  # what a probability is clipped to in a log loss

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Losses:
    """What settings lose on each enquiry by an unseen author, in nats, shape (n_enquiries,).

    right : whether the likeliest service is the right one
    """

    service: Floats
    alarm: Floats
    right: NDArray[np.bool_]

    @property
    def both(self) -> Floats:
        """What candidates are judged by."""
        return self.service + self.alarm


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean of paired differences, candidate minus given settings, with its interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """Settings that differ from the given ones as `change` says; for those given it is empty."""

    change: str
    settings: Settings
    losses: Losses
    difference: Difference

    @property
    def better(self) -> bool:
        """By more than chance explains."""
        return self.difference.high < 0


def tune(
    enquiries: Sequence[LabelledEnquiry],
    encoder: Encoder | None,
    stated: Stated,
    settings: Settings,
    progress: Progress,
) -> Iterator[Candidate]:
    """The given settings, then each candidate, as they are measured.

    stated : see training.corpus_arrays.Stated

    Raises InvalidData as `training.fit.fit` does.
    """
    corpus = Corpus(enquiries, encoder)
    divide(enquiries, corpus, settings)  # complains before anything takes time
    corpus.read(stated, progress)
    chosen = [("", settings), *candidates(settings)]
    authors = corpus.sources[corpus.unseen]
    given: Losses | None = None
    for number, (change, each) in enumerate(chosen):
        progress("settings", number, len(chosen))
        losses = _losses(enquiries, corpus, each)
        given = given or losses
        difference = paired(losses.both - given.both, authors, 1 - (1 - _CERTAINTY) / (len(chosen) - 1))
        yield Candidate(change, each, losses, difference)
    progress("settings", len(chosen), len(chosen))


def candidates(settings: Settings) -> list[tuple[str, Settings]]:
    """Each change that is one, in words, and the settings with it."""
    found = []
    for table, name, value in CHANGES:
        part = getattr(settings, table)
        if getattr(part, name) != value:
            changed = part.model_copy(update={name: value})
            found.append((f"{name} = {_toml(value)}", settings.model_copy(update={table: changed})))
    return found


def paired(differences: Floats, authors: NDArray[np.str_], certainty: float) -> Difference:
    """Mean difference with an interval that knows that texts by one author are alike.

    Cluster-robust: Student's t over the authors' sums of deviations. Both arrays have shape (n_enquiries,).
    """
    _, places = np.unique(authors, return_inverse=True)
    count = int(places.max()) + 1
    mean = float(differences.mean())
    sums = np.bincount(places, differences - mean)
    error = float(np.sqrt(count / (count - 1) * np.square(sums).sum())) / len(differences)
    half = float(t.ppf((1 + certainty) / 2, count - 1)) * error
    return Difference(mean, mean - half, mean + half)


def settings_file(candidate: Candidate) -> str:
    """The settings as TOML, for `triage train --settings`."""
    tables: Mapping[str, Any] = candidate.settings.model_dump(mode="json")
    lines = [f"# Found by `triage tune`: {candidate.change}.", ""]
    lines += [f"{name} = {_toml(value)}" for name, value in tables.items() if not isinstance(value, dict)]
    for table, values in tables.items():
        if isinstance(values, dict):
            lines += ["", f"[{table}]", *(f"{name} = {_toml(value)}" for name, value in values.items())]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """Numbers, strings and lists of them are written alike in JSON and TOML."""
    return json.dumps(value)


def _losses(enquiries: Sequence[LabelledEnquiry], corpus: Corpus, settings: Settings) -> Losses:
    splits, tests, codes = divide(enquiries, corpus, settings)
    scores = held_out_scores(corpus, held_out(corpus, codes, tests, settings, _silent))
    stated = [corpus.stated[row] for row in corpus.unseen]
    truth, alarm = corpus.services[corpus.unseen], corpus.flags[ANY_ALARM][corpus.unseen]
    services = cross_fitted(service_inputs(scores), truth, splits)
    alarms = cross_fitted(flag_inputs(ANY_ALARM, scores, stated), alarm, splits)
    names, wanted = np.unique(truth, return_inverse=True)
    return Losses(
        service=_log_loss(services, wanted),
        alarm=_log_loss(alarms, alarm.astype(np.intp)),
        right=names[services.argmax(axis=1)] == truth,
    )


def _log_loss(probabilities: Floats, wanted: NDArray[np.intp]) -> Floats:
    return -np.log(np.maximum(probabilities[np.arange(len(wanted)), wanted], _SURE))


def _silent(*_: object) -> None:
    """Steps inside a candidate are not shown."""
