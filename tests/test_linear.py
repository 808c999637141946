"""Regressions fitted together beside scikit-learn's, one by one."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, random_array
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.utils.extmath import softmax

from training.linear import Linear, Start, fit_together

C = 10.0
SIZES = (3, 1, 1)


@pytest.fixture(scope="module")
def rows() -> csr_matrix:
    made = random_array((600, 900), density=0.03, format="csr", rng=np.random.default_rng(1), dtype=np.float32)
    return csr_matrix(made)


@pytest.fixture(scope="module")
def targets(rows: csr_matrix) -> NDArray[np.bool_]:
    """Three classes, something common and something rare, none of them quite to be told from the rows."""
    chance = np.random.default_rng(2)
    scores = 3 * rows @ chance.normal(size=(rows.shape[1], 5)) + chance.normal(size=(rows.shape[0], 5))
    classes = scores[:, :3].argmax(axis=1)[:, None] == np.arange(3)
    return np.column_stack([classes, scores[:, 3] > 0, scores[:, 4] > np.quantile(scores[:, 4], 0.97)])


def objectives(rows: csr_matrix, targets: NDArray[np.bool_], found: Linear) -> list[float]:
    """What each regression minimises: C times the sum of the losses, and half the squared weights."""
    scores, count = found.scores(rows), len(targets)
    likely = softmax(scores[:, :3])
    losses = [log_loss(targets[:, :3].argmax(axis=1), likely)]
    losses += [log_loss(targets[:, place], 1 / (1 + np.exp(-scores[:, place]))) for place in (3, 4)]
    squares = np.add.reduceat(np.square(found.weights.astype(float)).sum(axis=0), [0, 3, 4])
    return [C * count * loss + square / 2 for loss, square in zip(losses, squares, strict=True)]


def by_scikit_learn(rows: csr_matrix, targets: NDArray[np.bool_]) -> Linear:
    labels: Sequence[NDArray[np.generic]] = [targets[:, :3].argmax(axis=1), targets[:, 3], targets[:, 4]]
    models = [LogisticRegression(C=C, tol=1e-8, max_iter=5_000).fit(rows.astype(float), each) for each in labels]
    weights = np.vstack([model.coef_ for model in models]).T.astype(np.float32)
    intercepts = np.concatenate([model.intercept_ for model in models])
    return Linear(weights, intercepts, np.zeros(3, np.intp), Start(np.empty(0), intercepts))


def test_together_they_reach_what_scikit_learn_reaches_one_by_one(rows: csr_matrix, targets: NDArray[np.bool_]) -> None:
    found, best = fit_together(rows, targets, SIZES, C, 400), by_scikit_learn(rows, targets)
    assert objectives(rows, targets, found) == pytest.approx(objectives(rows, targets, best), rel=5e-3)
    assert np.corrcoef(found.scores(rows).T, best.scores(rows).T).diagonal(5).min() > 0.999


def test_a_regression_does_not_depend_on_those_beside_it(rows: csr_matrix, targets: NDArray[np.bool_]) -> None:
    together, alone = fit_together(rows, targets, SIZES, C, 400), fit_together(rows, targets[:, 4:], (1,), C, 400)
    np.testing.assert_allclose(together.weights[:, 4:], alone.weights, rtol=0, atol=1e-5)


def test_from_a_start_on_some_of_the_rows_it_takes_fewer_steps_to_the_same(
    rows: csr_matrix, targets: NDArray[np.bool_]
) -> None:
    some = fit_together(rows[:500], targets[:500], SIZES, C, 400).found
    parts = np.zeros(targets.shape)
    parts[:500] = some.parts
    cold = fit_together(rows, targets, SIZES, C, 400)
    warm = fit_together(rows, targets, SIZES, C, 400, Start(parts, some.intercepts))
    assert warm.iterations.sum() < cold.iterations.sum()
    assert objectives(rows, targets, warm) == pytest.approx(objectives(rows, targets, cold), rel=5e-3)


def test_too_few_iterations_are_told(rows: csr_matrix, targets: NDArray[np.bool_]) -> None:
    with pytest.warns(ConvergenceWarning, match="max_iterations = 3 did not suffice"):
        fit_together(rows, targets, SIZES, C, 3)
