"""The first level: linear models over n-grams, of all enquiries, and for each fold of all but its own.

Each training is a job of joblib's: a thread of this machine, or a task of a cluster where `training.cluster` says so.
Jobs get counts of n-grams and labels, never a text. Where the encoder has learned from some authors, their enquiries
are in no fold, and every job learns from them; so they are learned from first, and each job goes on from there. It has
seen nothing by then that it must not see.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from model.features import Features
from training.corpus_arrays import Corpus, Progress
from training.counts import Weighing, count_characters, count_words, vectorizers
from training.linear import Linear, Start, fit_together
from training.settings import Settings

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class FirstLevel:
    """Models of all enquiries."""

    features: Features
    service: LogisticRegression
    flags: dict[str, LogisticRegression]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Scores of each enquiry by models that learned from none of its fold; without meaning for one that is in no fold.

    services : shape (n_enquiries, n_services), in alphabetical order
    flags : for each code shape (n_enquiries,)
    """

    services: NDArray[np.float64]
    flags: Mapping[str, NDArray[np.float64]]


def first_level(
    corpus: Corpus, codes: Sequence[str], tests: Sequence[Rows], settings: Settings, progress: Progress
) -> tuple[FirstLevel, HeldOut]:
    """Learn from all enquiries, and for each fold from all others.

    tests : rows of each fold
    """
    trainings = _Trainings(corpus, codes, settings, progress)
    learned, scores = trainings.run([_NOBODY, *tests])
    return trainings.models(learned[0]), scores


def held_out(
    corpus: Corpus, codes: Sequence[str], tests: Sequence[Rows], settings: Settings, progress: Progress
) -> HeldOut:
    """The scores of each fold alone."""
    return _Trainings(corpus, codes, settings, progress).run(tests)[1]


_NOBODY: Rows = np.empty(0, np.intp)


@dataclass(frozen=True, slots=True)
class _Learned:
    """What one job learned: which n-grams count, of words and of characters, and their weights."""

    words: Weighing
    characters: Weighing
    linear: Linear

    def scores(self, words: csr_matrix, characters: csr_matrix) -> NDArray[np.float64]:
        return self.linear.scores(_rows((self.words, words), (self.characters, characters)))


class _Trainings:
    """All jobs of one corpus."""

    def __init__(self, corpus: Corpus, codes: Sequence[str], settings: Settings, progress: Progress) -> None:
        progress("counting n-grams", 0, 2)
        self._words = count_words(corpus.texts, settings.features)
        progress("counting n-grams", 1, 2)
        self._characters = count_characters(corpus.texts, settings.features)
        progress("counting n-grams", 2, 2)
        self._services, self._codes = np.unique(corpus.services), codes
        self._targets = np.column_stack(
            [corpus.services[:, None] == self._services, *(corpus.flags[code] for code in codes)]
        )
        self._sizes = (self._services.size, *[1] * len(codes))
        self._settings, self._progress = settings, progress

    def run(self, tests: Sequence[Rows]) -> tuple[list[_Learned], HeldOut]:
        """Train without each of these sets of rows; what was learned is kept where the set is empty."""
        begin = self._begin(np.setdiff1d(np.arange(len(self._targets)), np.concatenate(tests)))
        steps = len(begin) + len(tests)
        start = Start(np.zeros(self._targets.shape), np.zeros(self._targets.shape[1]))
        done = 0
        self._progress("learning", done, steps)
        for rows, columns, found in _at_once(begin):
            start.parts[np.ix_(rows, columns)] = found.parts
            start.intercepts[columns] = found.intercepts
            done += 1
            self._progress("learning", done, steps)
        # Arrays one by one, since joblib sends each of them to a machine once, however many jobs it does.
        shared = (self._words.counts, self._characters.counts, self._targets, start.parts, start.intercepts)
        jobs = [delayed(_train)(test, *shared, self._sizes, self._settings) for test in tests]
        scores, learned = np.empty(self._targets.shape), list[_Learned]()
        for test, found, kept in _at_once(jobs):
            scores[test] = found
            learned += kept
            done += 1
            self._progress("learning", done, steps)
        services, *flags = np.split(scores, np.cumsum(self._sizes)[:-1], axis=1)
        return learned, HeldOut(services, {code: flag[:, 0] for code, flag in zip(self._codes, flags, strict=True)})

    def models(self, learned: _Learned) -> FirstLevel:
        """What was learned, as scikit-learn's objects."""
        words, characters = vectorizers(self._settings.features)
        features = Features(
            self._words.fitted(words, learned.words), self._characters.fitted(characters, learned.characters)
        )
        weights = np.split(learned.linear.weights.T, np.cumsum(self._sizes)[:-1])
        intercepts = np.split(learned.linear.intercepts, np.cumsum(self._sizes)[:-1])
        classes = [self._services, *[np.array([False, True])] * len(self._codes)]
        parts = zip(classes, weights, intercepts, learned.linear.iterations, strict=True)
        service, *flags = (self._regression(*part) for part in parts)
        return FirstLevel(features, service, dict(zip(self._codes, flags, strict=True)))

    def _begin(self, rows: Rows) -> list[Any]:
        """Jobs on the rows that every training learns from; two, since a machine has mostly two cores or more."""
        if not rows.size:
            return []
        services, codes = np.split(np.arange(self._targets.shape[1]), [self._services.size])
        words, characters = self._words.counts[rows], self._characters.counts[rows]
        return [
            delayed(_learn_start)(rows, columns, words, characters, self._targets[rows], sizes, self._settings)
            for columns, sizes in ((services, self._sizes[:1]), (codes, self._sizes[1:]))
        ]

    def _regression(
        self, classes: NDArray[Any], weights: NDArray[np.float32], intercepts: NDArray[np.float64], iterations: int
    ) -> LogisticRegression:
        chosen = self._settings.classifier
        model = LogisticRegression(C=chosen.C, max_iter=chosen.max_iterations)
        model.classes_, model.coef_, model.intercept_ = classes, np.ascontiguousarray(weights), intercepts
        model.n_features_in_, model.n_iter_ = weights.shape[1], np.array([iterations], np.int32)
        return model


