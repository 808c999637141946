"""Probabilities of service and flags: linear models over n-grams beside the encoder, joined by a second level."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.utils.extmath import softmax

from model.encoder import Encoder, Reading
from model.features import Features
from model.taxonomy import alarm_codes
from model.types import Service

ANY_ALARM = "any_alarm"
"""Name of the flag model that learns "some emergency or urgent flag", beside one model a code."""


@dataclass(frozen=True, slots=True)
class Head:
    """Calibrates scores by a logistic regression learned on texts by writers the scores' model had not seen.

    For its inputs see `service_inputs` and `flag_inputs`. A logistic regression on held-out
    scores is Platt's scaling (1999), widened to several scores as in stacked generalisation (Wolpert, 1992).
    """

    regression: LogisticRegression

    def probabilities(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (n_texts, n_classes) from inputs of shape (n_texts, n_inputs)."""
        scores = linear_scores(self.regression, inputs)
        if scores.shape[1] > 1:
            return np.asarray(softmax(scores), np.float64)
        positive = expit(scores)
        return np.hstack([1 - positive, positive])


def linear_scores(model: LogisticRegression, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """`decision_function`, shape (n_texts, n_classes) or (n_texts, 1) for two classes, without its checks of the input.

    One enquiry asks 44 small models, and the checks took two thirds of its time.
    """
    return np.asarray(inputs @ model.coef_.T + model.intercept_, np.float64)


@dataclass(frozen=True, slots=True)
class Probabilities:
    """Calibrated probabilities of many texts.

    services : shape (n_texts, n_services)
    flags : shape (n_texts, n_codes)
    any_alarm : shape (n_texts,), that some emergency or urgent flag applies
    stated : the same without regard to what the rules state: 1 where no encoder can judge that
    """

    services: NDArray[np.float64]
    flags: NDArray[np.float64]
    any_alarm: NDArray[np.float64]
    stated: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Classifier:
    """All learned parts of a model.

    features : n-grams, which the first level reads
    encoder : reads the text beside them; None for a model by n-grams and rules alone
    service : over the services, in the order of `services`
    flags, flag_heads : one binary model and its head a code, and one each under `ANY_ALARM`; a code without them was
        too rare to be learned
    stated_head : judges whether what the rules state is stated; None without an encoder
    """

    features: Features
    encoder: Encoder | None
    services: tuple[Service, ...]
    service: LogisticRegression
    service_head: Head
    flags: Mapping[str, LogisticRegression]
    flag_heads: Mapping[str, Head]
    stated_head: Head | None
    _weights: NDArray[np.float32] = field(init=False, repr=False, compare=False)
    _biases: NDArray[np.floating] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # All models over the n-grams in one matrix, so that a text's row is multiplied once.
        models = [self.service, *self.flags.values()]
        weights = np.ascontiguousarray(np.vstack([model.coef_ for model in models]).T, np.float32)
        object.__setattr__(self, "_weights", weights)
        object.__setattr__(self, "_biases", np.concatenate([model.intercept_ for model in models]))

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes that the classifier gives a probability."""
        return tuple(code for code in self.flag_heads if code != ANY_ALARM)

    def predict(self, texts: Sequence[str], stated: Sequence[frozenset[str]]) -> Probabilities:
        """Probabilities of one text or many.

        stated : for each text, the codes that the rules state
        """
        scores = self.scores(texts)
        flags = {
            code: head.probabilities(flag_inputs(code, scores, stated))[:, 1] for code, head in self.flag_heads.items()
        }
        return Probabilities(
            services=self.service_head.probabilities(service_inputs(scores)),
            flags=np.column_stack([flags[code] for code in self.codes] or [np.empty((len(texts), 0))]),
            any_alarm=flags[ANY_ALARM],
            stated=self.stated_head.probabilities(stated_inputs(scores))[:, 1]
            if self.stated_head
            else np.ones(len(texts)),
        )

    def scores(self, texts: Sequence[str]) -> "Scores":
        """What the second level reads of texts."""
        linear = np.asarray(self.features.scores(texts, self._weights) + self._biases, np.float64)
        split = self.service.intercept_.size
        return Scores(
            services=linear[:, :split],
            flags=dict(zip(self.flags, linear[:, split:].T, strict=True)),
            encoder=ByCode.of(self.encoder, self.encoder.read(texts)) if self.encoder else None,
        )

    def attribute_services(self, text: str) -> list[tuple[int, int, NDArray[np.float64]]]:
        """The linear scores of the services, shared out among the pieces of a text: start, end, shape (n_services,)."""
        return self.features.ngrams.attribute(text, self._weights[:, : self.service.intercept_.size])

    def ngram_scores(self, code: str, texts: Sequence[str]) -> NDArray[np.float64]:
        """Scores of one flag by the n-grams alone, shape (n_texts,)."""
        place = self.service.intercept_.size + list(self.flags).index(code)
        weights = np.ascontiguousarray(self._weights[:, place : place + 1])
        return np.asarray(self.features.scores(texts, weights)[:, 0], np.float64)


@dataclass(frozen=True, slots=True)
class ByCode:
    """An encoder's reading with its flags by code.

    services : shape (n_texts, n_services)
    flags : for each code shape (n_texts,)
    stated : shape (n_texts,); see model.encoder.Reading
    """

    services: NDArray[np.float64]
    flags: Mapping[str, NDArray[np.float64]]
    stated: NDArray[np.float64]

    @classmethod
    def of(cls, encoder: Encoder, reading: Reading) -> "ByCode":
        """Name the columns of a reading."""
        flags = dict(zip(encoder.flags, reading.flags.astype(np.float64).T, strict=True))
        return cls(reading.services.astype(np.float64), flags, reading.stated.astype(np.float64))


@dataclass(frozen=True, slots=True)
class Scores:
    """What the second level reads: scores of the n-gram models and, unless there is none, of the encoder.

    services : shape (n_texts, n_services)
    flags : for each code, and for `ANY_ALARM`, shape (n_texts,)
    """

    services: NDArray[np.float64]
    flags: Mapping[str, NDArray[np.float64]]
    encoder: ByCode | None


def service_inputs(scores: Scores) -> NDArray[np.float64]:
    """Inputs of the service's head: n-gram scores, then the encoder's, shape (n_texts, n_services or twice as many)."""
    return np.hstack([scores.services, scores.encoder.services]) if scores.encoder else scores.services


def flag_inputs(code: str, scores: Scores, stated: Sequence[frozenset[str]]) -> NDArray[np.float64]:
    """Inputs of a flag's head, shape (n_texts, 3), or (n_texts, 6) with an encoder.

    They are the flag's own score; the score for any alarm, or for `ANY_ALARM` itself the highest score of an alarm's
    code; whether a rule states the flag (any alarm); the first two again from the encoder; and how it reads the sign.
    """
    if code == ANY_ALARM:
        by_rule = np.array([bool(codes) for codes in stated], np.float64)
    else:
        by_rule = np.array([code in codes for codes in stated], np.float64)
    columns = [*_own_and_other(code, scores.flags), by_rule]
    if scores.encoder:
        columns += [*_own_and_other(code, scores.encoder.flags), scores.encoder.stated]
    return np.column_stack(columns)


def stated_inputs(scores: Scores) -> NDArray[np.float64]:
    """Inputs of the head that judges the rules, which must not see them, shape (n_texts, 5).

    Needs an encoder's scores.
    """
    if scores.encoder is None:
        raise ValueError("these scores are of a model without an encoder")
    columns = [*_own_and_other(ANY_ALARM, scores.flags), *_own_and_other(ANY_ALARM, scores.encoder.flags)]
    return np.column_stack([*columns, scores.encoder.stated])


def _own_and_other(code: str, flags: Mapping[str, NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    if code != ANY_ALARM:
        return [flags[code], flags[ANY_ALARM]]
    alarms = [flags[alarm] for alarm in alarm_codes() if alarm in flags]
    return [flags[code], np.max(alarms, axis=0) if alarms else flags[code]]
