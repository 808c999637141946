"""The second level: heads that calibrate, the flags' thresholds, and when a service may be offered without asking."""

import warnings
from collections.abc import Sequence

import numpy as np
from mapie.risk_control import BinaryClassificationController
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from model.classifier import Head
from training.corpus_arrays import Split
from training.settings import Costs, Promise

_COVERAGES = np.arange(0.5, 1.0, 0.005)
"""Shares of the answers that are routed at each threshold tried, the first where the test has power."""


def fit_head(inputs: NDArray[np.float64], labels: NDArray[np.generic]) -> Head:
    """A head on inputs of shape (n_texts, n_inputs)."""
    return Head(LogisticRegression(max_iter=1000).fit(inputs, labels))


def cross_fitted(
    inputs: NDArray[np.float64], labels: NDArray[np.generic], splits: Sequence[Split]
) -> NDArray[np.float64]:
    """Calibrated probabilities, shape (n_texts, n_classes), of each enquiry by a head that did not see its author."""
    result = np.empty((len(labels), len(np.unique(labels))))
    for train, test in splits:
        result[test] = fit_head(inputs[train], labels[train]).probabilities(inputs[test])
    return result


def best_threshold(
    probabilities: NDArray[np.float64], present: NDArray[np.bool_], anyway: NDArray[np.bool_], beta: float
) -> float:
    """Threshold that maximises the F-beta (van Rijsbergen, 1979) of "the probability reaches it, or raised anyway".

    One more text at probability p raises F-beta when p > F / (1 + beta²) (Lipton et al., 2014, for beta 1), so the
    highest F alone gives the threshold. Where it was reached is left aside: the curve is flat there, and its highest
    point moved by a factor of three with rounding errors of the encoder. All arrays have shape (n_enquiries,), the
    probabilities are calibrated. Returns a value in (0, 1).
    """
    candidates = np.unique(np.quantile(probabilities, np.linspace(0, 1, 1001)))
    raised = (probabilities[None, :] >= candidates[:, None]) | anyway[None, :]
    hits = (raised & present).sum(axis=1)
    score = (1 + beta**2) * hits / (beta**2 * present.sum() + raised.sum(axis=1))
    return float(np.clip(score.max() / (1 + beta**2), 1e-6, 1 - 1e-6))


def doubt_threshold(stated: NDArray[np.float64], share: float) -> float:
    """Probability below which at most a share of the signs that a rule rightly stated would be doubted.

    stated : of enquiries whose sign a rule states and the label has, shape (n_enquiries,)
    """
    return float(np.quantile(stated, share, method="lower")) if len(stated) else 0.0


def controlled_threshold(confidences: NDArray[np.float64], right: NDArray[np.bool_], promise: Promise) -> float | None:
    """Lowest confidence at which, with the certainty asked for, at most the risk asked for is wrong.

    Learn-then-Test (Angelopoulos et al., 2021) with fixed-sequence testing, from the threshold that the surer half
    reaches downwards, on answers that no part of the model learned from. Both arrays have shape (n_enquiries,).
    Returns None when the answers are too few, or too often wrong, to promise it at the first threshold.
    """
    if not len(right):
        return None
    candidates = np.unique(np.quantile(confidences, 1 - _COVERAGES))[::-1]
    controller = BinaryClassificationController(
        predict_function=lambda values: np.column_stack([1 - values, values]),
        risk="precision",
        target_level=1 - promise.risk,
        confidence_level=promise.certainty,
        list_predict_params=candidates,
        fwer_method="fixed_sequence",
    )
    with warnings.catch_warnings():
        # It cannot know that the candidates are ordered, nor that a wrong order would cost power, not validity; and
        # that no threshold keeps the promise is this function's to say.
        warnings.simplefilter("ignore", UserWarning)
        controller.calibrate(confidences, right.astype(int))
    valid = np.asarray(controller.valid_predict_params, np.float64)
    return float(valid.min()) if valid.size else None


def cheapest_thresholds(costs: Costs) -> tuple[float, float]:
    """Confidences from which on routing costs less than asking, and asking less than a person, on average.

    With confidence p in an answer, routing costs (1 - p) wrong; asking p question + (1 - p) followed wrong, since some
    visitors follow a wrong suggestion; a person p escalation, since it was needless when the answer was right.
    """
    misled = costs.followed * costs.wrong_route
    route = (costs.wrong_route - misled) / (costs.wrong_route - misled + costs.needless_question)
    confirm = misled / (misled + costs.needless_escalation - costs.needless_question)
    return route, confirm
