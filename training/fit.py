"""Making a classifier from labelled enquiries.

First level: linear models over n-grams and the encoder. Second level: logistic regressions over the first level's
scores on authors it had not seen (cross-validation grouped by author), which calibrate them and join flags with rules.
The same out-of-fold scores choose the flags' thresholds and give the figures of the manifest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from model.classifier import ANY_ALARM, Classifier, Head, Probabilities, flag_inputs
from model.decision import Thresholds
from model.encoder import Encoder
from model.errors import InvalidData
from model.features import Features
from model.red_flags import RedFlags
from model.taxonomy import alarm_codes, annotated_codes
from model.types import Service
from training.data import LabelledEnquiry
from training.settings import Settings

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, steps done and steps in all."""

Split = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Rows to train on and rows to test on."""

_DERIVED = frozenset({"out_of_scope"})  # follows from the service and the other flags: nothing to learn


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """What the models say of each enquiry when its author was not in their training data.

    stated : codes that the rules state, for each enquiry
    """

    probabilities: Probabilities
    stated: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A classifier, its thresholds, and what it said out of fold."""

    classifier: Classifier
    thresholds: Thresholds
    out_of_fold: OutOfFold


@dataclass(frozen=True, slots=True)
class _Level:
    """First-level models of one training set."""

    features: Features
    service: LogisticRegression
    flags: dict[str, LogisticRegression]


class _Data:
    """Arrays of the corpus that every fold shares."""

    def __init__(self, enquiries: Sequence[LabelledEnquiry], encoder: Encoder | None, red_flags: RedFlags) -> None:
        self.texts = [enquiry.text for enquiry in enquiries]
        self.services = np.array([str(enquiry.service) for enquiry in enquiries])
        self.sources = np.array([enquiry.source for enquiry in enquiries])
        self.encoder = encoder
        self.vectors = encoder.encode(self.texts) if encoder else None
        self.stated = tuple(
            frozenset(flag.code for flag in red_flags.read(enquiry.text).flags) for enquiry in enquiries
        )
        alarms = set(alarm_codes())
        self.flags = {
            code: np.array([code in enquiry.flags for enquiry in enquiries])
            for code in annotated_codes()
            if code not in _DERIVED
        }
        self.flags[ANY_ALARM] = np.array([bool(alarms & enquiry.flags) for enquiry in enquiries])

    def take(self, rows: NDArray[np.intp]) -> tuple[list[str], NDArray[np.float32] | None]:
        """Texts of some rows, and their vectors where there is an encoder."""
        return [self.texts[row] for row in rows], None if self.vectors is None else self.vectors[rows]

    def learnable(self, rarest: int, splits: Sequence[Split]) -> list[str]:
        """Codes with enough enquiries, by enough authors that each fold has some to learn from."""
        return [
            code
            for code, present in self.flags.items()
            if present.sum() >= rarest and all(present[train].any() for train, _ in splits)
        ]


def fit(
    enquiries: Sequence[LabelledEnquiry],
    encoder: Encoder | None,
    red_flags: RedFlags,
    settings: Settings,
    progress: Progress,
) -> Fitted:
    """Train on all enquiries, and measure on each author with models that did not see that author.

    Raises InvalidData when there are fewer authors than folds, or a service or every alarm without enquiries.
    """
    _refuse_too_little(enquiries, settings)
    progress("reading and encoding", 0, 1)
    data = _Data(enquiries, encoder, red_flags)
    progress("reading and encoding", 1, 1)
    folds = StratifiedGroupKFold(settings.folds, shuffle=True, random_state=settings.seed)
    splits = list(folds.split(data.texts, data.services, data.sources))
    codes = data.learnable(settings.classifier.rarest, splits)
    service_scores = np.empty((len(enquiries), len(Service)))
    flag_scores = {code: np.empty(len(enquiries)) for code in codes}
    for done, (train, test) in enumerate(splits):
        progress("cross-validation", done, len(splits))
        level = _first_level(data, train, codes, settings)
        rows = level.features.join(*data.take(test))
        service_scores[test] = level.service.decision_function(rows)
        for code, model in level.flags.items():
            flag_scores[code][test] = model.decision_function(rows)
    progress("cross-validation", len(splits), len(splits))
    progress("training", 0, 1)
    level = _first_level(data, np.arange(len(enquiries)), codes, settings)
    progress("training", 1, 1)
    inputs = {code: flag_inputs(code, flag_scores, data.stated) for code in codes}
    classifier = Classifier(
        features=level.features,
        services=tuple(Service(name) for name in level.service.classes_),
        service=level.service,
        service_head=_head(service_scores, data.services),
        flags=level.flags,
        flag_heads={code: _head(inputs[code], data.flags[code]) for code in codes},
    )
    flags = {code: _cross_fitted(inputs[code], data.flags[code], splits)[:, 1] for code in codes}
    probabilities = Probabilities(
        services=_cross_fitted(service_scores, data.services, splits),
        flags=np.column_stack([flags[code] for code in classifier.codes] or [np.empty((len(enquiries), 0))]),
        any_alarm=flags[ANY_ALARM],
    )
    thresholds = _thresholds(flags, data, settings)
    return Fitted(classifier, thresholds, OutOfFold(probabilities, data.stated))


