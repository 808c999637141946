"""Making a classifier from labelled enquiries.

First level: linear models over n-grams, beside the encoder, which was fine-tuned before. Second level: logistic
regressions over both's scores, learned on authors that neither had seen: cross-validation grouped by author, over the
authors from whom the encoder learned nothing. They calibrate the scores and join them with the rules. The same
out-of-fold scores choose the thresholds and give the figures of the manifest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from model.classifier import (
    ANY_ALARM,
    ByCode,
    Classifier,
    Probabilities,
    Scores,
    flag_inputs,
    service_inputs,
    stated_inputs,
)
from model.decision import Thresholds, raised_by_model
from model.encoder import Encoder
from model.errors import InvalidData
from model.taxonomy import alarm_codes
from model.types import Service
from training.calibration import (
    best_threshold,
    cheapest_thresholds,
    controlled_threshold,
    cross_fitted,
    doubt_threshold,
    fit_head,
)
from training.corpus_arrays import Corpus, Progress, Split, Stated
from training.data import LabelledEnquiry
from training.first_level import FirstLevel, HeldOut, first_level
from training.settings import Settings


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """What the models say of each enquiry whose author was in nobody's training data.

    rows : places of these enquiries among all
    stated : codes that the rules state, for each of them
    """

    rows: NDArray[np.intp]
    probabilities: Probabilities
    stated: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A classifier, its thresholds, and what it said out of fold.

    promised : answers on which the threshold for routing was controlled, or None when no threshold keeps the promise
    """

    classifier: Classifier
    thresholds: Thresholds
    out_of_fold: OutOfFold
    promised: int | None


def fit(
    enquiries: Sequence[LabelledEnquiry],
    encoder: Encoder | None,
    stated: Stated,
    settings: Settings,
    progress: Progress,
) -> Fitted:
    """Train on all enquiries, and measure on each author whom the encoder had not seen with models that had not either.

    stated : see training.corpus_arrays.Stated

    Raises InvalidData when there are fewer such authors than folds, or a service or every alarm without enquiries.
    """
    corpus = Corpus(enquiries, encoder)
    splits, tests, codes = divide(enquiries, corpus, settings)
    corpus.read(stated, progress)
    level, held_out = first_level(corpus, codes, tests, settings, progress)
    progress("thresholds", 0, 1)
    fitted = _second_level(corpus, level, held_out_scores(corpus, held_out), splits, settings)
    progress("thresholds", 1, 1)
    return fitted


def divide(
    enquiries: Sequence[LabelledEnquiry], corpus: Corpus, settings: Settings
) -> tuple[list[Split], list[NDArray[np.intp]], list[str]]:
    """Folds by author: places among the unseen authors' enquiries, rows that each fold tests on, and codes to learn.

    Raises InvalidData as `fit` does.
    """
    _refuse_too_little(enquiries, corpus, settings)
    unseen = corpus.unseen
    folds = StratifiedGroupKFold(settings.folds, shuffle=True, random_state=settings.seed)
    splits = list(folds.split(unseen, corpus.services[unseen], corpus.sources[unseen]))
    tests = [unseen[test] for _, test in splits]
    codes = corpus.learnable(settings.classifier.rarest, tests)
    if ANY_ALARM not in codes:
        who = "each fold of authors" + ("" if corpus.encoder is None else " whom the encoder has not seen")
        raise InvalidData([f"too few enquiries with an emergency or urgent flag to learn from in {who}; add some"])
    return splits, tests, codes


def held_out_scores(corpus: Corpus, found: HeldOut) -> Scores:
    """Scores of the unseen authors' enquiries alone, the encoder's beside them."""
    rows = corpus.unseen
    encoder = None
    if corpus.encoder and corpus.reading:
        whole = ByCode.of(corpus.encoder, corpus.reading)
        encoder = ByCode(
            whole.services[rows], {code: values[rows] for code, values in whole.flags.items()}, whole.stated[rows]
        )
    return Scores(found.services[rows], {code: values[rows] for code, values in found.flags.items()}, encoder)


