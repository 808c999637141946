"""Probabilities of service and flags, by linear models over n-grams and the encoder, calibrated by a second level."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.utils.extmath import softmax

from model.features import Features
from model.taxonomy import alarm_codes
from model.types import Service

ANY_ALARM = "any_alarm"
"""Name of the flag model that learns "some emergency or urgent flag", beside one model a code."""


@dataclass(frozen=True, slots=True)
class Head:
    """Calibrates scores by a logistic regression learned on texts by writers the scores' model had not seen.

    For the service its inputs are the three scores; for a flag, see `flag_inputs`. A logistic regression on held-out
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
    """

    services: NDArray[np.float64]
    flags: NDArray[np.float64]
    any_alarm: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Classifier:
    """All learned parts of a model.

    service : over the services, in the order of `services`
    flags, flag_heads : one binary model and its head a code, and one each under `ANY_ALARM`; a code without them was
        too rare to be learned
    """

    features: Features
    services: tuple[Service, ...]
    service: LogisticRegression
    service_head: Head
    flags: Mapping[str, LogisticRegression]
    flag_heads: Mapping[str, Head]
    _weights: NDArray[np.floating] = field(init=False, repr=False, compare=False)
    _biases: NDArray[np.floating] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # All models over the features in one matrix, so that a text's row is multiplied once.
        models = [self.service, *self.flags.values()]
        weights = np.ascontiguousarray(np.vstack([model.coef_ for model in models]).T)
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
        rows = self.features.transform(texts)
        linear = np.asarray(rows @ self._weights + self._biases, np.float64)
        split = self.service.intercept_.size
        scores = dict(zip(self.flags, linear[:, split:].T, strict=True))
        flags = {
            code: head.probabilities(flag_inputs(code, scores, stated))[:, 1] for code, head in self.flag_heads.items()
        }
        return Probabilities(
            services=self.service_head.probabilities(linear[:, :split]),
            flags=np.column_stack([flags[code] for code in self.codes] or [np.empty((len(texts), 0))]),
            any_alarm=flags[ANY_ALARM],
        )

    def flag_scores(self, code: str, texts: Sequence[str]) -> NDArray[np.float64]:
        """Raw score of one flag's model, shape (n_texts,): tells which clause carries a flag."""
        return np.asarray(self.flags[code].decision_function(self.features.transform(texts)), np.float64)


def flag_inputs(
    code: str, scores: Mapping[str, NDArray[np.float64]], stated: Sequence[frozenset[str]]
) -> NDArray[np.float64]:
    """Inputs of a flag's head, shape (n_texts, 3).

    They are the flag's own score; the score for any alarm, or for `ANY_ALARM` itself the highest score of an alarm's
    code; and whether a rule states the flag (any alarm).
    """
    if code == ANY_ALARM:
        alarms = [scores[alarm] for alarm in alarm_codes() if alarm in scores]
        other = np.max(alarms, axis=0) if alarms else scores[ANY_ALARM]
        by_rule = np.array([bool(codes) for codes in stated], np.float64)
    else:
        other = scores[ANY_ALARM]
        by_rule = np.array([code in codes for codes in stated], np.float64)
    return np.column_stack([scores[code], other, by_rule])
