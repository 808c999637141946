"""Why a service: the words and clauses that pushed towards each, as spans of the text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.classifier import Classifier
from model.text import clause_spans
from model.types import Service

_MOST = 12  # words, and clauses, shown


@dataclass(frozen=True, slots=True)
class Push:
    """A stretch of the text and how far it moved the scores.

    part : `words`, exact for the linear models over n-grams; `clause`, what the encoder's scores lose without it
    towards : by service, in log-odds against the mean of the services
    """

    start: int
    end: int
    text: str
    part: Literal["words", "clause"]
    towards: Mapping[Service, float]


def explain(classifier: Classifier, text: str) -> tuple[Push, ...]:
    """The strongest words first, then the clauses in their order.

    The words are exact: all of them together (not the strongest alone) add up to the linear part of the scores. Clauses
    are read by leaving each out (Zeiler and Fergus, 2014), so what two of them say together is not shared out.
    """
    weights = classifier.service_head.regression.coef_
    count = len(classifier.services)
    linear = classifier.attribute_services(text)
    words = [_push(classifier, text, start, end, "words", weights[:, :count] @ share) for start, end, share in linear]
    words.sort(key=lambda push: -max(map(abs, push.towards.values())))
    return (*words[:_MOST], *_clauses(classifier, text, weights[:, count:]))


def _clauses(classifier: Classifier, text: str, weights: NDArray[np.float64]) -> list[Push]:
    if classifier.encoder is None:
        return []
    spans = clause_spans(text)[:_MOST]
    without = [text[:start] + text[end:] for start, end in spans]
    read = classifier.encoder.read([text, *(rest if rest.strip() else "." for rest in without)]).services
    lost = read[0] - read[1:]
    return [
        _push(classifier, text, start, end, "clause", weights @ one.astype(np.float64))
        for (start, end), one in zip(spans, lost, strict=True)
    ]


def _push(
    classifier: Classifier,
    text: str,
    start: int,
    end: int,
    part: Literal["words", "clause"],
    scores: NDArray[np.float64],
) -> Push:
    centred = (scores - scores.mean()).tolist()
    towards = dict(zip(classifier.services, centred, strict=True))
    return Push(start, end, text[start:end], part, {service: towards[service] for service in Service})
