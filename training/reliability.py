"""Whether a confidence means what it says: reliability, calibration error, Brier score, risk against coverage.

Everywhere: confidence, shape (n,), 0 to 1; right, shape (n,), bool; weight, shape (n,), how many each one stands for.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.figures import Share

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions of about the same confidence: how sure the model was, and how often it was right."""

    confidence: float
    right: float
    low: float
    high: float
    count: int


def reliability(confidence: Floats, right: Bools, weight: Floats, bins: int = 8) -> list[Bin]:
    """Bins of equally many predictions, the least sure first, each with a 95 % interval of how often they were right.

    The interval is Wilson's with Kish's effective number of reviews, (sum of weights)² / sum of squared weights.
    """
    found: list[Bin] = []
    for rows in np.array_split(np.argsort(confidence, kind="stable"), min(bins, len(confidence))):
        w = weight[rows]
        value = float(np.average(right[rows], weights=w))
        effective = max(1, round(float(w.sum() ** 2 / (w**2).sum())))
        low, high = Share(round(value * effective), effective).interval
        found.append(
            Bin(float(np.average(confidence[rows], weights=w)), value, min(low, value), max(high, value), len(rows))
        )
    return found


def calibration_error(confidence: Floats, right: Bools, weight: Floats, bins: int = 8) -> float:
    """Expected calibration error: how far confidence and the share that is right lie apart, averaged over the bins."""
    total = 0.0
    for rows in np.array_split(np.argsort(confidence, kind="stable"), min(bins, len(confidence))):
        total += abs(float(weight[rows] @ (confidence[rows] - right[rows])))
    return total / float(weight.sum())


def chance_error(confidence: Floats, weight: Floats, seed: int, draws: int = 400, bins: int = 8) -> float:
    """The calibration error that a perfectly honest model stays under in 95 of 100 samples like this one.

    With few reviews the error is never zero; only one above this says something about the model.
    """
    generator = np.random.default_rng(seed)
    simulated = generator.random((draws, len(confidence))) < confidence
    return float(np.quantile([calibration_error(confidence, one, weight, bins) for one in simulated], 0.95))


def brier(confidence: Floats, right: Bools, weight: Floats) -> float:
    """Brier score of "this answer is right": mean squared distance of confidence and outcome; 0 is best."""
    return float(np.average((confidence - right) ** 2, weights=weight))


def bootstrap(
    measure: Callable[[Floats, Bools, Floats], float],
    confidence: Floats,
    right: Bools,
    weight: Floats,
    seed: int,
    draws: int = 400,
) -> tuple[float, float]:
    """95 % interval of a measure by the percentile bootstrap (Efron, 1979); the weights go with their rows."""
    generator = np.random.default_rng(seed)
    rows = generator.integers(len(confidence), size=(draws, len(confidence)))
    values = [measure(confidence[one], right[one], weight[one]) for one in rows]
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Curve:
    """What would be wrong among answers at least so sure, the surest first.

    coverage : share of all answers that are at least so sure
    risk : share of those that is wrong
    low, high : 95 % interval of the risk at each point (not of the whole curve)
    """

    confidence: Floats
    coverage: Floats
    risk: Floats
    low: Floats
    high: Floats


def risk_coverage(confidence: Floats, right: Bools, weight: Floats) -> Curve:
    """Risk against coverage, one point a distinct confidence, from the tenth review on: before, it says nothing."""
    rows = np.argsort(-confidence, kind="stable")
    sure, w = confidence[rows], weight[rows]
    mass = np.cumsum(w)
    risk = np.cumsum(w * ~right[rows]) / mass
    effective = np.maximum(1, np.round(mass**2 / np.cumsum(w**2)))
    last = np.append(np.flatnonzero(np.diff(sure)), len(sure) - 1)
    last = last[last >= min(9, len(sure) - 1)]
    bounds = [Share(round(value * n), int(n)).interval for value, n in zip(risk[last], effective[last], strict=True)]
    low, high = np.array(bounds).T
    return Curve(
        sure[last], mass[last] / mass[-1], risk[last], np.minimum(low, risk[last]), np.maximum(high, risk[last])
    )