def _at_once(jobs: Sequence[Any]) -> Iterator[Any]:
    """Results as they come. Threads share the counts, and most of a job is outside the interpreter."""
    return iter(Parallel(n_jobs=-1, prefer="threads", return_as="generator_unordered")(jobs))


def _train(
    test: Rows,
    words: csr_matrix,
    characters: csr_matrix,
    targets: NDArray[np.bool_],
    parts: NDArray[np.float64],
    intercepts: NDArray[np.float64],
    sizes: Sequence[int],
    settings: Settings,
) -> tuple[Rows, NDArray[np.float64], list[_Learned]]:
    """Learn without the test rows: these, their scores, and what was learned if there were none."""
    rows = np.setdiff1d(np.arange(len(targets)), test)
    start = Start(parts[rows], intercepts)
    learned = _learn(words[rows], characters[rows], targets[rows], sizes, settings, start)
    if not test.size:
        return test, np.empty((0, targets.shape[1])), [learned]
    return test, learned.scores(words[test], characters[test]), []


def _learn_start(
    rows: Rows,
    columns: Rows,
    words: csr_matrix,
    characters: csr_matrix,
    targets: NDArray[np.bool_],
    sizes: Sequence[int],
    settings: Settings,
) -> tuple[Rows, Rows, Start]:
    """Learn some columns from the rows alone."""
    return rows, columns, _learn(words, characters, targets[:, columns], sizes, settings, None).linear.found


def _learn(
    words: csr_matrix,
    characters: csr_matrix,
    targets: NDArray[np.bool_],
    sizes: Sequence[int],
    settings: Settings,
    start: Start | None,
) -> _Learned:
    of_words = Weighing.fit(words, settings.features.word_min_df)
    of_characters = Weighing.fit(characters, settings.features.character_min_df)
    rows = _rows((of_words, words), (of_characters, characters))
    chosen = settings.classifier
    linear = fit_together(rows, targets, sizes, chosen.C, chosen.max_iterations, start)
    return _Learned(of_words, of_characters, linear)


def _rows(*blocks: tuple[Weighing, csr_matrix]) -> csr_matrix:
    """Features of texts from their counts, float32."""
    return hstack([weighing.rows(counts) for weighing, counts in blocks], format="csr", dtype=np.float32)
