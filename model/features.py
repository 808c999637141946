"""What the linear models see of a text: word and character n-grams."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from model.ngrams import NGrams


@dataclass(frozen=True, slots=True)
class Features:
    """Fitted vectorisers of words and of characters, and the fast way through both."""

    words: TfidfVectorizer
    characters: TfidfVectorizer
    ngrams: NGrams = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ngrams", NGrams(self.words, self.characters))

    def transform(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Rows of shape (n_texts, n_features), float32."""
        return self.ngrams.rows(texts)

    def scores(self, texts: Sequence[str], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """`transform(texts) @ weights`, shape (n_texts, n_outputs), for weights of shape (n_features, n_outputs)."""
        return self.ngrams.scores(texts, weights)
