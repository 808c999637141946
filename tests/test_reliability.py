"""Figures about confidence, on predictions whose honesty is known."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from training.agreement import krippendorff_alpha
from training.reliability import bootstrap, brier, calibration_error, chance_error, reliability, risk_coverage


def answers(count: int, seed: int, lie: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Confidence, whether right, and weights; a liar is right less often than it says."""
    generator = np.random.default_rng(seed)
    confidence = generator.uniform(0.5, 1.0, count)
    right = generator.random(count) < confidence - lie
    return confidence, right, generator.uniform(1, 5, count)


def test_an_honest_model_is_rarely_called_a_liar_and_a_liar_nearly_always() -> None:
    def called(lie: float) -> float:
        found = []
        for seed in range(60):
            confidence, right, weight = answers(300, seed, lie)
            found.append(calibration_error(confidence, right, weight) > chance_error(confidence, weight, seed, 80))
        return float(np.mean(found))

    assert called(0.0) <= 0.15
    assert called(0.15) >= 0.9


def test_the_points_of_the_diagram_hold_every_answer_and_their_intervals_the_truth() -> None:
    covered = []
    for seed in range(60):
        confidence, right, weight = answers(400, seed)
        bins = reliability(confidence, right, weight)
        assert sum(one.count for one in bins) == 400
        covered += [one.low <= one.confidence <= one.high for one in bins]
    assert np.mean(covered) >= 0.92


def test_brier_score_is_scikit_learns_and_its_interval_covers() -> None:
    confidence, right, weight = answers(300, 1)
    assert brier(confidence, right, weight) == pytest.approx(brier_score_loss(right, confidence, sample_weight=weight))
    truth = brier(*answers(200_000, 99))
    inside = [
        low <= truth <= high for low, high in (bootstrap(brier, *answers(200, seed), seed, 150) for seed in range(60))
    ]
    assert np.mean(inside) >= 0.88


def test_risk_falls_with_confidence_and_ends_at_that_of_all() -> None:
    confidence, right, weight = answers(2_000, 3)
    curve = risk_coverage(confidence, right, weight)
    assert curve.coverage[-1] == pytest.approx(1)
    assert curve.risk[-1] == pytest.approx((weight * ~right).sum() / weight.sum())
    assert curve.risk[200] < curve.risk[-1]
    assert (curve.low <= curve.risk).all()
    assert (curve.risk <= curve.high).all()


def test_krippendorffs_alpha_is_that_of_his_own_example() -> None:
    # Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: four observers, gaps, names.
    observers = ("123321412   ", "1233224125 3", " 3332342251 ", "12332441251 ")
    units = [[row[place] for row in observers if row[place] != " "] for place in range(12)]
    assert krippendorff_alpha(units) == pytest.approx(0.743, abs=0.0005)


def test_alpha_of_one_label_throughout_is_one_and_of_no_pairs_unknown() -> None:
    assert krippendorff_alpha([["a", "a"], ["a", "a"]]) == 1.0
    assert np.isnan(krippendorff_alpha([["a"], []]))