def _second_level(
    corpus: Corpus, level: FirstLevel, scores: Scores, splits: Sequence[Split], settings: Settings
) -> Fitted:
    stated = tuple(corpus.stated[row] for row in corpus.unseen)
    labels = {code: corpus.flags[code][corpus.unseen] for code in level.flags}
    truth = corpus.services[corpus.unseen]
    inputs = {code: flag_inputs(code, scores, stated) for code in level.flags}
    classifier = Classifier(
        features=level.features,
        encoder=corpus.encoder,
        services=tuple(Service(name) for name in level.service.classes_),
        service=level.service,
        service_head=fit_head(service_inputs(scores), truth),
        flags=level.flags,
        flag_heads={code: fit_head(inputs[code], labels[code]) for code in level.flags},
        stated_head=fit_head(stated_inputs(scores), labels[ANY_ALARM]) if scores.encoder else None,
    )
    found = {code: cross_fitted(inputs[code], labels[code], splits)[:, 1] for code in level.flags}
    probabilities = Probabilities(
        services=cross_fitted(service_inputs(scores), truth, splits),
        flags=np.column_stack([found[code] for code in classifier.codes] or [np.empty((len(truth), 0))]),
        any_alarm=found[ANY_ALARM],
        stated=cross_fitted(stated_inputs(scores), labels[ANY_ALARM], splits)[:, 1]
        if scores.encoder
        else np.ones(len(truth)),
    )
    out_of_fold = OutOfFold(corpus.unseen, probabilities, stated)
    thresholds, promised = _thresholds(found, labels, truth, classifier, out_of_fold, settings)
    return Fitted(classifier, thresholds, out_of_fold, promised)


def _thresholds(
    found: Mapping[str, NDArray[np.float64]],
    labels: Mapping[str, NDArray[np.bool_]],
    truth: NDArray[np.str_],
    classifier: Classifier,
    out_of_fold: OutOfFold,
    settings: Settings,
) -> tuple[Thresholds, int | None]:
    by_rule = {code: np.array([code in codes for codes in out_of_fold.stated]) for code in found}
    codes = {
        code: best_threshold(values, labels[code], by_rule[code], settings.flags.code_beta)
        for code, values in found.items()
        if code != ANY_ALARM
    }
    by_code = np.array([bool(stated) for stated in out_of_fold.stated])
    for code in alarm_codes():
        if code in codes:
            by_code |= found[code] >= codes[code]
    any_alarm = best_threshold(found[ANY_ALARM], labels[ANY_ALARM], by_code, settings.flags.alarm_beta)
    route, confirm = cheapest_thresholds(settings.costs)
    alarms = set(alarm_codes())
    truly = labels[ANY_ALARM] & np.array([bool(alarms & stated) for stated in out_of_fold.stated])
    doubt = doubt_threshold(out_of_fold.probabilities.stated[truly], settings.flags.doubted)
    thresholds = Thresholds(route, confirm, codes, any_alarm, doubt)
    best = out_of_fold.probabilities.services.argmax(axis=1)
    names = np.array([str(service) for service in classifier.services])[best]
    offered = (names != Service.OTHER) & ~_flagged(classifier, out_of_fold, thresholds)
    confidences = out_of_fold.probabilities.services.max(axis=1)[offered]
    controlled = controlled_threshold(confidences, (names == truth)[offered], settings.promise)
    if controlled is None:
        # Nothing can be promised: nothing is offered without asking.
        return replace(thresholds, route=1.0), None
    route = max(route, controlled)
    return replace(thresholds, route=route), int((confidences >= route).sum())


def _flagged(classifier: Classifier, out_of_fold: OutOfFold, thresholds: Thresholds) -> NDArray[np.bool_]:
    found = out_of_fold.probabilities
    rows = zip(found.flags.tolist(), found.any_alarm.tolist(), out_of_fold.stated, strict=True)
    return np.array(
        [
            bool(by_rule)
            or bool(raised_by_model(dict(zip(classifier.codes, row, strict=True)), any_alarm, by_rule, thresholds))
            for row, any_alarm, by_rule in rows
        ]
    )


def _refuse_too_little(enquiries: Sequence[LabelledEnquiry], corpus: Corpus, settings: Settings) -> None:
    authors = set(corpus.sources[corpus.unseen])
    if len(authors) < settings.folds:
        seen = "" if corpus.encoder is None else " whom the encoder has not seen"
        have, need = len(authors), settings.folds
        raise InvalidData(
            [f"the data has {have} authors (column source){seen}; {need}-fold cross-validation needs as many"]
        )
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
