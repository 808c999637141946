"""N-grams of texts, counted once for every training set that is cut from them.

Cross-validation fits vectorisers on each fold's texts, but what stands in a text is the same in all folds. So all
n-grams are counted once; a training set then chooses those frequent enough in it and weighs them. What comes out is
what `TfidfVectorizer.fit` on its texts gives, to the last bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer

from model.ngrams import WORD_PATTERN
from training.settings import FeatureSettings

_FOLDED = {"strip_accents": "unicode", "dtype": np.float32}


@dataclass(frozen=True, slots=True)
class Counts:
    """One kind of n-gram in all texts.

    counts : float32, shape (n_texts, n_ngrams)
    names : the n-grams, in alphabetical order
    """

    counts: sparse.csr_matrix
    names: Sequence[str]

    def fitted(self, vectorizer: TfidfVectorizer, chosen: "Weighing") -> TfidfVectorizer:
        """The vectoriser as if fitted on the texts that n-grams and weights were chosen for."""
        vectorizer.vocabulary_ = {self.names[column]: place for place, column in enumerate(chosen.columns.tolist())}
        vectorizer.idf_ = chosen.transformer.idf_
        return vectorizer


@dataclass(frozen=True, slots=True)
class Weighing:
    """Which n-grams of one kind a training set knows, and their weights.

    columns : of the counts, ascending
    """

    columns: NDArray[np.intp]
    transformer: TfidfTransformer

    @classmethod
    def fit(cls, counts: sparse.csr_matrix, fewest: int) -> "Weighing":
        """Choose n-grams that stand in at least so many texts of a training set.

        counts : of the training set, shape (n_texts, n_ngrams)
        """
        columns = np.flatnonzero(np.bincount(counts.indices, minlength=counts.shape[1]) >= fewest)
        return cls(columns, TfidfTransformer(sublinear_tf=True).fit(counts[:, columns]))

    def rows(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        """Features of any texts, float32."""
        return self.transformer.transform(counts[:, self.columns])


def vectorizers(settings: FeatureSettings) -> tuple[TfidfVectorizer, TfidfVectorizer]:
    """Of words and of characters, not fitted."""
    common = {"sublinear_tf": True, **_FOLDED}
    words = TfidfVectorizer(
        ngram_range=settings.word_ngrams, min_df=settings.word_min_df, token_pattern=WORD_PATTERN, **common
    )
    characters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=settings.character_ngrams, min_df=settings.character_min_df, **common
    )
    return words, characters


def count_words(texts: Sequence[str], settings: FeatureSettings) -> Counts:
    """N-grams of words that stand in enough texts to be known by some training set."""
    counter = CountVectorizer(
        ngram_range=settings.word_ngrams, min_df=settings.word_min_df, token_pattern=WORD_PATTERN, **_FOLDED
    )
    counts = counter.fit_transform(texts)
    return Counts(counts, counter.get_feature_names_out().tolist())


def count_characters(texts: Sequence[str], settings: FeatureSettings) -> Counts:
    """N-grams of characters, likewise.

    They do not reach across white space: those of a text are those of what stands between, each cut only once.
    """
    pieces = CountVectorizer(tokenizer=str.split, token_pattern=None, **_FOLDED)
    of_texts = pieces.fit_transform(texts)
    counter = CountVectorizer(
        analyzer="char_wb", ngram_range=settings.character_ngrams, lowercase=False, dtype=np.float32
    )
    counts = of_texts @ counter.fit_transform(pieces.get_feature_names_out())
    counts.sort_indices()
    known = np.flatnonzero(np.bincount(counts.indices, minlength=counts.shape[1]) >= settings.character_min_df)
    return Counts(counts[:, known], counter.get_feature_names_out()[known].tolist())
