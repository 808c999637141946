"""The corpus as arrays that every fold shares, and which of its authors the encoder never saw."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from itertools import chain
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from model.classifier import ANY_ALARM
from model.encoder import Encoder, Reading
from model.taxonomy import alarm_codes, annotated_codes
from training.data import LabelledEnquiry

DERIVED = frozenset({"out_of_scope"})
"""Follows from the service and the other flags: nothing to learn."""

_PART = 1_000  # texts read before progress is told
_FEWEST = 5  # enquiries with a flag, by unseen authors, from which its head is learned

Stated = Callable[[Sequence[str]], Sequence[frozenset[str]]]
"""Gives for each text the codes that the rules state."""

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, steps done and steps in all."""

Split = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Rows to train on and rows to test on."""


_Read = TypeVar("_Read")


class Corpus:
    """Labels, rules' readings and the encoder's, one row an enquiry.

    stated : codes that the rules state, for each enquiry
    flags : for each code that can be learned, and for `ANY_ALARM`, whether the enquiry carries it
    unseen : rows of the authors from whom the encoder learned nothing
    """

    def __init__(self, enquiries: Sequence[LabelledEnquiry], encoder: Encoder | None) -> None:
        self.texts = [enquiry.text for enquiry in enquiries]
        self.services = np.array([str(enquiry.service) for enquiry in enquiries])
        self.sources = np.array([enquiry.source for enquiry in enquiries])
        self.encoder = encoder
        self.reading: Reading | None = None
        self.stated: tuple[frozenset[str], ...] = ()
        alarms = set(alarm_codes())
        self.flags = {
            code: np.array([code in enquiry.flags for enquiry in enquiries])
            for code in annotated_codes()
            if code not in DERIVED
        }
        self.flags[ANY_ALARM] = np.array([bool(alarms & enquiry.flags) for enquiry in enquiries])
        seen = {
            source for text, source in zip(self.texts, self.sources, strict=True) if encoder and encoder.has_seen(text)
        }
        self.unseen = np.array([row for row, source in enumerate(self.sources) if source not in seen], np.intp)

    def read(self, stated: Stated, progress: Progress) -> None:
        """Let encoder and rules read: what takes time, and is begun only where the labels can be learned from."""
        if self.encoder:
            self.reading = _joined(_in_parts(self.texts, self.encoder.read, "encoding", progress))
        self.stated = tuple(chain.from_iterable(_in_parts(self.texts, stated, "reading by rule", progress)))

    def learnable(self, rarest: int, tests: Sequence[NDArray[np.intp]]) -> list[str]:
        """Codes with enough enquiries, some of them by unseen authors outside each fold, from whom a head can learn.

        tests : rows that each fold tests on
        """
        others = [np.setdiff1d(self.unseen, test) for test in tests]
        return [
            code
            for code, present in self.flags.items()
            if present.sum() >= rarest
            and present[self.unseen].sum() >= _FEWEST
            and all(present[rows].any() for rows in others)
        ]


def _in_parts(
    texts: Sequence[str], read: Callable[[Sequence[str]], _Read], stage: str, progress: Progress
) -> Iterator[_Read]:
    for start in range(0, len(texts), _PART):
        progress(stage, start, len(texts))
        yield read(texts[start : start + _PART])
    progress(stage, len(texts), len(texts))


def _joined(parts: Iterator[Reading]) -> Reading:
    found = list(parts)
    return Reading(*(np.concatenate([getattr(part, field.name) for part in found]) for field in fields(Reading)))
