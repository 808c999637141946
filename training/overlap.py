"""Texts that are too much alike: inside a set, and between the training texts and the frozen ones."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

from model.text import fold

DUPLICATE = 0.8
"""Jaccard similarity of character 4-grams from which two texts count as the same."""

NEAR = 0.6
"""… from which they count as alike; few pairs may be."""

RUN = 6
_WORD = re.compile(r"\w+")
_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The likest other text of each text.

    similarity : Jaccard similarity of character 4-grams, shape (n_texts,), 0 to 1
    nearest : its row, shape (n_texts,)
    """

    similarity: NDArray[np.float64]
    nearest: NDArray[np.intp]


def neighbours(texts: Sequence[str], others: Sequence[str] | None = None) -> Neighbours:
    """For each text the likest among `others`, or among the texts themselves without it.

    Exact, by sparse products in chunks: 10,000 texts take three seconds.
    """
    if not texts or (others is None and len(texts) == 1) or (others is not None and not others):
        return Neighbours(np.zeros(len(texts)), np.zeros(len(texts), np.intp))
    vectorizer = CountVectorizer(analyzer=_grams, binary=True, dtype=np.int32)
    mine = list(texts)
    theirs = mine if others is None else list(others)
    vectorizer.fit(mine + theirs)
    rows, columns = vectorizer.transform(mine), vectorizer.transform(theirs).T.tocsr()
    sizes = np.asarray(rows.sum(axis=1)).ravel()
    other_sizes = np.asarray(columns.sum(axis=0)).ravel()
    similarity, nearest = np.empty(len(mine)), np.empty(len(mine), np.intp)
    for start in range(0, len(mine), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        shared = (rows[chunk] @ columns).toarray()
        jaccard = shared / (sizes[chunk, None] + other_sizes[None, :] - shared)
        if others is None:
            own = np.arange(len(shared))
            jaccard[own, own + start] = -1
        nearest[chunk] = jaccard.argmax(axis=1)
        similarity[chunk] = jaccard.max(axis=1)
    return Neighbours(similarity, nearest)


def commonest_run(texts: Sequence[str]) -> tuple[str, int]:
    """The run of six words that stands in most texts, and in how many; ("", 0) when no text has six words."""
    counts: defaultdict[tuple[str, ...], int] = defaultdict(int)
    for text in texts:
        for run in set(_runs(text)):
            counts[run] += 1
    if not counts:
        return "", 0
    run = max(counts, key=lambda item: (counts[item], item))
    return " ".join(run), counts[run]


def _grams(text: str) -> Iterator[str]:
    # Padded, so that texts of fewer than four characters have something to compare.
    padded = f"  {fold(text)}  "
    return (padded[place : place + 4] for place in range(len(padded) - 3))


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = _WORD.findall(fold(text))
    return (tuple(words[index : index + RUN]) for index in range(len(words) - RUN + 1))