def _first_level(data: _Data, train: NDArray[np.intp], codes: Sequence[str], settings: Settings) -> _Level:
    chosen = settings.features
    common = {"sublinear_tf": True, "strip_accents": "unicode", "dtype": np.float32}
    words = TfidfVectorizer(
        ngram_range=chosen.word_ngrams, min_df=chosen.word_min_df, token_pattern=r"\b\w+\b", **common
    )
    characters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=chosen.character_ngrams, min_df=chosen.character_min_df, **common
    )
    texts, vectors = data.take(train)
    words.fit(texts)
    characters.fit(texts)
    features = Features(words, characters, data.encoder, chosen.encoder_weight)
    rows = features.join(texts, vectors)
    labels = [data.services[train], *(data.flags[code][train] for code in codes)]
    # Threads share the rows, and most of a fit is outside the interpreter; BLAS threads in each would only quarrel.
    with threadpool_limits(1):
        service, *flags = Parallel(n_jobs=-1, prefer="threads")(
            delayed(_fit_linear)(rows, each, settings) for each in labels
        )
    return _Level(features, service, dict(zip(codes, flags, strict=True)))


def _fit_linear(rows: csr_matrix, labels: NDArray[np.generic], settings: Settings) -> LogisticRegression:
    model = LogisticRegression(C=settings.classifier.C, max_iter=settings.classifier.max_iterations)
    return model.fit(rows, labels)


def _head(inputs: NDArray[np.float64], labels: NDArray[np.generic]) -> Head:
    return Head(LogisticRegression(max_iter=1000).fit(inputs, labels))


def _cross_fitted(
    inputs: NDArray[np.float64],
    labels: NDArray[np.generic],
    splits: Sequence[Split],
) -> NDArray[np.float64]:
    """Calibrated probabilities of each enquiry by a head that did not see its author either."""
    result = np.empty((len(labels), len(np.unique(labels))))
    for train, test in splits:
        result[test] = _head(inputs[train], labels[train]).probabilities(inputs[test])
    return result


def _thresholds(flags: Mapping[str, NDArray[np.float64]], data: _Data, settings: Settings) -> Thresholds:
    by_rule = {code: np.array([code in codes for codes in data.stated]) for code in flags}
    codes = {
        code: best_threshold(values, data.flags[code], by_rule[code], settings.thresholds.code_beta)
        for code, values in flags.items()
        if code != ANY_ALARM
    }
    alarms = [code for code in alarm_codes() if code in codes]
    by_code = np.array([bool(stated) for stated in data.stated])
    for code in alarms:
        by_code |= flags[code] >= codes[code]
    any_alarm = best_threshold(flags[ANY_ALARM], data.flags[ANY_ALARM], by_code, settings.thresholds.alarm_beta)
    return Thresholds(settings.thresholds.route, settings.thresholds.confirm, codes, any_alarm)


def best_threshold(
    probabilities: NDArray[np.float64], present: NDArray[np.bool_], anyway: NDArray[np.bool_], beta: float
) -> float:
    """Threshold with the highest F-beta (van Rijsbergen, 1979) of "the probability reaches it, or raised anyway".

    All arrays have shape (n_enquiries,). Returns a value in (0, 1).
    """
    candidates = np.unique(np.quantile(probabilities, np.linspace(0, 1, 1001)))
    raised = (probabilities[None, :] >= candidates[:, None]) | anyway[None, :]
    hits = (raised & present).sum(axis=1)
    score = (1 + beta**2) * hits / (beta**2 * present.sum() + raised.sum(axis=1))
    return float(np.clip(candidates[int(np.argmax(score))], 1e-6, 1 - 1e-6))


def _refuse_too_little(enquiries: Sequence[LabelledEnquiry], settings: Settings) -> None:
    sources = {enquiry.source for enquiry in enquiries}
    if len(sources) < settings.folds:
        have, need = len(sources), settings.folds
        raise InvalidData([f"the data has {have} authors (column source); {need}-fold cross-validation needs as many"])
    complaints = ["the data has no enquiry with an emergency or urgent flag; add some"]
    if any(enquiry.flags & set(alarm_codes()) for enquiry in enquiries):
        complaints = []
    complaints += [
        f"the data has no enquiry with service {service}; add some"
        for service in Service
        if all(enquiry.service is not service for enquiry in enquiries)
    ]
    if complaints:
        raise InvalidData(complaints)
