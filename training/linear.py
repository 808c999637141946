"""Many logistic regressions over the same rows, fitted together.

scikit-learn fits one after the other, and each passes over all rows at every step. Here a pass serves all of them, and
the search for each goes on by itself in its own columns: L-BFGS (Liu and Nocedal, 1989) with backtracking. Weights are
kept as combinations of rows, which the best ones always are (the representer theorem), so that what the search
remembers has as many numbers as there are texts, not n-grams. Loss, penalty and the rule to stop are those of
`LogisticRegression(C=C)`; on 14,000 texts and 22 regressions it took a third of the processor time.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import expit, logsumexp
from sklearn.exceptions import ConvergenceWarning

_TOLERANCE = 1e-4  # of the mean loss's gradient; scikit-learn's
_REMEMBERED = 8  # steps from which the next direction is found
_HALVINGS = 30
_ENOUGH = 1e-4  # share of the promised decrease that a step must reach (Armijo)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Start:
    """Where a search begins: what another one over some of the same rows found.

    parts : the weights as combinations of rows, shape (n_rows, n_columns)
    intercepts : shape (n_columns,)
    """

    parts: Floats
    intercepts: Floats


@dataclass(frozen=True, slots=True)
class Linear:
    """What was learned.

    weights : shape (n_features, n_columns), float32
    intercepts : shape (n_columns,)
    iterations : for each regression
    found : the same as a start for another search
    """

    weights: NDArray[np.float32]
    intercepts: Floats
    iterations: NDArray[np.intp]
    found: Start

    def scores(self, rows: csr_matrix) -> Floats:
        """Linear scores, shape (n_rows, n_columns)."""
        return np.asarray(rows @ self.weights + self.intercepts, np.float64)


def fit_together(
    rows: csr_matrix,
    targets: NDArray[np.bool_],
    sizes: Sequence[int],
    inverse_penalty: float,
    max_iterations: int,
    start: Start | None = None,
) -> Linear:
    """Fit a binary regression on each column of the targets, or a multinomial one on several side by side.

    rows : float32, shape (n_rows, n_features)
    targets : shape (n_rows, n_columns)
    sizes : how many columns each regression has; where there are several, one of them holds in each row
    inverse_penalty : `C` of scikit-learn; the L2 penalty spares the intercepts
    start : None for a search from nothing; where it begins changes how long the search takes, not what it looks for

    Warns with ConvergenceWarning when the iterations did not suffice.
    """
    search = _Search(rows, targets.astype(np.float64), sizes, inverse_penalty, start)
    parts, intercepts = np.zeros(targets.shape), np.zeros(targets.shape[1])
    iterations = np.zeros(len(sizes), np.intp)
    for iteration in range(max_iterations + 1):
        finished = search.slopes <= _TOLERANCE
        if iteration == max_iterations and not finished.all():
            warnings.warn(f"max_iterations = {max_iterations} did not suffice", ConvergenceWarning, stacklevel=2)
            finished[:] = True
        if finished.any():
            done = finished[search.owners]
            parts[:, search.columns[done]] = search.at.parts[:, done]
            intercepts[search.columns[done]] = search.at.intercepts[done]
            iterations[search.problems[finished]] = iteration
            search.leave(finished)
        if not search.problems.size:
            break
        search.step()
    weights = np.asarray(search.across @ parts.astype(np.float32))
    return Linear(weights, intercepts, iterations, Start(parts, intercepts))


@dataclass(frozen=True, slots=True)
class _Vectors:
    """One vector for each column: weights, as combinations of rows, and an intercept.

    images : products of the rows with the weights, shape (n_rows, n_columns)
    """

    parts: Floats
    images: Floats
    intercepts: Floats

    def times(self, factors: Floats) -> "_Vectors":
        return _Vectors(factors * self.parts, factors * self.images, factors * self.intercepts)

    def plus(self, other: "_Vectors", factors: Floats) -> "_Vectors":
        return _Vectors(
            self.parts + factors * other.parts,
            self.images + factors * other.images,
            self.intercepts + factors * other.intercepts,
        )

    def among(self, columns: NDArray[np.bool_]) -> "_Vectors":
        return _Vectors(self.parts[:, columns], self.images[:, columns], self.intercepts[columns])


@dataclass(frozen=True, slots=True)
class _Step:
    """A step taken and how the gradient changed; `curvature` is one over their product, for each problem."""

    taken: _Vectors
    change: _Vectors
    curvature: Floats


class _Search:
    """L-BFGS in all columns at once. A problem's columns stand side by side; those of finished ones are left out.

    problems, columns : numbers of those that remain, `owners` the place of each column's problem among them
    slopes : for each problem the largest absolute value of its gradient
    """

    def __init__(
        self, rows: csr_matrix, targets: Floats, sizes: Sequence[int], inverse_penalty: float, start: Start | None
    ) -> None:
        self.rows, self.across, self.targets = rows, rows.T.tocsr(), targets
        self.penalty = 1 / (inverse_penalty * rows.shape[0])
        self.problems, self.columns = np.arange(len(sizes)), np.arange(targets.shape[1])
        self._arrange(np.repeat(self.problems, sizes))
        start = start or Start(np.zeros(targets.shape), np.zeros(targets.shape[1]))
        images = self._images(start.parts) if start.parts.any() else np.zeros(targets.shape)
        self.at = _Vectors(start.parts, images, start.intercepts)
        self.steps: list[_Step] = []
        self.slopes: NDArray[np.floating]
        self.losses, residuals = self._losses(self.at)
        self.gradient = self._gradient(residuals, self.at)

    def step(self) -> None:
        """One iteration for every problem that remains."""
        direction = self._direction()
        promised = self._dot(self.gradient, direction)
        lengths = np.ones(self.problems.size)
        for _ in range(_HALVINGS):
            at = self.at.plus(direction, lengths[self.owners])
            losses, residuals = self._losses(at)
            # Below the precision of single products nothing can be told better or worse.
            short = losses > self.losses + _ENOUGH * lengths * promised + 1e-9 * self.losses
            if not short.any():
                break
            lengths[short] /= 2
        gradient = self._gradient(residuals, at)
        taken = direction.times(lengths[self.owners])
        change = gradient.plus(self.gradient, -np.ones(self.columns.size))
        product = self._dot(taken, change)
        curvature = np.divide(1.0, product, out=np.zeros_like(product), where=product > 0)
        self.steps = [*self.steps, _Step(taken, change, curvature)][-_REMEMBERED:]
        self.at, self.losses, self.gradient = at, losses, gradient

    def leave(self, finished: NDArray[np.bool_]) -> None:
        """Go on without these problems."""
        rest = ~finished[self.owners]
        self.at, self.gradient = self.at.among(rest), self.gradient.among(rest)
        self.targets, self.columns = self.targets[:, rest], self.columns[rest]
        self.steps = [
            _Step(step.taken.among(rest), step.change.among(rest), step.curvature[~finished]) for step in self.steps
        ]
        self.problems = self.problems[~finished]
        self.losses = self.losses[~finished]
        self.slopes = self.slopes[~finished]
        self._arrange(self.owners[rest])

    def _arrange(self, owners: NDArray[np.intp]) -> None:
        _, self.starts, self.owners, sizes = np.unique(
            owners, return_index=True, return_inverse=True, return_counts=True
        )
        ends = zip(self.starts.tolist(), sizes.tolist(), strict=True)
        self.several = [slice(first, first + size) for first, size in ends if size > 1]

    def _direction(self) -> _Vectors:
        """The two loops of L-BFGS."""
        direction = self.gradient.times(-np.ones(self.columns.size))
        shares: list[Floats] = []
        for step in reversed(self.steps):
            shares.append(step.curvature * self._dot(step.taken, direction))
            direction = direction.plus(step.change, -shares[-1][self.owners])
        direction = direction.times(self._scale()[self.owners])
        for step, share in zip(self.steps, reversed(shares), strict=True):
            back = share - step.curvature * self._dot(step.change, direction)
            direction = direction.plus(step.taken, back[self.owners])
        return direction

    def _scale(self) -> Floats:
        if not self.steps:
            return 1 / np.sqrt(np.maximum(self._dot(self.gradient, self.gradient), np.finfo(float).tiny))
        last = self.steps[-1]
        product = last.curvature * self._dot(last.change, last.change)
        return np.divide(1.0, product, out=np.ones_like(product), where=product > 0)

    def _dot(self, one: _Vectors, other: _Vectors) -> Floats:
        """Inner products, for each problem."""
        by_column = np.einsum("ij,ij->j", one.parts, other.images) + one.intercepts * other.intercepts
        return np.add.reduceat(by_column, self.starts)

    def _images(self, parts: Floats) -> Floats:
        return np.asarray(self.rows @ (self.across @ parts.astype(np.float32)), np.float64)

    def _losses(self, at: _Vectors) -> tuple[Floats, Floats]:
        """Mean loss and penalty of each problem, and the loss's derivative by each score."""
        scores = at.images + at.intercepts
        residuals = expit(scores) - self.targets
        losses = (np.logaddexp(0, scores) - self.targets * scores).mean(axis=0)
        for columns in self.several:
            wanted = self.targets[:, columns]
            surprises = logsumexp(scores[:, columns], axis=1, keepdims=True) - scores[:, columns]
            residuals[:, columns] = np.exp(-surprises) - wanted
            losses[columns] = (wanted * surprises).mean(axis=0)
        losses += self.penalty / 2 * np.einsum("ij,ij->j", at.parts, at.images)
        return np.add.reduceat(losses, self.starts), residuals

    def _gradient(self, residuals: Floats, at: _Vectors) -> _Vectors:
        parts = residuals / self.rows.shape[0] + self.penalty * at.parts
        weights = self.across @ parts.astype(np.float32)
        intercepts = residuals.mean(axis=0)
        self.slopes = np.maximum.reduceat(np.maximum(np.abs(weights).max(axis=0), np.abs(intercepts)), self.starts)
        return _Vectors(parts, np.asarray(self.rows @ weights, np.float64), intercepts)
