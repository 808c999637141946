"""What the classifiers see of a text: word and character n-grams, and the encoder's vector beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from model.encoder import Encoder


@dataclass(frozen=True, slots=True)
class Features:
    """Fitted vectorisers and, unless the model goes by n-grams alone, an encoder.

    encoder_weight : factor on the encoder's unit vectors, against n-gram rows of length 1 each
    """

    words: TfidfVectorizer
    characters: TfidfVectorizer
    encoder: Encoder | None
    encoder_weight: float

    def transform(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Rows of shape (n_texts, n_features), float32."""
        vectors = self.encoder.encode(texts) if self.encoder else None
        return self.join(texts, vectors)

    def join(self, texts: Sequence[str], vectors: NDArray[np.float32] | None) -> sparse.csr_matrix:
        """The same from vectors already encoded, shape (n_texts, n_dimensions)."""
        blocks = [self.words.transform(texts), self.characters.transform(texts)]
        if vectors is not None:
            blocks.append(sparse.csr_matrix(vectors * np.float32(self.encoder_weight)))
        return sparse.hstack(blocks, format="csr", dtype=np.float32)
